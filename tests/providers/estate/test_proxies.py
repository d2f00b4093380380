"""The e-mail addresses of a mailbox before Exchange 2013, where a command replaces the whole list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from providers.simulator.estate.invoke import invoke_line
from reconciler.model.snapshot import OutcomeKind
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

OLD = ("8.3.83.6", "14.0.639.21", "14.3.123.4")


def trial_of(version: str, *extensions: str) -> Trial:
    """Return an applied environment in which each user has an extension and an address of its own."""
    people = [{"alias": f"user{n}", "addresses": [f"second{n}@contoso.com"]} for n, _ in enumerate(extensions, 1)]
    trial = Trial(world_of(0, [1], servers=[version], people=people), environment_of(sections(extensions)))
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    return trial


def sections(extensions: Sequence[str]) -> dict[str, Any]:
    names = [f"user{n}@contoso.com" for n, _ in enumerate(extensions, 1)]
    rows = [
        {"identity": name, "sip_address": name, "extension": one, "dial_plan": "Redmond"}
        for name, one in zip(names, extensions, strict=True)
    ]
    return {
        "dial_plans": {
            "Redmond": {"country_code": "1", "extension_digits": 5, "servers": "all", "max_call_duration": 60}
        },
        "mailboxes": rows,
    }


def addresses(trial: Trial, user: str) -> set[str]:
    (record,) = invoke_line(trial.estate, f"Get-Mailbox {user}").records
    found = record["EmailAddresses"]
    assert isinstance(found, list)
    return {str(one) for one in found}


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["50101"], ["50102"]),
        (["50101", "50102"], ["50102", "50101"]),
        (["50101", "50102", "50103"], ["50102", "50103", "50101"]),
        (["50101", "50102", "50103"], ["50104", "50101", "50102"]),
    ],
)
def test_extensions_move_and_every_other_address_stays(version: str, before: list[str], after: list[str]) -> None:
    trial = trial_of(version, *before)
    trial.environment = environment_of(sections(after))
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert not trial.plan().steps
    for number, extension in enumerate(after, 1):
        name = f"user{number}@contoso.com"
        assert addresses(trial, name) == {
            f"SMTP:{name}",
            f"sip:{name}",
            f"smtp:second{number}@contoso.com",
            f"EUM:{name};phone-context=Redmond.contoso.com",
            f"eum:{extension};phone-context=Redmond.contoso.com",
        }


@pytest.mark.parametrize("version", OLD)
def test_an_address_that_comes_after_the_plan_is_never_lost(version: str) -> None:
    trial = trial_of(version, "50101")
    invoke_line(trial.estate, "Set-UMDialPlan Redmond -MaxCallDuration 61")
    trial.environment = environment_of(sections(["50102"]))

    def add_address() -> None:
        kept = ",".join(f"'{one}'" for one in sorted({*addresses(trial, "user1"), "smtp:late@contoso.com"}))
        invoke_line(trial.estate, f"Set-Mailbox user1 -EmailAddresses {kept}")

    trial.after_write = add_address
    first = trial.apply()
    assert first.account is not None
    outcomes = {end.action.address.type: end.outcome for end in first.account.ended}
    assert outcomes == {"dial_plan": OutcomeKind.DONE, "um_mailbox": OutcomeKind.NOT_RUN}
    trial.after_write = lambda: None
    assert trial.apply().exit_code == 0
    assert "smtp:late@contoso.com" in addresses(trial, "user1")
    assert not trial.plan().steps
