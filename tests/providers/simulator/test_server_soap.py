"""Messages of a WinRM shell: what is read of them, and what is written."""

from __future__ import annotations

import base64
import contextlib
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.wire import fault_codes, soap, soap_replies
from providers.simulator.wire.fault_codes import Fault
from providers.simulator.wire.soap import Create, Delete, Receive, Request, Run, Send, Signal

SHELL = soap.SHELL
TRANSFER = soap.TRANSFER


def envelope(action: str, body: str = "", header: str = "", resource: str = soap.CMD) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}" xmlns:rsp="{SHELL}">'
        f"<s:Header><a:To>anything</a:To><a:MessageID>uuid:1-2</a:MessageID><w:ResourceURI>{resource}</w:ResourceURI>"
        f"<a:Action>{action}</a:Action>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def option(name: str, value: str) -> str:
    return f'<w:OptionSet><w:Option Name="{name}">{value}</w:Option></w:OptionSet>'


SELECTOR = '<w:SelectorSet><w:Selector Name="ShellId">ab-1</w:Selector></w:SelectorSet>'


def test_create_tells_idle_timeout_code_page_and_a_chosen_id() -> None:
    body = '<rsp:Shell ShellId="ab-1"><rsp:IdleTimeOut>PT1M30.5S</rsp:IdleTimeOut></rsp:Shell>'
    request = soap.read(envelope(f"{TRANSFER}/Create", body, option("winrs_codepage", " 65001 ")))
    assert request.body == Create(90.5, 65001, "AB-1")
    assert request.kind == "create"


def test_create_may_say_nothing() -> None:
    assert soap.read(envelope(f"{TRANSFER}/Create", "<rsp:Shell/>")).body == Create(None, None, None)


@pytest.mark.parametrize(("text", "console"), [("TRUE", True), ("True", True), ("1", True), ("false", False)])
def test_command_joins_its_arguments_and_reads_options_in_any_case(text: str, console: bool) -> None:
    words = "<rsp:Command>a.exe</rsp:Command><rsp:Arguments>-x y</rsp:Arguments><rsp:Arguments>z</rsp:Arguments>"
    body = f'<rsp:CommandLine CommandId="c1">{words}</rsp:CommandLine>'
    message = envelope(f"{SHELL}/Command", body, SELECTOR + option("WINRS_CONSOLEMODE_STDIN", text))
    request = soap.read(message)
    assert request.body == Run("a.exe -x y z", "C1", console)
    assert (request.kind, request.shell_id, request.message_id) == ("command", "AB-1", "uuid:1-2")


@pytest.mark.parametrize(("end", "is_end"), [("", False), ('End="TRUE"', True), ('End="True"', True)])
def test_send_without_end_goes_on(end: str, is_end: bool) -> None:
    body = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="c1" {end}>\n YWJj\n </rsp:Stream></rsp:Send>'
    assert soap.read(envelope(f"{SHELL}/Send", body)).body == Send("C1", b"abc", is_end)


def test_receive_names_its_streams() -> None:
    body = '<rsp:Receive><rsp:DesiredStream CommandId="c1">stdout</rsp:DesiredStream></rsp:Receive>'
    timeouts = "<w:OperationTimeout>PT20S</w:OperationTimeout><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>"
    request = soap.read(envelope(f"{SHELL}/Receive", body, timeouts))
    assert request.body == Receive("C1", ("stdout",))
    assert (request.timeout_seconds, request.max_envelope_bytes) == (20.0, 153600)


@pytest.mark.parametrize("code", ["terminate", "Terminate"])
def test_signal_is_read_in_any_case(code: str) -> None:
    body = f'<rsp:Signal CommandId="c1"><rsp:Code>{SHELL}/signal/{code}</rsp:Code></rsp:Signal>'
    assert soap.read(envelope(f"{SHELL}/Signal", body)).body == Signal("C1", "terminate")


