"""Actions of several commands whose effects take their time: a furnace that is lit, and loaded when it is hot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from reconciler.model.abilities import Stepwise
from reconciler.model.actions import Action
from reconciler.model.attributes import Attribute
from reconciler.model.commands import Command, Reply, read, write
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, PermanentError, SessionError, Unreachable
from reconciler.model.events import Waiting
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resource_types import Answer, Diagnosed, Due, UnderWay
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import OutcomeKind
from reconciler.model.values import EMPTY
from reconciler.run.account import Account
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, VirtualClock

HOUR = 3600.0
LOST = AmbiguousOutcome(Diagnostic("No answer", "The connection was reset."))
REFUSED = PermanentError(Diagnostic("Refused", "The server refused it."))


class Furnace(Stepwise):
    """Lit, then loaded with ore and with coal as soon as it is hot."""

    name: ClassVar[str] = "furnace"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return EMPTY

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read("Get-Furnace", "State", "Loaded"),)

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        return [
            Resource(Address("furnace", "f"), {"state": record["State"], "loaded": tuple(sorted(record["Loaded"]))})
            for _, reply in answers
            if isinstance(reply, Reply)
            for record in reply.records
        ]

    def due(self, landscape: Landscape) -> Sequence[Due]:
        commands = (write("Light"), write("Load", What="coal"), write("Load", What="ore"))
        return (Due(Resource(Address("furnace", "f")), ("it is cold",), commands),)

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        return _furnace(landscape).get("loaded") == ("coal", "ore")

    def expectation(self, action: Action, landscape: Landscape) -> None:
        return None

    def holds_back(self, action: Action, sent: int, landscape: Landscape) -> str | None:
        state = _furnace(landscape).get("state")
        return None if state == "hot" else f"the furnace is {state}"

    def under_way(self, action: Action, landscape: Landscape) -> UnderWay | None:
        return UnderWay("the furnace heats", HOUR) if _furnace(landscape).get("state") == "heating" else None


def _furnace(landscape: Landscape) -> Resource:
    found = landscape.one("furnace", "f")
    assert found is not None
    return found


@dataclass
class Works:
    """The server: hot so many seconds after it was lit."""

    clock: VirtualClock
    heats_for: float
    answers: Mapping[str, SessionError] = field(default_factory=dict)
    """The message instead of success."""
    without_effect: frozenset[str] = frozenset()
    lit: float | None = None
    loaded: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply | SessionError:
        told = str(request.command)
        if request.command.cmdlet == "Get-Furnace":
            return Reply(({"State": self._state, "Loaded": tuple(self.loaded)},))
        if told not in self.without_effect:
            if request.command.cmdlet == "Light":
                self.lit = self.clock.seconds
            else:
                self.loaded.add(str(dict(request.command.parameters)["What"]))
        return self.answers.get(told, Reply())

    @property
    def _state(self) -> str:
        if self.lit is None:
            return "cold"
        return "heating" if self.clock.seconds < self.lit + self.heats_for else "hot"


def worked(heats_for: float, **more: object) -> tuple[Account, Works, Engine]:
    clock = VirtualClock()
    works = Works(clock, heats_for, **more)  # type: ignore[arg-type]  # fields by name
    engine = Engine((Furnace(),), FunctionSessions(works.answer), clock=clock)
    return engine.apply({}), works, engine


@pytest.mark.parametrize("seconds", [0.0, 59.0, 1800.0, HOUR - 60])
def test_next_command_waits_for_the_effect_of_the_one_before(seconds: float) -> None:
    account, works, engine = worked(seconds)
    assert (account.exit_code(), works.loaded) == (0, {"coal", "ore"})
    told = {event.reason for event in engine.events.events if isinstance(event, Waiting)}
    assert told == ({"the furnace is heating"} if seconds else set())
    assert engine.clock.seconds <= seconds + 31


def test_effect_that_never_comes_ends_the_action_after_its_own_patience() -> None:
    account, works, engine = worked(10 * HOUR)
    (end,) = account.ended
    assert (end.outcome, works.loaded) == (OutcomeKind.FAILED, set())
    assert "Load -What coal" in end.detail
    assert HOUR <= engine.clock.seconds <= HOUR + 60
    assert not engine.store.read().open_intents


def test_command_whose_reply_was_lost_goes_on_where_its_effect_is_seen() -> None:
    account, works, _ = worked(100.0, answers={"Light": LOST})
    assert (account.exit_code(), works.loaded) == (0, {"coal", "ore"})


def test_command_that_was_lost_with_its_effect_ends_the_action() -> None:
    account, works, engine = worked(0.0, answers={"Light": LOST}, without_effect=frozenset({"Light"}))
    (end,) = account.ended
    assert (end.outcome, works.loaded) == (OutcomeKind.NOT_RUN, set())
    assert engine.clock.seconds < 60


def test_an_action_that_was_begun_and_cut_off_is_not_reported_as_not_run() -> None:
    """Something of it was done, so that a saved plan that it belongs to is used up."""
    away = Unreachable(Diagnostic("No answer", "The host is away."))
    loads = {f"Load -What {what}": away for what in ("coal", "ore")}
    account, works, _ = worked(0.0, answers=loads, without_effect=frozenset(loads))
    (end,) = account.ended
    assert (end.outcome, works.lit is None, works.loaded) == (OutcomeKind.FAILED, False, set())


def test_refused_command_keeps_none_back_that_does_not_wait_for_it() -> None:
    coal = "Load -What coal"
    account, works, _ = worked(0.0, answers={coal: REFUSED}, without_effect=frozenset({coal}))
    (end,) = account.ended
    assert (end.outcome, end.detail) == (OutcomeKind.FAILED, str(REFUSED))
    assert works.loaded == {"ore"}


def test_intent_says_until_when_its_last_command_may_begin() -> None:
    """Recovery waits for that; the first command left half an hour earlier."""
    _, _, engine = worked(1800.0)
    written = [intent.expires for change in engine.store.journal for intent in change.intents]
    assert written == sorted(written)
    assert len(set(written)) > 1


def test_kill_between_two_commands_is_a_crash_point() -> None:
    points: list[str] = []
    clock = VirtualClock()
    works = Works(clock, 0.0)
    engine = Engine((Furnace(),), FunctionSessions(works.answer), clock=clock, point=points.append)
    engine.apply({})
    assert points.count("between-commands") == 2
    assert points.index("after-intent") < points.index("between-commands") < points.index("after-send")
