"""The next Receive is under way while the last output is read, but only where more output certainly comes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from providers.transport import wire
from providers.transport.session.endings import Endings
from providers.transport.session.host_clocks import HostClocks
from providers.transport.session.receiving import Receiving
from providers.transport.session.replies import Replies
from providers.transport.settings import target_of
from providers.transport.wsman.shell import Gone, Output
from reconciler.model.diagnostics import Diagnostic, TransientError
from tests.support.fakes import VirtualClock
from tests.support.transport_support import connection
from tests.support.winrm_server import NONCE


class Watched(HostClocks):
    """Host clocks that wait, when a reply is read, until the next Receive has begun."""

    def __init__(self, begun: threading.Event) -> None:
        super().__init__(VirtualClock())
        self._begun = begun
        self.read_meanwhile: list[bool] = []

    def note(self, told: object) -> None:
        self.read_meanwhile.append(self._begun.wait(5))


@dataclass
class Process:
    """A process with so much output."""

    outputs: list[Output | Exception]
    begun: threading.Event = field(default_factory=threading.Event)
    receives: int = 0

    def receive(self) -> Output:
        self.receives += 1
        if self.receives > 1:
            self.begun.set()
        output = self.outputs.pop(0)
        if isinstance(output, Exception):
            raise output
        return output


def line(data: Mapping[str, Any]) -> bytes:
    return f"{NONCE} ".encode() + wire.encode(data)


def receiving(process: Process, clocks: HostClocks | None = None) -> Receiving:
    target = target_of(connection(), None)
    replies = Replies(NONCE, target, Endings("ex1"), clocks or HostClocks(VirtualClock()))
    return Receiving(process, replies)


def ids(lines: list[wire.Line]) -> list[str]:
    return [one.id for one in lines if isinstance(one, wire.ReplyLine)]


def test_a_reply_that_was_cut_off_is_received_while_the_ones_before_it_are_read() -> None:
    text = line({"id": "a"}) + line({"id": "b"})
    process = Process([Output(text[:-9]), Output(text[-9:])])
    clocks = Watched(process.begun)
    one = receiving(process, clocks)
    assert ids(one.next()[1]) == ["a"]
    assert clocks.read_meanwhile == [True]
    assert ids(one.next()[1]) == ["b"]
    assert process.receives == 2


@pytest.mark.parametrize(
    "output",
    [
        Output(line({"id": "a"})),
        Output(line({"id": "a"}) + b"a banner without an end"),
        Output(b"noise"),
        Output(),
        Output(line({"id": "a"})[:-5], done=True),
        Output(line({"id": "a"})[:-5], lost=TransientError(Diagnostic("Lost", "It was lost."))),
    ],
    ids=["a whole reply", "a banner", "noise", "nothing", "the end", "a lost reply"],
)
def test_nothing_is_received_early_where_no_output_may_come(output: Output) -> None:
    process = Process([output])
    one = receiving(process)
    one.next()
    one.settle()
    assert process.receives == 1


def test_before_a_message_is_sent_no_receive_is_under_way_and_no_output_is_lost() -> None:
    text = line({"id": "a"})
    process = Process([Output(text[:-9]), Output(text[-9:])])
    one = receiving(process)
    assert ids(one.next()[1]) == []
    one.settle()
    assert process.receives == 2, "it has ended"
    assert ids(one.next()[1]) == ["a"]


def test_an_error_is_raised_where_the_output_is_taken() -> None:
    gone = Gone(TransientError(Diagnostic("Session lost", "It ended.")))
    one = receiving(Process([Output(line({"id": "a"})[:-5]), gone]))
    one.next()
    one.settle()
    with pytest.raises(Gone):
        one.next()
