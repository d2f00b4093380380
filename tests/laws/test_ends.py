"""Laws of ``state: absent``: what is declared absent ends, in order, after any interruption, and nothing else does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.actions import ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, declared_types
from reconciler.model.resources import Address
from tests.laws.oracles import violations
from tests.support.configurations import MODERN, Sections, situations
from tests.support.fakes import MemoryStore
from tests.support.trial import Trial, environment_of, law, types

ANY = 1000
A_WHILE = 60.0
SITUATIONS = situations(releases=MODERN, lag=False)
KINDS = {str(kind.section): kind for kind in declared_types(types())}


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
    assert applied.exit_code == 0, applied.told()
    left = there(trial.look())
    ended = {one.address for each in trial.environment.ended.values() for one in each.values()}
    assert not ended & left
    second = trial.plan()
    assert not second.steps, [str(action.address) for action in second.actions()]
    assert not [*second.adopted, *second.forgotten]


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
