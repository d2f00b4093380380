"""Turns observed objects into declarations of which a plan changes nothing.

All declarations are tried together, as ``plan`` decides and checks them. Where a plan would change an object, its
declaration gets the observed value. An object that a plan would refuse, or not adopt, is left out with the reason. So
every declaration that is written was tried.

What a plan does because of the estate alone, such as a script that has to run, is *pending*: no declaration avoids it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.config.resolve import implied_by_default
from reconciler.export.declaration import LeftOut, Writer, Written
from reconciler.export.drafts import Drafts
from reconciler.export.rows import WrittenRows, rows_of
from reconciler.model.abilities import Rows
from reconciler.model.actions import Action, ActionKind
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType, declared_types
from reconciler.model.resources import Address, Resources
from reconciler.model.values import EMPTY, UNSET, folded
from reconciler.plan.checks import find_conditions
from reconciler.plan.decide import decide

_LINE = "\n"


@dataclass(frozen=True, slots=True)
class Pending:
    """What a plan of the declarations would still do, or complain about."""

    about: str
    """An action with its kind, such as ``run exchucutil/contoso.com``; empty for the whole plan."""
    reason: str


@dataclass(frozen=True, slots=True)
class Description:
    """The declarations of an estate, and everything that they do not hold; each in order of type and key."""

    single: tuple[Written, ...] = ()
    """The declarations, except those of the tables."""
    left_out: tuple[LeftOut, ...] = ()
    unread: tuple[tuple[Address, Diagnostic], ...] = ()
    """What could not be read; key ``*`` is a whole type."""
    pending: tuple[Pending, ...] = ()
    tables: Mapping[str, WrittenRows] = field(default_factory=lambda: EMPTY)
    """By type, the declarations in rows."""

    @property
    def written(self) -> tuple[Written, ...]:
        """All declarations, each by itself; of a hundred thousand users that is a hundred thousand objects."""
        return (*self.single, *(one for table in self.tables.values() for one in table.all()))

    def of(self, kind: str) -> tuple[Written, ...]:
        """Return the declarations of a type, each by itself."""
        return tuple(one for one in self.written if one.kind.name == kind)

    def single_of(self, kind: Managed) -> tuple[Written, ...]:
        """Return the declarations of a type, except those of its table."""
        return tuple(one for one in self.single if one.kind.name == kind.name)

    def resources(self, kind: Managed) -> Resources:
        """Return the declared resources of a type."""
        table, others = self.tables.get(kind.name), [one.resource for one in self.single_of(kind)]
        return Resources(others) if table is None else table.with_others(others)

    def counts(self) -> Mapping[Managed, int]:
        """Return the number of declarations by type."""
        return Counter(one.kind for one in self.single) + Counter({one.kind: len(one) for one in self.tables.values()})


def describe(
    types: Sequence[ResourceType],
    landscape: Landscape,
    *,
    in_full: bool = False,
    only: Collection[Address] | None = None,
    refused: Mapping[Address, Diagnostic] = EMPTY,
    parses_rows: bool = True,
) -> Description:
    """Return the declarations of the observed objects.

    Args:
        landscape: everything that was read; its declarations are those of an environment to extend, or none.
        in_full: also the attributes that have the default of the server, and objects that others bring.
        only: describe these objects alone.
        refused: leave these objects out, for these reasons.
        parses_rows: False: take it for granted that the readers take the values of users as they were observed.
    """
    writer = Writer(landscape, in_full=in_full)
    attempt = _Attempt(types, landscape, writer, parses_rows)
    drafts = attempt.drafts
    for kind in declared_types(types):
        there, keys = landscape.all(kind), _described(kind, landscape, only)
        if isinstance(kind, Rows) and keys:
            table, keys = rows_of(writer, kind, there, keys, is_parsed=parses_rows)
            if table is not None:
                drafts.tables[kind.name] = table
        for observed in map(there.__getitem__, keys):
            found = writer.declaration(kind, observed)
            if not _is_brought(found, kind.is_implied(observed, landscape), in_full=in_full):
                drafts.put(found)
    for address, why in refused.items():
        drafts.leave_out(address, *_in_words(why))
    attempt.settle()
    return Description(
        tuple(drafts.single.values()),
        tuple(drafts.left_out.values()),
        tuple(sorted(landscape.unreadable.items())),
        tuple(attempt.pending),
        drafts.tables,
    )


def _described(kind: Managed, landscape: Landscape, only: Collection[Address] | None) -> Sequence[str]:
    """Return the folded keys of the observed objects to describe, in order."""
    keys, declared = set(landscape.all(kind).folded), landscape.written(kind)
    if only is not None:
        keys &= {folded(one.key) for one in only if one.type == kind.name}
    return sorted(keys.difference(declared.folded))


def _is_brought(found: Written | LeftOut, is_implied: bool, *, in_full: bool) -> bool:
    """True for an object that another one brings, where there is nothing to say about it."""
    can_change = found.kind.lifecycle is not Lifecycle.FIXED
    return is_implied and not (can_change and (in_full or (isinstance(found, Written) and bool(found.values))))


_ROUNDS = 1_000
"""Each round changes a declaration for good, most of them all that are wrong. So an end is certain, and soon."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a plan of the environment would do. Rows that are as declared have no action."""

    end: Landscape
    complaints: Sequence[Diagnostic] = ()

    def adopts(self, one: Written) -> bool:
        """True where the plan manages the object of a declaration."""
        if isinstance(one.kind, Rows):
            key = one.resource.key
            return key in self.end.wanted(one.kind) and self.end.is_readable(one.kind, key)
        return one.address in self.end.actions

    def passed_over(self, table: WrittenRows) -> Iterator[Address]:
        """Yield the rows that the plan does not manage."""
        wanted, is_read = self.end.wanted(table.kind).folded, self.end.is_readable
        for key, spelt in zip(table.resources.folded, table.roster.keys, strict=True):
            if key not in wanted or (self.end.unreadable and not is_read(table.kind, spelt)):
                yield Address(table.kind.name, spelt)


