"""Reads that travel with the commands of a batch: one exchange of messages for each batch, and no older truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.commands import Endpoint, Reply
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, SessionError, Throttled
from reconciler.model.events import ActionEnded
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resources import Resources
from reconciler.model.snapshot import OutcomeKind
from reconciler.run.attached import Attached, joined
from reconciler.run.observe import Keys, SharedLandscape
from tests.support.boxes import CROWD, TYPES, BoxWorld, box, declared
from tests.support.engine import Engine, engine_of
from tests.support.fakes import FunctionSessions


class Messages(FunctionSessions):
    """Sessions that keep what each call sends."""

    calls: list[list[str]]

    def __init__(self, answer: Callable[[Request], Reply | SessionError]) -> None:
        super().__init__(answer)
        self.calls = []

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        self.calls.append([request.command.cmdlet for request in requests])
        return super().invoke(requests)


def crowd(count: int) -> Mapping[str, Resources]:
    return declared(*(box(f"n{number:04}", size=1, colour="red") for number in range(count)))


def test_a_slot_sends_one_call_for_each_batch_and_one_for_its_first_read() -> None:
    world = BoxWorld()
    sessions = Messages(world.answer)
    assert Engine(CROWD, sessions).apply(crowd(500)).exit_code() == 0
    plan, *run = sessions.calls
    assert set(plan) == {"Get-Box"}
    writing = [call for call in run if "New-Box" in call]
    reading = [call for call in run if "New-Box" not in call]
    assert len(reading) <= 24, "the first read of each slot, and one more look after all is done"
    assert all(call.index("Get-Box") >= call.count("New-Box") for call in writing), "reads come after the commands"
    assert sum(call.count("New-Box") for call in writing) == 500
    assert sum(call.count("Get-Box") for call in run) <= 2 * 500 + 24, "each object is read before and after"


def test_the_effect_of_a_single_command_is_read_in_the_same_call() -> None:
    world = BoxWorld()
    sessions = Messages(world.answer)
    engine = Engine(TYPES[:2], sessions)
    assert engine.apply(declared(box("a", size=1))).exit_code() == 0
    assert [call for call in sessions.calls if "New-Box" in call] == [["New-Box", "Get-Box"]]


LOST = AmbiguousOutcome(Diagnostic("Session lost", "It was not answered."))


def outcomes(engine: Engine) -> dict[str, OutcomeKind]:
    return {event.address: event.outcome for event in engine.events.events if isinstance(event, ActionEnded)}


def test_a_read_that_came_before_a_late_command_proves_nothing() -> None:
    """The command whose reply was lost runs after the read that was sent with it."""
    world, late = BoxWorld(), list[Request]()

    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "New-Box":
            late.append(request)
            return LOST
        return world.answer(request)

    engine = Engine(CROWD, FunctionSessions(answer))
    sleep = engine.clock.sleep

    def slept(seconds: float) -> None:
        sleep(seconds)
        while late:
            world.answer(late.pop())

    engine.clock.sleep = slept  # type: ignore[method-assign]  # the time in which the host runs what it still has
    engine.apply(crowd(1))
    assert outcomes(engine) == {"box/n0000": OutcomeKind.DONE}


def test_a_read_that_came_before_a_repeated_command_is_repeated_too() -> None:
    world, refused = BoxWorld(), [True]

    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "New-Box" and refused:
            refused.clear()
            return Throttled(Diagnostic("Busy", "Later."))
        return world.answer(request)

    engine = Engine(CROWD, FunctionSessions(answer))
    engine.apply(crowd(1))
    assert outcomes(engine) == {"box/n0000": OutcomeKind.DONE}
    assert engine.clock.seconds < 30, "the effect was not waited for"


@pytest.mark.parametrize("endpoint", [EXCHANGE, LYNC])
def test_only_reads_of_the_same_host_are_sent_along(endpoint: Endpoint) -> None:
    engine = engine_of(BoxWorld({"a": {"Size": 1}}))
    world = SharedLandscape(Landscape())
    read = Attached.begin(engine.reader, world, {"box": None})
    requests = read.requests_to(endpoint, engine.reader.random)
    assert [request.command.cmdlet for request in requests] == (["Get-Box"] if endpoint is EXCHANGE else [])
    read.note(requests, [Reply(({"Name": "b", "Size": 2},)) for _ in requests])
    found = read.end(engine.reader, world)
    assert list(found.all("box")) == (["b"] if endpoint is EXCHANGE else ["a"]), "what is missing is read then"
    sessions = engine.sessions
    assert isinstance(sessions, FunctionSessions)
    assert len(sessions.sent) == (0 if endpoint is EXCHANGE else 1)


KEYS = st.dictionaries(st.sampled_from("abc"), st.none() | st.frozensets(st.sampled_from("xyz")))


@given(KEYS, KEYS)
def test_a_joined_read_reads_the_objects_of_both(some: Keys, others: Keys) -> None:
    both = joined(some, others)
    assert both.keys() == some.keys() | others.keys()
    for name, keys in both.items():
        each = [one[name] for one in (some, others) if name in one]
        assert keys == (None if None in each else frozenset().union(*(one for one in each if one is not None)))
