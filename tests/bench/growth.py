"""How cost grows with the number of mailboxes: the engine's own CPU time and memory, in the process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.measure import Figures
from tests.bench.results import Results
from tests.bench.rounds import APPLY, INSIDE, NO_OP, PLAN, Measured


@dataclass(frozen=True, slots=True)
class Step:
    """From one size to the next."""

    few: int
    many: int
    cpu_few: float
    cpu_many: float
    mb_few: float = 0.0
    mb_many: float = 0.0

    @property
    def exponent(self) -> float:
        """The power of the number of mailboxes that the CPU time grows with."""
        return math.log(self.cpu_many / self.cpu_few) / math.log(self.many / self.few)

    @property
    def marginal_us(self) -> float:
        """CPU microseconds for each further mailbox."""
        return 1e6 * (self.cpu_many - self.cpu_few) / (self.many - self.few)

    @property
    def marginal_bytes(self) -> float:
        return 1e6 * (self.mb_many - self.mb_few) / (self.many - self.few)


def no_op_step(results: Results, few: int, many: int) -> Step | None:
    """Return the growth of the no-op plan."""
    one, other = (results.figures(size, INSIDE, NO_OP) for size in (few, many))
    return Step(few, many, one.cpu, other.cpu, one.own_mb, other.own_mb) if one and other else None


def apply_step(results: Results, few: int, many: int) -> Step | None:
    """Return the growth of the first apply, without the plan before it."""
    return _step(few, many, run_cpu(results.sizes.get(few)), run_cpu(results.sizes.get(many)))


def users_step(results: Results, few: int, many: int) -> Step | None:
    """Return the same where only the users become more, in the estate that ``few`` have."""
    return _step(few, many, run_cpu(results.sizes.get(few)), run_cpu(results.in_estate.get(many)))


def _step(few: int, many: int, one: float | None, other: float | None) -> Step | None:
    return Step(few, many, one, other) if one and other else None


def run_cpu(measured: Measured | None) -> float | None:
    """Return the CPU seconds of the first apply above those of the first plan."""
    apply, plan = (measured.middle(INSIDE, phase) if measured else None for phase in (APPLY, PLAN))
    return apply.cpu - plan.cpu if apply and plan else None


GROWING = (1_000, 10_000, 100_000, 1_000_000)


def render_growth(results: Results) -> str:
    """Return the table: what each size takes, and the growth from the size before."""
    lines = [
        "Growth, in process, without the simulator's CPU time and memory; what is more counts from the size before",
        f"  {'':<22}{'CPU s':>9}{'us/mailbox':>12}{'exponent':>10}{'us more':>9}{'peak MB':>9}{'B more':>8}",
        *_rows(results),
    ]
    return "\n".join(lines) + "\n"


def _rows(results: Results) -> Iterator[str]:
    for before, size in zip((0, *GROWING), GROWING, strict=False):
        found = results.figures(size, INSIDE, NO_OP)
        if found is not None:
            yield _row(f"no-op plan, {size:,}", size, found.cpu, no_op_step(results, before, size), found)
    for before, size in zip((0, *GROWING), GROWING, strict=False):
        cpu = run_cpu(results.sizes.get(size))
        if cpu is not None:
            yield _row(f"first run, {size:,}", size, cpu, apply_step(results, before, size), None)
    for size, measured in results.in_estate.items():
        if (cpu := run_cpu(measured)) is not None:
            few = measured.size.estate
            yield _row(f"  estate of {few:,}", size, cpu, users_step(results, few, size), None)


def _row(name: str, size: int, cpu: float, step: Step | None, figures: Figures | None) -> str:
    peak = f"{figures.own_mb:.0f}" if figures else ""
    memory = f"{step.marginal_bytes:,.0f}" if step and figures else ""
    exponent, more = (f"{step.exponent:.2f}", f"{step.marginal_us:.1f}") if step else ("", "")
    return f"  {name:<22}{cpu:>9.2f}{1e6 * cpu / size:>12.1f}{exponent:>10}{more:>9}{peak:>9}{memory:>8}".rstrip()
