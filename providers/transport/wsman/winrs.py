"""pywinrm with stricter rules. pywinrm makes its HTTP session with the defaults of its library.

That session follows redirects with the body, takes proxies and certificates from the environment, reads replies of any
size and parses all of them. pywinrm also keeps a session whose sealing failed, and would send the next message in clear
text; and it accepts an unsealed reply to a sealed message. This module changes that:

* The rules of ``answers`` decide which replies are read.
* A reply must relate to its request, and must be sealed if the request was.
* A session that failed to authenticate or to seal is dropped. Failed logons are counted, because directories lock
  accounts.
* A refusal of Kerberos has a separate error and is not an unreadable reply.
* CredSSP's library reports every reply except 200 as a refused logon. Here the status of the reply decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import requests
from spnego.exceptions import NoCredentialError, SpnegoError
from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError
from winrm.protocol import Protocol as WinRMProtocol
from winrm.transport import Transport

from providers.transport.settings import ConnectionSettings, Target
from providers.transport.wsman.answers import NO_SOAP, BrokenSeal, GuardedAdapter, RefusedReply, checked_xml, guarded
from providers.transport.wsman.envelopes import SHELL, Envelopes, received
from providers.transport.wsman.logons import LogonBudget
from reconciler.model.commands import Authentication

try:  # the package around them needs the extra "kerberos"
    from winrm.vendor.requests_kerberos.exceptions import KerberosExchangeError, MutualAuthenticationError
except ImportError:
    _KERBEROS_ERRORS: tuple[type[Exception], ...] = ()
else:
    _KERBEROS_ERRORS = (KerberosExchangeError, MutualAuthenticationError)

try:  # the extra "credssp"
    from requests_credssp.exceptions import AuthenticationException, NTStatusException
except ImportError:
    _CREDSSP_ERRORS: tuple[type[Exception], ...] = ()
else:
    _CREDSSP_ERRORS = (AuthenticationException, NTStatusException)

_SHOWN_WHEN_ASKED: Final = (Authentication.NTLM.value, Authentication.CREDSSP.value)
"""Methods that first send a message without the credential, and add it when the host asks for it."""

_Hook = Callable[..., requests.Response]


class NotOffered(RefusedReply):
    """The host does not accept this authentication method. The credential was not sent."""


class SealLost(WinRMTransportError):
    """The host refused a sealed message with HTTP 400: the connection it was sealed for is closed."""


class HTTPSession(Protocol):
    """The part of pywinrm's transport that a channel uses."""

    @property
    def was_answered(self) -> bool: ...

    def close_session(self) -> None: ...


class WinRS(Protocol):
    """The part of pywinrm's ``Protocol`` that a channel uses. Tests replace it."""

    @property
    def transport(self) -> HTTPSession: ...

    def open_shell(self, *, codepage: int, noprofile: bool, idle_timeout: str | None) -> str: ...

    def run_command(self, shell_id: str, command: str, arguments: tuple[str, ...], console_mode_stdin: bool) -> str: ...

    def send_command_input(self, shell_id: str, command_id: str, stdin_input: bytes, end: bool) -> None: ...

    def get_command_output_raw(self, shell_id: str, command_id: str) -> tuple[bytes, bytes, int, bool]: ...

    def cleanup_command(self, shell_id: str, command_id: str) -> None: ...

    def close_shell(self, shell_id: str) -> None: ...