@dataclass(slots=True)
class _Attempt:
    """The declarations that are tried, until a plan of them changes nothing."""

    types: Sequence[ResourceType]
    landscape: Landscape
    writer: Writer
    parses_rows: bool
    drafts: Drafts = field(default_factory=Drafts)
    pending: list[Pending] = field(default_factory=list)
    _changed: set[tuple[Address, str]] = field(default_factory=set)
    """The attributes that were corrected once."""

    def settle(self) -> None:
        """Try the declarations until a plan of them changes no object, and adopts all."""
        before = self._tried({})
        for _ in range(_ROUNDS):
            self._without_dangling()
            trial = self._tried(self.drafts.resources())
            known = before.end.actions
            new = {address: one for address, one in trial.end.actions.items() if known.get(address) != one}
            more = [one for one in trial.complaints if one not in before.complaints]
            if not (self._corrected(new) or self._refused(more) or self._passed_over(trial)):
                break
        else:
            raise AssertionError("the declarations do not settle")
        foreign = [action for address, action in new.items() if self.drafts.one(address) is None]
        self.pending = [*_due(foreign), *_complaints(one for one in more if one.is_error)]
        self.drafts.sort(self.types)

    def _tried(self, declared: Mapping[str, Resources]) -> _Trial:
        """Return what a plan of the environment with these declarations does."""
        old = self.landscape.declared
        both = {name: old.get(name, NO_RESOURCES) | declared.get(name, NO_RESOURCES) for name in {**old, **declared}}
        if not any(both.values()) and not self.landscape.prior.resources:
            return _Trial(self.landscape)
        end, _ = decide(self.types, replace(self.landscape, declared=both), adopts_rows=False)
        return _Trial(end, find_conditions(self.types, end, end.actions))

    # --- what a plan would do otherwise ------------------------------------------------------------------------------

    def _corrected(self, actions: Mapping[Address, Action]) -> bool:
        """Give the observed value to each attribute that a plan would change. Return True if there was one."""
        is_any = False
        for address, action in actions.items():
            one = self.drafts.one(address)
            if one is None or action.kind is ActionKind.ADOPT:
                continue
            is_any = True
            if self._is_read_otherwise(address):
                continue
            values, notes = dict(one.values), [*one.notes]
            names = [change.attribute for change in action.changes]
            if action.kind is ActionKind.CREATE or not names or any((address, name) in self._changed for name in names):
                self.drafts.leave_out(address, _would_change(action))
                continue
            for change in action.changes:
                self._changed.add((address, change.attribute))
                if change.attribute not in values and change.before is not UNSET:
                    values[change.attribute] = change.before
                else:
                    values.pop(change.attribute, None)
                    notes.append(f"{change.attribute}: left out, because a plan would change it")
            self.drafts.put(self.writer.of(one.kind, one.resource.key, values, notes))
        return is_any

    def _refused(self, complaints: Iterable[Diagnostic]) -> bool:
        """Leave out what a plan would refuse. Return True if there was something.

        Attributes that the type refuses by themselves go first, then the intents, then the object.
        """
        errors = [(address, found) for address, found in _by_address(complaints) if found.is_error]
        refused = [(address, found) for address, found in errors if self.drafts.one(address) is not None]
        for address, found in refused:
            one = self.drafts.one(address)
            if one is None:
                self.drafts.add_reason(address, " ".join(_in_words(found)))
                continue
            if self._is_read_otherwise(address):
                continue
            intents = [name for name in one.values if one.kind.attributes[name].role is AttributeRole.INTENT]
            if (accepted := self._accepted(one)) is not None:
                self.drafts.put(accepted)
            elif intents:
                values = {name: value for name, value in one.values.items() if name not in intents}
                notes = (*one.notes, *(f"{name}: left out. {' '.join(_in_words(found))}" for name in intents))
                self.drafts.put(self.writer.of(one.kind, one.resource.key, values, notes))
            else:
                self.drafts.leave_out(address, *_in_words(found))
        return bool(refused)

    def _accepted(self, one: Written) -> Written | None:
        """Return the declaration without attributes that its type refuses by themselves; None where there are none.

        A server may show an attribute that its version cannot set.
        """
        errors = [] if isinstance(one.kind, Rows) else self._objections(one)
        accepted = None
        tried = [name for name in one.values if (one.address, name) not in self._changed]
        for name in tried if errors else ():
            before = accepted or one
            values = {other: value for other, value in before.values.items() if other != name}
            less = self.writer.of(one.kind, one.resource.key, values, before.notes)
            if isinstance(less, Written) and len(left := self._objections(less)) < len(errors):
                gone = next(found for found in errors if found not in left)
                accepted = replace(less, notes=(*less.notes, f"{name}: left out. {' '.join(_in_words(gone))}"))
                errors = left
        return accepted

    def _objections(self, one: Written) -> list[Diagnostic]:
        """Return the errors in a declaration that its type finds without the other declarations."""
        alone = replace(self.landscape, declared={one.kind.name: Resources([one.resource])}, desired={})
        address = str(one.address)
        return [found for found in one.kind.check(alone) if found.is_error and found.address == address]

    def _passed_over(self, trial: _Trial) -> bool:
        """Leave out what a plan would not adopt. Return True if there was something."""
        passed = [address for address, one in self.drafts.single.items() if not trial.adopts(one)]
        passed += [address for table in self.drafts.tables.values() for address in trial.passed_over(table)]
        reasons: dict[Address, list[Diagnostic]] = {}
        for address, found in _by_address(trial.complaints) if passed else ():
            reasons.setdefault(address, []).append(found)
        for address in passed:
            if self._is_read_otherwise(address):
                continue
            first, *others = reasons.get(address, [None])
            self.drafts.leave_out(address, *(_in_words(first) if first else ("A plan would not manage it.",)))
            for other in filter(None, others):
                self.drafts.add_reason(address, " ".join(_in_words(other)))
        return bool(passed)

    def _is_read_otherwise(self, address: Address) -> bool:
        """Declare a row as the readers take it. Return True if that is not as it was observed."""
        row = None if self.parses_rows else self.drafts.row(address)
        observed = self.landscape.at(address)
        if row is None or observed is None or (found := self.writer.declaration(row.kind, observed)) == row:
            return False
        self.drafts.put(found)
        return True

    def _without_dangling(self) -> None:
        """Leave out declarations that reference something that is not declared."""
        while True:
            new = self.drafts.resources()
            keys: dict[str, set[str]] = {
                one.name: {*self.landscape.written(one).folded, *new.get(one.name, NO_RESOURCES).folded}
                for one in declared_types(self.types)
            }
            implied = implied_by_default(self.types, keys)
            dangling = list(self.drafts.referring(partial(_is_missing, keys=keys, implied=implied)))
            # Of several, the one that an operator can see in the files is the cause.
            for address, target in sorted(dangling, key=lambda one: one[1] not in self.drafts.left_out):
                if not self._is_read_otherwise(address):
                    self.drafts.leave_out(address, f"It needs {target}, which is left out.")
            if not dangling:
                return


