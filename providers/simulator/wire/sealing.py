"""Sealed messages: the body of a request or reply as MIME parts of cipher text.

Source: MS-WSMV 2.2.9.1; how clients really write it: pywinrm 0.5, pypsrp 0.9, Ruby's WinRM, Exchange.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

import spnego

SOAP_TYPE: Final = "application/soap+xml;charset=UTF-8"
CREDSSP_CHUNK_BYTES: Final = 16384

_BOUNDARY: Final = b"--Encrypted Boundary"


class SealBroken(Exception):
    """The message was sealed for another connection, or altered."""


def protocol_of(content_type: str) -> str | None:
    """Return the protocol a body is sealed with by its Content-Type; None for a body in clear text."""
    if not content_type.casefold().startswith(("multipart/encrypted", "multipart/x-multi-encrypted")):
        return None
    found = re.search(r'protocol="([\w/+.-]+)"', content_type)
    return found[1] if found else "application/HTTP-SPNEGO-session-encrypted"


@dataclass(frozen=True, slots=True)
class Seal:
    """Opens and closes the messages of one connection."""

    context: spnego.ContextProxy
    protocol: str

    @property
    def is_credssp(self) -> bool:
        return "CredSSP" in self.protocol

    def open(self, body: bytes) -> bytes:
        """Return the message in a sealed body.

        Raises:
            SealBroken: it is not for this connection, or was altered.
        """
        try:
            return b"".join(self._unwrap(length, data) for length, data in sealed_parts(body))
        except Exception as error:
            # The cryptography has many ways to say so: this is not a message for this connection.
            raise SealBroken from error

    def close(self, message: bytes) -> tuple[str, bytes]:
        """Return the content type and body that carry ``message``, which is not empty."""
        chunk = CREDSSP_CHUNK_BYTES if self.is_credssp else len(message)
        chunks = [message[at : at + chunk] for at in range(0, len(message), chunk)]
        kind = "multipart/encrypted" if len(chunks) == 1 else "multipart/x-multi-encrypted"
        body = b"".join(self._wrap(part) for part in chunks) + _BOUNDARY + b"--\r\n"
        return f'{kind};protocol="{self.protocol}";boundary="Encrypted Boundary"', body

    def _unwrap(self, length: int, data: bytes) -> bytes:
        (header_length,) = struct.unpack_from("<I", data)
        if self.is_credssp:
            message = self.context.unwrap(data[4:]).data
        else:
            message = self.context.unwrap_winrm(data[4 : 4 + header_length], data[4 + header_length :])
        if len(message) > length:  # Kerberos counts its padding in
            raise SealBroken
        return message

    def _wrap(self, message: bytes) -> bytes:
        length = len(message)
        if self.is_credssp:
            sealed = self.context.wrap(message).data
            data = struct.pack("<I", max(0, len(sealed) - length)) + sealed
        else:
            wrapped = self.context.wrap_winrm(message)
            length += wrapped.padding_length
            data = struct.pack("<I", len(wrapped.header)) + wrapped.header + wrapped.data
        return (
            _BOUNDARY
            + f"\r\n\tContent-Type: {self.protocol}\r\n".encode()
            + f"\tOriginalContent: type={SOAP_TYPE};Length={length}\r\n".encode()
            + _BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + data
        )


def altered(body: bytes, what: str) -> bytes:
    """Return a sealed body altered on the way: in its ``signature``, or in the ``length`` in its header."""
    if what == "length":
        return re.sub(rb"Length=(\d+)", lambda found: b"Length=%d" % (int(found[1]) + 1), body, count=1)
    end = body.index(b"octet-stream\r\n") + len(b"octet-stream\r\n") + 4
    # Behind the version number of the signature, which is not looked at.
    at = end + 6
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


_PART = re.compile(
    rb"--\s*Encrypted Boundary\r\n[\t ]*Content-Type:[^\r\n]*\r\n[\t ]*OriginalContent:[^\r\n]*?Length=(\d{1,9})\r\n"
    rb"--\s*Encrypted Boundary\r\n[\t ]*Content-Type: application/octet-stream\r\n"
)
_NEXT = re.compile(rb"--\s*Encrypted Boundary(?:--)?\r\n")


def sealed_parts(body: bytes) -> list[tuple[int, bytes]]:
    """Return the parts of a sealed body: the length of the plain text, and signature length, signature and cipher text.

    Clients write the part headers with or without a leading tab, and Exchange a blank before the boundary. Cipher text
    may contain the boundary, so the next one is looked for only beyond the length declared.

    Raises:
        ValueError: the body has another form.
    """
    parts, at = [], 0
    while (head := _PART.match(body, at)) is not None:
        end = _NEXT.search(body, head.end() + int(head[1]))
        if end is None:
            break
        parts.append((int(head[1]), body[head.end() : end.start()]))
        at = end.start()
        if end[0].endswith(b"--\r\n"):
            return parts
    raise ValueError("the body is not a sequence of sealed parts")
