"""What is measured: quick, by default, or in full."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.bench.generate import Cost
from tests.bench.headline import Duel
from tests.bench.rounds import (
    ADOPT,
    APPLY,
    CHANGED,
    EXPORT,
    HTTP,
    INSIDE,
    LOCAL,
    NO_OP,
    OF_EXPORT,
    PLAN,
    SALT,
    SALT_EDGES,
    WIRE,
    Size,
)
from tests.bench.slots import Load

K = 1_000
FIRST = (PLAN, APPLY, NO_OP)
EVERY = (*FIRST, CHANGED)
WHOLE = (*EVERY, EXPORT, OF_EXPORT)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one run of the benchmark measures."""

    parts: int
    """Mailboxes of which the parts of the product are measured."""
    loads: tuple[Load, ...]
    duel: Duel
    sizes: tuple[Size, ...]

    def of(self, rounds: int | None) -> Choice:
        """Return it with at most so many rounds of everything."""
        if rounds is None:
            return self
        return Choice(
            self.parts,
            tuple(replace(load, rounds=min(rounds, load.rounds)) for load in self.loads),
            replace(self.duel, rounds=min(rounds, self.duel.rounds)),
            tuple(replace(size, rounds=min(rounds, size.rounds)) for size in self.sizes),
        )


COSTS = tuple(Cost(milliseconds, slots) for milliseconds in (50, 150) for slots in (1, 10, 18))
LARGE = Cost(50, 18)

QUICK = Choice(
    parts=1 * K,
    loads=tuple(Load(K, cost, 1) for cost in COSTS if cost.slots > 1),
    duel=Duel(rounds=1),
    sizes=(
        Size(80, 1, {INSIDE: (APPLY, NO_OP), HTTP: (NO_OP,)}),
        Size(1 * K, 1, {INSIDE: WHOLE, WIRE: EVERY, HTTP: FIRST, SALT: (NO_OP,), SALT_EDGES: (NO_OP,)}),
    ),
)
DEFAULT = Choice(
    parts=10 * K,
    loads=(*(Load(K, cost, 1) for cost in COSTS), Load(10 * K, LARGE, 1)),
    duel=Duel(rounds=3),
    sizes=(
        Size(80, 5, {INSIDE: (APPLY, NO_OP), HTTP: (NO_OP,)}),
        Size(1 * K, 5, {INSIDE: EVERY, WIRE: FIRST, HTTP: FIRST}),
        Size(3 * K, 3, {INSIDE: (APPLY, NO_OP), HTTP: (NO_OP,)}),
        Size(10 * K, 3, {INSIDE: WHOLE, WIRE: (APPLY, NO_OP), HTTP: (NO_OP,), SALT: (NO_OP,)}),
        Size(100 * K, 1, {INSIDE: EVERY}),
        Size(100 * K, 1, {INSIDE: (PLAN, APPLY)}, estate=10 * K),
    ),
)
FULL = Choice(
    parts=10 * K,
    loads=tuple(Load(load.mailboxes, load.cost, 3) for load in DEFAULT.loads),
    duel=Duel(rounds=5),
    sizes=(
        Size(80, 5, {INSIDE: (APPLY, NO_OP), HTTP: (NO_OP,), LOCAL: (NO_OP,)}),
        Size(1 * K, 5, {INSIDE: EVERY, WIRE: EVERY, HTTP: FIRST, LOCAL: FIRST}),
        Size(3 * K, 5, {INSIDE: (APPLY, NO_OP), HTTP: (NO_OP,)}),
        Size(
            10 * K,
            3,
            {
                INSIDE: WHOLE,
                WIRE: EVERY,
                HTTP: (PLAN, NO_OP),
                LOCAL: (PLAN, NO_OP),
                SALT: (NO_OP,),
                SALT_EDGES: (NO_OP,),
            },
        ),
        Size(50 * K, 1, {WIRE: (APPLY, NO_OP)}),
        Size(100 * K, 3, {INSIDE: EVERY}),
        Size(100 * K, 3, {INSIDE: (PLAN, APPLY)}, estate=10 * K),
        Size(1_000 * K, 1, {INSIDE: (ADOPT, NO_OP)}),
    ),
)
