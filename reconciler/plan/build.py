"""Builds the plan: decide, select, check, leave out invalid rows, arrange.

Equal inputs give an equal plan, byte for byte: this module uses no clock, no random number and no order of files.

One invalid row does not stop the others: an error says whether it only leaves its resource out
(``Diagnostic.leaves_out``). The plan also leaves out resources that need such a resource, and names them.

Equal actions on many users that wait for the same things are one step, so the graph does not grow with users. Hard
edges (``needs``) come from the resources. Soft ones (``after``) come from the order of the types: the later step waits
for the earlier one to end, and starts also if that one failed. Removals come last, in reverse order, except those that
destroy nothing: such a removal has the place of its type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.abilities import DESTROYS, Counts, Deciding, Noticed, Rows, impacts_of, met
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, in_order
from reconciler.model.graph import levels, places_of
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType, Task
from reconciler.model.resources import Address, Resources
from reconciler.model.values import EMPTY
from reconciler.model.waves import WAVE
from reconciler.plan.checks import check_plan
from reconciler.plan.decide import decide, declared_digest, ended_digest
from reconciler.plan.plan import DECLARED, ENDED, Plan, Source, Step, fingerprints_of
from reconciler.plan.rules import NEEDS_LEFT_OUT
from reconciler.plan.selection import Selection, hard_needs, stands_on, with_dependents
from reconciler.plan.waves import Ranks, gates_of

Actions = Mapping[Address, Action]


def leave_out(types: Sequence[ResourceType], end: Landscape, chosen: Actions) -> tuple[Actions, tuple[Diagnostic, ...]]:
    """Return the actions without those left out, and all diagnostics of the plan.

    The remaining actions are checked again, because they may depend on an action that is left out.

    Args:
        end: the landscape after all actions.
        chosen: the selected actions.
    """
    found = check_plan(types, end, chosen)
    while forbidden := _forbidden(found, chosen):
        dropped = with_dependents(forbidden, chosen)
        needing = [chosen[address] for address in sorted(dropped - forbidden)]
        chosen = {address: action for address, action in chosen.items() if address not in dropped}
        found = (
            *(one for one in found if one.leaves_out),
            *_needs_left_out(needing, dropped),
            *check_plan(types, end, chosen),
        )
    return chosen, in_order(found)


def _forbidden(found: Iterable[Diagnostic], chosen: Actions) -> frozenset[Address]:
    named = {one.address for one in found if one.leaves_out}
    return frozenset(address for address in chosen if str(address) in named) if named else frozenset()


def _needs_left_out(actions: Iterable[Action], dropped: Collection[Address]) -> Iterator[Diagnostic]:
    for action in actions:
        need = next(need for need in stands_on(action) if need in dropped)
        yield NEEDS_LEFT_OUT.found(action, f"{action.address} needs {need}, which the plan leaves out.")


def _with_reasons_that_hold(types: Sequence[ResourceType], end: Landscape, chosen: Actions) -> Actions:
    """Return the actions; the reasons of tasks name no action that is left out or not selected."""
    if len(chosen) == len(end.actions):
        return chosen
    kinds = {address.type for address in chosen}
    tasks = [kind for kind in types if isinstance(kind, Task) and kind.name in kinds]
    found = (due for kind in tasks for due in kind.due(replace(end, actions=chosen)))
    reasons = {due.resource.address: tuple(due.reasons) for due in found if due.resource.address in chosen}
    return {**chosen, **{address: replace(chosen[address], reasons=those) for address, those in reasons.items()}}


_QUIET = (ActionKind.ADOPT, ActionKind.FORGET)
_LAST = 1000
"""Higher than every place. The place of a removal is this number minus the place of its type."""


def arrange(
    actions: Iterable[Action], by_type: Mapping[str, ResourceType], waves: Sequence[str] = ()
) -> tuple[Step, ...]:
    """Return the steps of ``actions`` that send commands, in an order that respects every edge.

    Args:
        waves: in order; empty where the order of users does not matter.

    Raises:
        ValueError: the needs form a circle, which is a mistake of a resource type; the message names it.
    """
    acting = [action for action in actions if action.kind not in _QUIET]
    ranks = Ranks.of(acting, waves)
    grouped: dict[str, list[Action]] = defaultdict(list)
    for action in sorted(acting, key=lambda action: action.address):
        grouped[_step_id(action, ranks)].append(ranks.explained(action))
    step_of = {action.address.folded: step for step, members in grouped.items() for action in members}
    needs = {step: _hard_edges(step, members, step_of) for step, members in grouped.items()}
    of_types = places_of(by_type.values())
    users = max((of_types[name] for name, kind in by_type.items() if isinstance(kind, Rows)), default=0)
    places = {step: _place(members[0], of_types, ranks, users) for step, members in grouped.items()}
    after = _soft_edges(_not_before_their_needs(places, needs), needs)
    stages = levels({step: (*needs[step], *after[step]) for step in grouped})
    return tuple(
        Step(step, tuple(grouped[step]), stage, needs[step], after[step], ranks.wave(grouped[step][0]))
        for step, stage in stages.items()
    )


def _step_id(action: Action, ranks: Ranks) -> str:
    if not action.group:
        return f"{action.kind.value} {action.address}"
    wave = f", wave {action.wave}" if action.wave else ""
    if ranks.names and action.is_of_users and (late := ranks.wave(action)) != action.wave:
        wave += f", done in wave {late}" if late else ", done after all waves"
    return f"{action.kind.value} {action.address.type} {action.group}{wave}"


Place = tuple[int, int, int]


def _place(action: Action, places: Mapping[str, int], ranks: Ranks, users: int) -> Place:
    """Return the place of a step in the order: by type, or by wave for users; removals of other objects come last.

    Args:
        users: the place of all users where they come in waves.
    """
    place = places[action.address.type]
    is_removal = action.kind is ActionKind.DELETE and bool(action.destroyed)
    if ranks.names and action.is_of_users:
        return users, ranks.rank(action), _LAST - place if is_removal else place
    return _LAST - place if is_removal else place, 0, 0


def _hard_edges(step: str, members: Iterable[Action], step_of: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    found = {step_of.get(need.folded) for action in members for need in hard_needs(action)}
    return tuple(sorted(other for other in found if other is not None and other != step))


def _not_before_their_needs(places: Mapping[str, Place], needs: Mapping[str, tuple[str, ...]]) -> dict[str, Place]:
    """Return the place of each step, at least the highest place of the steps that it needs.

    A dial plan that takes a number from an attendant has the place of the attendants. So no soft edge closes a circle.
    """
    raised: dict[str, Place] = {}
    for step in levels(needs):
        raised[step] = max([places[step], *(raised[need] for need in needs[step])])
    return raised


def _soft_edges(places: Mapping[str, Place], needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return, for each step, the steps of the previous place, without those that it already needs."""
    at_place: dict[Place, list[str]] = defaultdict(list)
    for step, place in places.items():
        at_place[place].append(step)
    before = dict(zip(sorted(at_place)[1:], sorted(at_place), strict=False))
    return {
        step: tuple(sorted(set(at_place[before[place]]) - set(needs[step]))) if place in before else ()
        for step, place in places.items()
    }


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
    if not selection.is_everything:
        selection = selection.meaning(_written(types, end))
    asked_for = selection.choose(end.actions)
    chosen, every = leave_out(types, end, asked_for)
    chosen = _with_reasons_that_hold(types, end, chosen)
    found = tuple(_asked_for(every, types, end, selection, asked_for))
    by_type = {kind.name: kind for kind in types}
    steps = arrange(chosen.values(), by_type, [wave.name for wave in landscape.settings.waves])
    open_obligations = sorted(landscape.prior.obligations, key=lambda owed: owed.identity)
    ended = met(types, landscape)
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
        decisions=_new_decisions(types, end, selection),
        impact=_impact(types, steps, end),
        diagnostics=in_order([*found, *_unknown(selection, types, end)]),
        prior=fingerprints_of(landscape.prior, chosen),
        asked=str(selection),
        passed_over=_sent(end.actions.values()) - _sent(asked_for.values()),
        gates=gates_of(steps, found if selection.is_everything else (), types, end),
    )


