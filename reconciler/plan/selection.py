"""Which part of a plan is asked for: ``--target``, ``--exclude`` and ``--wave``.

A part is never torn from what it stands on. A target brings what it needs; it also brings the tasks that have to follow
it, which would otherwise be left undone. An exclusion drops what
depends on it. Who takes a number or an extension from another may not be parted from what the other gets instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache

from reconciler.model.actions import Action, ActionKind
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.graph import closure, reversed_edges
from reconciler.model.values import folded

_WILDCARD = re.compile(r"[*?[]")
_PLAIN = re.compile(r"[\w@%+=:,./*-]+", re.ASCII)


def _quoted(value: str) -> str:
    """Return a value as ``shlex`` splits it off again; a pattern that no shell expands here stays as it was typed."""
    return value if _PLAIN.fullmatch(value) else shlex.quote(value)


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns of addresses: ``um_mailbox/alice@contoso.com``, ``um_mailbox/*``, or a type by its name."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    wave: str | None = None

    def meaning(self, written: Mapping[Address, Address]) -> Selection:
        """Return the selection with what stands under another name in the files under its address.

        Args:
            written: addresses as the configuration writes them to those of the objects they mean.
        """
        means = {_folded(address): str(meant) for address, meant in written.items()}
        targets, excludes = (
            tuple(means.get(_literal(pattern), pattern) for pattern in patterns)
            for patterns in (self.targets, self.excludes)
        )
        return replace(self, targets=targets, excludes=excludes)

    @property
    def is_everything(self) -> bool:
        return not (self.targets or self.excludes or self.wave is not None)

    def __str__(self) -> str:
        """Return the options as they are written on a command line."""
        targets = [("--target", pattern) for pattern in self.targets]
        excludes = [("--exclude", pattern) for pattern in self.excludes]
        waves = [] if self.wave is None else [("--wave", self.wave)]
        return " ".join(f"{option} {_quoted(value)}" for option, value in (*targets, *excludes, *waves))

    def choose(self, actions: Mapping[Address, Action]) -> dict[Address, Action]:
        """Return the actions asked for, with all that may not be parted from them."""
        if self.is_everything:
            return dict(actions)
        by_name = {_folded(address): action for address, action in actions.items()}
        chosen: Collection[str] = by_name
        if self.targets:
            targeted = [name for name in by_name if _matches(name, self.targets)]
            chosen = _with_consequences(targeted, by_name, _brings(by_name))
        dropped = {name for name in by_name if _matches(name, self.excludes) or self._is_other_wave(by_name[name])}
        without = closure(dropped, reversed_edges(_needs(by_name)))
        return {action.address: action for name, action in by_name.items() if name in chosen and name not in without}

    def _is_other_wave(self, action: Action) -> bool:
        is_of_users = action.group != "" and action.kind is not ActionKind.RUN
        return self.wave is not None and is_of_users and action.wave != self.wave

    def unknown(
        self, known: Collection[Address], types: Collection[str], waves: Collection[str]
    ) -> tuple[Diagnostic, ...]:
        """Return an error for each pattern, and the wave, that names nothing known; a type's name is always known."""
        names = {*types, *map(_folded, known)}
        offered = sorted([*types, *(str(address) for address in known if not address.names_a_person)])
        told = [
            _unknown_name("Unknown address", f"{option} {pattern}", pattern, offered)
            for option, patterns in (("--target", self.targets), ("--exclude", self.excludes))
            for pattern in patterns
            if not _fits_any(pattern, names)
        ]
        if self.wave is not None and self.wave not in waves:
            told.append(_unknown_name("Unknown wave", f"--wave {self.wave}", self.wave, sorted(waves)))
        return tuple(told)


def with_dependents(dropped: Collection[Address], actions: Mapping[Address, Action]) -> frozenset[Address]:
    """Return ``dropped`` and every action that stands on one of them, directly or through others."""
    by_name = {_folded(address): action for address, action in actions.items()}
    reached = closure([name for one in dropped if (name := _folded(one)) in by_name], reversed_edges(_needs(by_name)))
    return frozenset({*dropped, *(by_name[name].address for name in reached if name in by_name)})


def stands_on(action: Action) -> tuple[Address, ...]:
    """Return what must be part of the plan for ``action`` to be: its needs, and the actions of whom it takes from."""
    return (*hard_needs(action), *(taken.address for taken in action.takes_from))


def _needs(by_name: Mapping[str, Action]) -> dict[str, list[str]]:
    return {name: [_folded(need) for need in stands_on(action)] for name, action in by_name.items()}


def _brings(by_name: Mapping[str, Action]) -> dict[str, list[str]]:
    """Return what each action brings into the plan: all it stands on but removals, which are to be asked for."""
    removals = {name for name, action in by_name.items() if action.kind is ActionKind.DELETE}
    needed = {name: {_folded(need) for need in hard_needs(action)} for name, action in by_name.items()}
    return {
        name: [one for one in stood_on if one not in removals or one in needed[name]]
        for name, stood_on in _needs(by_name).items()
    }


def hard_needs(action: Action) -> tuple[Address, ...]:
    """Return what must have succeeded before: declared needs, and whatever makes the object it acts on."""
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


def _fits_any(pattern: str, names: Collection[str]) -> bool:
    """True where a pattern is one of the folded addresses and types, or fits one."""
    whole, wild = _forms((pattern,))
    return not whole.isdisjoint(names) or any(fnmatchcase(name, form) for form in wild for name in names)


def _matches(name: str, patterns: Collection[str]) -> bool:
    """True where one of ``patterns`` fits a folded address, or is its type."""
    whole, wild = _forms(tuple(patterns))
    return name in whole or name.partition("/")[0] in whole or any(fnmatchcase(name, form) for form in wild)


@lru_cache(maxsize=8)
def _forms(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the patterns as addresses and types are compared with them, and those of them that hold wildcards."""
    forms = frozenset(form for pattern in patterns for form in (_plain(pattern), _literal(pattern)))
    return forms, tuple(sorted(form for form in forms if _WILDCARD.search(form)))


@lru_cache(maxsize=256)
def _plain(pattern: str) -> str:
    return folded(pattern)


@lru_cache(maxsize=256)
def _literal(pattern: str) -> str:
    """Return a pattern in which what stands as %XX, as an address is shown, means itself and is no wildcard."""

    def meant(match: re.Match[str]) -> str:
        text = bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogatepass")
        return re.sub(r"[*?[]", r"[\g<0>]", text)

    try:
        return folded(re.sub("(?:%[0-9A-Fa-f]{2})+", meant, pattern))
    except UnicodeDecodeError:
        return folded(pattern)


def _unknown_name(summary: str, option: str, pattern: str, names: Sequence[str]) -> Diagnostic:
    """Return the error that nothing is called ``pattern``; ``names`` may be offered instead, in order."""
    by_folded = {folded(name): name for name in names}
    close = [by_folded[name] for name in get_close_matches(folded(pattern), by_folded, n=3)]
    some = ", ".join(names[:8])
    remedy = f"Did you mean {', '.join(close)}?" if close else f"There are: {some}." if names else "There are none."
    return Diagnostic(summary, f"{option} names nothing in this environment.", remedy)
