"""The figures as text: what the product takes, and by how much the peers take more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench.measure import Figures, middle
from tests.bench.results import Results
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
    Measured,
)
from tests.bench.traffic import render_traffic

PEERS = (HTTP, LOCAL, SALT, SALT_EDGES)
PHASES = (PLAN, APPLY, ADOPT, NO_OP, EXPORT, OF_EXPORT, CHANGED)


def render_start(results: Results) -> str:
    """Return how fast the programs start."""
    return "Start-up: " + ", ".join(
        f"{name} {1000 * middle(all_).wall:.0f} ms" for name, all_ in results.start_up.items()
    )


def render_size(measured: Measured) -> str:
    """Return the table of one size, and its ratios to the peers."""
    count = measured.size.mailboxes
    about = f", {measured.resources:,} resources" if measured.resources else ""
    lines = [
        f"{measured.size.title}{about}",
        f"  {'':<34}{'wall s':>8}{'CPU s':>8}{'sim. s':>8}"
        f"{'peak MB':>9}{'requests':>10}{'ms/mailbox':>12}{'rounds':>8}",
    ]
    for who in (INSIDE, WIRE, *PEERS):
        for phase in PHASES:
            found = measured.middle(who, phase)
            if found is not None:
                lines.append(_row(f"{who}: {phase}", found, count, len(measured.figures[who, phase])))
    ratios = list(_ratios(measured))
    if ratios:
        lines += ["", "  A peer's share over ours, pair by pair: wall (lowest to highest), CPU, memory", *ratios]
    if measured.state is not None:
        each, kept = (size / count for size in (measured.state.whole, measured.state.without_journal))
        lines += ["", f"  saved state: {each:,.0f} bytes a mailbox, {kept:,.0f} without the journal"]
    if measured.traffic is not None:
        lines += ["", *render_traffic(count, measured.traffic)]
    return "\n".join(lines) + "\n"


def _row(name: str, figures: Figures, mailboxes: int, rounds: int) -> str:
    simulator = f"{figures.simulator_cpu:.2f}" if figures.simulator_cpu else ""
    requests = f"{figures.requests:,}" if figures.requests else ""
    return (
        f"  {name:<34}{figures.wall:>8.2f}{figures.cpu:>8.2f}{simulator:>8}{figures.peak_mb:>9.0f}{requests:>10}"
        f"{1000 * figures.wall / mailboxes:>12.2f}{rounds:>8}"
    )


def _ratios(measured: Measured) -> Iterator[str]:
    for peer in PEERS:
        for ours in (INSIDE, WIRE):
            for phase in PHASES:
                if pairs := measured.pairs((peer, phase), (ours, phase)):
                    yield _ratio(f"{peer} / {ours}: {phase}", pairs)


def _ratio(name: str, pairs: Sequence[tuple[Figures, Figures]]) -> str:
    walls = sorted(theirs.wall / ours.wall for theirs, ours in pairs)
    cpu = median(theirs.cpu / (ours.cpu + ours.simulator_cpu) for theirs, ours in pairs)
    memory = median(theirs.peak_mb / ours.peak_mb for theirs, ours in pairs) if pairs[0][1].peak_mb else 0.0
    return f"  {name:<46}{median(walls):>7.1f} ({walls[0]:.1f} to {walls[-1]:.1f}), {cpu:.1f}, {memory:.1f}"
