"""What the servers say about the rights of the account for a plan: one question for each entry point."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.model.commands import Operation, Reply
from reconciler.model.diagnostics import Diagnostic, SessionError, Severity, Unreachable
from reconciler.model.ports import Request
from reconciler.plan.plan import Plan
from reconciler.run.rights import missing_rights
from tests.run.test_rehearse import KINDS, plan_of
from tests.support.advice_situations import SMALL, changed, plans
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions
from tests.support.trial import Trial, environment_of

Found = list[tuple[str | None, Severity]]


def asked(plan: Plan, answer: Callable[[], Reply | SessionError]) -> tuple[Found, list[Request]]:
    """Return the code and severity of what is found, and the requests."""
    requests: list[Request] = []

    def one(request: Request) -> Reply | SessionError:
        requests.append(request)
        return answer()

    found = missing_rights(plan, KINDS, Engine(KINDS, FunctionSessions(one)).reader)
    return [(one.code, one.severity) for one in found], requests


def reply(**record: object) -> Callable[[], Reply]:
    return lambda: Reply((record,))


def test_one_question_names_each_cmdlet_that_the_plan_sends() -> None:
    found, (request,) = asked(plan_of("a", "b"), reply(Missing=[]))
    assert found == []
    assert (request.command.operation, request.command.writes) == (Operation.PROBE, False)
    assert request.command.argument("Cmdlets") == ("New-Box",)


@pytest.mark.parametrize("missing", [["New-Box"], ["new-box", "Get-Other"]])
def test_a_missing_cmdlet_is_a_warning(missing: list[str]) -> None:
    assert asked(plan_of("a"), reply(Missing=missing))[0] == [("UM115", Severity.WARNING)]


@pytest.mark.parametrize(
    "answer", [reply(), reply(Missing=None), lambda: Reply(), lambda: Unreachable(Diagnostic("Away", "It is away."))]
)
def test_no_answer_is_said_and_never_counts_as_a_right(answer: Callable[[], Reply | SessionError]) -> None:
    assert asked(plan_of("a"), answer)[0] == [("UM115", Severity.NOTE)]


def test_a_plan_that_sends_nothing_asks_nothing() -> None:
    assert asked(Plan("test"), reply(Missing=["New-Box"])) == ([], [])


def test_a_denied_cmdlet_of_an_estate_is_named_before_the_apply() -> None:
    denied = changed(
        SMALL,
        exchange__servers=lambda several: [{**several[0], "missing_cmdlets": ["New-UMDialPlan"]}, *several[1:]],
    )
    trial = Trial(denied, environment_of(plans()))
    (found,) = (one for one in trial.plan().diagnostics if one.code == "UM115")
    assert "New-UMDialPlan" in found.detail
    assert "UM Management" in found.remedy
