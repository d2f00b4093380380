"""How much may go by one plan without being asked for: objects that are destroyed, and users that are forgotten.

Of what is no longer declared, an object is deleted and a mailbox is forgotten: it stays enabled, and nobody looks after
it any more. A file that lost its end looks the same as a list of leavers, so that a plan may forget a share of what is
remembered, and beyond that somebody has to say that it is meant.

A share is rounded up, as Kubernetes does with ``maxSurge``: with any share above zero one may always go, and the ten
percent of a small estate are its next leaver and not a fraction of one. A floor of several would let an estate of five
users lose most of them unseen, and rounding down would ask at every leaver of an estate below ten. What is gone from
the servers as well does not count: there is nothing left to be looked after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.snapshot import Snapshot
from reconciler.plan.rules import TOO_MUCH_DESTROYED, TOO_MUCH_FORGOTTEN

if TYPE_CHECKING:  # the command line reads shares, and its help is shown before anything of plans is loaded
    from reconciler.plan.plan import Plan

_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Share:
    """A number of things, or a part of all of them in percent."""

    number: int
    is_percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Share:
        """Return the share that ``text`` writes: ``25`` or ``10%``.

        Raises:
            ValueError: it is neither, or more than all.
        """
        match = re.fullmatch(r"(\d{1,9})(%?)", text, re.ASCII)
        if match is None or (match[2] and int(match[1]) > 100):
            raise ValueError("is neither a number, such as 25, nor a part of all, such as 10%")
        return cls(int(match[1]), bool(match[2]))

    def of(self, total: int) -> int:
        """Return how many of ``total`` this is, rounded up."""
        return -(-total * self.number // 100) if self.is_percent else self.number

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percent else str(self.number)


TENTH: Final = Share(10, is_percent=True)
ALL: Final = Share(100, is_percent=True)


@dataclass(frozen=True, slots=True)
class Budgets:
    """What a plan may take away."""

    max_destroy: int = 0
    max_forget: Share = TENTH
    """Of the resources of one type that are remembered and still there."""
    again: str = "reconciler apply"
    """The command that these budgets are of, with all it was given but them."""

    def exceeded(self, plan: Plan, prior: Snapshot) -> tuple[Diagnostic, ...]:
        """Return the errors that a plan takes away more than this; ``prior`` is what is remembered before it."""
        allowing = f"\n  {' '.join([self.again, *_needed(plan, prior)])}"
        return (
            *_over_destroyed(plan, self.max_destroy, allowing),
            *_over_forgotten(plan, prior, self.max_forget, allowing),
        )


def _needed(plan: Plan, prior: Snapshot) -> Iterator[str]:
    """Yield the options that allow all a plan takes away: one alone would be refused for the other."""
    if plan.destroys:
        yield f"--max-destroy {plan.destroys}"
    left = forgotten_users(plan)
    if any(len(users) > TENTH.of(_remembered(type_name, users, prior)) for type_name, users in left.items()):
        yield f"--max-forget {max(len(users) for users in left.values())}"


def _remembered(type_name: str, left: Sequence[Address], prior: Snapshot) -> int:
    return max(sum(address.type == type_name for address in prior.resources), len(left))


def _over_destroyed(plan: Plan, max_destroy: int, allowing: str) -> Iterator[Diagnostic]:
    """Yield the error that more objects would be destroyed than ``--max-destroy`` allows."""
    count = plan.destroys
    if count <= max_destroy:
        return
    named = ", ".join(
        f"{address}" if address == action.address else f"{address} by {action.address}"
        for action in plan.actions()
        for address in action.destroyed
    )
    detail = f"The plan destroys {count} ({named}); allowed are {max_destroy}."
    yield TOO_MUCH_DESTROYED.found(None, detail, f"If that is meant, allow it:{allowing}")


def forgotten_users(plan: Plan) -> dict[str, list[Address]]:
    """Return, by type, what a plan forgets though it stays on the servers."""
    left: dict[str, list[Address]] = {}
    for action in plan.forgotten:
        if action.expects is not None:
            left.setdefault(action.address.type, []).append(action.address)
    return left


def _over_forgotten(plan: Plan, prior: Snapshot, allowed: Share, allowing: str) -> Iterator[Diagnostic]:
    """Yield the error that more of one type would be forgotten than ``--max-forget`` allows."""
    for type_name, left in sorted(forgotten_users(plan).items()):
        total, count = _remembered(type_name, left, prior), len(left)
        most = allowed.of(total)
        if count <= most:
            continue
        more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
        named = ", ".join(str(address) for address in left[:_NAMED]) + more
        at_most = f"{allowed}, which is {most:,}" if allowed.is_percent else f"{most:,}"
        yield TOO_MUCH_FORGOTTEN.found(
            None,
            f"Of {total:,} {type_name} that are remembered, {count:,} are no longer declared: {named}. They would stay "
            f"on the servers as they are, and nobody would look after them. Allowed are {at_most}.",
            f"If a file lost a part, restore it. If that is meant, allow it:{allowing}",
        )
