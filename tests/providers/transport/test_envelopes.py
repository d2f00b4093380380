"""The messages that are built without pywinrm are those that pywinrm builds."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from winrm.protocol import Protocol

from providers.transport.wsman.envelopes import SHELL, Envelopes, received

SHELL_ID, COMMAND = "5DEB5E5F-0000-4000-8000-000000000001", "5DEB5E5F-0000-4000-8000-000000000002"
_ID = re.compile(r"uuid:[0-9a-f-]{36}")


class Kept(Exception):
    """Ends a call of pywinrm before anything is sent."""


def protocol() -> Protocol:
    return Protocol("http://host/wsman", transport="ntlm", username="a", password="b", operation_timeout_sec=7)


def written(call: Callable[[Protocol], object]) -> str:
    """Return the message that a call of pywinrm writes."""
    kept: list[str] = []

    def keep(message: str) -> bytes:
        kept.append(message)
        raise Kept

    theirs = protocol()
    theirs.send_message = keep  # type: ignore[method-assign]  # nothing is sent
    with pytest.raises(Kept):
        call(theirs)
    return kept[0]


def envelopes() -> Envelopes:
    theirs = protocol()
    return Envelopes(lambda action: theirs.build_wsman_header(action, f"{SHELL}/cmd", SHELL_ID), COMMAND)


def without_id(message: str) -> str:
    assert len(_ID.findall(message)) == 1
    return _ID.sub("", message)


@given(st.binary(max_size=50), st.booleans())
def test_send_is_the_message_of_pywinrm(data: bytes, end: bool) -> None:
    theirs = written(lambda one: one.send_command_input(SHELL_ID, COMMAND, data, end))
    assert without_id(envelopes().send(data, end=end)) == without_id(theirs)


def test_receive_is_the_message_of_pywinrm() -> None:
    theirs = written(lambda one: one.get_command_output_raw(SHELL_ID, COMMAND))
    assert without_id(envelopes().receive()) == without_id(theirs)


def test_each_message_has_an_id_of_its_own() -> None:
    ours = envelopes()
    assert len({_ID.findall(ours.receive())[0] for _ in range(5)}) == 5


def reply(*parts: str, state: str = "Running", code: str = "") -> bytes:
    done = f"<r:ExitCode>{code}</r:ExitCode>" if code else ""
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:r="{SHELL}"><s:Body><r:ReceiveResponse>'
        f'{"".join(parts)}<r:CommandState CommandId="{COMMAND}" State="{SHELL}/CommandState/{state}">{done}'
        "</r:CommandState></r:ReceiveResponse></s:Body></s:Envelope>"
    ).encode()


def stream(name: str, data: bytes) -> str:
    return f'<r:Stream Name="{name}" CommandId="{COMMAND}">{base64.b64encode(data).decode()}</r:Stream>'


@given(
    st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=9)), max_size=6), st.integers(-9, 9)
)
def test_reply_is_read_as_pywinrm_reads_it(parts: list[tuple[str, bytes]], code: int) -> None:
    ended = f'<r:Stream Name="stdout" CommandId="{COMMAND}" End="true"/>'
    for text in (
        reply(*(stream(*part) for part in parts)),
        reply(*(stream(*part) for part in parts), ended, state="Done", code=str(code)),
    ):
        theirs = protocol()
        theirs.send_message = lambda _, text=text: text  # type: ignore[method-assign, misc]
        assert received(text) == theirs.get_command_output_raw(SHELL_ID, COMMAND)
