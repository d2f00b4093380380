"""What goes from one object to another: freed, given, seen, and only then removed.

Random exchanges of numbers between attendants and dial plans, of extensions between mailboxes, of unique names between
Lync dial plans, over random names, with and without a command that the server refuses; judged after every write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.world.schema import World
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import NameOf, write
from reconciler.model.resources import Address
from reconciler.plan.checks import nobody_brings
from reconciler.plan.drift import DriftKind
from reconciler.plan.saved import decode, encode
from reconciler.plan.selection import Selection
from reconciler.run.sent import foregone
from tests.laws.oracles import violations
from tests.laws.truth import Truth
from tests.support.estate_log import is_write
from tests.support.fakes import MemoryStore
from tests.support.trial import Fault, Trial, environment_of, law, types
from tests.support.worlds import world_of

NAMES = ("Alpha", "Bravo", "Mike", "Zulu")
NUMBERS = tuple(f"+1425555010{digit}" for digit in range(6))
USERS = tuple(f"user{number}@contoso.com" for number in range(1, 6))
PLAN = {"extension_digits": 5, "country_code": "1", "voip_security": "Secured"}

Section = Mapping[str, Any]


@cache
def world() -> World:
    return world_of(5, (1,), servers=("15.0.1497.2",), director=False, branch=False)


# --- what may be declared before and after ---------------------------------------------------------------------------


@st.composite
def holdings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw who has which number, which extension and which name."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    owners = draw(st.lists(st.sampled_from([*names, "Base", ""]), min_size=6, max_size=6))
    numbers = {owner: [n for n, of in zip(NUMBERS, owners, strict=True) if of == owner] for owner in (*names, "Base")}
    extensions = draw(st.permutations([f"4100{digit}" for digit in range(6)]))
    there = draw(st.lists(st.booleans(), min_size=5, max_size=5))
    simple = draw(st.permutations(["One", "Two", "Three", "Four"]))
    lync = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return {
        "dial_plans": {"Base": {**PLAN, "access_numbers": numbers["Base"]}},
        "auto_attendants": {name: {"dial_plan": "Base", "pilot_numbers": numbers[name]} for name in names},
        "mailboxes": [
            {"identity": user, "sip_address": user, "extension": [extension], "dial_plan": "Base"}
            for user, extension, is_there in zip(USERS, extensions, there, strict=False)
            if is_there
        ],
        "lync_dial_plans": {name: {"simple_name": told} for name, told in zip(lync, simple, strict=False)},
    }


# --- who has what, at every instant ----------------------------------------------------------------------------------


def held(trial: Trial) -> dict[str, str]:
    """Return the holder of each number, extension and name on the servers."""
    truth, found = Truth(trial.estate), {}
    for noun, attribute in (
        ("UMAutoAttendant", "PilotIdentifierList"),
        ("UMDialPlan", "AccessTelephoneNumbers"),
        ("User", "Extensions"),
    ):
        for entry in truth.of(noun):
            for value in entry.properties.get(attribute) or ():
                assert value not in found or noun == "UMDialPlan", f"{value} is at two"
                found[str(value)] = f"{noun} {entry.name}"
    return found


@dataclass
class Watch:
    """Looks after each write: nothing is without its holder longer than two commands take."""

    trial: Trial
    lasting: Mapping[str, str]
    """What is held before and after, by whom before."""
    broken: list[str] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)

    def __call__(self) -> None:
        there = held(self.trial)
        last = [line for line in self.trial.estate.log() if is_write(line)][-1]
        for value, holder in self.lasting.items():
            self.missing[value] = 0 if value in there else self.missing.get(value, 0) + 1
            is_removal = last["cmdlet"].startswith(("Remove-", "Disable-"))
            if self.missing[value] and is_removal and holder.endswith(f" {last['parameters']['Identity']}"):
                self.broken.append(f"{value} had nobody when {last['cmdlet']} {last['parameters']} was done")


def rewritten(trial: Trial, sections: Section) -> Trial:
    trial.environment = environment_of(sections)
    return trial


def applied(sections: Section) -> Trial:
    trial = Trial(world(), environment_of(sections))
    first = trial.apply()
    assert first.exit_code == 0, first.told()
    return trial


def desired(sections: Section) -> frozenset[str]:
    numbers = [n for one in sections["auto_attendants"].values() for n in one["pilot_numbers"]]
    extensions = [e for row in sections["mailboxes"] for e in row["extension"]]
    return frozenset((*numbers, *sections["dial_plans"]["Base"]["access_numbers"], *extensions))


def without_leavers(before: Section, after: Section) -> dict[str, Any]:
    """Return ``after`` with every mailbox of ``before``: who leaves the files keeps the extension."""
    rows = {row["identity"]: row for row in (*before["mailboxes"], *after["mailboxes"])}
    left = [
        row for row in before["mailboxes"] if row["identity"] not in {one["identity"] for one in after["mailboxes"]}
    ]
    spare = iter(sorted({f"4100{d}" for d in range(9)} - {e for r in after["mailboxes"] for e in r["extension"]}))
    rows.update({row["identity"]: {**row, "extension": [next(spare)]} for row in left})
    return {**after, "mailboxes": list(rows.values())}


@law(15)
@given(holdings(), holdings())
def test_what_is_exchanged_is_never_without_holder_for_more_than_a_command(before: Any, after: Any) -> None:
    trial, after = applied(before), without_leavers(before, after)
    lasting = {value: holder for value, holder in held(trial).items() if value in desired(after)}
    watch = Watch(rewritten(trial, after), lasting)
    trial.after_write = watch
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    assert not watch.broken
    assert not any(watch.missing.values())
    assert not violations(run, trial)
    assert not trial.plan().steps


@law(15)
@given(holdings(), holdings(), st.integers(1, 12))
def test_where_a_command_is_refused_nothing_is_removed_before_its_successor(before: Any, after: Any, at: int) -> None:
    trial, after = applied(before), without_leavers(before, after)
    lasting = {value: holder for value, holder in held(trial).items() if value in desired(after)}
    watch = Watch(rewritten(trial, after), lasting)
    trial.after_write = watch
    run = trial.apply(max_destroy=9, fault=Fault("refused", at))
    assert not watch.broken
    assert run.exit_code in (0, 3), run.told()
    assert not any(watch.missing.values()), run.told()
    again = trial.apply(max_destroy=9)
    assert again.exit_code == 0, again.told()
    assert not watch.broken
    assert not trial.plan().steps


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        ({"targets": (f"um_mailbox/{USERS[0]}",)}, 3),
        ({"targets": (f"um_mailbox/{USERS[2]}",)}, 3),
        ({"excludes": (f"um_mailbox/{USERS[0]}",)}, 0),
        ({"excludes": (f"um_mailbox/{USERS[1]}",)}, 0),
        ({"wave": "1"}, 0),
        ({"wave": "2"}, 0),
    ],
)
def test_a_part_of_a_ring_is_the_ring_or_nothing(options: Mapping[str, Any], moves: int) -> None:
    def rows(*extensions: str) -> dict[str, Any]:
        return base(*(row(u, x, wave=w) for u, x, w in zip(USERS, extensions, "122", strict=False)))

    trial = rewritten(applied(rows("41001", "41002", "41003")), rows("41002", "41003", "41001"))
    run = trial.apply(selection=Selection(**options))
    assert (run.exit_code, len(run.ours)) == (0, 2 * moves), run.told()
    assert len(held(trial)) == 3
    assert trial.apply().exit_code == 0
    assert not trial.plan().steps


def test_a_row_left_out_of_a_ring_leaves_out_the_ring() -> None:
    trial = applied(base(row(USERS[0], "41001"), row(USERS[1], "41002"), row(USERS[2], "41003")))
    stranger = {**row(USERS[1], "41003"), "sip_address": "nobody@contoso.com"}
    rewritten(trial, base(row(USERS[0], "41002"), stranger, row(USERS[2], "41001")))
    told = {one.address: one.code for one in trial.plan().diagnostics}
    assert [told[f"um_mailbox/{user}"] for user in USERS[:3]] == ["UM107", "UM073", "UM107"]
    run = trial.apply()
    assert (run.exit_code, run.ours) == (3, [])


def test_an_attendant_that_is_not_to_be_touched_keeps_its_number() -> None:
    def sections(name: str) -> dict[str, Any]:
        return {**base(), "auto_attendants": {name: {"dial_plan": "Base", "pilot_numbers": list(NUMBERS[:1])}}}

    trial = rewritten(applied(sections("Alpha")), sections("Zulu"))
    assert trial.apply(selection=Selection(excludes=("auto_attendant/Alpha",))).ours == []
    assert trial.apply(selection=Selection(("auto_attendant/Zulu",))).exit_code == 0, "what goes is not selected"
    assert held(trial) == {NUMBERS[0]: "UMAutoAttendant Zulu"}


# --- single exchanges ------------------------------------------------------------------------------------------------


def commands(trial: Trial, *cmdlets: str) -> list[str]:
    """Return what the plan would send, in the order of its steps, as far as it is of these cmdlets."""
    sent = (command for action in trial.plan().actions() for command in action.commands)
    return [str(command) for command in sent if command.cmdlet in cmdlets]


def row(user: str, *extensions: str, **more: Any) -> dict[str, Any]:
    return {"identity": user, "sip_address": user, "extension": list(extensions), "dial_plan": "Base", **more}


def base(*rows: Section, plan: str = "Base", **plan_attributes: Any) -> dict[str, Any]:
    return {"dial_plans": {plan: {**PLAN, **plan_attributes}}, "mailboxes": list(rows)}


def test_an_attendant_stays_where_its_successor_cannot_be_made() -> None:
    def attendant(name: str) -> dict[str, Any]:
        return {**base(), "auto_attendants": {name: {"dial_plan": "Base", "pilot_numbers": list(NUMBERS[:1])}}}

    for first, second in (("Alpha", "Zulu"), ("Zulu", "Alpha")):
        trial = rewritten(applied(attendant(first)), attendant(second))
        for at in (1, 3):
            run = trial.apply(max_destroy=1, fault=Fault("refused", at))
            assert run.exit_code == 3, run.told()
            assert held(trial)[NUMBERS[0]] == f"UMAutoAttendant {first}"
        assert trial.apply(max_destroy=1).exit_code == 0
        assert held(trial) == {NUMBERS[0]: f"UMAutoAttendant {second}"}


def test_a_dial_plan_that_goes_answers_until_everything_stands_on_its_successor() -> None:
    def sections(plan: str) -> dict[str, Any]:
        return {
            "dial_plans": {plan: {**PLAN, "access_numbers": list(NUMBERS[:1]), "servers": "all"}},
            "auto_attendants": {f"{plan}Main": {"dial_plan": plan, "pilot_numbers": list(NUMBERS[1:2])}},
            "lync_dial_plans": {plan: {"simple_name": plan}},
            "mailboxes": [{"identity": USERS[0], "sip_address": USERS[0], "extension": ["41001"], "dial_plan": plan}],
        }

    trial = rewritten(applied(sections("Zulu")), sections("Alpha"))
    bound = commands(trial, "Set-UMService")
    assert bound[0].endswith("@{Add=Alpha}") or bound[0].endswith("@{Add='Alpha'}"), bound
    assert len(bound) == 2, "what leads to the old one is taken out by its removal"
    refused = trial.apply(max_destroy=9, fault=Fault("refused", 1))
    assert refused.exit_code == 3
    assert [line["cmdlet"] for line in refused.ours] == ["New-CsDialPlan"], "nothing was removed"
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    assert [line["cmdlet"] for line in run.ours][-1] == "Remove-UMDialPlan"
    assert not trial.plan().steps
    assert not trial.plan().adopted


def bound(plans: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return dial plans of all servers, with their access numbers."""
    numbers = {name: [NUMBERS[digit] for digit in digits] for name, digits in plans.items()}
    return {"dial_plans": {name: {**PLAN, "access_numbers": told, "servers": "all"} for name, told in numbers.items()}}