def _is_missing(target: Address, keys: Mapping[str, Collection[str]], implied: Mapping[str, Collection[str]]) -> bool:
    """True for a type that files declare, without a declaration of this object or of one that brings it."""
    known, key = keys.get(target.type), folded(target.key)
    return known is not None and key not in known and key not in implied[target.type]


def _by_address(complaints: Iterable[Diagnostic]) -> Iterator[tuple[Address, Diagnostic]]:
    """Yield the complaints about one resource, each with its address."""
    for found in complaints:
        if found.address and "/" in found.address:
            yield Address.parse(found.address), found


def _in_words(found: Diagnostic) -> tuple[str, str]:
    """Return a diagnostic as a reason and its detail."""
    code = f" ({found.code})" if found.code else ""
    return f"{found.summary}{code}.", found.detail.partition(_LINE)[0]


def _would_change(action: Action) -> str:
    if action.kind is ActionKind.CREATE:
        return "A plan would not find it under this name."
    return f"A plan would change {', '.join(change.attribute for change in action.changes) or 'it'}."


def _due(actions: Iterable[Action]) -> Iterator[Pending]:
    """Yield what a plan would do because of the declarations, although it changes none of their objects."""
    for action in sorted(actions, key=lambda action: action.address):
        if action.kind in (ActionKind.ADOPT, ActionKind.FORGET):
            continue
        changed = ", ".join(change.attribute for change in action.changes)
        reason = "; ".join(action.reasons) or (f"a change of {changed}" if changed else "")
        yield Pending(f"{action.kind.value} {action.address}", reason)


def _complaints(errors: Iterable[Diagnostic]) -> Iterator[Pending]:
    for found in errors:
        yield Pending("", " ".join(_in_words(found)))
