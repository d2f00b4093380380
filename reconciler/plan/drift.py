"""Drift: desired, last applied and observed, compared three ways.

*Drifted*: the last applied value is the desired one, but the server has another value. *Pending*: the configuration
changed, the server did not. *Conflict*: both changed to different values, and a person must decide.

A desired value may be derived from the servers: the security of a dial plan from the media encryption of Lync. Where
the derived value changed and the files did not, the change is drift too.

Drift uses the comparison and the checks of the plan. A *condition* is an error or warning of the plan, with or without
a changed attribute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import Diagnostic, Position, Severity, has_errors
from reconciler.model.landscape import Landscape
from reconciler.model.nested import Part, parts
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType, Task
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Remembered
from reconciler.model.values import UNSET, Unset, Value
from reconciler.model.waivers import Waived
from reconciler.plan.accept import Acceptance
from reconciler.plan.checks import find_conditions
from reconciler.plan.decide import decide, declared_digest, ended_digest
from reconciler.plan.plan import DECLARED, ENDED
from reconciler.plan.waivers import NO_WAIVERS, Waivers


class DriftKind(Enum):
    DRIFTED = "drifted"
    CONFLICT = "conflict"
    PENDING = "pending"
    UNMANAGED = "unmanaged"
    UNREADABLE = "unreadable"
    """Unreadable is not the same as absent."""
    CONDITION = "condition"
    """An error or warning of the plan, such as a user who lost Enterprise Voice."""


class DriftSeverity(Enum):
    HIGH = "high"
    """Calls fail, or will fail after the next restart."""
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class DriftChange:
    """One attribute, compared three ways; a value that nobody set is left out of messages."""

    attribute: str
    desired: Value | Unset
    last_applied: Value | Unset
    observed: Value | Unset

    @property
    def parts(self) -> tuple[Part, ...]:
        """What differs within nested values, observed before and desired after; empty for other values."""
        return parts(self.observed, self.desired)


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """A new row for a CSV file; without text, the row is to be deleted."""

    position: Position
    columns: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class DriftEntry:
    """One resource with drift, and the ways to revert or accept it."""

    address: Address
    kind: DriftKind
    severity: DriftSeverity
    reason: str
    """For example ``removed on the server`` or ``changed on the server``."""
    changes: tuple[DriftChange, ...] = ()
    accept: str = ""
    """The YAML declaration of the observed values; empty where the files cannot express them."""
    row: AcceptedRow | None = None
    """The CSV row with the observed values, where a CSV file declares the resource."""
    is_removed: bool = False
    """True where the server no longer has it; to accept this, remove the declaration."""
    position: Position | None = None
    diagnostic: Diagnostic | None = None

    @property
    def revert(self) -> str:
        """The options of the plan that reverts it; empty where no plan does."""
        return f"--target {self.address}" if self.kind in _REVERTED else ""


_LINE = "\n"
_REVERTED = (DriftKind.DRIFTED, DriftKind.CONFLICT, DriftKind.PENDING)
_ALARMING = (DriftKind.DRIFTED, DriftKind.CONFLICT, DriftKind.CONDITION)


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The differences, and the number of resources without a difference."""

    environment: str
    entries: tuple[DriftEntry, ...] = ()
    in_order: int = 0
    """Number of resources without drift."""
    waived: tuple[Waived, ...] = ()
    """The conditions that the operator accepts; they are no entries."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Errors and notes about the waivers themselves."""

    @property
    def counts(self) -> Mapping[DriftKind, int]:
        """The number of entries of each kind."""
        return {kind: self.count(kind) for kind in DriftKind}

    def count(self, kind: DriftKind) -> int:
        return sum(entry.kind is kind for entry in self.entries)

    def exit_code(self) -> int:
        """Return 1 for unreadable resources or an ended waiver, 2 for drift, conflicts or conditions, otherwise 0."""
        if self.count(DriftKind.UNREADABLE) or has_errors(self.diagnostics):
            return 1
        return 2 if any(self.count(kind) for kind in _ALARMING) else 0


@dataclass(frozen=True, slots=True)
class _Files:
    """Facts about the files for one report."""

    moved: bool | None
    """True if the declarations changed since the last complete apply; None if unknown."""
    acceptance: Acceptance


