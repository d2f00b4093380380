"""What goes from one object to another: freed, given, seen, and only then removed.

Random exchanges of numbers between attendants and dial plans, of extensions between mailboxes, of unique names between
Lync dial plans, over random names, with and without a command that the server refuses; judged after every write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.world.schema import World
from tests.oracles import Truth, violations
from tests.trial import Fault, Trial, environment_of, is_write, law
from tests.worlds import world_of

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
