"""What each resource type plans, case by case: declared and observed, and what was applied before, to exact commands.

A case is a file ``cases/<type>/<case>.yaml``; a new case needs no code.

    about       what it shows, in a sentence
    estate      ``contoso``: nothing is set up yet; ``joined`` (default): all is as exchucutil leaves it
    declared    the sections of an environment, as an operator writes them
    observed    by address, attributes that are otherwise on the servers (``name`` and ``guid`` too); null: not there
    applied     by address, the attributes that were applied last
    owed        by duty, the subjects it is owed for, with the moment since when
    decided     choices kept from earlier applies
    interrupt   false where no restart may take a pool's last Front End
    plan        every action of the type, and of other types named here: changes as [before, after], and commands
    findings    codes of all that the checks of the type find
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from providers.estate.restart_pool import INTERRUPT, SETTLE
from reconciler.model.actions import Action
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation, Remembered, Snapshot
from reconciler.model.values import UNSET, Nested, Value
from reconciler.plan.build import build_plan
from reconciler.plan.plan import Plan
from tests.support.landscapes import contoso, joined, with_observed, without_observed
from tests.support.paths import ROOT
from tests.support.trial import environment_of, types

CASES = ROOT / "tests" / "cases"
NAMES = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in CASES.glob("*/*.yaml")
    if path.parent.name in {t.name for t in types()}
)
KEYS = {
    "about",
    "estate",
    "declared",
    "observed",
    "applied",
    "owed",
    "decided",
    "interrupt",
    "plan",
    "findings",
}


def read_case(name: str) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert case.keys() <= KEYS, f"a case has the keys {sorted(KEYS)}"
    return case


def value_of(written: Any) -> Value:
    """Return a value as it is written in a case: lists stand for tuples, mappings for nested values."""
    if isinstance(written, dict):
        return Nested((name, value_of(one)) for name, one in written.items())
    return tuple(value_of(one) for one in written) if isinstance(written, list) else written


def landscape_of(case: Mapping[str, Any]) -> Landscape:
    """Return everything that a case says is known."""
    environment = environment_of(case.get("declared", {}))
    resources = [resource for each in environment.declared.values() for resource in each.values()]
    settings = Settings("contoso", options=SETTLE.of(0) | INTERRUPT.of(case.get("interrupt", True)))
    is_joined = case.get("estate", "joined") == "joined"
    landscape = replace((joined if is_joined else contoso)(*resources, settings=settings), ended=environment.ended)
    for text, attributes in case.get("observed", {}).items():
        landscape = _with(landscape, Address.parse(text), attributes)
    return _remembering(landscape, case)


def _with(landscape: Landscape, address: Address, attributes: Mapping[str, Any] | None) -> Landscape:
    if attributes is None:
        return without_observed(landscape, f"{address.type}/{address.key}")
    known = landscape.one(address.type, address.key) or Resource(address)
    identity = {
        key: attributes[key] for key in ("name", "guid") if key in attributes and address.type != "exchange_server"
    }
    values = {key: value_of(value) for key, value in attributes.items() if key not in identity}
    found = Resource(
        address, {**known.attributes, **values}, identity.get("name", known.name), identity.get("guid", known.guid)
    )
    return with_observed(landscape, found)


def _remembering(landscape: Landscape, case: Mapping[str, Any]) -> Landscape:
    known = [
        Remembered(Address.parse(text), {key: value_of(value) for key, value in attributes.items()})
        for text, attributes in case.get("applied", {}).items()
    ]
    owed = tuple(
        Obligation(duty, subject, since)
        for duty, subjects in case.get("owed", {}).items()
        for subject, since in subjects.items()
    )
    prior = Snapshot(
        "contoso",
        "lineage" if known or owed else None,
        1 if known or owed else 0,
        resources={one.address: one for one in known},
        obligations=owed,
        decisions=case.get("decided", {}),
    )
    return replace(landscape, prior=prior)


def shown(plan: Plan, type_names: set[str]) -> dict[str, Any]:
    """Return the actions of some types in the form of a case."""
    actions = [*plan.actions(), *plan.adopted, *plan.forgotten]
    return {
        f"{action.kind.value} {action.address}": _shown(action)
        for action in actions
        if action.address.type in type_names
    }


def _shown(action: Action) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if value is UNSET:
            return "(unset)"
        if isinstance(value, Nested):
            return {name: plain(one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, tuple) else value

    changes = {change.attribute: [plain(change.before), plain(change.after)] for change in action.changes}
    commands = [f"{command} @ {command.endpoint}" for command in action.commands]
    parts = {"changes": changes, "commands": commands}
    return {key: value for key, value in parts.items() if value}


def codes(plan: Plan, type_name: str) -> Iterator[str]:
    """Yield the codes that the checks of one type find."""
    own = {rule.code: rule for kind in types() if kind.name == type_name for rule in kind.rules}
    for found in plan.diagnostics:
        rule = own.get(str(found.code))
        assert rule is None or found.severity in (rule.severity, *rule.also), "a rule declares its severities"
    yield from sorted(str(found.code) for found in plan.diagnostics if found.code in own)


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    case = read_case(name)
    type_name = name.partition("/")[0]
    plan = build_plan(types(), landscape_of(case))
    expected = {action: parts or {} for action, parts in (case.get("plan") or {}).items()}
    compared = {type_name, *(action.split()[1].partition("/")[0] for action in expected)}
    assert shown(plan, compared) == expected
    assert list(codes(plan, type_name)) == case.get("findings", [])
