"""Turns observed objects into declarations of which a plan changes nothing.

All declarations are tried together, as ``plan`` decides and checks them. Where a plan would change an object, its
declaration gets the observed value. An object that a plan would refuse, or not adopt, is left out with the reason. So
every declaration that is written was tried.

What a plan does because of the estate alone, such as a script that has to run, is *pending*: no declaration avoids it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.config.resolve import implied_by_default
from reconciler.export.declaration import LeftOut, Writer, Written
from reconciler.model.abilities import Rows
from reconciler.model.actions import Action, ActionKind
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resource_types import Lifecycle, ResourceType, declared_types
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

    written: tuple[Written, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unread: tuple[tuple[Address, Diagnostic], ...] = ()
    """What could not be read; key ``*`` is a whole type."""
    pending: tuple[Pending, ...] = ()

    def of(self, kind: str) -> tuple[Written, ...]:
        """Return the declarations of a type."""
        return tuple(one for one in self.written if one.kind.name == kind)


def describe(
    types: Sequence[ResourceType],
    landscape: Landscape,
    *,
    in_full: bool = False,
    only: Collection[Address] | None = None,
    refused: Mapping[Address, Diagnostic] = EMPTY,
) -> Description:
    """Return the declarations of the observed objects.

    Args:
        landscape: everything that was read; its declarations are those of an environment to extend, or none.
        in_full: also the attributes that have the default of the server, and objects that others bring.
        only: describe these objects alone.
        refused: leave these objects out, for these reasons.
    """
    writer = Writer(landscape, in_full=in_full)
    drafts = _Drafts(types, landscape, writer)
    for kind in declared_types(types):
        declared = landscape.written(kind)
        for observed in sorted(landscape.all(kind).values(), key=lambda one: (folded(one.key), one.key)):
            if (only is None or observed.address in only) and observed.key not in declared:
                found = writer.declaration(kind, observed)
                if not _is_brought(found, kind.is_implied(observed, landscape), in_full=in_full):
                    drafts.put(found)
    for address, why in refused.items():
        drafts.leave_out(address, *_in_words(why))
    drafts.settle()
    return Description(
        tuple(drafts.written.values()),
        tuple(drafts.left_out.values()),
        tuple(sorted(landscape.unreadable.items())),
        tuple(drafts.pending),
    )


def _is_brought(found: Written | LeftOut, is_implied: bool, *, in_full: bool) -> bool:
    """True for an object that another one brings, where there is nothing to say about it."""
    can_change = found.kind.lifecycle is not Lifecycle.FIXED
    return is_implied and not (can_change and (in_full or (isinstance(found, Written) and bool(found.values))))


_ROUNDS = 1_000
"""Each round changes a declaration for good, most of them all that are wrong. So an end is certain, and soon."""


@dataclass(slots=True)
class _Drafts:
    """The declarations so far."""

    types: Sequence[ResourceType]
    landscape: Landscape
    writer: Writer
    written: dict[Address, Written] = field(default_factory=dict)
    left_out: dict[Address, LeftOut] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    _changed: set[tuple[Address, str]] = field(default_factory=set)
    """The attributes that were corrected once."""

    def put(self, found: Written | LeftOut) -> None:
        self.written.pop(found.address, None)
        if isinstance(found, Written):
            self.written[found.address] = found
        else:
            self.left_out[found.address] = found

    def leave_out(self, address: Address, reason: str, detail: str = "") -> None:
        one = self.written.pop(address, None)
        if one is not None:
            self.left_out[address] = LeftOut(one.kind, one.resource.key, one.values, reason, detail)

    # --- trying ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Try the declarations until a plan of them changes no object, and adopts all."""
        actions, errors = self._tried({})
        for _ in range(_ROUNDS):
            self._without_dangling()
            found, complaints = self._tried(self.written)
            new = {address: one for address, one in found.items() if actions.get(address) != one}
            more = [one for one in complaints if one not in errors]
            if not (self._corrected(new) or self._refused(more) or self._passed_over(found, complaints)):
                break
        else:
            raise AssertionError("the declarations do not settle")
        self.pending = [*_due(new.values(), self.written), *_complaints(one for one in more if one.is_error)]
        order = {kind.name: place for place, kind in enumerate(self.types)}
        for drafts in (self.written, self.left_out):
            ordered = sorted(drafts, key=lambda one: (order[one.type], folded(one.key), one.key))
            entries = {address: drafts[address] for address in ordered}
            drafts.clear()
            drafts.update(entries)  # type: ignore[arg-type]  # the entries are its own

    def _tried(self, written: Mapping[Address, Written]) -> tuple[Mapping[Address, Action], Sequence[Diagnostic]]:
        """Return the actions and the complaints of a plan of the environment with these declarations."""
        by_type: dict[str, list[Written]] = {}
        for one in written.values():
            by_type.setdefault(one.kind.name, []).append(one)
        declared = {name: Resources(one.resource for one in those) for name, those in by_type.items()}
        old = self.landscape.declared
        both = {name: old.get(name, NO_RESOURCES) | declared.get(name, NO_RESOURCES) for name in {**old, **declared}}
        if not any(both.values()) and not self.landscape.prior.resources:
            return {}, ()
        end, _ = decide(self.types, replace(self.landscape, declared=both))
        return end.actions, find_conditions(self.types, end, end.actions)

    # --- what a plan would do otherwise ------------------------------------------------------------------------------

    def _corrected(self, actions: Mapping[Address, Action]) -> bool:
        """Give the observed value to each attribute that a plan would change. Return True if there was one."""
        is_any = False
        for address, action in actions.items():
            one = self.written.get(address)
            if one is None or action.kind is ActionKind.ADOPT:
                continue
            is_any = True
            values, notes = dict(one.values), [*one.notes]
            names = [change.attribute for change in action.changes]
            if action.kind is ActionKind.CREATE or not names or any((address, name) in self._changed for name in names):
                self.leave_out(address, _would_change(action))
                continue
            for change in action.changes:
                self._changed.add((address, change.attribute))
                if change.attribute not in values and change.before is not UNSET:
                    values[change.attribute] = change.before
                else:
                    values.pop(change.attribute, None)
                    notes.append(f"{change.attribute}: left out, because a plan would change it")
            self.put(self.writer.of(one.kind, one.resource.key, values, notes))
        return is_any

    def _refused(self, complaints: Iterable[Diagnostic]) -> bool:
        """Leave out what a plan would refuse. Return True if there was something.

        Attributes that the type refuses by themselves go first, then the intents, then the object.
        """
        errors = [(address, found) for address, found in _by_address(complaints) if found.is_error]
        refused = [(address, found) for address, found in errors if address in self.written]
        for address, found in refused:
            one = self.written.get(address)
            if one is None:
                self._add_reason(address, found)
                continue
            intents = [name for name in one.values if one.kind.attributes[name].role is AttributeRole.INTENT]
            if (accepted := self._accepted(one)) is not None:
                self.put(accepted)
            elif intents:
                values = {name: value for name, value in one.values.items() if name not in intents}
                notes = (*one.notes, *(f"{name}: left out. {' '.join(_in_words(found))}" for name in intents))
                self.put(self.writer.of(one.kind, one.resource.key, values, notes))
            else:
                self.leave_out(address, *_in_words(found))
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

    def _add_reason(self, address: Address, found: Diagnostic) -> None:
        """Add another reason why an object is left out."""
        one = self.left_out[address]
        self.left_out[address] = replace(one, detail=f"{one.detail} {' '.join(_in_words(found))}")

    def _passed_over(self, actions: Mapping[Address, Action], complaints: Iterable[Diagnostic]) -> bool:
        """Leave out what a plan would not adopt. Return True if there was something."""
        passed = [address for address in self.written if address not in actions]
        reasons: dict[Address, list[Diagnostic]] = {}
        for address, found in _by_address(complaints) if passed else ():
            reasons.setdefault(address, []).append(found)
        for address in passed:
            first, *others = reasons.get(address, [None])
            self.leave_out(address, *(_in_words(first) if first else ("A plan would not manage it.",)))
            for other in filter(None, others):
                self._add_reason(address, other)
        return bool(passed)

    def _without_dangling(self) -> None:
        """Leave out declarations that reference something that is not declared."""
        while True:
            keys: dict[str, set[str]] = {one.name: set() for one in declared_types(self.types)}
            for name in keys:
                keys[name].update(folded(key) for key in self.landscape.written(name))
            for address in self.written:
                keys[address.type].add(folded(address.key))
            implied = implied_by_default(self.types, keys)
            dangling = [
                (one.address, target)
                for one in self.written.values()
                for target in _targets(one)
                if (known := keys.get(target.type)) is not None
                if folded(target.key) not in known and folded(target.key) not in implied[target.type]
            ]
            # Of several, the one that an operator can see in the files is the cause.
            for address, target in sorted(dangling, key=lambda one: one[1] not in self.left_out):
                self.leave_out(address, f"It needs {target}, which is left out.")
            if not dangling:
                return


def _targets(one: Written) -> Iterator[Address]:
    """Yield what a declaration references."""
    for attribute in one.kind.attributes.values():
        for name in filter(None, attribute.targets(one.resource.get(attribute.name))):
            yield Address(attribute.references or "", name)


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


def _due(actions: Iterable[Action], written: Mapping[Address, Written]) -> Iterator[Pending]:
    """Yield what a plan would do because of the declarations, although it changes none of their objects."""
    for action in sorted(actions, key=lambda action: action.address):
        if action.address in written or action.kind in (ActionKind.ADOPT, ActionKind.FORGET):
            continue
        changed = ", ".join(change.attribute for change in action.changes)
        reason = "; ".join(action.reasons) or (f"a change of {changed}" if changed else "")
        yield Pending(f"{action.kind.value} {action.address}", reason)


def _complaints(errors: Iterable[Diagnostic]) -> Iterator[Pending]:
    for found in errors:
        yield Pending("", " ".join(_in_words(found)))
