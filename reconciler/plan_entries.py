"""What a plan shows of one action, or of many users with equal changes in one line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.obligation_text import obligation_text
from reconciler.plan import Step
from reconciler.resource import Action, ActionKind, Change
from reconciler.style import Style, first_of
from reconciler.text import duration, listed, pad, width, wrap
from reconciler.value_text import value_text
from reconciler.values import UNSET, Value

LOOKS: Final = {
    ActionKind.CREATE: ("+", "green"),
    ActionKind.UPDATE: ("~", "yellow"),
    ActionKind.REPLACE: ("-/+", "red"),
    ActionKind.DELETE: ("-", "red"),
    ActionKind.RUN: (">", "cyan"),
    ActionKind.ADOPT: ("=", "blue"),
    ActionKind.FORGET: (".", "dim"),
}
"""The symbol and colour of each kind of action."""
_RISK: Final = [ActionKind.DELETE, ActionKind.REPLACE, ActionKind.RUN, ActionKind.UPDATE, ActionKind.CREATE]
_MARGIN: Final = " " * 6
_DIFFERENT_AT_MOST: Final = 4
"""An attribute with no more values than this splits equal actions; one with more is each user's own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Actions shown together. ``shared`` changes are the same for all, ``own`` attributes differ from user to user."""

    actions: tuple[Action, ...]
    shared: tuple[Change, ...]
    own: tuple[str, ...] = ()

    @property
    def first(self) -> Action:
        return self.actions[0]

    def risk(self) -> tuple[bool, int]:
        kind = self.first.kind
        return (not self.first.destroys, _RISK.index(kind) if kind in _RISK else len(_RISK))


def entries(steps: Iterable[Step]) -> Iterator[Entry]:
    """Yield what is shown of the steps: single actions as they are, those of a group folded."""
    for step in steps:
        if len(step.actions) == 1:
            yield Entry(step.actions, step.first.changes)
        else:
            yield from _folded(step.actions)


def _folded(actions: Iterable[Action]) -> Iterator[Entry]:
    """Yield entries of actions of one type, kind and set of attributes, split where few values tell them apart."""
    shapes: dict[tuple[object, ...], list[Action]] = {}
    for action in actions:
        names = tuple(change.attribute for change in action.changes)
        shape = (action.address.type, action.kind, action.predicted_by is None, names)
        shapes.setdefault(shape, []).append(action)
    for members in shapes.values():
        yield from _split(members)


def _split(members: list[Action]) -> Iterator[Entry]:
    columns = list(zip(*(action.changes for action in members), strict=True))
    telling = [index for index, column in enumerate(columns) if _is_telling(column)]
    own = tuple(column[0].attribute for index, column in enumerate(columns) if index not in telling)
    groups: dict[tuple[Change, ...], list[Action]] = {}
    for action in members:
        groups.setdefault(tuple(action.changes[index] for index in telling), []).append(action)
    for shared, group in groups.items():
        if len(group) > 1:
            yield Entry(tuple(group), shared, own)
        else:
            yield Entry((group[0],), group[0].changes)


def _is_telling(column: Sequence[Change]) -> bool:
    different = len(set(column))
    return different == 1 or (different <= _DIFFERENT_AT_MOST and len(column) >= 4 * different)


def entry_lines(
    entry: Entry, style: Style, *, commands: bool = False, settled: Collection[tuple[str, str]] = ()
) -> Iterator[str]:
    """Yield an entry's lines; ``settled`` are the identities of obligations that the plan itself meets."""
    if len(entry.actions) > 1:
        yield from _many(entry, style)
    else:
        yield _title(entry.first, style)
        yield from _changes(entry.first, style)
    for note in _notes(entry, settled):
        for index, line in enumerate(wrap(style.show(note), style.width - len(_MARGIN) - 2)):
            yield style.paint(f"{_MARGIN}{'  ' if index else '# '}{line}", "dim")
    if commands:
        yield from _commands(entry, style)


def _commands(entry: Entry, style: Style) -> Iterator[str]:
    """Yield the commands as they can be pasted: where each runs stands in a comment."""
    for action in entry.actions:
        for command in action.commands:
            where = style.paint(f"  # {style.show(str(command.endpoint))}", "dim")
            yield f"{_MARGIN}{style.show(str(command))}{where}"


def _title(action: Action, style: Style) -> str:
    symbol, look = LOOKS[action.kind]
    return f"{style.paint(f'{symbol:>3}', look, 'bold')} {style.paint(str(action.address), 'bold')}"


def _many(entry: Entry, style: Style) -> Iterator[str]:
    """Yield one line: how many, what they share, and the first of them as far as the line goes."""
    first = entry.first
    symbol, look = LOOKS[first.kind]
    number = f"{style.times}{len(entry.actions):,}"
    shared = "".join(f"  {style.show(change.attribute)} {_transition(change, first, style)}" for change in entry.shared)
    used = 4 + width(first.address.type) + 1 + width(number) + width(shared) + 2
    names = first_of([action.address.key for action in entry.actions], style.width - used - 2, style)
    head = f"{style.paint(f'{symbol:>3}', look, 'bold')} {style.paint(f'{first.address.type} {number}', 'bold')}"
    yield f"{head}{shared}  {style.paint(f'({names})', 'dim')}"


def _notes(entry: Entry, settled: Collection[tuple[str, str]]) -> Iterator[str]:
    """Yield reasons that all share, what each has of its own, and what happens after."""
    first = entry.first
    if all(action.reasons == first.reasons for action in entry.actions):
        yield from first.reasons
    told = [f"wave {first.wave}"] if first.wave else []
    if entry.own:
        told.append(f"each with its own {listed(entry.own, 8)}")
    if told:
        yield "; ".join(told)
    for owed in first.owes:
        if owed.identity not in settled:
            yield f"then {obligation_text(owed)}, which no step of this plan does"
    if first.settle_seconds:
        yield f"then its pool settles for {duration(first.settle_seconds)}"


def _changes(action: Action, style: Style) -> Iterator[str]:
    if action.kind is ActionKind.DELETE:
        return
    room = max((width(style.show(change.attribute)) for change in action.changes), default=0) + 1
    for change in action.changes:
        name = pad(f"{style.show(change.attribute)}:", room)
        yield f"{_MARGIN}{name} {_transition(change, action, style)}"


def _transition(change: Change, action: Action, style: Style) -> str:
    if change.before is UNSET and action.kind is ActionKind.CREATE:
        return value_text(change.after, style)
    mark = " (predicted)" if action.predicted_by is not None else ""
    if isinstance(change.before, tuple) and isinstance(change.after, tuple):
        whole = f"{value_text(change.before, style)}{mark} -> {value_text(change.after, style)}"
        return whole if width(whole) <= style.width - 30 else _moved(change.before, change.after, style) + mark
    return f"{value_text(change.before, style)}{mark} -> {value_text(change.after, style)}"


def _moved(before: tuple[Value, ...], after: tuple[Value, ...], style: Style) -> str:
    """Return a long list by its difference: what comes, what goes, and how many stay."""
    come = [f"+{value_text(item, style)}" for item in after if item not in before]
    go = [f"-{value_text(item, style)}" for item in before if item not in after]
    if not come and not go:
        return f"{value_text(before, style)} -> {value_text(after, style)}"
    return f"{' '.join([*go, *come])} ({len(before) - len(go)} stay)"
