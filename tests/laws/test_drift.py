"""Laws of drift: drift finds what somebody changes behind our back, and nothing else, and one apply puts it right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from providers.simulator.estate.invoke import invoke_line
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered
from reconciler.plan.drift import DriftEntry, DriftKind, DriftReport
from tests.laws.oracles import OutcallWatch, unrest, violations
from tests.support.accepting import pasted
from tests.support.configurations import MODERN, Situation, situations
from tests.support.trial import Trial, environment_of, law
from tests.support.worlds import world_of

SITUATIONS = situations(releases=MODERN, lag=False)


@dataclass(frozen=True)
class Meddling:
    """One thing another administrator does, and what drift has to tell of it."""

    line: str
    address: Address
    attribute: str | None
    """None: the object is removed."""
    follows: tuple[str, ...] = ()
    """Types of which more may be told, because it follows."""


_SCALARS = {
    ("dial_plan", "max_call_duration"): ("MaxCallDuration", ("31", "32")),
    ("dial_plan", "max_recording_duration"): ("MaxRecordingDuration", ("11", "12")),
    ("dial_plan", "logon_failures_before_disconnect"): ("LogonFailuresBeforeDisconnect", ("6", "7")),
    ("dial_plan", "outside_line_access_code"): ("OutsideLineAccessCode", ("5", "6")),
    ("dial_plan", "access_numbers"): ("AccessTelephoneNumbers", ("+442071234567", "+442071234568")),
    ("mailbox_policy", "min_pin_length"): ("MinPINLength", ("13", "14")),
    ("mailbox_policy", "max_greeting_duration"): ("MaxGreetingDuration", ("3", "4")),
    ("mailbox_policy", "pin_lifetime"): ("PINLifetime", ("77.00:00:00", "78.00:00:00")),
    ("auto_attendant", "business_name"): ("BusinessName", ("Fabrikam", "Tailspin")),
    ("auto_attendant", "pilot_numbers"): ("PilotIdentifierList", ("+442071234567", "+442071234568")),
    ("lync_dial_plan", "description"): ("Description", ("Changed", "'Changed again'")),
}
"""By attribute: the parameter that changes it, and values of which at least one is another than what was applied."""
_FLAGS = {
    ("mailbox_policy", "allow_play_on_phone"): "AllowPlayOnPhone",
    ("auto_attendant", "speech_enabled"): "SpeechEnabled",
    ("ip_gateway", "outcalls_allowed"): "OutcallsAllowed",
}
_NOUNS = {
    "dial_plan": "UMDialPlan",
    "mailbox_policy": "UMMailboxPolicy",
    "auto_attendant": "UMAutoAttendant",
    "ip_gateway": "UMIPGateway",
    "lync_dial_plan": "CsDialPlan",
    "hunt_group": "UMHuntGroup",
}


def meddlings(trial: Trial, landscape: Landscape) -> Iterator[Meddling]:
    """Yield everything that can be done to one attribute or one object of what we manage."""
    for known in trial.store.resources.values():
        observed = landscape.one(known.address.type, known.address.key)
        if observed is None:
            continue
        name = (observed.name or observed.key).replace("'", "''")
        yield from _attributes(known, name)
        yield from _removals(known, name)
    yield from _links(trial, landscape)


def _attributes(known: Remembered, name: str) -> Iterator[Meddling]:
    address, noun = known.address, _NOUNS.get(known.address.type, "")
    for attribute, value in known.attributes.items():
        if told := _SCALARS.get((address.type, attribute)):
            parameter, choices = told
            other = next(choice for choice in choices if choice.partition(".")[0].strip("'") not in str(value))
            yield Meddling(f"Set-{noun} '{name}' -{parameter} {other}", address, attribute)
        if parameter := _FLAGS.get((address.type, attribute), ""):
            line = f"Set-{noun} '{name}' -{parameter} ${'false' if value else 'true'}"
            yield Meddling(line, address, attribute)
        if attribute == "status":
            verb = "Disable" if value == "Enabled" else "Enable"
            yield Meddling(f"{verb}-{noun} '{name}'", address, attribute)
        if address.type == "server_binding" and isinstance(value, tuple):
            server, _, service = address.key.rpartition("/")
            target = f"-Server {server}" if service == "call_router" else f"'{name}'"
            cmdlet = "Set-UMCallRouterSettings" if service == "call_router" else "Set-UMService"
            for plan in value:
                yield Meddling(f"{cmdlet} {target} -DialPlans @{{Remove={plan}}}", address, attribute)


def _removals(known: Remembered, name: str) -> Iterator[Meddling]:
    match known.address.type:
        case "auto_attendant" | "lync_dial_plan" | "hunt_group":
            noun = _NOUNS[known.address.type]
            yield Meddling(f"Remove-{noun} '{name}'", known.address, None, ("service_restart",))
        case "mailbox_policy" if not known.address.key.endswith("/default"):
            yield Meddling(f"Remove-UMMailboxPolicy '{name}'", known.address, None)
        case "um_mailbox":
            yield Meddling(f"Disable-UMMailbox {known.address.key}", known.address, None)


def _links(trial: Trial, landscape: Landscape) -> Iterator[Meddling]:
    """Yield the removal of what exchucutil made: the script has to run again, and all that follows.

    A custom hunt group that links the same two is link enough.
    """
    follows = ("service_restart", "ip_gateway", "hunt_group")
    for pool in trial.world.lync.pools:
        for plan in trial.environment.declared["dial_plan"]:
            links = [
                group
                for group in landscape.all("hunt_group").values()
                if (group.get("gateway"), group.get("dial_plan")) == (pool.fqdn, plan)
            ]
            if len(links) == 1 and pool.type != "director":
                script = Address("exchucutil", trial.world.forest)
                yield Meddling(f"Remove-UMHuntGroup '{links[0].name}'", script, None, follows)


def differing(report: DriftReport) -> list[DriftEntry]:
    """Return what somebody has to put right; a warning stands as long as its cause does."""
    kinds = (DriftKind.DRIFTED, DriftKind.CONFLICT, DriftKind.UNREADABLE)
    return [entry for entry in report.entries if entry.kind in kinds]


def conditions(trial: Trial) -> set[Diagnostic]:
    """Return what the plan would refuse or warn of."""
    return {told for told in trial.plan().diagnostics if told.severity is not Severity.NOTE and told.code != "UM101"}


def accepted_as_it_is_told(entry: DriftEntry, sections: Mapping[str, Any], trial: Trial) -> None:
    """Paste what an entry offers to accept, and see that the files are valid and nothing is to be done about it."""
    if not entry.accept or "refers to it" in entry.accept:
        return
    before = trial.environment
    trial.environment = environment_of(pasted(sections, entry))
    try:
        plan = trial.plan()
        assert not [action for action in plan.actions() if action.address == entry.address], (entry, plan.steps)
    finally:
        trial.environment = before


@law(16)
@given(SITUATIONS, st.data(), st.integers(1, 1000))
def test_drift_tells_what_was_changed_and_one_apply_repairs_it(
    situation: Situation, data: st.DataObject, seed: int
) -> None:
    trial = Trial(situation.world, environment_of(situation.sections), seed)
    applied = trial.apply(max_destroy=1000)
    assert applied.exit_code == 0, applied.told()
    clean = trial.drift()
    assert not differing(clean), clean.entries
    assert {entry.diagnostic for entry in clean.entries if entry.kind is DriftKind.CONDITION} == conditions(trial)
    choices = sorted(meddlings(trial, trial.look()), key=lambda one: one.line)
    assume(choices)
    done = data.draw(st.sampled_from(choices))
    trial.clock.sleep(5.0)
    assume(trial.administrator(done.line))  # what the estate refuses is no meddling: a policy in use is not removed
    event(f"{done.address.type} {done.attribute or 'removed'}")
    report = trial.drift()
    told = {entry.address: entry for entry in report.entries if entry.kind is DriftKind.DRIFTED}
    assert set(told) >= {done.address}, (done, report.entries)
    assert {address for address in told if address.type not in done.follows} == {done.address}, (done, report.entries)
    if done.attribute is not None:
        assert [change.attribute for change in told[done.address].changes] == [done.attribute]
    assert report.exit_code() == 2
    for entry in report.entries:
        accepted_as_it_is_told(entry, situation.sections, trial)
    watch = OutcallWatch(trial)
    repaired = trial.apply(max_destroy=1000)
    assert repaired.exit_code == 0, (done, repaired.told())
    broken = violations(repaired, trial) + unrest(trial) + watch.broken
    assert not broken, broken
    after = trial.drift()
    assert (differing(after), trial.plan().steps) == ([], ()), (done, after.entries)


def test_meddling_is_as_the_estate_understands_it() -> None:
    """The lines of this module are accepted by a world that has everything, so that the law tries them."""
    sections = {
        "dial_plans": {
            "Redmond": {
                "country_code": "1",
                "extension_digits": 4,
                "servers": "all",
                "access_numbers": ["+14255550100"],
                "max_call_duration": 30,
                "max_recording_duration": 20,
                "logon_failures_before_disconnect": 3,
                "outside_line_access_code": "9",
            }
        },
        "lync_dial_plans": {"Redmond": {"description": "For voice mail"}},
        "mailbox_policies": {
            "Unused": {
                "dial_plan": "Redmond",
                "min_pin_length": 8,
                "max_greeting_duration": 5,
                "pin_lifetime": "60",
                "allow_play_on_phone": True,
            }
        },
        "auto_attendants": {
            "Main": {
                "dial_plan": "Redmond",
                "pilot_numbers": ["+14255550190"],
                "speech_enabled": True,
                "business_name": "Contoso",
                "status": "Enabled",
            }
        },
        "hunt_groups": {"pool1.contoso.com/Custom": {"dial_plan": "Redmond", "pilot_identifier": "7000"}},
        "mailboxes": [
            {
                "identity": "user1@contoso.com",
                "sip_address": "user1@contoso.com",
                "extension": "1001",
                "dial_plan": "Redmond",
            }
        ],
    }
    trial = Trial(world_of(2, [2]), environment_of(sections))
    assert trial.apply(max_destroy=10).exit_code == 0
    lines = [one.line for one in meddlings(trial, trial.look())]
    assert {(one.address.type, one.attribute) for one in meddlings(trial, trial.look())} >= {*_SCALARS, *_FLAGS}
    for line in sorted(lines, key=lambda line: line.startswith(("Remove", "Disable"))):
        invoke_line(trial.estate, line)
