"""The figures as text: what the product takes, and by how much the peer takes more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.bench.measure import Figures, middle
from tests.bench.rounds import APPLY, HTTP, INSIDE, LOCAL, NO_OP, PLAN, WIRE, Measured

PHASES = (PLAN, APPLY, NO_OP)


def render(machine: Mapping[str, str | int], seed: int, start_up: Mapping[str, Sequence[Figures]]) -> str:
    """Return what stands above the tables: the machine, and how fast the programs start."""
    lines = [
        f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}"
        + (f", Terraform {machine['terraform']}" if "terraform" in machine else "")
        + f"; seed {seed}.",
        "Medians over the rounds. Peak memory and CPU time are of the process itself; requests are those to the",
        "simulated servers, without any delay. In process, the simulator's own work and memory count as well.",
        "",
        "Start-up: " + ", ".join(f"{name} {1000 * middle(taken).wall:.0f} ms" for name, taken in start_up.items()),
    ]
    return "\n".join(lines) + "\n"


def render_size(measured: Measured) -> str:
    """Return the table of one size, and its ratios to the peer."""
    count = measured.size.mailboxes
    about = f", {measured.resources:,} resources" if measured.resources else ""
    lines = [
        "",
        f"{count:,} mailboxes{about}",
        f"  {'':<30}{'wall s':>8}{'CPU s':>8}{'sim. s':>8}"
        f"{'peak MB':>9}{'requests':>10}{'ms/mailbox':>12}{'rounds':>8}",
    ]
    for who in (INSIDE, WIRE, HTTP, LOCAL):
        for phase in PHASES:
            found = measured.middle(who, phase)
            if found is not None:
                lines.append(_row(f"{who}: {phase}", found, count, len(measured.figures[who, phase])))
    ratios = list(_ratios(measured))
    if ratios:
        lines += ["", "  Terraform's share over ours, pair by pair: wall (lowest to highest), CPU, memory", *ratios]
    return "\n".join(lines) + "\n"


def _row(name: str, figures: Figures, mailboxes: int, rounds: int) -> str:
    simulator = f"{figures.simulator_cpu:.2f}" if figures.simulator_cpu else ""
    requests = f"{figures.requests:,}" if figures.requests else ""
    return (
        f"  {name:<30}{figures.wall:>8.2f}{figures.cpu:>8.2f}{simulator:>8}{figures.peak_mb:>9.0f}{requests:>10}"
        f"{1000 * figures.wall / mailboxes:>12.2f}{rounds:>8}"
    )


def _ratios(measured: Measured) -> Iterator[str]:
    for peer in (HTTP, LOCAL):
        for ours in (INSIDE, WIRE):
            for phase in PHASES:
                pairs = list(
                    zip(measured.figures.get((peer, phase), ()), measured.figures.get((ours, phase), ()), strict=False)
                )
                if pairs:
                    yield _ratio(f"{peer} / {ours}: {phase}", pairs)


def _ratio(name: str, pairs: Sequence[tuple[Figures, Figures]]) -> str:
    walls = sorted(theirs.wall / ours.wall for theirs, ours in pairs)
    cpu = median(theirs.cpu / (ours.cpu + ours.simulator_cpu) for theirs, ours in pairs)
    memory = median(theirs.peak_mb / ours.peak_mb for theirs, ours in pairs) if pairs[0][1].peak_mb else 0.0
    return f"  {name:<46}{median(walls):>7.1f} ({walls[0]:.1f} to {walls[-1]:.1f}), {cpu:.1f}, {memory:.1f}"


def page(parts: Sequence[str]) -> str:
    """Return the tables as a page in Markdown, with how they were made."""
    head = [
        "# Performance",
        "",
        "`make bench` makes this page. A figure means something only beside another one of the same run: each round",
        "runs the product and Terraform in turn, and a figure is the median of its rounds. Terraform manages as many",
        "`terraform_data` resources with the same edges, which do no remote work; its state is kept where it is",
        "fastest. What takes us longer stands here too.",
        f"Measured on {datetime.now(UTC).date().isoformat()}.",
    ]
    return "\n".join([*head, *(f"\n```\n{part.strip(chr(10))}\n```" for part in parts)]) + "\n"


def as_json(
    machine: Mapping[str, str | int], seed: int, start_up: Mapping[str, Sequence[Figures]], sizes: Sequence[Measured]
) -> dict[str, Any]:
    """Return every figure of every round."""
    return {
        "machine": dict(machine),
        "seed": seed,
        "start_up": {name: [asdict(one) for one in taken] for name, taken in start_up.items()},
        "sizes": [
            {
                "mailboxes": measured.size.mailboxes,
                "resources": measured.resources,
                "figures": [
                    {"who": who, "phase": phase, "rounds": [asdict(one) for one in taken]}
                    for (who, phase), taken in measured.figures.items()
                ],
            }
            for measured in sizes
        ],
    }
