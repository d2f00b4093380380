"""The requests of a WinRS shell, read from SOAP into values.

Pure: text in, values out. A server has to be generous in what it reads, because clients differ: ids in any
case, options as ``TRUE``, ``True`` or ``true``, ``signal/terminate`` or ``signal/Terminate``, a missing ``End``, ids
chosen by the client, one or several ``Arguments``. ``a:To`` is not looked at: pywinrm writes a constant there. A
document type is refused before anything of it is expanded.

Source: MS-WSMV; DMTF DSP0226.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from providers.simulator.wire.fault_codes import (
    IDLE_TIMEOUT_OUT_OF_BOUNDS,
    INVALID_RESOURCE_URI,
    INVALID_TIMEOUT_HEADER,
    SCHEMA_VALIDATION_ERROR,
    Fault,
)

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
CMD: Final = f"{SHELL}/cmd"

DEFAULT_TIMEOUT_SECONDS: Final = 60.0
SMALLEST_ENVELOPE_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Create:
    """Open a shell."""

    idle_timeout_seconds: float | None
    code_page: int | None
    shell_id: str | None
    """The client's choice, if it makes one."""


@dataclass(frozen=True, slots=True)
class Run:
    """Start a command in a shell."""

    command_line: str
    command_id: str | None
    console_mode_stdin: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Write to a command's standard input."""

    command_id: str
    data: bytes
    end: bool


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for output of a command."""

    command_id: str
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """Interrupt or terminate a command."""

    command_id: str
    code: str
    """The last part of the code, lower case: ``terminate``, ``ctrl_c``, ``ctrl_break``."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Close a shell with its commands."""


