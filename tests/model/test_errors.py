"""Each error ends a run with the exit code that DESIGN 5 promises, and keeps what it was raised with."""

from __future__ import annotations

import inspect

import pytest

from reconciler.model import errors
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.errors import (
    AmbiguousOutcome,
    ErrorRecord,
    NotFound,
    PermanentError,
    ReconcilerError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
    collected,
)

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ReconcilerError)]
ANOTHER_CODE = {
    "Refused": 4,
    "PlanError": 5,
    "Locked": 6,
    "LeaseLost": 3,
    "AmbiguousOutcome": 7,
    "Interrupted": 130,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_has_its_exit_code(kind: type[ReconcilerError]) -> None:
    assert kind(Diagnostic("Wrong")).exit_code == ANOTHER_CODE.get(kind.__name__, 1)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, SessionError)])
def test_a_session_error_says_one_thing_about_sending_again(kind: type[SessionError]) -> None:
    """It may be sent again, it has to be looked at first, or it is not sent again: never two of these."""
    answers = [issubclass(kind, answer) for answer in (TransientError, AmbiguousOutcome, PermanentError)]
    assert sum(answers) == (kind is not SessionError)


def test_an_error_keeps_its_diagnostics_in_the_order_of_files() -> None:
    first, last = (Diagnostic("Wrong", position=Position("a.yaml", line)) for line in (1, 2))
    error = ReconcilerError(last, first, last)
    assert error.diagnostics == (first, last)
    assert collected([error, ReconcilerError(last), Unreachable(Diagnostic("No answer"))]) == (
        first,
        last,
        Diagnostic("No answer"),
    )


def test_a_session_error_keeps_the_record_and_the_delay_that_the_server_asked_for() -> None:
    record = ErrorRecord("ManagementObjectNotFoundException", category="ObjectNotFound")
    assert NotFound(record=record).record is record
    assert (Throttled(delay_seconds=3.0).delay_seconds, Throttled().delay_seconds) == (3.0, 0.0)