def test_dial_plans_of_the_same_servers_become_one() -> None:
    trial = rewritten(applied(bound({"Ams": (0,), "Base": (1,), "Zulu": (2,)})), bound({"Base": (0, 1, 2)}))
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    again = trial.plan()
    assert (again.steps, again.adopted, again.forgotten) == ((), (), ())


def test_a_removal_that_was_blocked_is_done_by_the_next_apply() -> None:
    for at in range(1, 30, 4):
        trial = rewritten(applied(bound({"Zulu": (0,)})), bound({"Alpha": (0,)}))
        run = trial.apply(max_destroy=9, fault=Fault("refused", at))
        if not run.doors.happened:
            break
        assert run.exit_code == 3, run.told()
        again = trial.apply(max_destroy=9)
        assert again.exit_code == 0, again.told()
        assert not trial.plan().steps
        assert not violations(again, trial)
    else:
        raise AssertionError("no apply came to its end")


def test_a_server_that_somebody_else_bound_keeps_the_dial_plan() -> None:
    trial = applied({"dial_plans": {"Ams": {**PLAN}, "Base": {**PLAN}}})
    assert trial.administrator("Set-UMService -Identity EX1 -DialPlans @{Add='Base'}")
    rewritten(trial, {"dial_plans": {"Ams": PLAN}})
    assert [one.code for one in trial.plan().diagnostics if one.is_error] == ["UM102"]