Body: TypeAlias = Create | Run | Send | Receive | Signal | Delete


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a client."""

    message_id: str
    shell_id: str | None
    timeout_seconds: float
    max_envelope_bytes: int | None
    body: Body

    @property
    def kind(self) -> str:
        """The message in one word: create, command, send, receive, signal, delete."""
        return "command" if isinstance(self.body, Run) else type(self.body).__name__.lower()


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise Fault(SCHEMA_VALIDATION_ERROR, "A document type declaration is not allowed.")


def read(message: bytes) -> Request:
    """Return the request in a SOAP envelope.

    Raises:
        Fault: it is not XML, has a document type, or is no message of a WinRS shell.
    """
    try:
        envelope = ElementTree.fromstring(message, ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Fault(SCHEMA_VALIDATION_ERROR, "The message is not well-formed XML.") from error
    header, body = envelope.find(f"{{{SOAP}}}Header"), envelope.find(f"{{{SOAP}}}Body")
    if envelope.tag != f"{{{SOAP}}}Envelope" or header is None or body is None:
        raise Fault(SCHEMA_VALIDATION_ERROR, "The message is no SOAP envelope with a header and a body.")
    if _text(header, WSMAN, "ResourceURI").casefold() != CMD:
        raise Fault(INVALID_RESOURCE_URI)
    return Request(
        message_id=_text(header, ADDRESSING, "MessageID"),
        shell_id=_shell_id(header),
        timeout_seconds=_operation_timeout(header),
        max_envelope_bytes=_max_envelope(header),
        body=_body(header, body),
    )


def message_id_of(message: bytes) -> str:
    """Return the MessageID of a message that may be unreadable otherwise; empty if there is none."""
    found = re.search(rb"MessageID[^>]*>\s*([A-Za-z0-9:._-]{1,200})\s*<", message)
    return found[1].decode() if found else ""


_VERBS: Final = {f"{TRANSFER}/{verb}": verb for verb in ("Create", "Delete")} | {
    f"{SHELL}/{verb}": verb for verb in ("Command", "Send", "Receive", "Signal")
}


def _body(header: Element, body: Element) -> Body:
    match _VERBS.get(_text(header, ADDRESSING, "Action")):
        case "Create":
            return _create(header, _child(body, "Shell"))
        case "Command":
            return _run(header, _child(body, "CommandLine"))
        case "Send":
            return _send(_child(body, "Send"))
        case "Receive":
            stream = _child(_child(body, "Receive"), "DesiredStream")
            return Receive(_command_id(stream), tuple((stream.text or "stdout stderr").split()))
        case "Signal":
            signal = _child(body, "Signal")
            code = (_child(signal, "Code").text or "").strip().rpartition("/")[2]
            return Signal(_command_id(signal), code.casefold())
        case "Delete":
            return Delete()
        case _:
            raise Fault(SCHEMA_VALIDATION_ERROR, "The action is not supported.")


def _create(header: Element, shell: Element) -> Create:
    idle = shell.find(f"{{{SHELL}}}IdleTimeOut")
    code_page = _options(header).get("winrs_codepage", "")
    chosen = shell.get("ShellId")
    return Create(
        idle_timeout_seconds=None if idle is None else _duration(idle.text or "", IDLE_TIMEOUT_OUT_OF_BOUNDS),
        code_page=int(code_page) if code_page.isascii() and code_page.isdigit() else None,
        shell_id=chosen.upper() if chosen else None,
    )


def _run(header: Element, line: Element) -> Run:
    words = [_child(line, "Command").text or ""]
    words += [argument.text or "" for argument in line.findall(f"{{{SHELL}}}Arguments")]
    chosen = line.get("CommandId")
    return Run(
        command_line=" ".join(words),
        command_id=chosen.upper() if chosen else None,
        console_mode_stdin=_true(_options(header).get("winrs_consolemode_stdin", "true")),
    )


def _send(send: Element) -> Send:
    streams = send.findall(f"{{{SHELL}}}Stream")
    if not streams:
        raise Fault(SCHEMA_VALIDATION_ERROR, "A Send carries no stream.")
    try:
        data = b"".join(base64.b64decode("".join((part.text or "").split()), validate=True) for part in streams)
    except (binascii.Error, ValueError) as error:
        raise Fault(SCHEMA_VALIDATION_ERROR, "A stream is not base64.") from error
    return Send(_command_id(streams[0]), data, any(_true(part.get("End", "false")) for part in streams))


def _child(parent: Element, name: str) -> Element:
    child = parent.find(f"{{{SHELL}}}{name}")
    if child is None:
        raise Fault(SCHEMA_VALIDATION_ERROR, f"The element {name} is missing.")
    return child


def _command_id(element: Element) -> str:
    command_id = element.get("CommandId")
    if not command_id:
        raise Fault(SCHEMA_VALIDATION_ERROR, "CommandId is missing.")
    return command_id.upper()


def _text(header: Element, namespace: str, name: str) -> str:
    return (header.findtext(f"{{{namespace}}}{name}") or "").strip()


def _options(header: Element) -> Mapping[str, str]:
    return {
        option.get("Name", "").casefold(): (option.text or "").strip()
        for option in header.iterfind(f"{{{WSMAN}}}OptionSet/{{{WSMAN}}}Option")
    }


def _shell_id(header: Element) -> str | None:
    for selector in header.iterfind(f"{{{WSMAN}}}SelectorSet/{{{WSMAN}}}Selector"):
        if selector.get("Name", "").casefold() == "shellid" and selector.text:
            return selector.text.strip().upper()
    return None


def _max_envelope(header: Element) -> int | None:
    text = _text(header, WSMAN, "MaxEnvelopeSize")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) < SMALLEST_ENVELOPE_BYTES:
        raise Fault(SCHEMA_VALIDATION_ERROR, "MaxEnvelopeSize is out of range.")
    return int(text)


def _operation_timeout(header: Element) -> float:
    text = _text(header, WSMAN, "OperationTimeout")
    return _duration(text, INVALID_TIMEOUT_HEADER) if text else DEFAULT_TIMEOUT_SECONDS


_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?\Z", re.ASCII)


def _duration(text: str, fault: int) -> float:
    """Return the seconds of an xs:duration without years and months."""
    found = _DURATION.match(text.strip())
    if found is None or not any(found.groups()):
        raise Fault(fault)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _true(text: str) -> bool:
    return text.strip().casefold() in ("true", "1")
