"""Conditions: what changed in Lync and makes the plan refuse or warn is drift, and never the files' doing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.diagnostics import Severity
from reconciler.plan.drift import DriftEntry, DriftKind, DriftReport
from reconciler.plan.plan import DECLARED
from reconciler.views.drift import render_drift
from reconciler.views.messages import messages_of
from reconciler.views.style import Style
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

PLAN = {"country_code": "1", "extension_digits": 4, "servers": "all"}
ROWS = [
    {"identity": f"user{n}@contoso.com", "sip_address": f"user{n}@contoso.com", "extension": f"100{n}"} for n in (1, 2)
]


def sections(**more: Any) -> dict[str, Any]:
    rows = [{**row, "dial_plan": "Redmond"} for row in ROWS]
    return {"dial_plans": {"Redmond": {**PLAN, **more}}, "mailboxes": rows}


def joined(**more: Any) -> Trial:
    trial = Trial(world_of(3, [2], branch=False, director=False), environment_of(sections(**more)))
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert trial.drift().exit_code() == 0
    return trial


def media(trial: Trial, level: str) -> None:
    """Change the media encryption of Lync, as another administrator does."""
    assert trial.administrator(f"Set-CsMediaConfiguration -Identity global -EncryptionLevel {level}")


def only(report: DriftReport, kind: DriftKind) -> DriftEntry:
    (entry,) = (entry for entry in report.entries if entry.kind is kind)
    return entry


@pytest.mark.parametrize(
    ("line", "code", "severity"),
    [
        ("Set-CsUser user1@contoso.com -SipAddress sip:other@contoso.com", "UM073", Severity.ERROR),
        ("Set-CsUser user1@contoso.com -EnterpriseVoiceEnabled $false", "UM071", Severity.ERROR),
        ("Set-CsUser user1@contoso.com -HostedVoiceMail $true", "UM072", Severity.WARNING),
    ],
)
def test_what_changed_of_a_user_in_lync_is_a_condition(line: str, code: str, severity: Severity) -> None:
    trial = joined()
    assert trial.administrator(line)
    report = trial.drift()
    entry = only(report, DriftKind.CONDITION)
    assert (str(entry.address), report.exit_code()) == ("um_mailbox/user1@contoso.com", 2)
    assert entry.diagnostic is not None
    assert (entry.diagnostic.code, entry.diagnostic.severity) == (code, severity)
    assert (entry.revert, entry.accept) == ("", "")
    assert "configuration" not in entry.reason
    shown = render_drift(report, Style())
    assert code in shown
    assert "1 condition" in shown


def test_media_encryption_that_a_written_value_does_not_suit_is_a_condition() -> None:
    trial = joined(voip_security="Secured")
    media(trial, "DoNotSupportEncryption")
    report = trial.drift()
    entry = only(report, DriftKind.CONDITION)
    assert (str(entry.address), entry.diagnostic and entry.diagnostic.code) == ("dial_plan/Redmond", "UM001")
    assert report.exit_code() == 2


def test_media_encryption_that_a_value_follows_from_is_drift_of_the_servers() -> None:
    trial = joined()
    media(trial, "DoNotSupportEncryption")
    report = trial.drift()
    entry = only(report, DriftKind.DRIFTED)
    assert (str(entry.address), report.exit_code()) == ("dial_plan/Redmond", 2)
    assert "voip_security" in entry.reason


def test_value_that_followed_and_is_written_now_is_pending() -> None:
    trial = joined()
    media(trial, "SupportEncryption")
    trial.environment = environment_of(sections(voip_security="SIPSecured"))
    report = trial.drift()
    assert str(only(report, DriftKind.PENDING).address) == "dial_plan/Redmond"
    assert report.exit_code() == 0


def test_where_files_and_servers_both_moved_neither_is_blamed() -> None:
    def moved(*, also_the_servers: bool) -> DriftEntry:
        trial = joined()
        if also_the_servers:
            media(trial, "DoNotSupportEncryption")
        trial.environment = environment_of(sections(max_call_duration=40))
        return only(trial.drift(), DriftKind.PENDING)

    entry = moved(also_the_servers=True)
    assert str(entry.address) == "dial_plan/Redmond"
    assert entry.reason != moved(also_the_servers=False).reason


def test_files_are_taken_for_applied_only_when_all_of_it_was() -> None:
    trial = joined()
    before = trial.store.decisions[DECLARED]
    trial.environment = environment_of(sections(max_call_duration=40))
    trial.apply(refresh_only=True)
    assert trial.store.decisions[DECLARED] == before
    assert trial.apply().exit_code == 0
    assert trial.store.decisions[DECLARED] != before


def test_entry_that_no_plan_changes_offers_no_revert() -> None:
    trial = joined()
    trial.administrator("New-UMDialPlan Theirs -NumberOfDigitsInExtension 4 -URIType SipName -CountryOrRegionCode 1")
    trial.administrator("Set-CsUser user1@contoso.com -EnterpriseVoiceEnabled $false")
    told = [message for message in messages_of(trial.drift()) if message["type"] == "drift_entry"]
    assert {message["kind"] for message in told} >= {"unmanaged", "condition"}
    assert {message["revert"] for message in told if message["kind"] in ("unmanaged", "condition")} == {""}


def test_many_conditions_of_one_kind_are_reported_by_the_first() -> None:
    trial = joined()
    trial.administrator("Set-CsUser user1@contoso.com -EnterpriseVoiceEnabled $false")
    report = trial.drift()
    entry = only(report, DriftKind.CONDITION)
    many = replace(report, entries=tuple(replace(entry) for _ in range(100)))
    shown = render_drift(many, Style())
    assert shown.count("UM071") == 1
    assert "99" in shown
