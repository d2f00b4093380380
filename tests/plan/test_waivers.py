"""Waived findings are apart: they change what is reported and counted, and nothing that is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app import vocabulary
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.waivers import Waiver
from reconciler.plan.drift import DriftKind
from reconciler.plan.plan import DECLARED, Plan
from reconciler.plan.saved import decode, digest, encode
from reconciler.plan.waivers import Waivers, with_waivers
from reconciler.views.drift import render_drift
from reconciler.views.messages import messages_of
from reconciler.views.plan import render_plan
from reconciler.views.style import Style
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
LAST_DAY = date(2026, 1, 5)
SECTIONS: dict[str, Any] = {
    "dial_plans": {"Redmond": {"country_code": "1", "extension_digits": 4, "servers": "all"}},
    "mailboxes": [
        {"identity": f"user{n}@contoso.com", "sip_address": f"user{n}@contoso.com", "extension": f"100{n}"}
        | {"dial_plan": "Redmond"}
        for n in (1, 2)
    ],
}


def waive(code: str, on: str, until: str = "2026-01-05") -> dict[str, str]:
    return {"code": code, "on": on, "reason": "Leaves in March", "until": until}


def trial_of(*waivers: dict[str, str], **sections: Any) -> Trial:
    declared = {**SECTIONS, **sections, **({"waive": list(waivers)} if waivers else {})}
    return Trial(world_of(2, [2], branch=False, director=False), environment_of(declared))


def codes(plan: Plan) -> list[str | None]:
    return [one.code for one in plan.diagnostics]


def without_voice(trial: Trial) -> Trial:
    assert trial.administrator("Set-CsUser user1@contoso.com -EnterpriseVoiceEnabled $false")
    return trial


USER = "um_mailbox/user1@contoso.com"


@pytest.mark.parametrize(
    "on", [USER, "UM_Mailbox/USER1@contoso.com", "um_mailbox", "um_mailbox/*", "*", "um_mail*/user?@*"]
)
def test_a_waived_row_stays_left_out_and_no_longer_counts(on: str) -> None:
    plain, waived = without_voice(trial_of()).plan(), without_voice(trial_of(waive("UM071", on))).plan()
    assert "UM071" in codes(plain)
    assert "UM071" not in codes(waived)
    assert [(one.waiver.on, [f.code for f in one.findings]) for one in waived.waived] == [(on, ["UM071"])]
    assert waived.left_out == plain.left_out == (USER,)
    assert (waived.missing, plain.missing) == ((), (USER,))
    assert digest(waived) == digest(plain)


def test_an_apply_with_waived_rows_alone_is_whole() -> None:
    assert without_voice(trial_of()).apply().exit_code == 3
    trial = without_voice(trial_of(waive("UM071", USER)))
    assert trial.apply(strict=True).exit_code == 0
    assert [line["cmdlet"] for line in trial.estate.log()].count("Enable-UMMailbox") == 1
    assert trial.store.read().decision(DECLARED) is not None


def test_a_waiver_of_another_address_or_check_waives_nothing() -> None:
    for other in (waive("UM071", "um_mailbox/user2@contoso.com"), waive("UM073", USER)):
        plan = without_voice(trial_of(other)).plan()
        assert "UM071" in codes(plan)
        assert [one.severity for one in plan.diagnostics if one.summary == "Waiver without a finding"] == [
            Severity.NOTE
        ]


def test_an_ended_waiver_forbids_the_plan_and_its_finding_is_back() -> None:
    trial = without_voice(trial_of(waive("UM071", USER, until="2026-01-04")))
    plan = trial.plan()
    (ended,) = (one for one in plan.diagnostics if one.summary == "Waiver has ended")
    assert (ended.forbids, str(ended.position).startswith("all.yaml:")) == (True, True)
    assert "UM071" in codes(plan)
    applied = trial.apply()
    assert (applied.exit_code, applied.ours) == (1, [])


def test_drift_agrees_with_the_plan() -> None:
    trial = trial_of(waive("UM071", USER))
    assert trial.apply().exit_code == 0
    assert [one.summary for one in trial.drift().diagnostics] == ["Waiver without a finding"]
    assert trial.drift().exit_code() == 0
    without_voice(trial)
    report = trial.drift()
    assert (report.exit_code(), report.count(DriftKind.CONDITION), len(report.waived)) == (0, 0, 1)
    trial.clock.sleep(timedelta(days=1).total_seconds())
    report = trial.drift()
    assert (report.exit_code(), report.count(DriftKind.CONDITION), report.waived) == (1, 1, ())


def test_every_output_names_what_is_waived() -> None:
    trial = without_voice(trial_of(waive("UM071", USER)))
    plan, report = trial.plan(), trial.drift()
    for text in (render_plan(plan, Style(), vocabulary()), render_drift(report, Style())):
        assert text.count("Waived:") == 1
        assert "Leaves in March" in text
    for value in (plan, report):
        (told,) = (one for one in messages_of(value) if one["type"] == "waived")
        assert (told["code"], told["on"], told["until"]) == ("UM071", USER, "2026-01-05")
        assert [one["address"] for one in told["findings"]] == [USER]


def test_a_saved_plan_keeps_its_waivers_and_is_not_bound_to_them() -> None:
    trial = without_voice(trial_of(waive("UM071", USER)))
    plan = trial.plan()
    key, expires = b"k" * 32, NOW + timedelta(days=9)
    saved = decode(encode(plan, key=key, created=NOW, expires=expires, nonce="n"), key=key, now=NOW)
    assert saved.plan.waived == plan.waived
    trial.environment = replace(trial.environment, waivers=())
    assert trial.apply(saved=saved).exit_code == 0


def test_a_part_of_a_plan_says_nothing_of_idle_waivers() -> None:
    plan, idle = trial_of().plan(), Waivers((Waiver("UM071", USER, LAST_DAY, "x"),), NOW)
    assert codes(with_waivers(plan, idle)) == [None]
    assert codes(with_waivers(replace(plan, asked="--target dial_plan"), idle)) == []


def test_an_error_of_the_whole_plan_is_never_waived() -> None:
    forbidding = Diagnostic("x", address="dial_plan/Redmond", code="UM040")
    waivers = Waivers((Waiver("UM040", "*", LAST_DAY, "x"),), NOW)
    judged = waivers.judge([forbidding], is_complete=True)
    assert (judged.found, judged.waived, judged.about) == ((forbidding,), (), ())
    warning = replace(forbidding, severity=Severity.WARNING)
    assert waivers.judge([warning], is_complete=True).found == ()


def test_a_check_that_was_perhaps_not_made_is_not_idle() -> None:
    waiver = Waiver("UM088", "*", LAST_DAY, "x", is_always_made=False)
    assert Waivers((waiver,), NOW).judge([], is_complete=True).about == ()


def test_nothing_is_idle_where_something_could_not_be_read() -> None:
    unread = Diagnostic("x", address="dial_plan", code="UM101")
    waivers = Waivers((Waiver("UM040", "*", LAST_DAY, "x"),), NOW)
    assert waivers.judge([unread], is_complete=True).about == ()


severities = st.sampled_from(Severity)
findings = st.builds(
    Diagnostic,
    st.just("x"),
    severity=severities,
    address=st.none() | st.sampled_from(["dial_plan/A", "dial_plan/%2A", "um_mailbox/a@b.c"]),
    code=st.none() | st.sampled_from(["UM001", "UM012", "UM101"]),
    leaves_out=st.booleans(),
)
waivers = st.builds(
    Waiver,
    st.sampled_from(["UM001", "UM012"]),
    st.sampled_from(["*", "dial_plan", "dial_plan/a", "dial_plan/%2A", "um_mailbox/*"]),
    st.dates(date(2026, 1, 3), date(2026, 1, 7)),
    st.just("x"),
)


@given(st.lists(findings, max_size=8), st.lists(waivers, max_size=4))
def test_each_finding_counts_or_is_waived_once(found: list[Diagnostic], every: list[Waiver]) -> None:
    judged = Waivers(every, NOW).judge(found, is_complete=True)
    waived = [one for each in judged.waived for one in each.findings]
    assert sorted(map(repr, (*judged.found, *waived))) == sorted(map(repr, found))
    assert not any(one.forbids for one in waived)
    assert all(not one.waiver.is_over(NOW) for one in judged.waived)
