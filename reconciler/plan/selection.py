"""Selects a part of a plan: ``--target``, ``--exclude`` and ``--wave``.

A target includes the actions it needs, and the tasks that must follow it. An exclusion also drops the actions that need
it. An action that takes a value from another object stays together with the action of that object.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, did_you_mean
from reconciler.model.graph import closure, reversed_edges
from reconciler.model.resources import Address
from reconciler.model.values import folded

DESTROY: Final = "destroy"
"""The first word of a selection as text, if its plan removes what is declared."""
_WILDCARD = re.compile(r"[*?[]")
_PLAIN = re.compile(r"[\w@%+=:,./*-]+", re.ASCII)


def _quoted(value: str) -> str:
    """Return a value, quoted for the shell only where it must be."""
    return value if _PLAIN.fullmatch(value) else shlex.quote(value)


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns of addresses: ``um_mailbox/alice@contoso.com``, ``um_mailbox/*``, or the name of a type."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    wave: str | None = None
    ends: bool = False
    """True if the plan removes the selected part of what is declared."""
    only: frozenset[Address] | None = None
    """The addresses that the targets select; None if these are those that the targets match."""

    def meaning(self, written: Mapping[Address, Address]) -> Selection:
        """Return the selection with the address of the object wherever it uses another name from the files.

        Args:
            written: the address of the object, by the address that stands in the files.
        """
        means = {_folded(address): str(meant) for address, meant in written.items()}
        targets, excludes = (
            tuple(means.get(_literal(pattern), pattern) for pattern in patterns)
            for patterns in (self.targets, self.excludes)
        )
        only = None if self.only is None else frozenset(written.get(address, address) for address in self.only)
        return replace(self, targets=targets, excludes=excludes, only=only)

    def names(self, address: Address) -> bool:
        """True if a target matches ``address``, or if there are no targets."""
        return not self.targets or matches(address, self.targets)

    @property
    def is_everything(self) -> bool:
        return not (self.targets or self.excludes or self.wave is not None)

    def __str__(self) -> str:
        """Return the options as they are written on a command line, after ``destroy`` if the plan removes the part."""
        targets = [("--target", pattern) for pattern in self.targets]
        excludes = [("--exclude", pattern) for pattern in self.excludes]
        waves = [] if self.wave is None else [("--wave", self.wave)]
        options = (f"{option} {_quoted(value)}" for option, value in (*targets, *excludes, *waves))
        return " ".join([*([DESTROY] if self.ends else []), *options])

    def choose(self, actions: Mapping[Address, Action]) -> dict[Address, Action]:
        """Return the selected actions with all actions that must stay with them."""
        if self.is_everything:
            return dict(actions)
        by_name = {_folded(address): action for address, action in actions.items()}
        chosen: Collection[str] = by_name
        if self.targets:
            only = None if self.only is None else {_folded(address) for address in self.only}
            targeted = [name for name in by_name if (_matches(name, self.targets) if only is None else name in only)]
            chosen = _with_consequences(targeted, by_name, _brings(by_name))
        dropped = {name for name in by_name if _matches(name, self.excludes) or self._is_other_wave(by_name[name])}
        without = closure(dropped, reversed_edges(_needs(by_name)))
        return {action.address: action for name, action in by_name.items() if name in chosen and name not in without}

    def covers(self, address: Address, wave: str | None) -> bool:
        """True where a resource of ``wave`` would be selected, whether or not it has an action."""
        is_named = self.names(address) if self.only is None else address in self.only
        return is_named and not matches(address, self.excludes) and self.wave in (None, wave)

    def _is_other_wave(self, action: Action) -> bool:
        return self.wave is not None and action.is_of_users and action.wave != self.wave

    def unknown(
        self, known: Collection[Address], types: Collection[str], waves: Collection[str]
    ) -> tuple[Diagnostic, ...]:
        """Return an error for each pattern without a match, and for an unknown wave; a type name always matches."""
        names = {*types, *map(_folded, known)}
        errors = [
            _unknown_name("Unknown address", f"{option} {pattern}", pattern, _offered(pattern, known, types))
            for option, patterns in (("--target", self.targets), ("--exclude", self.excludes))
            for pattern in patterns
            if not _fits_any(pattern, names)
        ]
        return (*errors, *self.unknown_wave(waves))

    def unknown_wave(self, waves: Collection[str]) -> tuple[Diagnostic, ...]:
        """Return the error about a wave to which no user belongs."""
        if self.wave is None or self.wave in waves:
            return ()
        return (_unknown_name("Unknown wave", f"--wave {self.wave}", self.wave, sorted(waves)),)


def with_dependents(dropped: Collection[Address], actions: Mapping[Address, Action]) -> frozenset[Address]:
    """Return ``dropped`` and all actions that depend on them, directly or through others."""
    by_name = {_folded(address): action for address, action in actions.items()}
    reached = closure([name for one in dropped if (name := _folded(one)) in by_name], reversed_edges(_needs(by_name)))
    return frozenset({*dropped, *(by_name[name].address for name in reached if name in by_name)})


def stands_on(action: Action) -> tuple[Address, ...]:
    """Return the addresses that ``action`` depends on: its needs, and the objects it takes values from."""
    return (*hard_needs(action), *(taken.address for taken in action.takes_from))


def _needs(by_name: Mapping[str, Action]) -> dict[str, list[str]]:
    return {name: [_folded(need) for need in stands_on(action)] for name, action in by_name.items()}


def _brings(by_name: Mapping[str, Action]) -> dict[str, list[str]]:
    """Return the actions that each action includes: those it depends on, except removals, which must be selected."""
    removals = {name for name, action in by_name.items() if action.kind is ActionKind.DELETE}
    needed = {name: {_folded(need) for need in hard_needs(action)} for name, action in by_name.items()}
    return {
        name: [one for one in stood_on if one not in removals or one in needed[name]]
        for name, stood_on in _needs(by_name).items()
    }


def hard_needs(action: Action) -> tuple[Address, ...]:
    """Return the addresses that must succeed first: the needs, and the action that creates the object."""
    made_by = action.predicted_by
    return action.needs if made_by is None else (*action.needs, made_by)


def _with_consequences(
    targeted: Collection[str], actions: Mapping[str, Action], needs: Mapping[str, Collection[str]]
) -> frozenset[str]:
    reached = closure(targeted, needs)
    while True:
        owed = {owed.identity for name in reached for owed in actions[name].owes}
        follow = [name for name, action in actions.items() if any(met.identity in owed for met in action.discharges)]
        more = closure([*reached, *follow], needs)
        if more == reached:
            return reached
        reached = more


def _folded(address: Address) -> str:
    return "/".join(address.folded)


def matches(address: Address, patterns: Collection[str]) -> bool:
    """True where one of ``patterns`` matches an address or its type."""
    return _matches(_folded(address), patterns)


def _fits_any(pattern: str, names: Collection[str]) -> bool:
    """True where a pattern matches one of the folded addresses or types."""
    whole, wild = _forms((pattern,))
    return not whole.isdisjoint(names) or any(fnmatchcase(name, form) for form in wild for name in names)


def _matches(name: str, patterns: Collection[str]) -> bool:
    """True where one of ``patterns`` matches a folded address or its type."""
    whole, wild = _forms(tuple(patterns))
    return name in whole or name.partition("/")[0] in whole or any(fnmatchcase(name, form) for form in wild)


@lru_cache(maxsize=8)
def _forms(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return all patterns, folded, and separately those with wildcards."""
    forms = frozenset(form for pattern in patterns for form in (_plain(pattern), _literal(pattern)))
    return forms, tuple(sorted(form for form in forms if _WILDCARD.search(form)))