class GuardedTransport(Transport):
    """pywinrm's transport with sessions that follow these rules."""

    budget: LogonBudget
    was_answered = False
    """True once there was any HTTP reply."""
    _is_authenticated = False

    def build_session(self) -> requests.Session:
        if self.session:
            return self.session
        self.encryption = None
        try:
            session = super().build_session()
        except BaseException:
            self.close_session()
            raise
        return guarded(session)

    def setup_encryption(self, session: requests.Session) -> None:
        super().setup_encryption(guarded(session))

    def send_message(self, message: str | bytes) -> bytes:
        try:
            self.build_session()  # which authenticates where messages are sealed
            return super().send_message(message)
        except InvalidCredentialsError:
            self.close_session()
            raise
        except WinRMTransportError as error:
            if error.code == 400 and self.encryption is not None:
                raise SealLost(error.protocol, error.code, error.response_text) from error
            raise
        except _KERBEROS_ERRORS as error:
            self.close_session()
            raise NoCredentialError(context_msg=_kerberos_reason(error)) from error

    def _send_message_request(
        self, session: requests.Session, prepared_request: requests.PreparedRequest
    ) -> requests.Response:
        try:
            if self.auth_method in _SHOWN_WHEN_ASKED:
                hooks = prepared_request.hooks["response"]
                prepared_request.hooks["response"] = [self._counted(hook) for hook in hooks]
                return super()._send_message_request(session, prepared_request)
            return self._send_with_credential(session, prepared_request)
        finally:
            self.was_answered |= _last_answer(session, self.endpoint) is not None

    def _counted(self, hook: _Hook) -> _Hook:
        """Return the hook of an HTTP library that sends the credential on demand; each use counts as a logon."""

        def show(response: requests.Response, **how: Any) -> requests.Response:
            if response.status_code != 401:
                return hook(response, **how)
            try:
                with self.budget.attempt():
                    return self._shown(hook, response, how)
            except BaseException:
                adapter = response.connection
                if isinstance(adapter, GuardedAdapter) and adapter.last is not None:
                    adapter.last.close()  # nobody else closes it, and the connection with it
                raise

        return show

    def _shown(self, hook: _Hook, response: requests.Response, how: Mapping[str, Any]) -> requests.Response:
        try:
            answer = hook(response, **how)
        except _CREDSSP_ERRORS as error:
            raise self._credssp_failure(error, response.connection) from error
        if answer is response:
            raise NotOffered(f"the host does not offer {self.auth_method}")
        if answer.status_code == 401:
            raise InvalidCredentialsError("the credential was refused")
        return answer

    def _send_with_credential(
        self, session: requests.Session, prepared_request: requests.PreparedRequest
    ) -> requests.Response:
        """Send a message that contains the credential: with Basic every message, otherwise the first one."""
        if self._is_authenticated:
            self.budget.check()  # a new connection shows the ticket again
            try:
                return super()._send_message_request(session, prepared_request)
            except InvalidCredentialsError:
                self.budget.refused()
                raise
        with self.budget.attempt():
            response = super()._send_message_request(session, prepared_request)
        self._is_authenticated = self.auth_method != Authentication.BASIC.value
        return response

    def _credssp_failure(self, error: Exception, connection: object) -> Exception:
        """Return the real error if CredSSP's library reports a refused logon."""
        last = connection.last if isinstance(connection, GuardedAdapter) else None
        if isinstance(error, NTStatusException):
            return InvalidCredentialsError("the credential was refused")
        if last is None or isinstance(error.__cause__, SpnegoError):
            return NoCredentialError(context_msg="CredSSP could not be negotiated")
        if last.status_code == 401:
            if "credssp" not in last.headers.get("WWW-Authenticate", "").lower():
                return NotOffered(f"the host does not offer {self.auth_method}")
            return InvalidCredentialsError("the credential was refused")
        text = b"" if last.status_code == 400 else self._get_message_response_text(last)
        return WinRMTransportError("http", last.status_code, text.decode("utf-8", "replace"))

    def close_session(self) -> None:
        super().close_session()
        self.encryption = None
        self._is_authenticated = False

    def _get_message_response_text(self, response: requests.Response) -> bytes:
        """Return the XML of a reply, or ``NO_SOAP`` for a failure whose HTTP status alone counts.

        Raises:
            BrokenSeal: the reply differs from the one that the host sealed.
            RefusedReply: it must be sealed and is not, or it is not safe for an XML parser.
        """
        kind = response.headers.get("Content-Type", "").lower()
        is_sealed = kind.startswith("multipart/")
        if not response.ok and not is_sealed and "xml" not in kind:
            return NO_SOAP
        if self.encryption is None:
            return checked_xml(response.content)
        if not is_sealed:
            raise RefusedReply("its reply is not sealed")
        return checked_xml(self._unsealed(response))

    def _unsealed(self, response: requests.Response) -> bytes:
        response.content  # noqa: B018  # read first, so that a broken connection keeps its own error
        try:
            return super()._get_message_response_text(response)
        except Exception as error:  # of four libraries, by the way to authenticate
            raise BrokenSeal from error


def _kerberos_reason(error: Exception) -> str:
    """Return the text of the Kerberos library, which is the innermost one: ``(('major', 1), ('minor', 2))``."""
    texts = re.findall(r"\((['\"])(.+?)\1, -?\d+\)", str(error))
    return str(texts[-1][1]) if texts else "the host did not prove its identity, or the ticket has just expired"


def _last_answer(session: requests.Session, endpoint: str) -> requests.Response | None:
    adapter = session.get_adapter(endpoint)
    return adapter.last if isinstance(adapter, GuardedAdapter) else None