def find_drift(types: Sequence[ResourceType], landscape: Landscape, waivers: Waivers = NO_WAIVERS) -> DriftReport:
    """Return the differences of the observed landscape from the desired and the last applied state."""
    end, unchanged = decide(types, landscape)
    by_type = {kind.name: kind for kind in types}
    files = _Files(_files_moved(types, landscape), Acceptance(types, landscape))
    judged = waivers.judge(find_conditions(types, end, end.actions), is_complete=not landscape.unreadable)
    entries = [
        *_unreadable(landscape),
        *_conditions(judged.found, end),
        *(entry for action in end.actions.values() for entry in _entry(by_type, action, landscape, end, files)),
        *(entry for kind in types for entry in _unmanaged(kind, landscape, end)),
    ]
    order = list(DriftKind)
    severities = list(DriftSeverity)
    entries.sort(key=lambda entry: (order.index(entry.kind), severities.index(entry.severity), entry.address))
    return DriftReport(landscape.settings.environment, tuple(entries), unchanged, judged.waived, judged.about)


def _unreadable(landscape: Landscape) -> Iterable[DriftEntry]:
    for address, why in landscape.unreadable.items():
        yield DriftEntry(address, DriftKind.UNREADABLE, DriftSeverity.HIGH, why.detail, diagnostic=why)


def _conditions(conditions: Iterable[Diagnostic], end: Landscape) -> Iterable[DriftEntry]:
    """Yield the errors and warnings of the plan, without notes."""
    for found in conditions:
        if found.severity is Severity.NOTE:
            continue
        address = Address.parse(found.address) if found.address else Address("environment", end.settings.environment)
        severity = DriftSeverity.HIGH if found.is_error else DriftSeverity.MEDIUM
        code = f" ({found.code})" if found.code else ""
        reason = f"{found.summary}{code}. {found.detail.partition(_LINE)[0]}"
        yield DriftEntry(address, DriftKind.CONDITION, severity, reason, position=found.position, diagnostic=found)


def _files_moved(types: Sequence[ResourceType], landscape: Landscape) -> bool | None:
    """Return True if the declarations changed since the last complete apply; None if unknown."""
    known = landscape.prior.decisions.get(DECLARED)
    return None if known is None else known != declared_digest(types, landscape)


def _entry(
    by_type: dict[str, ResourceType],
    action: Action,
    landscape: Landscape,
    end: Landscape,
    files: _Files,
) -> Iterable[DriftEntry]:
    kind = by_type[action.address.type]
    prior = _respelt(kind, landscape.prior.resources.get(action.address), action.changes)
    if action.predicted_by is not None or action.kind is ActionKind.FORGET or _follows_a_task(action, end):
        return  # the entry of the other action covers it
    found, reason = _classified(action, prior, landscape, end, files)
    changes = tuple(_compared(change, prior) for change in action.changes) if not isinstance(kind, Task) else ()
    yield DriftEntry(
        action.address,
        found,
        _severity(kind, found),
        reason,
        changes=changes,
        accept=files.acceptance.offer(kind, action) if found in (DriftKind.DRIFTED, DriftKind.CONFLICT) else "",
        is_removed=action.kind is ActionKind.CREATE,
        position=action.position,
    )


def _follows_a_task(action: Action, end: Landscape) -> bool:
    """True for a task that is due because of a task of another type."""
    before = (end.actions.get(need) for need in action.needs if need.type != action.address.type)
    return action.kind is ActionKind.RUN and any(one is not None and one.kind is ActionKind.RUN for one in before)


def _classified(
    action: Action, prior: Remembered | None, landscape: Landscape, end: Landscape, files: _Files
) -> tuple[DriftKind, str]:
    match action.kind:
        case ActionKind.ADOPT:
            return DriftKind.PENDING, "exists as declared, but is not managed yet"
        case ActionKind.CREATE if prior is not None:
            return DriftKind.DRIFTED, "removed on the server"
        case ActionKind.CREATE:
            return DriftKind.PENDING, "declared, but not created yet"
        case ActionKind.DELETE if action.address.key in end.ending(action.address.type):
            return _classified_end(prior, end)
        case ActionKind.DELETE if not action.destroyed:
            kind = DriftKind.DRIFTED if files.moved is False else DriftKind.PENDING
            return kind, f"on the server, but not wanted: {'; '.join(action.reasons)}"
        case ActionKind.DELETE:
            return DriftKind.PENDING, "no longer declared, but still on the server"
        case ActionKind.RUN:
            return _classified_task(action, landscape, end, files)
        case _:
            declared = files.acceptance.declaration(action)
            written = frozenset(declared.attributes) if declared is not None else frozenset[str]()
            return _classified_changes(action.changes, prior, written, files.moved)


def _classified_end(prior: Remembered | None, end: Landscape) -> tuple[DriftKind, str]:
    """Classify an object that is declared absent: it is drift if it was absent after the last complete apply."""
    if prior is None and end.prior.decision(ENDED) == ended_digest(end):
        return DriftKind.DRIFTED, "declared absent and removed, but it is on the server again"
    return DriftKind.PENDING, "declared absent, but still on the server"


