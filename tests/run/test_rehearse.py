"""What the servers say about new users before a plan is shown: refused ones are left out, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest

from providers.estate.mailbox_checks import REFUSED
from reconciler.model.actions import Action, ActionKind, Taken
from reconciler.model.commands import Command, Reply, read
from reconciler.model.diagnostics import (
    AccessDenied,
    AmbiguousOutcome,
    Diagnostic,
    PermanentError,
    SessionError,
    Severity,
)
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Address
from reconciler.model.server_abilities import Rehearsing
from reconciler.plan.build import arrange
from reconciler.plan.plan import Plan
from reconciler.run.rehearse import MOST, Rehearsal, rehearse
from tests.laws.truth import Truth
from tests.plan.test_exchanges import USERS, applied, base, rewritten, row
from tests.plan.test_waves import action
from tests.support.boxes import CrowdBox, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions
from tests.support.trial import Trial

# --- whom it asks for ------------------------------------------------------------------------------------------------


class AskedBox(CrowdBox, Rehearsing):
    refuses: ClassVar[Rule] = REFUSED

    def rehearsal(self, action: Action, landscape: Landscape) -> Command | None:
        return read("Test-Box", Name=action.address.key)


KINDS = (AskedBox(),)


def asked(plan: Plan, answer: Callable[[str], Reply | SessionError]) -> tuple[Rehearsal, list[str]]:
    names: list[str] = []

    def one(request: Request) -> Reply | SessionError:
        names.append(str(request.command.argument("Name")))
        assert not request.command.writes
        return answer(names[-1])

    engine = Engine(KINDS, FunctionSessions(one))
    return rehearse(plan, KINDS, engine.reader, Landscape()), names


def plan_of(*keys: str) -> Plan:
    boxes = declared(*(box(key, colour="red") for key in keys))
    return Engine(KINDS, FunctionSessions(lambda _: Reply())).plan(boxes)


def test_the_servers_are_asked_for_new_users_and_a_refusal_names_its_user() -> None:
    no = PermanentError(Diagnostic("Command failed", "Test-Box on here: it is taken"))
    said, names = asked(plan_of("a", "b"), lambda name: no if name == "b" else Reply())
    assert names == ["a", "b"]
    (found,) = said.refused.values()
    assert (found.address, found.code, found.leaves_out) == ("box/b", REFUSED.code, True)
    assert "it is taken" in found.detail
    assert said.notes == ()


@pytest.mark.parametrize("kind", [AccessDenied, AmbiguousOutcome])
def test_no_answer_refuses_nobody_and_is_a_warning(kind: type[SessionError]) -> None:
    said, _ = asked(plan_of("a", "b"), lambda _: kind(Diagnostic("Not said", "why")))
    assert said.refused == {}
    assert [(one.code, one.severity, one.address) for one in said.notes] == [("UM114", Severity.WARNING, None)]


def test_no_more_are_asked_for_than_the_limit_and_a_note_says_so() -> None:
    said, names = asked(plan_of(*(f"n{number:04}" for number in range(MOST + 30))), lambda _: Reply())
    assert len(names) == MOST
    assert [(one.code, one.severity) for one in said.notes] == [("UM114", Severity.NOTE)]


def test_a_plan_without_new_users_asks_nothing() -> None:
    assert asked(Plan("test"), lambda _: Reply()) == (Rehearsal(), [])


def steps(*actions: Action) -> Plan:
    return Plan("test", steps=arrange(actions, {kind.name: kind for kind in KINDS}))


@pytest.mark.parametrize(
    "other",
    [
        action("base", group=""),
        action("base", group="", kind=ActionKind.DELETE),
        action("base", group="others"),
    ],
)
def test_who_waits_for_something_that_an_earlier_step_makes_is_not_asked_for(other: Action) -> None:
    _, names = asked(steps(action("new", "", "base"), other), lambda _: Reply())
    assert "new" not in names


def test_who_takes_a_value_from_another_is_not_asked_for() -> None:
    _, names = asked(steps(action("new", takes=["base"])), lambda _: Reply())
    assert names == []
    assert Taken(Address("box", "base")) in action("new", takes=["base"]).takes_from


# --- the whole way, over the simulated servers -----------------------------------------------------------------------


def with_rows(*rows: Any) -> Trial:
    return rewritten(applied(base(row(USERS[0], "41001"))), base(row(USERS[0], "41001"), *rows))


def writes(trial: Trial, since: int) -> Sequence[str]:
    return [
        str(line["cmdlet"])
        for line in trial.estate.log()[since:]
        if not str(line["cmdlet"]).startswith(("Get-", "Test-")) and line["operation"] == "invoke"
    ]


def properties(trial: Trial) -> dict[str, Any]:
    return {entry.guid: dict(entry.properties) for entry in Truth(trial.estate).of("User")}


UNNUMBERED = {"identity": USERS[2], "sip_address": USERS[2], "dial_plan": "Base"}
"""Exchange takes the extension from the telephone number, and this user has none."""


def test_a_user_whom_exchange_refuses_is_left_out_with_its_place_and_the_others_are_enabled() -> None:
    trial = with_rows(row(USERS[1], "41002"), UNNUMBERED)
    before, state = len(trial.estate.log()), properties(trial)
    plan = trial.plan()
    asked_for = [line for line in trial.estate.log()[before:] if line["parameters"].get("ValidateOnly")]
    assert {line["cmdlet"] for line in asked_for} == {"Enable-UMMailbox"}
    assert len(asked_for) == 2
    assert properties(trial) == state
    (found,) = [one for one in plan.diagnostics if one.code == REFUSED.code]
    assert (found.address, found.position is not None) == (f"um_mailbox/{USERS[2]}", True)
    assert plan.left_out == (f"um_mailbox/{USERS[2]}",)
    run = trial.apply()
    assert run.exit_code == 3
    assert [line["cmdlet"] for line in run.ours] == ["Enable-UMMailbox"]


def test_without_a_rehearsal_the_apply_finds_out() -> None:
    trial = with_rows(UNNUMBERED)
    since = len(trial.estate.log())
    run = trial.apply(rehearses=False)
    assert run.exit_code == 3
    assert not any(line["parameters"].get("ValidateOnly") for line in trial.estate.log()[since:])
    assert run.plan is not None
    assert run.plan.left_out == ()


def test_a_first_plan_asks_nothing_because_its_policies_do_not_exist() -> None:
    trial = applied({})
    since = len(trial.estate.log())
    rewritten(trial, base(row(USERS[0], "41001"))).plan()
    assert writes(trial, since) == []