@lru_cache(maxsize=256)
def _plain(pattern: str) -> str:
    return folded(pattern)


@lru_cache(maxsize=256)
def _literal(pattern: str) -> str:
    """Return a pattern with each %XX as a literal character: ``%2A`` matches ``*`` and is no wildcard."""

    def meant(match: re.Match[str]) -> str:
        text = bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogatepass")
        return re.sub(r"[*?[]", r"[\g<0>]", text)

    try:
        return folded(re.sub("(?:%[0-9A-Fa-f]{2})+", meant, pattern))
    except UnicodeDecodeError:
        return folded(pattern)


def _offered(pattern: str, known: Iterable[Address], types: Collection[str]) -> list[str]:
    """Return what may be suggested for a pattern: of its type, else of its name, else everything; never a person."""
    first, has_key, _ = folded(pattern).partition("/")
    things = [address for address in known if not address.names_a_person]
    if has_key and first in types:
        return sorted(str(address) for address in things if address.type == first)
    namesakes = sorted(str(address) for address in things if not has_key and folded(address.key) == first)
    return namesakes or sorted([*types, *map(str, things)])


def _unknown_name(summary: str, option: str, pattern: str, names: Sequence[str]) -> Diagnostic:
    """Return the error about a pattern without a match; the remedy offers some of ``names``."""
    remedy = did_you_mean(pattern, names, otherwise="" if names else "Write it as the files do.")
    return Diagnostic(summary, f"{option} matches no resource in this environment.", remedy)
