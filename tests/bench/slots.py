"""Measures an apply to servers that take time: how near it comes to what their slots allow.

The dial plans, policies and gateways are there already; only the users are new. The limit is the time that the slots
need at least: the commands, shared out evenly, one after the other.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.generate import Cost, write_environment
from tests.bench.measure import ROOT, Failed, Figures, run_other


@dataclass(frozen=True, slots=True)
class Load:
    """What is applied, and to which servers."""

    mailboxes: int
    cost: Cost
    rounds: int

    @property
    def limit_seconds(self) -> float:
        return -(-self.mailboxes // self.cost.slots) * self.cost.milliseconds / 1000


@dataclass(frozen=True, slots=True)
class Applied:
    """One apply of one round."""

    whole: Figures
    """From the start of the program to its end, with its plan."""
    run_seconds: float
    """From the first step to the end of the run."""
    commits: int
    """Durable writes of the journal."""


def measure_slots(
    loads: Sequence[Load], work: Path, seed: int, say: Callable[[str], None]
) -> dict[Load, list[Applied]]:
    """Run the rounds of all loads in turn."""
    prepared = {
        load: prepare(work / f"slots-{number}", load.mailboxes, seed, load.cost) for number, load in enumerate(loads)
    }
    done: dict[Load, list[Applied]] = {load: [] for load in loads}
    for number in range(max((load.rounds for load in loads), default=0)):
        for load, directory in prepared.items():
            if number < load.rounds:
                say(f"{_title(load)}, round {number + 1} of {load.rounds}")
                done[load].append(_once(directory, load.cost.slots, work / "slots-now"))
    return done


def prepare(directory: Path, mailboxes: int, seed: int, cost: Cost) -> Path:
    """Return an environment to which everything but its users was applied."""
    write_environment(directory, mailboxes, seed, cost)
    command = [sys.executable, "-m", "reconciler", "apply", str(directory), "--auto-approve"]
    run_other([*command, "--exclude", "um_mailbox"], cwd=ROOT)
    return directory


def apply(place: Path, slots: int) -> Applied:
    """Apply an environment over at most so many slots of a host."""
    with tempfile.TemporaryDirectory() as results:
        result = Path(results) / "result.json"
        command = [sys.executable, "-m", "tests.bench.child", str(result), f"slots={slots}", "apply", str(place)]
        whole = run_other(command, cwd=ROOT)
        told: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if told["exit_code"] != 0 or not told["changes"]:
        raise Failed(f"the apply of {place.name} ended with {told['exit_code']} after {told['changes']} changes")
    figures = Figures(whole.wall - told["estate_wall"], told["cpu"], told["peak_mb"], 0, told["simulator_cpu"])
    return Applied(figures, told["run_seconds"], told["commits"])


def _once(prepared: Path, slots: int, place: Path) -> Applied:
    shutil.copytree(prepared, place)
    try:
        return apply(place, slots)
    finally:
        shutil.rmtree(place)


def _title(load: Load) -> str:
    return f"{load.mailboxes:,} mailboxes, {load.cost.milliseconds} ms a write, {load.cost.slots} slots"


def render_slots(done: dict[Load, list[Applied]]) -> str:
    """Return the table: the limit, the run beside it, and what the program itself costs for each user."""
    lines = [
        "Apply of new users to servers that take time, over the wire",
        f"  {'':<44}{'limit s':>9}{'run s':>8}{'ratio':>7}{'whole s':>9}{'CPU ms/user':>13}{'peak MB':>9}"
        f"{'commits':>9}",
    ]
    for load, rounds in done.items():
        run = median(one.run_seconds for one in rounds)
        commits = median(one.commits for one in rounds)
        whole, cpu, peak = (median(getattr(one.whole, name) for one in rounds) for name in ("wall", "cpu", "peak_mb"))
        lines.append(
            f"  {_title(load):<44}{load.limit_seconds:>9.1f}{run:>8.1f}{run / load.limit_seconds:>7.2f}{whole:>9.1f}"
            f"{1000 * cpu / load.mailboxes:>13.2f}{peak:>9.0f}{commits:>9.0f}"
        )
    return "\n".join(lines) + "\n"
