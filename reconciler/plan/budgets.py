"""Limits how many objects a plan may delete and how many users it may forget without an option.

A plan deletes an object that is no longer declared. It forgets a mailbox: voice mail stays enabled, but is no longer
managed. A truncated file looks like a list of leavers. So a plan may forget only a share of the managed users; for
more, the operator gives ``--max-forget``.

A share is rounded up, as Kubernetes does with ``maxSurge``, so that one leaver is always allowed. Rounding down would
ask at each leaver of an estate below ten users; a fixed minimum would let an estate of five lose most of them
unnoticed. A user who is gone from the servers too does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic, count, listed
from reconciler.model.resources import Address
from reconciler.model.shares import TENTH, Share
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import EMPTY, texts
from reconciler.plan.rules import REPLACEMENT, TOO_MUCH_DESTROYED, TOO_MUCH_FORGOTTEN

if TYPE_CHECKING:  # the command line reads shares, and its help is shown before anything of plans is loaded
    from reconciler.plan.plan import Plan

_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Budgets:
    """The limits of a plan."""

    max_destroy: int = 0
    max_forget: Share = TENTH
    """The share of the managed resources of one type that still exist."""
    again: str = "reconciler apply"
    """The command of these budgets, with its other options."""
    allow_replace: bool = False
    """An object may take the place of another one."""
    nouns: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """What a type is called in sentences, by its name, where it is more than the name without its underscores."""

    def exceeded(self, plan: Plan, prior: Snapshot) -> tuple[Diagnostic, ...]:
        """Return an error for each exceeded budget; ``prior`` is the state before the plan."""
        allowing = f"\n  {' '.join([self.again, *_needed(plan, prior)])}"
        return (
            *_over_destroyed(plan, self.max_destroy, allowing),
            *_over_forgotten(plan, prior, self.max_forget, allowing),
            *(() if self.allow_replace else _replacing(plan, self.nouns, allowing)),
        )


def _needed(plan: Plan, prior: Snapshot) -> Iterator[str]:
    """Yield all options that the plan needs; with only one of them, the other budget would refuse it."""
    if plan.destroys:
        yield f"--max-destroy {plan.destroys}"
    left = forgotten_users(plan)
    if any(action.replaced_by for action in plan.actions()):
        yield "--allow-replace"
    if any(len(users) > TENTH.of(_remembered(type_name, users, prior)) for type_name, users in left.items()):
        yield f"--max-forget {max(len(users) for users in left.values())}"


def _replacing(plan: Plan, nouns: Mapping[str, str], allowing: str) -> Iterator[Diagnostic]:
    """Yield an error for each object that another one replaces, with the number of those who move with it."""
    for action in plan.actions():
        if action.replaced_by is not None:
            users = [user for user in plan.actions() if _moves(user, action.address, action.replaced_by)]
            torn = sum(user.kind is ActionKind.REPLACE for user in users)
            counts = Counter(user.address.type for user in users)
            kinds = [
                count(number, nouns.get(name) or name.replace("_", " ")) for name, number in sorted(counts.items())
            ]
            moving = listed(kinds) or "nothing"
            detail = (
                f"{action.replaced_by} takes the place of {action.address}. What moves with it: {moving}; "
                f"{torn:,} of them {'is' if torn == 1 else 'are'} removed and made again."
            )
            yield REPLACEMENT.found(action, detail, f"If this is correct, allow it:{allowing}")


def _moves(user: Action, before: Address, after: Address) -> bool:
    """True for an action that changes a reference from one object to the other."""
    return any(
        [Address(before.type, name) for name in texts(one.before)] == [before] and after.key in texts(one.after)
        for one in user.changes
    )


def _remembered(type_name: str, left: Sequence[Address], prior: Snapshot) -> int:
    return max(len(prior.of_type(type_name)), len(left))


def _over_destroyed(plan: Plan, max_destroy: int, allowing: str) -> Iterator[Diagnostic]:
    """Yield an error where the plan deletes more objects than ``--max-destroy`` allows."""
    number = plan.destroys
    if number <= max_destroy:
        return
    named = [
        f"{address}" if address == action.address else f"{address} by {action.address}"
        for action in plan.actions()
        for address in action.destroyed
    ]
    detail = f"The plan destroys {number:,} ({listed(named)}). The limit is {max_destroy:,}."
    yield TOO_MUCH_DESTROYED.found(None, detail, f"If this is correct, allow it:{allowing}")


def forgotten_users(plan: Plan) -> dict[str, list[Address]]:
    """Return, by type, the resources that a plan forgets and that stay on the servers."""
    left: dict[str, list[Address]] = {}
    for action in plan.forgotten:
        if action.expects is not None:
            left.setdefault(action.address.type, []).append(action.address)
    return left


def _over_forgotten(plan: Plan, prior: Snapshot, allowed: Share, allowing: str) -> Iterator[Diagnostic]:
    """Yield an error where the plan forgets more of one type than ``--max-forget`` allows."""
    for type_name, left in sorted(forgotten_users(plan).items()):
        total, number = _remembered(type_name, left, prior), len(left)
        most = allowed.of(total)
        if number <= most:
            continue
        more = f" and {number - _NAMED:,} more" if number > _NAMED else ""
        named = ", ".join(str(address) for address in left[:_NAMED]) + more
        at_most = f"{allowed} ({most:,})" if allowed.is_percent else f"{most:,}"
        yield TOO_MUCH_FORGOTTEN.found(
            None,
            f"{number:,} of {total:,} managed {type_name} are no longer declared: {named}. They would stay unchanged "
            f"on the servers, but reconciler would no longer manage them. The limit is {at_most}.",
            f"If a file lost a part, restore it. If this is correct, allow it:{allowing}",
        )
