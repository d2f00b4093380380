"""One notion of identity: what was read is what is written to, and names compare as the directory compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.answers import CmdletError
from providers.simulator.estate.invoke import invoke_line
from providers.simulator.world.schema import World
from reconciler.app.state_commands import remembered_at
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import ObjectId
from reconciler.model.diagnostics import StateError
from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.saved import SavedPlan, digest
from reconciler.plan.selection import Selection
from tests.laws.test_plan_and_apply import is_empty, shown, trial_of
from tests.support.configurations import MODERN, Situation, situations
from tests.support.trial import Trial, environment_of, law
from tests.support.worlds import world_of

# --- whom a row means ------------------------------------------------------------------------------------------------

BOB_BELL = {"alias": "bob", "name": "Bob Bell", "address": "robert.bell@contoso.com", "sip": "rbell@contoso.com"}


def people(*users: Mapping[str, Any]) -> World:
    return world_of(0, (1,), servers=("15.0.1497.2",), people=tuple(users))


def joined(*rows: Mapping[str, Any], world: World) -> Trial:
    plan = {"country_code": "1", "extension_digits": 5, "voip_security": "Secured", "servers": "all"}
    return Trial(world, environment_of({"dial_plans": {"Redmond": plan}, "mailboxes": list(rows)}))


def row(identity: str, sip: str, extension: str = "50101") -> dict[str, str]:
    return {"identity": identity, "sip_address": sip, "extension": extension, "dial_plan": "Redmond"}


def enabled(trial: Trial) -> dict[str, object]:
    """Return the extensions of all who have voice mail, by display name."""
    found = invoke_line(trial.estate, "Get-UMMailbox").records
    return {str(one["DisplayName"]): one["Extensions"] for one in found}


def codes(trial: Trial) -> list[str | None]:
    return [told.code for told in trial.plan().diagnostics]


def test_the_mailbox_that_was_read_is_enabled_though_its_address_is_the_logon_name_of_another() -> None:
    bell = {"alias": "bob", "name": "Bob Bell", "address": "bell@contoso.com", "sip": "bell@contoso.com"}
    berg = {"alias": "bob2", "name": "Bob Berg", "address": "bob@contoso.com"}
    trial = joined(row("bob@contoso.com", "bob@contoso.com"), world=people(bell, berg))
    (told,) = (one for one in trial.plan().diagnostics if one.code == "UM084")
    assert told.address == "um_mailbox/bob@contoso.com"
    assert "bell@contoso.com" in told.detail
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert enabled(trial) == {"Bob Berg": ["50101"]}
    assert is_empty(trial.plan())
    assert applied.plan is not None
    (enabling,) = (c for a in applied.plan.actions() for c in a.commands if c.cmdlet == "Enable-UMMailbox")
    whom = dict(enabling.parameters)["Identity"]
    assert isinstance(whom, ObjectId)
    assert whom.name == "bob@contoso.com"
    assert f"-Identity {whom.guid}" in str(enabling)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("bob@contoso.com", "the logon name"),
        ("BOB", "the alias"),
        ("contoso\\bob", "the account name"),
        ("sip:rbell@contoso.com", "the SIP address"),
        ("rbell@contoso.com", "the SIP address"),
        ("b.o'bell@contoso.com", "another address"),
        ("smtp:B.O'Bell@contoso.com", "another address"),
    ],
)
def test_a_row_may_name_a_mailbox_by_any_name_that_fits_it_alone(written: str, kind: str) -> None:
    world = people({**BOB_BELL, "addresses": ["b.o'bell@contoso.com"]}, {"alias": "rob", "name": "Rob Rae"})
    trial = joined(row(written, "rbell@contoso.com"), world=world)
    plan = trial.plan()
    assert "um_mailbox/robert.bell@contoso.com" in shown(plan)
    (told,) = plan.diagnostics
    assert told.detail == (
        f"{written.lower()} is {kind} of robert.bell@contoso.com. "
        "This row sets the voice mail of robert.bell@contoso.com."
    )
    assert trial.apply().exit_code == 0
    assert enabled(trial) == {"Bob Bell": ["50101"]}
    trial.environment = joined(row("robert.bell@contoso.com", "rbell@contoso.com"), world=world).environment
    assert is_empty(trial.plan())


def test_a_name_that_fits_two_is_refused_with_both_and_neither_is_touched() -> None:
    other = {"alias": "rob", "name": "Rob Rae", "addresses": ["bob@contoso.com"]}
    trial = joined(row("bob@contoso.com", "rob@contoso.com"), world=people(BOB_BELL, other))
    told = next(one for one in trial.plan().diagnostics if one.code == "UM082")
    assert {"bob@contoso.com", "robert.bell@contoso.com", "rob@contoso.com."} <= {*told.detail.split()}
    assert trial.apply().exit_code != 0
    assert enabled(trial) == {}


def test_two_rows_that_name_one_mailbox_are_refused() -> None:
    rows = [row("robert.bell@contoso.com", "rbell@contoso.com"), row("bob", "bob@contoso.com", "50102")]
    assert "UM083" in codes(joined(*rows, world=people(BOB_BELL)))
    rows = [row("bob@contoso.com", "rbell@contoso.com"), row("bob", "bob@contoso.com", "50102")]
    assert "UM083" in codes(joined(*rows, world=people(BOB_BELL)))


def test_no_person_is_suggested_for_another() -> None:
    world = people(BOB_BELL, {"alias": "rob", "name": "Rob Rae"})
    for identity, sip in (("rab@contoso.com", "rob@contoso.com"), ("rob@contoso.com", "rab@contoso.com")):
        told = [one for one in joined(row(identity, sip), world=world).plan().diagnostics if one.is_error]
        assert told
        assert not any("Did you mean" in one.remedy for one in told)


def test_a_mailbox_whose_primary_address_changed_since_the_plan_is_still_the_one_that_is_enabled() -> None:
    trial = joined(row("bob@contoso.com", "bob@contoso.com"), world=people({"alias": "bob", "name": "Bob Bell"}))
    saved = saved_plan(trial)
    assert trial.administrator("Set-Mailbox bob -EmailAddresses @{Add='SMTP:robert@contoso.com'}")
    applied = trial.apply(saved=saved)
    assert applied.exit_code == 0, applied.told()
    assert enabled(trial) == {"Bob Bell": ["50101"]}
    assert not trial.plan().steps


def saved_plan(trial: Trial) -> SavedPlan:
    plan = trial.plan()
    return SavedPlan(plan, digest(plan), trial.clock.now(), trial.clock.now(), "nonce", ".")


# --- the simulator ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Enable-UMMailbox -Identity bob@contoso.com -UMMailboxPolicy x",
        "Get-Mailbox -Identity bob@contoso.com",
        "Set-Mailbox -Identity BOB@contoso.com -EmailAddresses @{Add='smtp:x@contoso.com'}",
        "Set-CsUser -Identity bob@contoso.com -EnterpriseVoiceEnabled $false",
    ],
)
def test_the_simulator_refuses_an_identity_that_fits_two(line: str) -> None:
    berg = {"alias": "bob2", "name": "Bob Berg", "address": "bob@contoso.com"}
    trial = joined(world=people(BOB_BELL, berg))
    with pytest.raises(CmdletError) as caught:
        invoke_line(trial.estate, line)
    assert caught.value.type == "ManagementObjectAmbiguousException"
    assert "matches multiple entries" in caught.value.message


def test_a_name_follows_its_user_and_an_asterisk_is_a_pattern() -> None:
    trial = joined(world=people(BOB_BELL))
    add, drop = (f"Set-Mailbox bob -EmailAddresses @{{{side}='smtp:second@contoso.com'}}" for side in ("Add", "Remove"))
    assert trial.administrator(add, "Get-Mailbox second@contoso.com") == [add, "Get-Mailbox second@contoso.com"]
    assert trial.administrator(drop, "Get-Mailbox second@contoso.com") == [drop]
    lines = [f"New-UMDialPlan {n} -URIType SipName -NumberOfDigitsInExtension 5 -CountryOrRegionCode 1" for n in "ab"]
    assert trial.administrator(*lines) == lines
    set_all = "Set-UMMailboxPolicy '*Default Policy' -MinPINLength 9"
    with pytest.raises(CmdletError, match="matches multiple entries"):
        invoke_line(trial.estate, set_all)
    assert len(invoke_line(trial.estate, "Get-UMMailboxPolicy '*Default Policy'").records) == 2


# --- spelling --------------------------------------------------------------------------------------------------------

_REFERENCES = ("dial_plan", "policy", "dtmf_fallback", "lync_dial_plan", "site", "outcall_gateway")


def respelt(sections: Mapping[str, Any], spell: Callable[[str], str], name: Callable[[str], str]) -> dict[str, Any]:
    """Return the sections with every reference respelt by ``spell`` and every person named by ``name``."""

    def told(declaration: Mapping[str, Any]) -> dict[str, Any]:
        return {key: spell(value) if key in _REFERENCES else value for key, value in declaration.items()}

    found: dict[str, Any] = {}
    for section, declared in sections.items():
        if section == "mailboxes":
            found[section] = [{**told(one), "identity": name(one["identity"])} for one in declared]
        elif section == "restarts":
            found[section] = declared
        else:
            found[section] = {key: told(one) for key, one in declared.items()}
    return found


_SPELLINGS = (str.upper, str.lower, str.swapcase)
_NAMES: tuple[Callable[[str], str], ...] = (
    str.upper,
    lambda address: address.partition("@")[0],
    lambda address: f"CONTOSO\\{address.partition('@')[0]}",
    lambda address: f"sip:{address}",
)


@law(8)
@given(situations(releases=MODERN, lag=False), st.sampled_from(_SPELLINGS), st.sampled_from(_NAMES))
def test_an_environment_with_every_reference_respelt_plans_nothing(
    situation: Situation, spell: Callable[[str], str], name: Callable[[str], str]
) -> None:
    trial = trial_of(situation)
    applied = trial.apply(max_destroy=1000)
    assert applied.exit_code == 0, applied.told()
    trial.environment = environment_of(respelt(situation.sections, spell, name))
    plan = trial.plan()
    assert is_empty(plan), shown(plan)
    assert not [entry for entry in trial.drift().entries if "changed" in entry.reason or "removed" in entry.reason]


def rename(told: Mapping[str, Any], spell: Callable[[str], str]) -> dict[str, Any]:
    return {spell(key): value for key, value in told.items()}


@law(8)
@given(situations(releases=MODERN, lag=False), st.sampled_from(_SPELLINGS))
def test_what_stands_on_the_servers_in_another_case_is_ours_without_a_change(
    situation: Situation, spell: Callable[[str], str]
) -> None:
    """With the state of the first spelling, and without any."""
    trial = trial_of(situation)
    assert trial.apply(max_destroy=1000).exit_code == 0
    keys = {name: rename(told, spell) for name, told in situation.sections.items() if name.endswith(("plans", "ants"))}
    trial.environment = environment_of({**situation.sections, **keys})
    plan = trial.plan()
    assert not plan.steps, shown(plan)
    assert not plan.adopted, shown(plan)
    assert not plan.forgotten, shown(plan)
    trial.store.resources.clear()
    again = trial.apply()
    assert (again.exit_code, again.doors.sent) == (0, []), again.told()
    assert is_empty(trial.plan()), shown(trial.plan())


def test_the_state_keeps_one_row_for_one_object_in_the_newest_spelling() -> None:
    trial = joined(world=people())
    assert trial.apply().exit_code == 0
    plan = {"country_code": "1", "extension_digits": 5, "servers": "all", "max_call_duration": 45}
    trial.environment = environment_of({"dial_plans": {"REDMOND": plan}})
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    kept = [str(one) for one in trial.store.resources if one.type == "dial_plan"]
    assert kept == ["dial_plan/REDMOND"]


def test_a_saved_plan_is_good_though_an_object_was_respelt_on_the_server_since() -> None:
    plan = {"country_code": "1", "extension_digits": 5, "voip_security": "Secured", "servers": "all"}
    policy = {"dial_plan": "Redmond", "min_pin_length": 8}
    trial = joined(world=people())
    trial.environment = environment_of({"dial_plans": {"Redmond": plan}, "mailbox_policies": {"Executives": policy}})
    assert trial.apply().exit_code == 0
    policy["min_pin_length"] = 9
    trial.environment = environment_of({"dial_plans": {"Redmond": plan}, "mailbox_policies": {"Executives": policy}})
    saved = saved_plan(trial)
    renamed = ("Set-UMDialPlan Redmond -Name REDMOND", "Set-UMMailboxPolicy executives -Name EXECUTIVES")
    assert trial.administrator(*renamed) == [*renamed]
    trial.environment = environment_of({"dial_plans": {"redmond": plan}})
    applied = trial.apply(saved=saved)
    assert applied.exit_code == 0, applied.told()
    (found,) = invoke_line(trial.estate, "Get-UMMailboxPolicy Executives").records
    assert found["MinPINLength"] == 9


# --- characters ------------------------------------------------------------------------------------------------------

_POLICIES = [
    "O'Brien",
    "50% off",
    "#1",
    "-Force",
    "Zürich & Söhne",
    "日本語",
    "a;b, c=d",
    "$(Get-Date)",
    "(all) [x]",
    "`tick`",
    "“quoted”",
    "Ex*c",
]


def test_every_character_that_a_name_may_have_works_from_the_file_to_the_server() -> None:
    declared = {name: {"dial_plan": "Redmond", "min_pin_length": 8} for name in _POLICIES}
    trial = joined(world=people(*({"alias": f"u{n}", "name": name} for n, name in enumerate(_POLICIES))))
    rows = [
        {**row(f"u{number}", f"u{number}@contoso.com", f"5{number:04}"), "policy": name}
        for number, name in enumerate(_POLICIES)
    ]
    sections = {"dial_plans": {"Redmond": {"extension_digits": 5, "country_code": "1", "servers": "all"}}}
    trial.environment = environment_of({**sections, "mailbox_policies": declared, "mailboxes": rows})
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert is_empty(trial.plan()), shown(trial.plan())
    changed = {name: {**told, "min_pin_length": 9} for name, told in declared.items()}
    trial.environment = environment_of({**sections, "mailbox_policies": changed, "mailboxes": rows})
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    trial.environment = environment_of(sections)
    assert trial.apply(max_destroy=100).exit_code == 4  # policies that mailboxes still have


def test_an_address_of_the_plan_can_be_asked_for_however_it_is_written() -> None:
    actions = {
        address: Action(address, ActionKind.CREATE)
        for address in (
            Address("dial_plan", "Zürich"),
            Address("mailbox_policy", "50% [all]*"),
            Address("um_mailbox", "robert.bell@contoso.com"),
        )
    }
    written = {Address("um_mailbox", "contoso\\bob"): Address("um_mailbox", "robert.bell@contoso.com")}

    def chosen(target: str) -> list[str]:
        return [one.key for one in Selection(targets=(target,)).meaning(written).choose(actions)]

    for target in ("dial_plan/Z%C3%BCrich", "dial_plan/ZURICH", "dial_plan/z*", "DIAL_PLAN"):
        assert chosen(target) == ["Zürich"], target
    for target in ("mailbox_policy/50% [all]*", str(Address("mailbox_policy", "50% [all]*")), "mailbox_policy/50*"):
        assert chosen(target) == ["50% [all]*"], target
    for target in ("um_mailbox/contoso\\bob", "um_mailbox/CONTOSO%5Cbob", "um_mailbox/robert.bell@contoso.com"):
        assert chosen(target) == ["robert.bell@contoso.com"], target
    assert chosen("mailbox_policy/50%25 %5Bx%5D%2A") == []


def test_no_person_is_suggested_for_a_target_either() -> None:
    known = {Address("um_mailbox", "rob@contoso.com"), Address("dial_plan", "Redmond")}
    (told,) = Selection(targets=("um_mailbox/bob@contoso.com",)).unknown(known, {"um_mailbox"}, ())
    assert "rob@" not in told.remedy
    (told,) = Selection(targets=("dial_plan/Redmont",)).unknown(known, {"um_mailbox"}, ())
    assert told.remedy == 'Did you mean "dial_plan/Redmond"?'


@pytest.mark.parametrize(("written", "canonical"), [("EN-us", "en-US"), ("zh-hans-CN", "zh-Hans-CN"), ("de", "de")])
def test_a_culture_has_one_spelling(written: str, canonical: str) -> None:
    sections = {"dial_plans": {"Redmond": {"extension_digits": 5, "country_code": "1", "default_language": written}}}
    assert environment_of(sections).declared["dial_plan"]["redmond"].get("default_language") == canonical


def test_a_hunt_group_may_have_any_name() -> None:
    trial = joined(world=people())
    plan = {"country_code": "1", "extension_digits": 5, "servers": "all"}
    groups = {
        f"pool1.contoso.com/{name}": {"dial_plan": "REDMOND"} for name in ("a/b", "O'Brien", "50% #1", "-x", " y")
    }
    trial.environment = environment_of({"dial_plans": {"Redmond": plan}, "hunt_groups": groups})
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    assert is_empty(trial.plan()), shown(trial.plan())
    trial.environment = environment_of({"dial_plans": {"Redmond": plan}})
    applied = trial.apply(max_destroy=5)
    assert applied.exit_code == 0, applied.told()
    assert len(invoke_line(trial.estate, "Get-UMHuntGroup -UMDialPlan Redmond").records) == len(trial.world.lync.pools)


def test_no_person_is_suggested_for_an_address_of_the_state() -> None:
    known = {address: Remembered(address) for address in (Address("um_mailbox", "rob@contoso.com"),)}
    with pytest.raises(StateError) as caught:
        remembered_at(Snapshot("test", resources=known), "um_mailbox/bob@contoso.com")
    assert "rob@" not in caught.value.diagnostics[0].remedy
    assert remembered_at(Snapshot("test", resources=known), "um_mailbox/ROB@contoso.com").address in known


def test_a_policy_is_not_made_under_a_name_that_is_a_pattern_and_kept_under_it() -> None:
    policy = {"dial_plan": "Redmond", "min_pin_length": 8}
    sections = {"dial_plans": {"Redmond": {"extension_digits": 5, "country_code": "1", "servers": "all"}}}
    trial = joined(world=people())
    trial.environment = environment_of({**sections, "mailbox_policies": {"Executives": policy}})
    assert trial.apply().exit_code == 0
    trial.environment = environment_of({**sections, "mailbox_policies": {"Executives": policy, "Exec*": {**policy}}})
    assert "UM061" in codes(trial)
    assert trial.administrator("New-UMMailboxPolicy 'Exec*' -UMDialPlan Redmond")
    applied = trial.apply()
    assert applied.exit_code == 0, applied.told()
    found = invoke_line(trial.estate, "Get-UMMailboxPolicy 'Exec*'").records
    assert {one["Name"]: one["MinPINLength"] for one in found} == {"Executives": 8, "Exec*": 8}


# --- objects that somebody renamed -----------------------------------------------------------------------------------


def test_what_was_renamed_on_the_servers_is_not_made_a_second_time() -> None:
    def sections(plan: str, policy: str, attendant: str) -> dict[str, Any]:
        declared = {"country_code": "1", "extension_digits": 5, "voip_security": "Secured"}
        return {
            "dial_plans": {plan: declared},
            "mailbox_policies": {policy: {"dial_plan": plan}},
            "auto_attendants": {attendant: {"dial_plan": plan}},
            "mailboxes": [{**row("user1@contoso.com", "user1@contoso.com"), "dial_plan": plan}],
        }

    trial = Trial(world_of(1, (1,), servers=("15.0.1497.2",)), environment_of(sections("Base", "Exec", "Main")))
    assert trial.apply().exit_code == 0
    assert trial.administrator(
        "Set-UMDialPlan -Identity Base -Name Basis",
        "Set-UMMailboxPolicy -Identity Exec -Name Chief",
        "Set-UMAutoAttendant -Identity Main -Name Hello",
    )
    told = [one for one in trial.plan().diagnostics if one.code == "UM110"]
    assert {one.address for one in told} == {"auto_attendant/Main", "dial_plan/Base", "mailbox_policy/Exec"}
    assert trial.apply(max_destroy=9).exit_code == 4
    trial.environment = environment_of(sections("Basis", "Chief", "Hello"))
    assert trial.apply().ours == []
    assert is_empty(trial.plan())