def test_delete_has_no_body() -> None:
    assert soap.read(envelope(f"{TRANSFER}/Delete")).body == Delete()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", fault_codes.SCHEMA_VALIDATION_ERROR),
        (b"no xml", fault_codes.SCHEMA_VALIDATION_ERROR),
        (b"<x/>", fault_codes.SCHEMA_VALIDATION_ERROR),
        (b'<?xml version="1.0" encoding="nonsense"?><x/>', fault_codes.SCHEMA_VALIDATION_ERROR),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', fault_codes.SCHEMA_VALIDATION_ERROR),
        (envelope(f"{TRANSFER}/Put"), fault_codes.SCHEMA_VALIDATION_ERROR),
        (envelope(f"{TRANSFER}/Create"), fault_codes.SCHEMA_VALIDATION_ERROR),
        (envelope(f"{SHELL}/Send", "<rsp:Send/>"), fault_codes.SCHEMA_VALIDATION_ERROR),
        (envelope(f"{SHELL}/Send", "<rsp:Send><rsp:Stream CommandId='1'>!</rsp:Stream></rsp:Send>"), 2150858817),
        (envelope(f"{SHELL}/Send", "<rsp:Send><rsp:Stream>YQ==</rsp:Stream></rsp:Send>"), 2150858817),
        (envelope(f"{TRANSFER}/Create", resource="http://x/Microsoft.Exchange"), fault_codes.INVALID_RESOURCE_URI),
        (envelope(f"{TRANSFER}/Delete", "", "<w:OperationTimeout>20</w:OperationTimeout>"), 2150858881),
        (envelope(f"{TRANSFER}/Delete", "", "<w:OperationTimeout>P</w:OperationTimeout>"), 2150858881),
        (envelope(f"{TRANSFER}/Delete", "", "<w:MaxEnvelopeSize>10</w:MaxEnvelopeSize>"), 2150858817),
    ],
)
def test_what_cannot_be_read_is_a_fault(message: bytes, code: int) -> None:
    with pytest.raises(Fault) as raised:
        soap.read(message)
    assert raised.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_a_fault_and_nothing_else(message: bytes) -> None:
    with pytest.raises(Fault):
        soap.read(message)


@given(st.integers(0, 1000), st.binary(min_size=1, max_size=8))
def test_a_damaged_envelope_is_read_or_a_fault(at: int, damage: bytes) -> None:
    message = bytearray(envelope(f"{SHELL}/Command", "<rsp:CommandLine><rsp:Command>a</rsp:Command></rsp:CommandLine>"))
    message[at : at + len(damage)] = damage
    with contextlib.suppress(Fault):
        assert isinstance(soap.read(bytes(message)), Request)


def test_the_output_of_a_reply_is_what_was_given_and_fits_the_envelope() -> None:
    request = soap.read(envelope(f"{SHELL}/Receive", '<rsp:Receive><rsp:DesiredStream CommandId="C"/></rsp:Receive>'))
    data = bytes(range(256)) * 2000
    room = soap_replies.room_for_output(153_600)
    reply = soap_replies.received(request, "C" * 36, [("stdout", data[: room - 9]), ("stderr", data[:9])], 0, "reply")
    assert len(reply) <= 153_600
    streams = [stream.text for stream in ElementTree.fromstring(reply).iter(f"{{{SHELL}}}Stream")]
    assert [base64.b64decode(text) for text in streams if text] == [data[: room - 9], data[:9]]


def test_a_fault_relates_to_its_message_and_escapes_its_text() -> None:
    reply = ElementTree.fromstring(soap_replies.faulted("uuid:1", Fault(fault_codes.QUOTA_MAX_SHELLS, "<&>"), "reply"))
    assert reply.findtext(f".//{{{soap.ADDRESSING}}}RelatesTo") == "uuid:1"
    assert reply.findtext(f".//{{{soap.FAULT}}}Message") == "<&>"
    fault = reply.find(f".//{{{soap.FAULT}}}WSManFault")
    assert fault is not None
    assert fault.get("Code") == "2150859173"
    assert reply.findtext(f".//{{{soap.WMI}}}error_Code") == "2150859173"


def test_the_id_of_an_unreadable_message_is_found_and_nothing_hostile_with_it() -> None:
    assert soap.message_id_of(b"<x><a:MessageID>uuid:7</a:MessageID><!") == "uuid:7"
    assert soap.message_id_of(b"<x><a:MessageID>\x00&lt;</a:MessageID>") == ""
