"""Laws of ``state: absent``: what is declared absent ends, in order, after any interruption, and nothing else does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.ending import ending as ended_environment
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.actions import ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, declared_types
from reconciler.model.resources import Address, Resources
from tests.laws.oracles import violations
from tests.plan.test_exchanges import USERS, applied, base, row
from tests.support.configurations import MODERN, Sections, situations
from tests.support.fakes import MemoryStore
from tests.support.trial import Trial, environment_of, law, types

ANY = 1000
A_WHILE = 60.0
SITUATIONS = situations(releases=MODERN, lag=False)
KINDS = {str(kind.section): kind for kind in declared_types(types())}
KINDS_OF = {kind.name: kind for kind in KINDS.values()}


def keys_of(sections: Sections) -> list[tuple[str, str]]:
    """Return what can be declared absent, as section and key."""
    named = {
        section: [row["identity"] for row in told] if isinstance(told, list) else list(told)
        for section, told in sections.items()
        if section in KINDS
    }
    return [(section, key) for section, keys in named.items() for key in keys if not key.endswith("/default")]


def ending(sections: Sections, gone: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Return the environment with these declared absent."""
    ended: dict[str, Any] = {}
    for section, told in sections.items():
        if isinstance(told, list):
            rows = [{**row, "state": "absent"} if (section, row["identity"]) in gone else row for row in told]
            ended[section] = rows
        elif section in KINDS:
            ended[section] = {
                key: {"state": "absent"} if (section, key) in gone else value
                for key, value in told.items()
                if key.removesuffix("/default") == key or ("dial_plans", key.removesuffix("/default")) not in gone
            }
        else:
            ended[section] = told
    return {section: told for section, told in ended.items() if told != {}}


def there(landscape: Landscape) -> set[Address]:
    """Return all objects that could be declared."""
    kinds = [kind for kind in types() if isinstance(kind, Managed) and kind.can_end]
    return {one.address for kind in kinds for one in landscape.all(kind).values()}


def is_brought(address: Address, gone: Collection[Address]) -> bool:
    """True for what belongs to an ended dial plan: its default policy, and the links of the script."""
    plan = address.key.removesuffix("/default") if address.type == "mailbox_policy" else address.key.partition("/")[2]
    return address.type in ("mailbox_policy", "hunt_group") and Address("dial_plan", plan) in gone


def used_by_others(trial: Trial) -> bool:
    """True where objects that nobody declared are there, such as users whom somebody else enabled."""
    ended = {one.address for each in trial.environment.ended.values() for one in each.values()}
    return any(not is_brought(address, ended) for address in there(trial.look()) - ended)


@law(16)
@given(SITUATIONS, st.booleans(), st.integers(1, 60))
def test_everything_declared_absent_ends_after_any_interruption(situation: Any, forgets: bool, kill_at: int) -> None:
    trial = Trial(situation.world, environment_of(situation.sections))
    assert trial.apply(max_destroy=ANY).exit_code == 0
    if forgets:
        trial.store = MemoryStore()
    gone = keys_of(situation.sections)
    trial.environment = environment_of(ending(situation.sections, gone))
    trial.pass_time(A_WHILE)
    trial.apply(max_destroy=ANY, kill_at=kill_at)
    trial.pass_time(A_WHILE)
    applied = trial.apply(max_destroy=ANY)
    if applied.exit_code == 4:
        assert {one.code for one in trial.plan().diagnostics if one.forbids} == {"UM102"}
        assert used_by_others(trial), "what ends together cannot keep itself in use"
        return
    assert applied.exit_code == 0, applied.told()
    left = there(trial.look())
    ended = {one.address for each in trial.environment.ended.values() for one in each.values()}
    assert not ended & left
    second = trial.plan()
    assert not second.steps, [str(action.address) for action in second.actions()]
    assert not [*second.adopted, *second.forgotten]


@law(12)
@given(SITUATIONS, st.data())
def test_to_destroy_is_to_declare_absent_what_needs_it_included(situation: Any, data: st.DataObject) -> None:
    environment = environment_of(situation.sections)
    trial = Trial(situation.world, environment)
    assert trial.apply(max_destroy=ANY).exit_code == 0
    every = [one.address for each in environment.declared.values() for one in each.values()]
    meant = data.draw(st.sets(st.sampled_from(every)))
    taken_down = ended_environment(environment, types(), meant.__contains__)
    ended = {one.address for each in taken_down.ended.values() for one in each.values()}
    assert {address for address in meant if not address.key.endswith("/default")} <= ended
    by_hand = {(str(KINDS_OF[address.type].section), address.key) for address in ended}
    written, errors = load(
        Files({"all.yaml": yaml.safe_dump({"environment": "test", **ending(situation.sections, by_hand)}).encode()}),
        types(),
    )
    assert written is not None, errors
    assert keys_in(written.ended) == keys_in(taken_down.ended)
    assert keys_in(written.declared) == keys_in(taken_down.declared)
    trial.environment = taken_down
    before = there(trial.look())
    applied = trial.apply(max_destroy=ANY)
    gone = before - there(trial.look())
    assert all(address in ended or is_brought(address, ended) for address in gone)
    assert applied.exit_code in (0, 4), applied.told()
    assert applied.exit_code == 4 or ended & before <= gone


def keys_in(resources: Mapping[str, Resources]) -> dict[str, set[str]]:
    return {name: set(each) for name, each in resources.items() if each}


@law(30)
@given(SITUATIONS, st.data())
def test_a_part_that_ends_ends_alone_or_is_refused(situation: Any, data: st.DataObject) -> None:
    trial = Trial(situation.world, environment_of(situation.sections))
    assert trial.apply(max_destroy=ANY).exit_code == 0
    gone = data.draw(st.lists(st.sampled_from(keys_of(situation.sections)), unique=True, min_size=1))
    sections = {"environment": "test", **ending(situation.sections, gone)}
    environment, _ = load(Files({"all.yaml": yaml.safe_dump(sections).encode()}), types())
    if environment is None:
        return  # something that stays refers to something that ends
    trial.environment = environment
    before = there(trial.look())
    applied = trial.apply(max_destroy=ANY)
    after = there(trial.look())
    ended = {one.address for each in environment.ended.values() for one in each.values()}
    assert all(address in ended or is_brought(address, ended) for address in before - after)
    if applied.exit_code == 4:
        assert {one.code for one in trial.plan().diagnostics if one.forbids} <= {"UM102", "UM103", "UM080"}
        return
    assert applied.exit_code == 0, applied.told()
    assert not violations(applied, trial)
    assert not ended & after
    assert not [action for action in trial.plan().actions() if action.kind is not ActionKind.RUN]


def test_leavers_are_found_by_any_name_where_no_other_row_is_left() -> None:
    rows = [row(user, f"4100{place}") for place, user in enumerate(USERS[:2])]
    trial = applied(base(*rows))
    gone = [{"identity": USERS[0].partition("@")[0], "state": "absent"}, {"identity": USERS[1], "state": "absent"}]
    trial.environment = environment_of(base(*gone))
    assert {one.address.key: one.kind for one in trial.plan().actions()} == dict.fromkeys(USERS[:2], ActionKind.DELETE)
    assert trial.apply(max_destroy=2).exit_code == 0
    assert not trial.plan().has_effects