def test_a_saved_plan_keeps_whom_it_takes_from_and_what_goes_back() -> None:
    trial = applied(base(row(USERS[0], "41001"), row(USERS[1], "41002")))
    plan = rewritten(trial, base(row(USERS[0], "41002"), row(USERS[1], "41001"))).plan()
    assert any(taken.returns for action in plan.actions() for taken in action.takes_from)
    key, now = b"k" * 32, trial.clock.now()
    saved = decode(encode(plan, key=key, created=now, expires=now + timedelta(1), nonce="n"), key=key, now=now)
    assert list(saved.plan.actions()) == list(plan.actions())


def test_a_holder_that_changed_meanwhile_stops_its_taker() -> None:
    def sections(name: str) -> dict[str, Any]:
        return {**base(), "auto_attendants": {name: {"dial_plan": "Base", "pilot_numbers": list(NUMBERS[:1])}}}

    trial = rewritten(applied(sections("Alpha")), sections("Zulu"))
    plan = trial.plan()
    trial.administrator(f"Set-UMAutoAttendant -Identity Alpha -PilotIdentifierList {NUMBERS[0]},{NUMBERS[5]}")
    (taker,) = [action for action in plan.actions() if action.takes_from]
    attendants = next(kind for kind in types() if kind.name == "auto_attendant")
    told = foregone(attendants, taker, trial.look())
    assert told is not None
    assert told.is_stale
    assert foregone(attendants, taker, applied(sections("Alpha")).look()) is None