_MESSAGE_ID = re.compile(r"MessageID[^>]*>\s*(?:uuid:)?([0-9A-Fa-f-]{36})")
_RELATES_TO = re.compile(rb"RelatesTo[^>]*>\s*(?:uuid:)?([0-9A-Fa-f-]{36})", re.IGNORECASE)


class GuardedProtocol(WinRMProtocol):
    """pywinrm's protocol, which also checks that a reply relates to its request.

    Send and Receive, of which a run has thousands, are built and read by ``envelopes``.
    """

    transport: GuardedTransport
    _known: tuple[str, str, Envelopes] | None = None
    """Shell and command of the last message, and its envelopes."""

    def send_command_input(self, shell_id: str, command_id: str, stdin_input: str | bytes, end: bool = False) -> None:
        data = stdin_input.encode("ascii") if isinstance(stdin_input, str) else stdin_input
        self.send_message(self._envelopes_of(shell_id, command_id).send(data, end=end))

    def get_command_output_raw(self, shell_id: str, command_id: str) -> tuple[bytes, bytes, int, bool]:
        return received(self.send_message(self._envelopes_of(shell_id, command_id).receive()))

    def _envelopes_of(self, shell_id: str, command_id: str) -> Envelopes:
        if self._known is None or self._known[:2] != (shell_id, command_id):

            def header(action: str) -> Mapping[str, Any]:
                return self.build_wsman_header(action, f"{SHELL}/cmd", shell_id)

            self._known = (shell_id, command_id, Envelopes(header, command_id))
        return self._known[2]

    def send_message(self, message: str) -> bytes:
        reply = super().send_message(message)
        asked = _MESSAGE_ID.search(message)
        related = _RELATES_TO.search(reply)
        if asked and related is None:
            raise RefusedReply("its reply is not a WS-Management reply")
        if asked and related and related[1].decode("ascii").lower() != asked[1].lower():
            raise RefusedReply("its reply belongs to another message")
        return reply


def connect(target: Target, budget: LogonBudget) -> GuardedProtocol:
    """Return the protocol for ``target``. Nothing is sent yet.

    Raises:
        WinRMError: the settings are incomplete or contradict each other. The message shows no secret.
    """
    settings = target.settings
    _refuse_unfit(settings)
    auth, user = settings.auth.value, settings.user or None
    is_sealed = not settings.tls and settings.auth in (
        Authentication.NTLM,
        Authentication.KERBEROS,
        Authentication.CREDSSP,
    )
    options: dict[str, Any] = {
        "ca_trust_path": settings.ca,
        "cert_pem": settings.certificate,
        "cert_key_pem": settings.certificate_key,
        "kerberos_delegation": settings.delegate,
        "kerberos_hostname_override": target.name if target.name != target.address and not settings.via else None,
        "message_encryption": "always" if is_sealed else "auto" if settings.tls else "never",
        "server_cert_validation": "validate",
        "proxy": None,
    }
    password = settings.password.reveal() if settings.password else None
    protocol = GuardedProtocol(
        target.url,
        transport=auth,  # type: ignore[arg-type]  # the enum's values are among the literals asked for
        username=user,
        password=password,
        read_timeout_sec=settings.deadlines.read,
        operation_timeout_sec=settings.deadlines.operation,
        **options,
    )
    transport = GuardedTransport(
        endpoint=target.url,
        auth_method=auth,  # type: ignore[arg-type]  # as above
        username=user,
        password=password,
        service="HTTP",
        read_timeout_sec=settings.deadlines.read,
        **options,
    )
    transport.budget = budget
    protocol.transport = transport
    return protocol


def _refuse_unfit(settings: ConnectionSettings) -> None:
    """Refuse settings that the libraries cannot use; they would report a failure of the host before sending anything.

    Raises:
        WinRMError: the settings are incomplete or contradict each other.
    """
    auth, user, password = settings.auth, settings.user, settings.password
    if auth in (Authentication.BASIC, Authentication.NTLM, Authentication.CREDSSP) and not (user and password):
        raise WinRMError(f"auth {auth.value} needs user and password")
    if auth is Authentication.BASIC and password and not _is_latin_1(user + password.reveal()):
        raise WinRMError("auth basic can send only Latin-1 characters, but user or password has other characters")
    if auth is Authentication.KERBEROS and "\\" in user:
        raise WinRMError("auth kerberos needs user as name@REALM, or no user to take the one of the ticket")
    if auth is Authentication.CERTIFICATE:
        for file in (settings.certificate, settings.certificate_key):
            if file is None or not os.path.isfile(file):
                raise WinRMError(f"auth certificate needs certificate and certificate_key; there is no file {file}")


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)
