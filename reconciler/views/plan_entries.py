"""The lines of a plan for one action, or for many users with equal changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import duration, listed
from reconciler.model.values import UNSET, Value
from reconciler.plan.plan import Step
from reconciler.views.style import Style, first_of
from reconciler.views.text import hang, pad, width, wrap
from reconciler.views.values import OwedByPlan, nested_lines, value_text

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
_ONE_BY_ONE: Final = (ActionKind.DELETE, ActionKind.REPLACE)
_NAMED_AT_MOST: Final = 12
"""The number of actions of one entry that are named; if there are more, only the first few are named."""
_REASONS_AT_MOST: Final = 4
"""How many reasons of one entry are shown."""
_MARGIN: Final = " " * 6
_DIFFERENT_AT_MOST: Final = 4
"""An attribute with at most this many values splits an entry; with more values, it differs for each user."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Actions shown together. ``shared`` changes are equal for all; ``own`` attributes differ for each user."""

    actions: tuple[Action, ...]
    shared: tuple[Change, ...]
    own: tuple[str, ...] = ()

    @property
    def first(self) -> Action:
        return self.actions[0]

    def risk(self) -> tuple[bool, int]:
        kind = self.first.kind
        return (not self.first.destroyed, _RISK.index(kind) if kind in _RISK else len(_RISK))


def entries(steps: Iterable[Step]) -> Iterator[Entry]:
    """Yield the entries of a stage's steps: users of one group, and equal actions, share an entry."""
    alike: dict[tuple[object, ...], list[Action]] = {}
    for step in steps:
        for action in step.actions:
            alike.setdefault(_likeness(action), []).append(action)
    for members in alike.values():
        if members[0].group:
            yield from _folded(sorted(members, key=lambda action: action.address))
        else:
            yield Entry(tuple(members), members[0].changes)


def _likeness(action: Action) -> tuple[object, ...]:
    """Return the values that actions of one entry share; waves of one group may differ."""
    if action.group:
        return (action.address.type, action.group)
    what = (
        action.address.type,
        action.kind,
        action.changes,
        action.reasons,
        action.predicted_by,
        action.settle_seconds,
    )
    return (*what, action.address) if action.destroyed or action.kind in _ONE_BY_ONE else what


def _folded(actions: Iterable[Action]) -> Iterator[Entry]:
    """Yield entries of actions with equal type, kind and attributes, split by attributes with few values."""
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


def entry_lines(entry: Entry, style: Style, *, owed: OwedByPlan, commands: bool = False) -> Iterator[str]:
    """Yield an entry's lines."""
    if len(entry.actions) > 1:
        yield from _many(entry, style)
    else:
        yield _title(entry.first, style)
        yield from _changes(entry.first, style)
    for note in _notes(entry, owed):
        for index, line in enumerate(wrap(style.show(note), style.width - len(_MARGIN) - 2)):
            yield style.paint(f"{_MARGIN}{'  ' if index else '# '}{line}", "dim")
    if commands:
        yield from _commands(entry, style)


def _commands(entry: Entry, style: Style) -> Iterator[str]:
    """Yield the commands to copy; a comment says where each runs and what its GUIDs mean."""
    for action in entry.actions:
        for command in action.commands:
            meant = ", ".join(dict.fromkeys(command.named.values()))
            where = f"{command.endpoint}: {meant}" if meant else str(command.endpoint)
            yield f"{_MARGIN}{style.show(str(command))}{style.paint(f'  # {style.show(where)}', 'dim')}"


def _title(action: Action, style: Style) -> str:
    symbol, look = LOOKS[action.kind]
    return f"{style.paint(f'{symbol:>3}', look, 'bold')} {style.paint(str(action.address), 'bold')}"