def test_who_holds_an_extension_is_said_with_a_command_that_frees_it() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    rewritten(trial, base(row(USERS[1], "41001")))
    (told,) = [one for one in trial.plan().diagnostics if one.code == "UM075"]
    assert f"um_mailbox/{USERS[0]}" in told.detail
    assert trial.administrator(told.remedy.splitlines()[-1].strip())
    assert trial.apply().exit_code == 0
    assert held(trial) == {"41001": "User User 2"}


def test_a_leaver_declared_absent_gives_the_extension_to_the_joiner_in_one_apply() -> None:
    trial = applied(base(row(USERS[0], "41001"), row(USERS[2], "41003")))
    rewritten(trial, base({"identity": USERS[0], "state": "absent"}, row(USERS[1], "41001"), row(USERS[2], "41003")))
    assert trial.apply().exit_code == 4, "ending voice mail counts against the destroy budget"
    refused = trial.apply(max_destroy=1, fault=Fault("refused", 2))
    assert refused.exit_code == 3
    assert held(trial)["41001"] == "User User 1", "the leaver keeps it where the joiner cannot be enabled"
    run = trial.apply(max_destroy=1)
    assert run.exit_code == 0, run.told()
    assert [line["cmdlet"] for line in run.ours] == ["Set-Mailbox", "Enable-UMMailbox", "Disable-UMMailbox"]
    again = trial.plan()
    assert (again.steps, again.adopted, again.forgotten) == ((), (), ())
    assert held(trial) == {"41001": "User User 2", "41003": "User User 3"}


def test_who_is_declared_absent_and_was_never_ours_ends_too() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    trial.store = MemoryStore()
    rewritten(trial, base({"identity": USERS[0], "state": "absent"}))
    assert trial.apply(max_destroy=1).exit_code == 0
    assert not held(trial)
    assert not trial.plan().steps


def test_who_is_no_longer_declared_stays_enabled_and_the_plan_says_so() -> None:
    trial = applied(base(row(USERS[0], "41001"), row(USERS[1], "41002")))
    rewritten(trial, base(row(USERS[1], "41002")))
    (left,) = trial.plan().forgotten
    assert (left.address.key, left.commands) == (USERS[0], ())
    assert "stays on" in left.reasons[0]
    assert trial.apply().exit_code == 0
    assert set(held(trial)) == {"41001", "41002"}


