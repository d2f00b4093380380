"""Steps that the operator does not want to wait for any longer."""

from __future__ import annotations

import pytest

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, SessionError
from reconciler.model.ports import Request
from reconciler.model.snapshot import OutcomeKind
from tests.support.boxes import TYPES, BoxWorld, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions


class Impatient:
    """An operator who asks twice to stop as soon as the first command is on its way."""

    def __init__(self) -> None:
        self.asked = 0

    def level(self) -> int:
        return self.asked

    def begin(self) -> None:
        return

    exit_code = 130
    look_seconds = 1.0


@pytest.mark.parametrize(
    "reply",
    [Reply(), AmbiguousOutcome(Diagnostic("Session lost", "It was not answered."))],
    ids=["success", "no reply"],
)
@pytest.mark.parametrize("times", [0, 2])
def test_second_stop_leaves_an_effect_that_is_not_seen_yet_to_the_next_run(
    times: int, reply: Reply | SessionError
) -> None:
    world, operator = BoxWorld(), Impatient()

    def late(request: Request) -> Reply | SessionError:
        if request.command.cmdlet != "New-Box":
            return world.answer(request)
        operator.asked = times
        return reply

    engine = Engine(TYPES, FunctionSessions(late), stop=operator)
    account = engine.apply(declared(box("a")))
    if times == 2:
        assert account.count(OutcomeKind.UNKNOWN) == 1
        assert account.exit_code() == 7
        assert engine.clock.seconds < 5, "nobody waits for it"
        assert len(engine.store.read().open_intents) == 1
    else:
        assert account.count(OutcomeKind.UNKNOWN) == 0
        assert engine.clock.seconds >= 30
        assert engine.store.read().open_intents == ()
