"""A run that does not see an effect says what was sent, printed and read, and waits only while there is hope."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import SessionError
from reconciler.model.events import ActionEnded
from reconciler.model.ports import Request
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import OutcomeKind
from reconciler.run.second_look import Replicas
from reconciler.views.messages import message_of
from tests.support.boxes import Box, BoxWorld, Mark, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions

ALONE = Replicas(("dc1",), "dc1", "DomainController", "domain controller")
TWO = Replicas(("dc1", "dc2"), "dc1", "DomainController", "domain controller")
WARNING = "The command completed successfully but no settings of 'a' have been modified."


class DirectoryBox(Box):
    """A box in a directory that replicates."""

    lifecycle: ClassVar = Box.lifecycle

    @property
    def is_replicated(self) -> bool:
        return True


KINDS: tuple[ResourceType, ...] = (Mark(), DirectoryBox())


def ended(
    answer: Callable[[BoxWorld, Request], Reply | SessionError | None], replicas: Replicas = ALONE
) -> tuple[ActionEnded, float]:
    """Change the size of a box where ``answer`` stands between; return how that ended and how long it took."""
    world = BoxWorld({"a": {"Size": 1, "Colour": "red"}})

    def between(request: Request) -> Reply | SessionError:
        own = answer(world, request)
        return world.answer(request) if own is None else own

    engine = Engine(KINDS, FunctionSessions(between), replicas=replicas)
    engine.apply(declared(box("a", size=2, colour="red")))
    (event,) = (event for event in engine.events.events if isinstance(event, ActionEnded))
    return event, engine.clock.seconds


def test_ignored_parameter_is_reported_with_what_was_sent_and_printed_and_at_once() -> None:
    def ignoring(_: BoxWorld, request: Request) -> Reply | None:
        return Reply(warnings=(WARNING,)) if request.command.cmdlet == "Set-Box" else None

    event, seconds = ended(ignoring)
    assert event.outcome is OutcomeKind.FAILED
    assert event.evidence.sent == ("Set-Box -Identity a -Size 2",)
    assert event.evidence.printed == f"Warning: {WARNING}"
    assert event.evidence.read == ("size is 1, desired 2",)
    assert seconds < 5
    assert dict(message_of(event)).items() >= {"cause": event.evidence.cause, "printed": event.evidence.printed}.items()


def test_effect_that_replicates_in_time_is_waited_for() -> None:
    """The one that is read shows it a while after the other."""
    times = 0

    def late(world: BoxWorld, request: Request) -> Reply | None:
        nonlocal times
        is_other = dict(request.command.parameters).get("DomainController") == "dc2"
        if request.command.cmdlet != "Get-Box" or is_other or world.boxes["a"]["Size"] == 1:
            return None
        times += 1
        return Reply(({"Name": "a", "Size": 1, "Colour": "red"},)) if times < 6 else None

    event, seconds = ended(late, TWO)
    assert event.outcome is OutcomeKind.DONE
    assert seconds > 3


def test_effect_that_does_not_replicate_is_reported_after_the_whole_wait() -> None:
    def behind(world: BoxWorld, request: Request) -> Reply | None:
        is_other = dict(request.command.parameters).get("DomainController") == "dc2"
        if request.command.cmdlet == "Get-Box" and not is_other:
            return Reply(({"Name": "a", "Size": 1, "Colour": "red"},))
        return None

    event, seconds = ended(behind, TWO)
    assert (event.outcome, seconds >= 60) == (OutcomeKind.FAILED, True)
    assert {"dc1,", "dc2"} <= {*event.evidence.cause.split()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda world: world.boxes["a"].update(Size=9), "another administrator changed size"),
        (lambda world: world.boxes.pop("a"), "another administrator removed or renamed it meanwhile"),
    ],
    ids=["changed", "removed"],
)
def test_what_somebody_else_does_meanwhile_ends_the_wait(change: Callable[[BoxWorld], object], words: str) -> None:
    def meddling(world: BoxWorld, request: Request) -> Reply | None:
        if request.command.cmdlet != "Set-Box":
            return None
        change(world)
        return Reply()

    event, seconds = ended(meddling)
    assert words in event.detail
    assert seconds < 5