def test_who_is_enabled_again_after_his_declared_end_has_drifted() -> None:
    trial = applied(base(row(USERS[0], "41001"), row(USERS[1], "41002")))
    rewritten(trial, base({"identity": USERS[0], "state": "absent"}, row(USERS[1], "41002")))
    pending = [entry for entry in trial.drift().entries if entry.address == Address("um_mailbox", USERS[0])]
    assert [entry.kind for entry in pending] == [DriftKind.PENDING]
    assert trial.apply(max_destroy=1).exit_code == 0
    assert trial.drift().entries == ()
    again = f"Enable-UMMailbox {USERS[0]} -UMMailboxPolicy 'Base Default Policy' -Extensions 41009"
    assert trial.administrator(f"{again} -SIPResourceIdentifier {USERS[0]}")
    report = trial.drift()
    assert [(entry.kind, entry.address.key) for entry in report.entries] == [(DriftKind.DRIFTED, USERS[0])]
    assert report.exit_code() == 2
    assert trial.apply(max_destroy=1).exit_code == 0
    assert trial.drift().entries == ()


def test_an_address_left_on_a_mailbox_without_um_is_found_before_the_server_refuses() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    context = "phone-context=Base.contoso.com"
    assert trial.administrator(f"Set-Mailbox -Identity {USERS[3]} -EmailAddresses @{{Add='eum:41002;{context}'}}")
    rewritten(trial, base(row(USERS[0], "41001"), row(USERS[1], "41002")))
    (told,) = [one for one in trial.plan().diagnostics if one.code == "UM075"]
    assert USERS[3] in told.detail
    assert trial.administrator(told.remedy.splitlines()[-1].strip())
    assert trial.apply().exit_code == 0


