"""The targets: what each asks for, what this run measured, and whether it is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench.growth import apply_step, no_op_step, run_cpu, users_step
from tests.bench.headline import APPLY as DUEL_APPLY
from tests.bench.headline import BULK, EACH
from tests.bench.headline import NO_OP as DUEL_NO_OP
from tests.bench.parts import JOURNAL, TEXT, YAML
from tests.bench.results import Results
from tests.bench.rounds import CHANGED, EXPORT, HTTP, INSIDE, NO_OP, OF_EXPORT, SALT, SALT_EDGES, WIRE
from tests.bench.slots import Load

K = 1_000
AT_LEAST, AT_MOST = ">=", "<="


@dataclass(frozen=True, slots=True)
class Target:
    """One figure that is to be reached."""

    key: str
    """Its name, and what sets it apart from others of that name: ``P1-10k-cpu``."""
    what: str
    goal: float
    unit: str
    measured: float | None
    """None: this run did not measure it."""
    bound: str = AT_MOST

    @property
    def name(self) -> str:
        return self.key.partition("-")[0]

    @property
    def is_held(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured >= self.goal if self.bound == AT_LEAST else self.measured <= self.goal

    @property
    def verdict(self) -> str:
        return {True: "held", False: "not held", None: "not measured"}[self.is_held]

    @property
    def shown(self) -> str:
        """The measured figure with its unit."""
        return "-" if self.measured is None else _shown(self.measured, self.unit)

    @property
    def asked(self) -> str:
        return f"{self.bound} {_shown(self.goal, self.unit)}"


def _shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}".strip()


def targets(results: Results) -> tuple[Target, ...]:
    """Return every target in the order of its number."""
    ways = (_plans, _growth, _applies, _journal, _parts, _exports, _wire)
    return tuple(sorted((one for way in ways for one in way(results)), key=lambda one: (len(one.name), one.name)))


def _plans(results: Results) -> Iterator[Target]:
    peer = "Terraform's no-op plan over ours"
    for size, words, goal in ((K, "1k", 6), (3 * K, "3k", 15), (10 * K, "10k", 50)):
        ratio = results.ratio(size, NO_OP, HTTP, INSIDE)
        yield Target(f"P1-{words}", f"{peer}, {size:,}, in process, wall", goal, "x", ratio, AT_LEAST)
    cpu = results.ratio(10 * K, NO_OP, HTTP, INSIDE, "cpu")
    yield Target("P1-10k-cpu", f"{peer}, 10,000, in process, CPU without the simulator's", 80, "x", cpu, AT_LEAST)
    for size, words, goal in ((K, "1k", 3), (10 * K, "10k", 25)):
        ratio = results.ratio(size, NO_OP, HTTP, WIRE)
        yield Target(f"P1-{words}-wire", f"{peer}, {size:,}, over the wire, wall", goal, "x", ratio, AT_LEAST)
    for who, words, goal in ((EACH, "each", 12), (BULK, "bulk", 7)):
        ratio = results.headline.ratio(who, DUEL_NO_OP) if results.headline else None
        what = f"Terraform with a provider that reads {words} over ours: no-op plan of the same work"
        yield Target(f"P2-{words}", what, goal, "x", ratio, AT_LEAST)
    for who, words, edges in ((SALT, "bare", "no edges"), (SALT_EDGES, "edges", "edges as `require`")):
        ratio = results.ratio(10 * K, NO_OP, who, INSIDE)
        what = f"Salt's no-op over ours, 10,000, in process, wall, {edges}"
        yield Target(f"P3-{words}", what, 8, "x", ratio, AT_LEAST)
    for size, words, most in ((10 * K, "10k", 2.0), (100 * K, "100k", 1.3)):
        ratio = results.slower(size, CHANGED, NO_OP)
        yield Target(f"P6-{words}", f"plan with 1 % changed over the no-op plan, {size:,}", most, "x", ratio)


def _growth(results: Results) -> Iterator[Target]:
    first, last = no_op_step(results, 10 * K, 100 * K), no_op_step(results, 100 * K, 1_000 * K)
    more = first.marginal_us if first else None
    yield Target("P4-marginal", "CPU for each further row of a no-op plan, 10,000 to 100,000", 12, "us", more)
    power = last.exponent if last else None
    yield Target("P4-exponent", "power that its CPU grows with, 100,000 to 1,000,000", 1.05, "", power)
    wire = results.figures(10 * K, WIRE, NO_OP)
    yield Target("P5-10k", "peak of a no-op plan, 10,000, over the wire", 100, "MB", wire.peak_mb if wire else None)
    for size, words, goal in ((100 * K, "100k", 180), (1_000 * K, "1M", 500)):
        found = results.figures(size, INSIDE, NO_OP)
        what = f"peak of a no-op plan, {size:,}, without the simulator's"
        yield Target(f"P5-{words}", what, goal, "MB", found.own_mb if found else None)
    what = "power that the CPU of the first run grows with, 10,000 to 100,000"
    for words, where, step in (
        ("users", "in the estate of 10,000", users_step),
        ("estate", "the estate too", apply_step),
    ):
        run = step(results, 10 * K, 100 * K)
        yield Target(f"P10-{words}", f"{what}, {where}", 1.05, "", run.exponent if run else None)


def _applies(results: Results) -> Iterator[Target]:
    for size, words, most in ((K, "1k", 1.15), (10 * K, "10k", 1.08)):
        what = f"run over the limit of its slots, {size:,}: the worst of all costs"
        yield Target(f"P7-{words}", what, most, "x", _worst_run(results, size))
    cpu = run_cpu(results.sizes.get(10 * K))
    yield Target("P8", "engine's CPU for each mailbox of the first run, 10,000", 0.5, "ms", cpu / 10 if cpu else None)
    duel = results.headline
    what = "Terraform with a provider over ours: apply of the same work"
    yield Target("P9-wall", what, 1.8, "x", duel.ratio(EACH, DUEL_APPLY) if duel else None, AT_LEAST)
    engine = duel.engine_ratio(EACH, DUEL_APPLY) if duel else None
    yield Target("P9-engine", "the same, what lies above the limit", 10, "x", engine, AT_LEAST)


def _worst_run(results: Results, mailboxes: int) -> float | None:
    ratios = [_run_seconds(results, load) / load.limit_seconds for load in results.slots if load.mailboxes == mailboxes]
    return max(ratios, default=None)


def _run_seconds(results: Results, load: Load) -> float:
    return median(one.run_seconds for one in results.slots[load])


def _journal(results: Results) -> Iterator[Target]:
    journal = results.parts.microseconds(JOURNAL) if results.parts else None
    yield Target("P11-time", "journal for each operation, durable, 32 in a group", 40, "us", journal)
    rates = [median(one.commits / one.run_seconds for one in rounds) / 100 for rounds in results.slots.values()]
    most = max(rates, default=None)
    yield Target("P11-syncs", "durable writes in 10 ms, the most of all runs with slots", 1, "", most)
    size = results.sizes.get(10 * K)
    state = size.state if size else None
    what = "saved state for each mailbox after the first apply, 10,000"
    yield Target(
        "P12-rows", f"{what}, without the journal", 600, "B", state.without_journal / 10_000 if state else None
    )
    yield Target("P12-file", f"{what}, with the journal", 600, "B", state.whole / 10_000 if state else None)


def _parts(results: Results) -> Iterator[Target]:
    ours, theirs = results.started("reconciler --version"), results.started("terraform version")
    ratio = ours.wall / theirs.wall if ours and theirs else None
    yield Target("P13-version", "reconciler --version over terraform version", 1, "x", ratio)
    small = min(results.sizes, default=0)
    what = "our no-op plan of about 100 resources over Terraform's, in process"
    yield Target("P13-small", what, 1, "x", results.ratio(small, NO_OP, INSIDE, HTTP) if small < K else None)
    parts = results.parts
    text = parts.microseconds(TEXT) / 100 if parts and parts.mailboxes == 10 * K else None
    yield Target("P14", "text of a plan of 10,000 new rows", 0.3, "s", text)
    yield Target("P15", "YAML for each row, with lines", 35, "us", parts.microseconds(YAML) if parts else None)


def _exports(results: Results) -> Iterator[Target]:
    for value, words, about in (("cpu", "cpu", "CPU"), ("own_mb", "peak", "peak of memory")):
        ratio = results.more(10 * K, EXPORT, OF_EXPORT, value)
        what = f"export of 10,000 over a no-op plan of its files, in process, {about} without the simulator's"
        yield Target(f"P16-{words}", what, 1, "x", ratio)


def _wire(results: Results) -> Iterator[Target]:
    size = results.sizes.get(10 * K)
    share = 100 * size.traffic.share_after if size and size.traffic else None
    yield Target("Wire", "share of a no-op plan's time after the last byte listed, 10,000", 5, "%", share)