def _asked_for(
    found: Iterable[Diagnostic], types: Sequence[ResourceType], end: Landscape, selection: Selection, chosen: Actions
) -> Iterator[Diagnostic]:
    """Yield the diagnostics without those that leave out what is neither selected nor needed by it.

    Args:
        chosen: the selected actions, before some were left out.
    """
    users = {kind.name for kind in types if isinstance(kind, Rows)}
    for one in found:
        if not one.leaves_out or selection.is_everything or one.address is None:
            yield one
            continue
        address = Address.parse(one.address)
        row = end.written(address.type).get(address.key) or end.ending(address.type).get(address.key)
        wave = str(row.get(WAVE) or "") if row is not None and address.type in users else selection.wave
        if address in chosen or selection.covers(address, wave):
            yield one


def _unknown(selection: Selection, types: Sequence[ResourceType], end: Landscape) -> tuple[Diagnostic, ...]:
    if selection.is_everything:
        return ()
    known = {*end.actions, *_addresses(types, end)}
    return selection.unknown(known, {kind.name for kind in types}, _waves(types, end))


def _sent(actions: Iterable[Action]) -> int:
    return sum(action.kind not in (ActionKind.ADOPT, ActionKind.FORGET) for action in actions)


def _addresses(types: Sequence[ResourceType], end: Landscape) -> Iterator[Address]:
    """Yield resources without actions that a selection may name: desired and observed ones."""
    for kind in types:
        yield from (resource.address for resource in end.wanted(kind.name).values())
        yield from (resource.address for resource in end.all(kind.name).values())


def _written(types: Sequence[ResourceType], end: Landscape) -> dict[Address, Address]:
    """Return the addresses of objects by the addresses that the configuration writes, where they differ."""
    both = (each.get(kind.name, Resources()) for kind in types for each in (end.declared, end.ended))
    written = (one for resources in both for one in resources.values() if one.written is not None)
    return {Address(one.address.type, str(one.written)): one.address for one in written}


def _waves(types: Sequence[ResourceType], end: Landscape) -> set[str]:
    both = (each for kind in types for each in (end.wanted(kind.name), end.ending(kind)))
    return {str(wave) for resources in both for resource in resources.values() if (wave := resource.get("wave"))}


def _of_kind(actions: Iterable[Action], kind: ActionKind) -> tuple[Action, ...]:
    return tuple(sorted((action for action in actions if action.kind is kind), key=lambda action: action.address))


def _new_decisions(types: Sequence[ResourceType], end: Landscape, selection: Selection) -> dict[str, str]:
    deciding = (kind for kind in types if isinstance(kind, Deciding))
    decisions = {name: value for kind in deciding for name, value in kind.decisions(end).items()}
    is_whole = selection in (Selection(), Selection(ends=True))
    if is_whole or selection.ends:  # files that still declare a removed part have changed since, as drift sees it
        decisions[DECLARED] = declared_digest(types, end)
    if is_whole:
        ended = ended_digest(end)
        if ended or end.prior.decision(ENDED) is not None:
            decisions[ENDED] = ended
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