def _classified_changes(
    changes: Sequence[Change], prior: Remembered | None, written: Collection[str], moved: bool | None
) -> tuple[DriftKind, str]:
    """Return the class of changed attributes; attributes not ``written`` in the files are derived."""
    if prior is None:
        return DriftKind.PENDING, "exists, but not as declared yet"
    compared = [_compared(change, prior) for change in changes]
    turned = [one for one in compared if one.last_applied != one.desired]
    by_servers = [one for one in turned if one.attribute not in written and moved is False]
    by_files = [one for one in turned if one not in by_servers]
    if any(one.last_applied not in (UNSET, one.observed) for one in by_files):
        return DriftKind.CONFLICT, "changed on the server and in the configuration"
    if by_servers:
        names = ", ".join(one.attribute for one in by_servers)
        return (
            DriftKind.DRIFTED,
            f"{names} is derived from other settings on the servers, and these changed since the last apply",
        )
    if len(turned) < len(compared):
        return DriftKind.DRIFTED, "changed on the server"
    if any(one.attribute not in written for one in by_files):
        return DriftKind.PENDING, "derived from a change in the configuration or on the servers, not applied yet"
    return DriftKind.PENDING, "changed in the configuration, not applied yet"


def _classified_task(action: Action, landscape: Landscape, end: Landscape, files: _Files) -> tuple[DriftKind, str]:
    """Classify a task: it is drift where no pending change of the configuration explains it."""
    reason = "; ".join(action.reasons)
    awaited = [other for need in action.needs if (other := end.actions.get(need)) is not None]
    is_owed = any(landscape.prior.owes(met) for met in action.discharges)
    if is_owed or not landscape.prior.resources or _was_never_done(action, landscape, end):
        return DriftKind.PENDING, reason
    if any(
        _classified(other, landscape.prior.resources.get(other.address), landscape, end, files)[0] is DriftKind.PENDING
        for other in awaited
    ):
        return DriftKind.PENDING, reason
    return DriftKind.DRIFTED, reason


def _was_never_done(task: Action, landscape: Landscape, end: Landscape) -> bool:
    """True if none of the desired objects that the task creates was ever managed, for example after a killed apply."""
    made = [address for address, by in end.predicted_by.items() if by == task.address]
    wanted = [address for address in made if address.key in end.wanted(address.type)]
    return bool(wanted) and not any(address in landscape.prior.resources for address in wanted)


def _compared(change: Change, prior: Remembered | None) -> DriftChange:
    last = prior.attributes.get(change.attribute, UNSET) if prior is not None else UNSET
    return DriftChange(change.attribute, change.after, last, change.before)


def _respelt(kind: ResourceType, prior: Remembered | None, changes: Sequence[Change]) -> Remembered | None:
    """Return the last applied values, spelt as the desired or observed values where they are equal."""
    if prior is None:
        return None
    attributes = dict(prior.attributes)
    for change in changes:
        attribute = kind.attributes.get(change.attribute)
        for value in (change.before, change.after):
            if attribute is None or change.attribute not in attributes or isinstance(value, Unset):
                continue
            if attribute.comparable(attributes[change.attribute]) == attribute.comparable(value):
                attributes[change.attribute] = value
    return replace(prior, attributes=attributes)


def _severity(kind: ResourceType, found: DriftKind) -> DriftSeverity:
    if found in (DriftKind.PENDING, DriftKind.UNMANAGED):
        return DriftSeverity.LOW
    is_setting = isinstance(kind, Managed) and kind.lifecycle is Lifecycle.SETTING
    is_grave = is_setting or isinstance(kind, Task) or not kind.after
    return DriftSeverity.HIGH if is_grave else DriftSeverity.MEDIUM


def _unmanaged(kind: ResourceType, landscape: Landscape, end: Landscape) -> Iterable[DriftEntry]:
    """Yield objects that are not declared and that no declared resource brings with it."""
    if not isinstance(kind, Managed) or kind.lifecycle in (Lifecycle.SETTING, Lifecycle.MANUAL):
        return
    for observed in landscape.all(kind.name).values():
        if _is_known(observed, kind, landscape, end) or kind.is_implied(observed, landscape):
            continue
        yield DriftEntry(observed.address, DriftKind.UNMANAGED, DriftSeverity.LOW, "exists, but is not declared")


def _is_known(observed: Resource, kind: ResourceType, landscape: Landscape, end: Landscape) -> bool:
    is_declared = observed.key in end.wanted(kind.name) or observed.key in end.ending(kind.name)
    return is_declared or observed.address in landscape.prior.resources or observed.address in end.actions
