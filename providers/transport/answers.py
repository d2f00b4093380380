"""Which answers of a host are read: none that leads elsewhere, is endless, or could do harm in an XML parser.

An answer is hostile input, whoever it seems to come from: on plain http everybody on the way can write one.

* no redirects, no proxies, nothing from the environment; answers are limited in size and not compressed;
* a DOCTYPE, and any encoding but UTF-8, is refused before a parser sees it;
* what is no SOAP is not parsed at all. Failures of http.sys, which answers for a service that is not there, and of
  gateways come with a page for people, most with a DOCTYPE: what they mean is told by their status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

RESPONSE_LIMIT: Final = 64 * 1024 * 1024

NO_SOAP: Final = b"(a page)"
"""Stands for the body of a failure that is no SOAP, which nobody reads."""


class RefusedReply(Exception):
    """What answered is not what a remote management service answers; ``reason`` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokenSeal(Exception):
    """A sealed answer cannot be opened: it was altered, or sealed by somebody else."""


class LimitedResponse(requests.Response):
    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        total = 0
        for piece in super().iter_content(chunk_size):
            total += len(piece)
            if total > RESPONSE_LIMIT:
                self.close()
                raise RefusedReply("its answer is larger than 64 MB")
            yield piece


class GuardedAdapter(HTTPAdapter):
    """Refuses redirects, compression and answers that announce or reach an unreasonable size."""

    last: requests.Response | None = None
    """The answer that came last."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        plain = super().build_response(req, resp)
        response = LimitedResponse()
        response.__dict__.update(plain.__dict__)
        if response.is_redirect:
            response.close()
            raise RefusedReply(f"it answers with a redirect (HTTP {response.status_code})")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            response.close()
            raise RefusedReply("its answer is compressed, which was not asked for")
        length = response.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > RESPONSE_LIMIT:
            response.close()
            raise RefusedReply("its answer is larger than 64 MB")
        self.last = response
        return response


_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def checked_xml(text: bytes) -> bytes:
    """Return ``text`` if it may be given to an XML parser.

    Raises:
        RefusedReply: it declares a document type or an encoding other than UTF-8.
    """
    if b"\0" in text or text[:2] in (b"\xfe\xff", b"\xff\xfe"):
        raise RefusedReply("its answer is not in UTF-8")
    declared = _DECLARATION.match(text.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise RefusedReply("its answer is not in UTF-8")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise RefusedReply("its answer declares a document type")
    return text


def guarded(session: requests.Session) -> requests.Session:
    """Set these rules on an HTTP session, once: a new adapter would drop the sealed connection."""
    if isinstance(session.get_adapter("https://"), GuardedAdapter):
        return session
    session.trust_env = False
    session.max_redirects = 0
    session.proxies = {}
    session.headers["Accept-Encoding"] = "identity"
    session.mount("http://", GuardedAdapter())
    session.mount("https://", GuardedAdapter())
    return session
