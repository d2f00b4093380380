"""Reads a missing effect on the other replicas of the directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.actions import Action
from reconciler.model.commands import Command
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.plan.effects import is_done
from reconciler.plan.verdict import Elsewhere, Look, likeliest, read_otherwise
from reconciler.run.observe import Reader, put, unread
from reconciler.run.retry import Result
from reconciler.run.sent import Sent

_ASKED = 8
"""How many other replicas of a large directory are read."""
_EXAMINED = 3
"""The number of missing effects of a chunk for which the other domain controllers are read each time."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """The replicas of the directory, and the one for all commands."""

    all: tuple[str, ...] = ()
    pinned: str | None = None
    parameter: str = ""
    """The parameter by which a cmdlet is bound to one replica."""
    called: str = "replica"


def look_into(
    reader: Reader,
    replicas: Replicas,
    kind: ResourceType,
    under_way: Sequence[Sent],
    before: Landscape,
    after: Landscape,
) -> None:
    """Note why effects of successful commands are missing; only a few of them are read elsewhere."""
    asked = 0
    for sent in under_way:
        if sent.error is not None or unread(kind, sent.action.address, after) is not None:
            continue
        is_seen = is_done(kind, sent.action, after)
        sent.look(() if is_seen else read_otherwise(kind, sent.action, after))
        if is_seen:
            continue
        elsewhere = None
        if kind.is_replicated and replicas.all and sent.times > 1 and asked < _EXAMINED:
            asked += 1
            elsewhere = look_elsewhere(reader, kind, sent.action, after, replicas)
            sent.is_disputed |= bool(elsewhere.knows or elsewhere.silent)
        sent.cause = likeliest(kind, sent.action, Look(before, after, sent.times, sent.was_seen, elsewhere))


def look_elsewhere(
    reader: Reader, kind: ResourceType, action: Action, landscape: Landscape, replicas: Replicas
) -> Elsewhere:
    """Return which other replicas show the effect of ``action``."""
    others = [one for one in replicas.all if one != replicas.pinned][:_ASKED]
    queries = _queries(reader, kind, action, landscape)
    asked = [_at(replicas, one, command) for one in others for commands in queries.values() for command in commands]
    answers = reader.ask(asked)
    shown: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for one in others:
        there = {command: answers[_at(replicas, one, command)] for each in queries.values() for command in each}
        shown[_shows(kind, action, _seen(queries, there, reader, landscape, action))].append(one)
    lacks = (*((replicas.pinned,) if replicas.pinned else ()), *shown[False])
    return Elsewhere(tuple(shown[True]), lacks, tuple(shown[None]), replicas.pinned, replicas.called)


def _queries(
    reader: Reader, kind: ResourceType, action: Action, landscape: Landscape
) -> Mapping[str, Sequence[Command]]:
    """Return, by type, the reads that show the effect and that can use another replica."""
    names = (kind.name, *kind.refreshes)
    keys = frozenset({action.address.key})
    # In the order of a full read: a type comes after the types that it reads after.
    kinds = sorted(
        (each for each in reader.types if each.name in names and each.is_replicated),
        key=lambda each: len(each.reads_after),
    )
    found = {each.name: tuple(each.queries(landscape, keys if each.name == kind.name else None)) for each in kinds}
    return {name: commands for name, commands in found.items() if commands}


def _at(replicas: Replicas, replica: str, command: Command) -> Command:
    return replace(command, parameters=(*command.parameters, (replicas.parameter, replica)))


def _seen(
    queries: Mapping[str, Sequence[Command]],
    answers: Mapping[Command, Result],
    reader: Reader,
    landscape: Landscape,
    action: Action,
) -> Landscape:
    """Return the landscape as one replica shows it."""
    kinds = {kind.name: kind for kind in reader.types}
    for name, commands in queries.items():
        keys = frozenset({action.address.key}) if name == action.address.type else None
        is_narrowed = keys is not None and tuple(kinds[name].queries(landscape)) != tuple(commands)
        found = kinds[name].read([(one, answers[one]) for one in commands], landscape)
        landscape = put(name, *found, landscape, keys if is_narrowed else None)
    return landscape


def _shows(kind: ResourceType, action: Action, landscape: Landscape) -> bool | None:
    """Return True if a landscape shows the effect; None if it could not be read."""
    return None if unread(kind, action.address, landscape) is not None else is_done(kind, action, landscape)
