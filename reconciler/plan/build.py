"""Builds the plan: decide, select, check, arrange.

Equal inputs give an equal plan, byte for byte: this module uses no clock, no random number and no order of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.abilities import DESTROYS, Counts, Deciding, Noticed, impacts_of, met
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import in_order
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address, Resources
from reconciler.model.values import EMPTY
from reconciler.plan.binding import fingerprints_of
from reconciler.plan.commits import Source
from reconciler.plan.decide import decide, declared_digest
from reconciler.plan.leave_out import leave_out
from reconciler.plan.plan import DECLARED, Plan, Step
from reconciler.plan.selection import Selection
from reconciler.plan.stages import arrange


@dataclass(frozen=True, slots=True)
class Origin:
    """The facts that a plan is bound to, in addition to the landscape."""

    source: Source = field(default_factory=Source)
    pinned: str | None = None
    always: Mapping[str, str] = field(default_factory=lambda: EMPTY)


def build_plan(
    types: Sequence[ResourceType],
    landscape: Landscape,
    *,
    selection: Selection | None = None,
    origin: Origin | None = None,
) -> Plan:
    """Return the plan that leads from the observed to the desired state.

    Args:
        types: in the order in which they are planned.
        landscape: everything that was read and loaded; nothing in it is predicted yet.
        selection: ``--target``, ``--exclude`` and ``--wave``; default everything.
    """
    selection, origin = selection or Selection(), origin or Origin()
    end, unchanged = decide(types, landscape)
    selection = selection.meaning(_written(types, end))
    asked_for = selection.choose(end.actions)
    chosen, found = leave_out(types, end, asked_for)
    by_type = {kind.name: kind for kind in types}
    steps = arrange(chosen.values(), by_type)
    open_obligations = sorted(landscape.prior.obligations, key=lambda owed: owed.identity)
    ended = met(types, landscape)
    known = {*end.actions, *_addresses(types, end)}
    return Plan(
        environment=landscape.settings.environment,
        lineage=landscape.prior.lineage,
        serial=landscape.prior.serial,
        source=origin.source,
        pinned=origin.pinned,
        always=origin.always,
        steps=steps,
        adopted=_of_kind(chosen.values(), ActionKind.ADOPT),
        forgotten=_of_kind(chosen.values(), ActionKind.FORGET),
        unchanged=unchanged,
        obligations=tuple(owed for owed in open_obligations if owed not in ended),
        met=tuple(owed for owed in open_obligations if owed in ended),
        decisions=_new_decisions(types, end, is_whole=selection == Selection()),
        impact=_impact(types, steps, end),
        diagnostics=in_order([*found, *selection.unknown(known, set(by_type), _waves(types, end))]),
        prior=fingerprints_of(landscape.prior, chosen),
        asked=str(selection),
        passed_over=_sent(end.actions.values()) - _sent(asked_for.values()),
    )


def _sent(actions: Iterable[Action]) -> int:
    return sum(action.kind not in (ActionKind.ADOPT, ActionKind.FORGET) for action in actions)


def _addresses(types: Sequence[ResourceType], end: Landscape) -> Iterator[Address]:
    """Yield resources without actions that a selection may name: desired and observed ones."""
    for kind in types:
        yield from (resource.address for resource in end.wanted(kind.name).values())
        yield from (resource.address for resource in end.all(kind.name).values())


def _written(types: Sequence[ResourceType], end: Landscape) -> dict[Address, Address]:
    """Return the addresses of objects by the addresses that the configuration writes, where they differ."""
    declared = (one for kind in types for one in end.declared.get(kind.name, Resources()).values())
    return {Address(one.address.type, one.written): one.address for one in declared if one.written is not None}


def _waves(types: Sequence[ResourceType], end: Landscape) -> set[str]:
    wanted = (resource for kind in types for resource in end.wanted(kind.name).values())
    return {str(wave) for resource in wanted if (wave := resource.get("wave"))}


def _of_kind(actions: Iterable[Action], kind: ActionKind) -> tuple[Action, ...]:
    return tuple(sorted((action for action in actions if action.kind is kind), key=lambda action: action.address))


def _new_decisions(types: Sequence[ResourceType], end: Landscape, *, is_whole: bool) -> dict[str, str]:
    deciding = (kind for kind in types if isinstance(kind, Deciding))
    decisions = {name: value for kind in deciding for name, value in kind.decisions(end).items()}
    if is_whole:
        decisions[DECLARED] = declared_digest(types, end)
    return {name: value for name, value in sorted(decisions.items()) if end.prior.decision(name) != value}


def _impact(types: Sequence[ResourceType], steps: Sequence[Step], end: Landscape) -> Counts:
    noticed = {kind.name: kind for kind in types if isinstance(kind, Noticed)}
    counts = Counts((impact.name, 0) for impact in impacts_of(types))
    for action in (action for step in steps for action in step.actions):
        counts[DESTROYS.name] += len(action.destroyed)
        kind = noticed.get(action.address.type)
        for impact, number in (kind.impact(action, end) if kind else EMPTY).items():
            counts[impact.name] += number
    return counts