def test_an_extension_is_taken_in_equivalent_dial_plans_too() -> None:
    two = {**base(row(USERS[0], "41001")), "dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}}
    trial = applied(two)
    line = "Set-UMDialPlan -Identity Base -EquivalentDialPlanPhoneContexts Other.contoso.com"
    assert trial.administrator(line, line.replace("Base", "tmp").replace("Other", "Base").replace("tmp", "Other"))
    rewritten(trial, {**two, "mailboxes": [row(USERS[0], "41001"), {**row(USERS[1], "41001"), "dial_plan": "Other"}]})
    assert [one.code for one in trial.plan().diagnostics if one.is_error] == ["UM075"]


@pytest.mark.parametrize("first", ["Base", "Other"])
def test_one_dial_plan_that_lists_the_other_is_enough_to_share_extensions(first: str) -> None:
    """Exchange looks only at the list of the dial plan in which it enables a mailbox."""
    two = {**base(), "dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}}
    trial = applied(two)
    assert trial.administrator("Set-UMDialPlan -Identity Base -EquivalentDialPlanPhoneContexts Other.contoso.com")
    second = "Other" if first == "Base" else "Base"
    rewritten(trial, {**two, "mailboxes": [row(USERS[0], "41001", dial_plan=first)]})
    assert trial.apply().exit_code == 0
    rows = [row(USERS[0], "41001", dial_plan=first), row(USERS[1], "41001", dial_plan=second)]
    rewritten(trial, {**two, "mailboxes": rows})
    assert [one.code for one in trial.plan().diagnostics if one.is_error] == ["UM075"]


POLICIES = {"Base": ("Base/default", "Base guests"), "Other": ("Other/default", "Other guests")}


@st.composite
def places(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw rows of five users: who has which of five extensions, in which policy of which dial plan."""
    extensions = draw(st.permutations([f"4100{digit}" for digit in range(1, 6)]))
    policies = draw(st.lists(st.sampled_from([*POLICIES["Base"], *POLICIES["Other"]]), min_size=5, max_size=5))
    return [
        {"identity": user, "sip_address": user, "extension": [extension], "policy": policy}
        for user, extension, policy in zip(USERS, extensions, policies, strict=True)
    ]


@law(12)
@given(places(), places(), st.sampled_from([(), ("Base",), ("Base", "Other")]))
def test_users_who_change_extensions_policies_and_equivalent_dial_plans_do_so_in_one_apply(
    before: Any, after: Any, listing: tuple[str, ...]
) -> None:
    two = {
        "dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}},
        "mailbox_policies": {f"{plan} guests": {"dial_plan": plan} for plan in POLICIES},
    }
    trial = applied({**two, "mailboxes": before})
    for plan in listing:
        other = "Other" if plan == "Base" else "Base"
        line = f"Set-UMDialPlan -Identity {plan} -EquivalentDialPlanPhoneContexts {other}.contoso.com"
        assert trial.administrator(line)
    rewritten(trial, {**two, "mailboxes": after})
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    assert not trial.plan().steps
    lost = [end.action for end in run.account.ended if end.action.kind is ActionKind.REPLACE] if run.account else []
    assert all(action.reasons and action.destroyed for action in lost), "a new PIN is said and counted"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"Alpha": True}, {"Zulu": True}),
        ({"Zulu": True}, {"Alpha": True}),
        ({"Alpha": False, "Zulu": True}, {"Alpha": True}),
        ({"Alpha": False, "Zulu": True}, {"Alpha": True, "Zulu": False}),
        ({"Alpha": True, "Zulu": False}, {"Alpha": False, "Zulu": True}),
        ({"Alpha": False, "Zulu": True}, {"Alpha": True, "Zulu": None}),
    ],
)
def test_the_star_key_goes_to_its_new_attendant_and_stays_there(before: Section, after: Section) -> None:
    def sections(attendants: Section) -> dict[str, Any]:
        told = {name: {} if star is None else {"is_default": star} for name, star in attendants.items()}
        return {**base(), "auto_attendants": {name: {"dial_plan": "Base", **one} for name, one in told.items()}}

    def reached() -> str | None:
        truth = Truth(trial.estate)
        (plan,) = truth.of("UMDialPlan")
        found = truth.view.follow(plan.properties["UMAutoAttendant"])
        return found.name if found else None

    (old,), (new,) = ([name for name, star in each.items() if star] for each in (before, after))
    trial = rewritten(applied(sections(before)), sections(after))
    for at in (1, 2, 3):
        run = trial.apply(max_destroy=1, fault=Fault("refused", at))
        assert reached() in (old, new), run.told()
        if run.exit_code == 0:
            break
    else:
        assert trial.apply(max_destroy=1).exit_code == 0
    assert reached() == new
    assert not trial.plan().steps


def test_an_attendant_that_is_made_again_elsewhere_gets_the_star_key_there() -> None:
    def sections(plan: str) -> dict[str, Any]:
        return {
            "dial_plans": {"Base": {**PLAN}, plan: {**PLAN}},
            "auto_attendants": {"Main": {"dial_plan": plan, "is_default": True}},
        }

    trial = rewritten(applied(sections("Base")), sections("Other"))
    run = trial.apply(max_destroy=1)
    assert run.exit_code == 0, run.told()
    assert not trial.plan().steps


def test_an_attendant_that_goes_elsewhere_leaves_the_star_key_to_its_successor() -> None:
    def sections(**attendants: tuple[str, bool]) -> dict[str, Any]:
        told = {name: {"dial_plan": plan, "is_default": star} for name, (plan, star) in attendants.items()}
        return {"dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}, "auto_attendants": told}

    for name in ("Alpha", "Zulu"):
        trial = rewritten(
            applied(sections(Mike=("Base", True))), sections(Mike=("Other", False), **{name: ("Base", True)})
        )
        run = trial.apply(max_destroy=1)
        assert run.exit_code == 0, run.told()
        assert not trial.plan().steps


def test_the_star_key_of_another_dial_plan_is_not_that_of_its_own() -> None:
    sections = {
        "dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}},
        "auto_attendants": {"Main": {"dial_plan": "Base", "is_default": False}},
    }
    trial = applied(sections)
    assert trial.administrator("Set-UMDialPlan -Identity Other -UMAutoAttendant Main")
    assert not trial.plan().steps


def test_who_leaves_a_policy_goes_before_it_is_made_again_elsewhere() -> None:
    def sections(policies: Section, *rows: Section) -> dict[str, Any]:
        told = {name: {"dial_plan": plan} for name, plan in policies.items()}
        return {"dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}, "mailbox_policies": told, "mailboxes": list(rows)}

    here, there = {"Exec": "Base", "Sales": "Base"}, {"Exec": "Other", "Sales": "Base"}
    trial = applied(sections(here, row(USERS[0], "41001", policy="Exec"), row(USERS[1], "41002", policy="Exec")))
    rewritten(
        trial,
        sections(there, row(USERS[0], "41001", policy="Sales"), {"identity": USERS[1], "state": "absent"}),
    )
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    assert not trial.plan().steps


def test_policies_whose_users_change_places_while_both_move_are_no_circle() -> None:
    def sections(plan: str, first: str, second: str) -> dict[str, Any]:
        rows = [
            {**row(u, f"4100{n}", policy=p), "dial_plan": plan}
            for n, u, p in zip("12", USERS, (first, second), strict=False)
        ]
        told = {"dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}, "mailboxes": rows}
        return {**told, "mailbox_policies": {name: {"dial_plan": plan} for name in ("Exec", "Sales")}}

    trial = rewritten(applied(sections("Base", "Exec", "Sales")), sections("Other", "Sales", "Exec"))
    assert [told.code for told in trial.plan().diagnostics if told.is_error] == ["UM103", "UM103"]


def test_numbers_that_pass_through_a_dial_plan_go_in_no_circle() -> None:
    def numbers(*digits: int) -> list[str]:
        return [NUMBERS[digit] for digit in digits]

    def sections(plans: Section, attendants: Section) -> dict[str, Any]:
        return {
            "dial_plans": {name: {**PLAN, "access_numbers": numbers(*told)} for name, told in plans.items()},
            "auto_attendants": {n: {"dial_plan": "Base", "pilot_numbers": numbers(*t)} for n, t in attendants.items()},
            "mailbox_policies": {"Sales": {"dial_plan": "Base"}},
        }

    for first, second in (
        (({"Base": (0, 5)}, {}), ({"Ams": (0,), "Base": (2,)}, {"Zulu": (1, 5)})),
        (({"Base": (0, 2)}, {"Mike": (1, 4)}), ({"Ams": (2,), "Base": ()}, {"Zulu": (0,), "Mike": (1,)})),
        (({"Base": (0,)}, {"Mike": (1, 4)}), ({"Ams": (1,), "Base": ()}, {"Zulu": (4,), "Mike": (0,)})),
    ):
        trial = rewritten(applied(sections(*first)), sections(*second))
        run = trial.apply(max_destroy=9)
        assert run.exit_code == 0, run.told()
        assert not trial.plan().steps


# --- values that somebody has to bring -------------------------------------------------------------------------------


def test_a_default_policy_that_is_not_there_is_made_for_those_who_stand_on_it() -> None:
    trial = applied({"dial_plans": {"Base": PLAN}})
    assert trial.administrator("Remove-UMMailboxPolicy -Identity 'Base Default Policy'")
    rewritten(trial, base(row(USERS[0], "41001")))
    run = trial.apply()
    assert run.exit_code == 0, run.told()
    again = trial.plan()
    assert (again.steps, again.adopted, again.forgotten) == ((), (), ())


def test_what_nobody_will_bring_is_refused_by_the_plan() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    landscape = trial.look()
    new = Address("um_mailbox", USERS[1])
    value = NameOf(Address("mailbox_policy", "Nowhere/default"), "default policy")
    action = Action(
        new, ActionKind.CREATE, commands=(write("Enable-UMMailbox", Identity=new.key, UMMailboxPolicy=value),)
    )
    (told,) = nobody_brings(landscape, {new: action})
    assert told.code == "UM108"
    assert "mailbox_policy/Nowhere/default" in told.detail


def test_a_dial_plan_goes_though_its_hunt_group_is_made_only_before_that() -> None:
    trial = applied(bound({"Base": (0,), "Zulu": (1,)}))
    assert trial.administrator("Remove-UMIPGateway -Identity 1:1")
    rewritten(trial, bound({"Base": (0,)}))
    run = trial.apply(max_destroy=9)
    assert run.exit_code == 0, run.told()
    assert not trial.plan().steps


def test_a_policy_gone_between_plan_and_apply_is_no_internal_error() -> None:
    trial = Trial(world(), environment_of(base(row(USERS[0], "41001"))))
    done: list[int] = []

    def once() -> None:
        if not done and trial.administrator("Remove-UMMailboxPolicy -Identity 'Base Default Policy'"):
            done.append(1)

    trial.after_write = once
    run = trial.apply()
    assert done
    assert run.exit_code == 3
    assert "mailbox_policy/Base/default" in run.told()
    assert trial.apply().exit_code == 0
