"""Asks the servers whether they would make the new users of a plan.

A server knows more than a listing shows, such as an address that an invisible object holds. It is asked by a read that
runs its checks and writes nothing. Only users are asked for that the plan makes, and whose objects exist already:
where an earlier step makes their policy, or frees their extension, the answer would be about another world. At most
``MOST`` users are asked for, those of the first steps first, so a pilot is always among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Command
from reconciler.model.diagnostics import AccessDenied, Diagnostic, PermanentError, SessionError, Severity, count
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address
from reconciler.model.server_abilities import Rehearsing
from reconciler.model.values import EMPTY
from reconciler.plan.plan import Plan
from reconciler.plan.rules import NOT_REHEARSED
from reconciler.plan.selection import hard_needs
from reconciler.run.observe import Reader
from reconciler.run.slots import FEW

MOST: Final = 100
"""Each question takes a server 0.1 to 0.3 s: 100 take 3 to 8 s over four sessions."""
SESSIONS_OF_A_PLAN: Final = FEW
"""The most sessions of a host that ask for a plan: others of the account work beside it."""
SESSIONS_OF_AN_APPLY: Final = MOST
"""As many as there are questions: its writes use the sessions afterwards, and the connection has a limit of its own."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the servers said about the new users of a plan."""

    refused: Mapping[Address, Diagnostic] = field(default_factory=lambda: EMPTY)
    notes: tuple[Diagnostic, ...] = ()
    """About those for whom they did not say it."""


def rehearse(
    plan: Plan,
    types: Sequence[ResourceType],
    reader: Reader,
    landscape: Landscape,
    *,
    sessions: int = SESSIONS_OF_A_PLAN,
) -> Rehearsal:
    """Return what the servers would refuse; they write nothing.

    ``sessions``: at most so many of a host ask.

    An answer other than a refusal, such as missing rights or a lost message, proves nothing and refuses nobody.
    """
    kinds = {kind.name: kind for kind in types if isinstance(kind, Rehearsing)}
    every = list(_questions(plan, kinds, landscape))
    asked = list(islice(every, MOST))
    answers = reader.check([command for _, command in asked], sessions) if asked else {}
    refused: dict[Address, Diagnostic] = {}
    unsaid: list[SessionError] = []
    for action, command in asked:
        match answers[command]:
            case PermanentError() as error if not isinstance(error, AccessDenied):
                detail = f"{action.address}: {error}"
                refused[action.address] = kinds[action.address.type].refuses.found(action, detail)
            case SessionError() as error:
                unsaid.append(error)
    return Rehearsal(refused, (*_unsaid(unsaid), *_left(len(every) - len(asked), len(every))))


def _questions(plan: Plan, kinds: Mapping[str, Rehearsing], landscape: Landscape) -> Iterator[tuple[Action, Command]]:
    """Yield the users to ask for, in the order of the steps."""
    planned = {action.address.folded: action for action in plan.actions()}
    for action in plan.actions():
        kind = kinds.get(action.address.type)
        if kind is None or action.kind is not ActionKind.CREATE or not _is_answerable(action, planned):
            continue
        if (command := kind.rehearsal(action, landscape)) is not None:
            yield action, command


def _is_answerable(action: Action, planned: Mapping[tuple[str, str], Action]) -> bool:
    """True where no earlier step of the plan makes, frees or removes what the user needs."""
    first = (planned.get(need.folded) for need in hard_needs(action))
    is_free = all(other is None or (other.kind is ActionKind.UPDATE and not other.is_of_users) for other in first)
    return is_free and not action.takes_from and not any(command.references for command in action.commands)


def _unsaid(errors: Sequence[SessionError]) -> Iterator[Diagnostic]:
    if errors:
        detail = f"The servers did not say whether they would accept {count(len(errors), 'new user')}: {errors[0]}"
        yield NOT_REHEARSED.found(None, detail, severity=Severity.WARNING)


def _left(number: int, total: int) -> Iterator[Diagnostic]:
    if number:
        yield NOT_REHEARSED.found(
            None,
            f"The servers were asked for {MOST:,} of {count(total, 'new user')}, those of the first steps.",
            "Nothing. To ask for more of them, plan a part of the users with --target or --wave.",
        )