def _many(entry: Entry, style: Style) -> Iterator[str]:
    """Yield the number of actions, their shared changes and their names: on one line where they fit."""
    first = entry.first
    symbol, look = LOOKS[first.kind]
    titled = f"{first.address.type} {style.times}{len(entry.actions):,}"
    head = f"{style.paint(f'{symbol:>3}', look, 'bold')} {style.paint(titled, 'bold')}"
    shared = "".join(f"  {style.show(change.attribute)} {_transition(change, first, style)}" for change in entry.shared)
    used = 4 + width(titled) + width(shared)
    keys = [action.address.key for action in entry.actions]
    names = ", ".join(style.show(key) for key in keys) if len(keys) <= _NAMED_AT_MOST else ""
    if names and used + width(names) + 4 <= style.width:
        yield f"{head}{shared}  {style.paint(f'({names})', 'dim')}"
        return
    if used <= style.width:
        yield f"{head}{shared}"
    else:
        yield head
        yield from _attributes(entry.shared, first, style)
    room = style.width - len(_MARGIN)
    named = wrap(names, room) if names else [first_of(keys, room, style)]
    yield from (style.paint(f"{_MARGIN}{line}", "dim") for line in named)


def _notes(entry: Entry, owed: OwedByPlan) -> Iterator[str]:
    """Yield the reasons, the attributes that differ for each user, and what happens afterwards."""
    first = entry.first
    reasons = list(dict.fromkeys(reason for action in entry.actions for reason in action.reasons))
    yield from reasons[:_REASONS_AT_MOST]
    if len(reasons) > _REASONS_AT_MOST:
        yield f"and {len(reasons) - _REASONS_AT_MOST:,} more like these"
    parts = [*_waves(entry), *([f"each with its own {listed(entry.own, 8)}"] if entry.own else [])]
    if parts:
        yield "; ".join(parts)
    for action in entry.actions:
        for left in filter(owed.is_left, action.owes):
            yield f"then {owed.text(left)}; no step of this plan does it"
    if first.settle_seconds:
        what = owed.vocabulary.settling.get(first.address.type, "it")
        yield f"then waits {duration(first.settle_seconds)} for {what} to settle"


def _waves(entry: Entry) -> Iterator[str]:
    """Yield the wave of all users, or the number of users in each wave."""
    numbers = Counter(action.wave for action in entry.actions if action.wave)
    if numbers == {entry.first.wave: len(entry.actions)}:
        yield f"wave {entry.first.wave}"
    elif numbers:
        yield listed([f"{number:,} in wave {wave}" for wave, number in sorted(numbers.items())], 8)


def _changes(action: Action, style: Style) -> Iterator[str]:
    if action.kind is not ActionKind.DELETE:
        yield from _attributes(action.changes, action, style)


def _attributes(changes: Sequence[Change], action: Action, style: Style) -> Iterator[str]:
    room = max((width(style.show(change.attribute)) for change in changes), default=0) + 1
    for change in changes:
        name = pad(f"{style.show(change.attribute)}:", room)
        if lines := nested_lines(change.before, change.after, change.parts, style):
            yield f"{_MARGIN}{name.rstrip()}{' (predicted)' if _is_guess(change, action) else ''}"
            for head, text in lines:
                yield from hang(f"{_MARGIN}  {head}", text, style.width, indent=len(_MARGIN) + 4)
        else:
            text = _transition(change, action, style)
            yield from hang(f"{_MARGIN}{name} ", text, style.width, indent=len(_MARGIN) + 2)


def _transition(change: Change, action: Action, style: Style) -> str:
    if change.before is UNSET and action.kind is ActionKind.CREATE:
        return value_text(change.after, style)
    if change.before is UNSET and action.predicted_by is not None:
        return f"(not known yet) -> {value_text(change.after, style)}"
    mark = " (predicted)" if _is_guess(change, action) else ""
    if isinstance(change.before, tuple) and isinstance(change.after, tuple):
        whole = f"{value_text(change.before, style)}{mark} -> {value_text(change.after, style)}"
        return whole if width(whole) <= style.width - 30 else _moved(change.before, change.after, style) + mark
    return f"{value_text(change.before, style)}{mark} -> {value_text(change.after, style)}"


def _is_guess(change: Change, action: Action) -> bool:
    return change.before is not UNSET and action.predicted_by is not None


def _moved(before: tuple[Value, ...], after: tuple[Value, ...], style: Style) -> str:
    """Return the change of a long list: added items, removed items, and how many stay."""
    come = [f"+{value_text(item, style)}" for item in after if item not in before]
    go = [f"-{value_text(item, style)}" for item in before if item not in after]
    if not come and not go:
        return f"{value_text(before, style)} -> {value_text(after, style)}"
    return f"{' '.join([*go, *come])} ({len(before) - len(go)} stay)"
