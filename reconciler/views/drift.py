"""A drift report as text: the differences, their severity, and the commands to revert or accept them.

Drifted and conflicting resources are shown in full. Before a first apply, pending and unmanaged resources can be
thousands of users, so equal ones share a line near the end. The counts come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from reconciler.model.diagnostics import count
from reconciler.model.resources import Address
from reconciler.model.values import UNSET
from reconciler.plan.drift import DriftChange, DriftEntry, DriftKind, DriftReport, DriftSeverity
from reconciler.views.diagnostics import folded_lines
from reconciler.views.style import Style, first_of, sentence
from reconciler.views.text import command_line, hang, lines, pad, width, wrap
from reconciler.views.values import value_text
from reconciler.views.waivers import waived_lines

_TITLES: Final = {
    DriftKind.DRIFTED: ("Drifted: changed on the servers since the last apply", "red"),
    DriftKind.CONFLICT: ("In conflict: changed on the servers and in the configuration", "red"),
    DriftKind.CONDITION: ("Conditions: a plan would refuse them or warn about them", "red"),
    DriftKind.UNREADABLE: ("Unreadable: could not be compared", "red"),
    DriftKind.PENDING: ("Pending: declared, but not applied yet", "yellow"),
    DriftKind.UNMANAGED: ("Unmanaged: on the servers, but not declared; left unchanged", "blue"),
}
"""In the order of the report."""
_LOOKS: Final = {DriftSeverity.HIGH: "red", DriftSeverity.MEDIUM: "yellow", DriftSeverity.LOW: "dim"}
_MARGIN: Final = " " * 10
_SHOWN_IN_FULL: Final = 3


PlanLine = Callable[..., str]
"""Returns the plan command with these options."""
_PLAN_HERE: Final[PlanLine] = partial(command_line, "plan")


def render_drift(report: DriftReport, style: Style, *, plan: PlanLine = _PLAN_HERE) -> str:
    """Return the report as text; ``plan`` gives the commands to copy."""
    blocks: list[list[str]] = []
    for kind, (title, look) in _TITLES.items():
        if entries := [entry for entry in report.entries if entry.kind is kind]:
            blocks.append([style.paint(title, look, "bold"), *_entries(entries, style, plan)])
    blocks.append(list(folded_lines(report.diagnostics, style)))
    blocks.append(list(waived_lines(report.waived, style)))
    blocks.append(list(_summary(report, style)))
    blocks = [block for block in blocks if block]
    return lines(line for index, block in enumerate(blocks) for line in ([""] if index else []) + block)


def _entries(entries: Sequence[DriftEntry], style: Style, plan: PlanLine) -> Iterator[str]:
    match entries[0].kind:
        case DriftKind.UNMANAGED:
            yield from _unmanaged(entries, style)
        case DriftKind.PENDING:
            alike: dict[tuple[str, str, DriftSeverity], list[DriftEntry]] = {}
            for entry in entries:
                alike.setdefault((entry.address.type, entry.reason, entry.severity), []).append(entry)
            for members in alike.values():
                yield from _brief(members, style)
        case DriftKind.CONDITION:
            yield from _conditions(entries, style, plan)
        case DriftKind.UNREADABLE:
            yield from _folded(entries, lambda entry: (entry.severity, entry.reason), 1, style, plan)
        case _:
            for entry in entries:
                yield from _whole(entry, style, plan)


def _conditions(entries: Sequence[DriftEntry], style: Style, plan: PlanLine) -> Iterator[str]:
    """Yield conditions in full. If a kind has more than a few, yield only the first."""

    def kind(entry: DriftEntry) -> object:
        found = entry.diagnostic
        return entry.severity, found and (found.code, found.summary)

    yield from _folded(entries, kind, _SHOWN_IN_FULL, style, plan)


def _folded(
    entries: Sequence[DriftEntry], kind: Callable[[DriftEntry], object], most: int, style: Style, plan: PlanLine
) -> Iterator[str]:
    """Yield entries in full. If a kind has more than ``most``, yield only the first, with the names of the others."""
    alike: dict[object, list[DriftEntry]] = {}
    for entry in entries:
        alike.setdefault(kind(entry), []).append(entry)
    for members in alike.values():
        shown = members if len(members) <= most else members[:1]
        for entry in shown:
            yield from _whole(entry, style, plan)
        if others := members[len(shown) :]:
            names = first_of([_briefly(entry.address) for entry in others], style.width - len(_MARGIN) - 20, style)
            yield style.paint(f"{_MARGIN}the same for {len(others):,} more: {names}", "dim")


def _unmanaged(entries: Sequence[DriftEntry], style: Style) -> Iterator[str]:
    """Yield one line for each type with the names of its unmanaged resources."""
    by_type: dict[str, list[str]] = {}
    for entry in entries:
        by_type.setdefault(entry.address.type, []).append(entry.address.key)
    for type_name, keys in by_type.items():
        if len(keys) == 1:
            yield f"  {style.paint(str(Address(type_name, keys[0])), 'bold')}"
            continue
        titled = f"{type_name} {style.times}{len(keys):,}"
        names = first_of(keys, style.width - width(titled) - 6, style)
        yield f"  {style.paint(titled, 'bold')}  {style.paint(f'({names})', 'dim')}"


def _brief(entries: Sequence[DriftEntry], style: Style) -> Iterator[str]:
    first = entries[0]
    if len(entries) == 1:
        yield from _head(first, _named(first.address), style)
        return
    named = f"{first.address.type} {style.times}{len(entries):,}"
    yield from _head(first, named, style)
    names = first_of([entry.address.key for entry in entries], style.width - len(_MARGIN), style)
    yield style.paint(f"{_MARGIN}{names}", "dim")


def _whole(entry: DriftEntry, style: Style, plan: PlanLine) -> Iterator[str]:
    yield from _head(entry, _named(entry.address), style)
    yield from _changes(entry.changes, style)
    found = entry.diagnostic
    if entry.position is not None:
        yield style.paint(f"{_MARGIN}declared at {style.show(str(entry.position))}", "dim")
    more = found.detail.partition("\n")[2] if found is not None and entry.kind is DriftKind.CONDITION else ""
    for paragraph in [*more.splitlines(), *(found.remedy.splitlines() if found is not None else ())]:
        yield from (f"{_MARGIN}{line}" for line in wrap(style.show(paragraph), style.width - len(_MARGIN)))
    if entry.revert:
        line = plan(*entry.revert.split(" "))
        yield f"{_MARGIN}{style.paint('revert', 'bold')}  {style.show(line)}"
    if entry.accept:
        first, *rest = entry.accept.split("\n")
        yield f"{_MARGIN}{style.paint('accept', 'bold')}  {style.show(first)}"
        yield from (f"{_MARGIN}        {style.show(line)}" for line in rest)
        yield from _row(entry, style)


def _row(entry: DriftEntry, style: Style) -> Iterator[str]:
    """Yield the CSV row that means the same as the accepted YAML, for a resource declared in a CSV file."""
    if entry.position is None or not entry.position.file.lower().endswith(".csv"):
        return
    place = style.show(f"line {entry.position.line} of {entry.position.file}")
    inset = f"{_MARGIN}        "
    if entry.is_removed:
        yield f"{inset}# delete {place}"
    elif entry.row is None:
        yield f"{inset}# replaces {place}; a CSV row cannot express it"
    else:
        columns = style.show(",".join(entry.row.columns))
        yield f"{inset}# replaces {place}. As a CSV row, with the columns"
        yield f"{inset}# {columns}:"
        yield f"{inset}{style.show(entry.row.text)}"
        if empty := [change.attribute for change in entry.changes if change.observed is None]:
            yield f"{inset}# empty cells are not compared: {style.show(', '.join(empty))}"


def _head(entry: DriftEntry, named: str, style: Style) -> Iterator[str]:
    """Yield severity, name and reason; a long reason on its own lines."""
    severity = style.paint(f"{entry.severity.value:<6}", _LOOKS[entry.severity])
    reason = style.show(entry.reason)
    if len(_MARGIN) + len(named) + 2 + width(reason) <= style.width:
        yield f"  {severity}  {style.paint(named, 'bold')}  {reason}"
        return
    yield f"  {severity}  {style.paint(named, 'bold')}"
    yield from (f"{_MARGIN}{line}" for line in wrap(reason, style.width - len(_MARGIN)))


def _named(address: Address) -> str:
    return f"all {address.type}" if address.key == "*" else str(address)


def _briefly(address: Address) -> str:
    return address.type if address.key == "*" else str(address)


def _changes(changes: Iterable[DriftChange], style: Style) -> Iterator[str]:
    every = list(changes)
    room = max((width(style.show(change.attribute)) for change in every), default=0) + 1
    for change in every:
        name = style.show(change.attribute) + ":"
        if change.parts:
            yield f"{_MARGIN}{name}"
            for head, text in _parts(change, style):
                yield from hang(f"{_MARGIN}  {head}", text, style.width, indent=len(_MARGIN) + 4)
            continue
        values = f"observed {value_text(change.observed, style)}, desired {value_text(change.desired, style)}"
        if change.last_applied not in (UNSET, change.desired):
            values += f", last applied {value_text(change.last_applied, style)}"
        yield from hang(f"{_MARGIN}{pad(name, room)} ", values, style.width, indent=len(_MARGIN) + 2)


def _parts(change: DriftChange, style: Style) -> Iterator[tuple[str, str]]:
    """Yield the nested values that differ: the name, and what was found and wanted there."""
    for part in change.parts:
        name = style.show(", ".join(part.path))
        yield f"{name}: ", f"observed {value_text(part.before, style)}, desired {value_text(part.after, style)}"


def _counted(number: int, kind: DriftKind) -> str:
    is_noun = kind in (DriftKind.CONFLICT, DriftKind.CONDITION)
    return count(number, kind.value) if is_noun else f"{number:,} {kind.value}"


def _summary(report: DriftReport, style: Style) -> Iterator[str]:
    match = f"{count(report.in_order, 'resource')} without drift"
    if not report.entries:
        yield f"{style.paint('No drift.', 'green', 'bold')} {style.show(report.environment)}: {match}."
        return
    parts = [(_counted(number, kind), _TITLES[kind][1]) for kind in DriftKind if (number := report.count(kind))]
    yield from sentence("Drift:", [*parts, (match, "")], style)
