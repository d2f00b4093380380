"""Who is at the other end of a connection, and the sealing of messages that comes with it.

NTLM and Kerberos authenticate a TCP connection, not a message, and over plain HTTP their key also seals every message;
so the state here belongs to one connection. A message that arrives unsealed where sealing is due is refused, and so is
one that was sealed for another connection. The empty POST a sealing client begins with is only there to authenticate.

The NTLM acceptor of pyspnego reads its accounts from the file NTLM_USER_FILE names. That variable is the process's, so
it is set only while a token is looked at, and the file holds hashes, never passwords.

Source: MS-WSMV, MS-NLMP; observed with pywinrm 0.5, pypsrp 0.9, requests_ntlm 1.3.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import importlib.util
import os
import re
import secrets
import socket
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

import spnego
from spnego._ntlm_raw.crypto import ntowfv1  # the only MD4 within reach: OpenSSL 3 has none

from providers.simulator.wire import sealing
from providers.simulator.wire.certificates import user_of
from providers.simulator.wire.sealing import SOAP_TYPE, SealBroken

MUTUAL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_NTLM: Final = b"NTLMSSP\0"
_ENVIRONMENT_LOCK: Final = threading.Lock()


class Scheme(Enum):
    """A way to authenticate that a listener may accept."""

    BASIC = "basic"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"
    CERTIFICATE = "certificate"


_SCHEMES: Final[Mapping[str, frozenset[Scheme]]] = {
    "negotiate": frozenset({Scheme.NTLM, Scheme.KERBEROS}),
    "ntlm": frozenset({Scheme.NTLM}),
    "kerberos": frozenset({Scheme.KERBEROS}),
    "credssp": frozenset({Scheme.CREDSSP}),
}
"""What a name in an Authorization header may carry."""


_OWN_ACCEPTORS: Final = {
    "ntlm": spnego.NegotiateOptions.use_ntlm,
    "negotiate": spnego.NegotiateOptions.use_negotiate,
    "credssp": spnego.NegotiateOptions.use_negotiate,
}
"""The acceptors of pyspnego; those of Windows do not know our accounts."""


class Unauthorized(Exception):
    """The client has to authenticate, or goes on doing so; ``challenges`` are the WWW-Authenticate headers."""

    def __init__(self, challenges: Sequence[str], *, is_failure: bool = False) -> None:
        super().__init__("401")
        self.challenges = tuple(challenges)
        self.is_failure = is_failure


# --- accounts --------------------------------------------------------------------------------------------------------


class Accounts:
    """The users of a listener, by ``DOMAIN\\user``. A private file holds their credentials for NTLM.

    A user is found by ``DOMAIN\\user``, ``user``, ``MACHINE\\user`` and ``user@dns.domain``, ignoring case.
    """

    def __init__(self, passwords: Mapping[str, str], dns_domain: str = "") -> None:
        self._by_form: dict[str, str] = {}
        self._passwords = dict(passwords)
        for name in passwords:
            for form in _forms(name, dns_domain):
                self._by_form.setdefault(form.casefold(), name)
        self.file = self._write_hashes()
        # Also when the program ends without closing it.
        self._remove = weakref.finalize(self, self.file.unlink, missing_ok=True)

    def __repr__(self) -> str:
        return f"Accounts({sorted(self._passwords)})"

    def find(self, form: str) -> str | None:
        """Return the ``DOMAIN\\user`` that any form of a name stands for."""
        return self._by_form.get(form.casefold())

    def check(self, form: str, password: str) -> str | None:
        """Return the ``DOMAIN\\user`` if the password is right."""
        name = self.find(form)
        known = self._passwords[name] if name else secrets.token_hex()
        return name if hmac.compare_digest(known.encode(), password.encode()) else None

    @contextmanager
    def seen(self) -> Iterator[None]:
        """Let the NTLM acceptor of this process see these accounts while entered."""
        with _ENVIRONMENT_LOCK:
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = str(self.file)
            try:
                yield
            finally:
                if before is None:
                    del os.environ["NTLM_USER_FILE"]
                else:
                    os.environ["NTLM_USER_FILE"] = before

    def close(self) -> None:
        """Remove the file."""
        self._remove()

    def _write_hashes(self) -> Path:
        descriptor, path = tempfile.mkstemp(prefix="reconciler-", suffix=".ntlm")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for form, name in self._by_form.items():
                nt_hash = ntowfv1(self._passwords[name]).hex().upper()
                # A random hash where others leave zeros: whoever knows the LM hash is let in.
                file.write(f"{form}:0:{secrets.token_hex(16).upper()}:{nt_hash}:[U]:LCT-0\n")
        return Path(path)


def _forms(name: str, dns_domain: str) -> list[str]:
    if not name or re.search(r"[:\r\n]", name):
        raise ValueError("a user name is not empty and has neither colon nor line end")
    user = name.rpartition("\\")[2]
    forms = [name, user, f"{socket.gethostname()}\\{user}"]
    return [*forms, f"{user}@{dns_domain}"] if dns_domain else forms


# --- one connection --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """What a listener accepts."""

    schemes: frozenset[Scheme]
    is_tls: bool = False
    allow_unsealed: bool = False
    """Accept unsealed messages over plain HTTP from NTLM and Kerberos clients, as AllowUnencrypted does."""
    allow_basic_over_http: bool = True
    """The listener is on the loopback, where nobody listens in."""


@dataclass(slots=True)
class Connection:
    """The authentication of one TCP connection."""

    policy: Policy
    accounts: Accounts
    peer_certificate: bytes | None = None
    user: str | None = None
    reply_headers: list[tuple[str, str]] = field(default_factory=list)
    """Headers for the next reply: the last token of a handshake goes out with the reply to its message."""
    just_authenticated: bool = False
    _context: spnego.ContextProxy | None = None
    _scheme: str = ""
    _seal: sealing.Seal | None = None

    def authenticate(self, authorization: str | None) -> str:
        """Return the user of a message, ``DOMAIN\\user``, from its Authorization header or the connection's handshake.

        Raises:
            Unauthorized: nobody is authenticated yet, or the credential is wrong.
        """
        self.reply_headers.clear()
        self.just_authenticated = False
        scheme, _, value = (authorization or "").strip().partition(" ")
        match scheme.casefold():
            case "" if self._context is not None and self._context.complete and self.user:
                return self.user
            case "basic" if Scheme.BASIC in self.policy.schemes:
                return self._accepted(self._basic(value))
            case name if name in _SCHEMES:
                return self._handshake(name, scheme, value)
            case text if text == MUTUAL and Scheme.CERTIFICATE in self.policy.schemes:
                shown = user_of(self.peer_certificate) if self.peer_certificate else None
                return self._accepted(self.accounts.find(shown) if shown else None)
            case _:
                raise Unauthorized(self.offers)

    @property
    def delegates(self) -> bool:
        """Whether the client's credential may be used beyond this host: CredSSP brings it, Kerberos may forward it."""
        if self._context is None or self._scheme == "credssp":
            return self._context is not None
        return bool(self._context.context_attr & spnego.ContextReq.delegate)

    @property
    def is_unencrypted(self) -> bool:
        """Whether a message came with a password that others can read, on a listener that does not allow it."""
        return self._context is None and not self.policy.is_tls and not self.policy.allow_basic_over_http

    @property
    def must_be_sealed(self) -> bool:
        """Whether messages on this connection must be sealed."""
        return self._context is not None and not self.policy.is_tls and not self.policy.allow_unsealed

    def _accepted(self, user: str | None) -> str:
        if user is None:
            raise Unauthorized(self.offers, is_failure=True)
        self.just_authenticated = self.user != user
        self.user = user
        return user

    @property
    def offers(self) -> list[str]:
        """The schemes to choose from. Windows offers Negotiate for NTLM and Kerberos alike."""
        schemes = self.policy.schemes
        offers = ["Negotiate"] if schemes & {Scheme.NTLM, Scheme.KERBEROS} else []
        offers += ["Kerberos"] if Scheme.KERBEROS in schemes else []
        offers += ["CredSSP"] if Scheme.CREDSSP in schemes else []
        return [*offers, 'Basic realm="WSMAN"'] if Scheme.BASIC in schemes else offers

    def _basic(self, value: str) -> str | None:
        try:
            raw = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            return None
        for encoding in ("utf-8", "latin-1"):  # requests writes the second, browsers and curl the first
            try:
                user, _, password = raw.decode(encoding).partition(":")
            except UnicodeDecodeError:
                continue
            if (name := self.accounts.check(user, password)) is not None:
                return name
        return None

    def _handshake(self, name: str, scheme: str, value: str) -> str:
        if not _SCHEMES[name] & self.policy.schemes or not value.strip():
            raise Unauthorized(self.offers, is_failure=True)
        try:
            token = base64.b64decode(value.strip(), validate=True)
            context, reply = self._step(name, token)
        except Exception:
            # pyspnego, GSSAPI and the parsers under them raise what they like at a hostile token; none is let in.
            self._context = None
            raise Unauthorized(self.offers, is_failure=True) from None
        header = f"{scheme} {base64.b64encode(reply).decode()}" if reply else scheme
        if not context.complete:
            # CredSSP tells a refused logon in a token of its own.
            is_refused = name == "credssp" and context.get_extra_info("auth_stage") == "Authentication failure"
            raise Unauthorized([header], is_failure=is_refused)
        self.reply_headers.append(("WWW-Authenticate", header))
        return self._accepted(self._user_of(context, name))

    def _step(self, name: str, token: bytes) -> tuple[spnego.ContextProxy, bytes | None]:
        """Give a token to the connection's context; a finished one is followed by a new one."""
        with self.accounts.seen():
            if self._context is None or self._context.complete or name != self._scheme:
                kind = "credssp" if name == "credssp" else "ntlm" if token.startswith(_NTLM) else "negotiate"
                self._context = spnego.server(
                    hostname="localhost", service="HTTP", protocol=kind, options=_OWN_ACCEPTORS[kind]
                )
                self._scheme = name
                self.user = None
            return self._context, self._context.step(token)

    def _user_of(self, context: spnego.ContextProxy, name: str) -> str | None:
        """Return the user a finished handshake is for, if the way it took is one that is accepted."""
        principal = context.client_principal or ""
        is_kerberos = context.negotiated_protocol == "kerberos"
        used = Scheme.CREDSSP if name == "credssp" else Scheme.KERBEROS if is_kerberos else Scheme.NTLM
        # With its realm: whoever has the same name in a realm that ours trusts is somebody else.
        user = self.accounts.find(principal)
        if used not in self.policy.schemes or user is None:
            self._context = None
            return None
        return user

    # --- sealing

    def open_message(self, content_type: str, body: bytes) -> bytes:
        """Return the message in a request body; unseal it if it is sealed.

        Raises:
            SealBroken: it was sealed for another connection.
            Unauthorized: it is not sealed, but has to be.
        """
        self._seal = None
        protocol = sealing.protocol_of(content_type)
        if protocol is None:
            if body and self.must_be_sealed:
                raise Unauthorized(self.offers)
            return body
        if self._context is None or not self._context.complete:
            raise SealBroken
        self._seal = sealing.Seal(self._context, protocol)
        return self._seal.open(body)

    def close_message(self, message: bytes) -> tuple[str, bytes]:
        """Return the content type and body of a reply; sealed if its request was."""
        return self._seal.close(message) if self._seal else (SOAP_TYPE, message)


# --- Kerberos --------------------------------------------------------------------------------------------------------


def missing_for_kerberos() -> str | None:
    """Return which Python package the Kerberos acceptor lacks here, or None."""
    if os.name == "nt":
        return None
    return next((name for name in ("gssapi", "krb5") if importlib.util.find_spec(name) is None), None)
