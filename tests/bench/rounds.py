"""The rounds of the benchmark: what is run, in which order, and what stands beside what."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.generate import write_environment
from tests.bench.measure import ROOT, Figures, middle, run_child, run_other
from tests.bench.terraform import APPLIED, Terraform

INSIDE, WIRE, HTTP, LOCAL = "in process", "over the wire", "terraform, http", "terraform, local"
PLAN, APPLY, NO_OP = "first plan", "first apply", "no-op plan"

Key = tuple[str, str]
"""Who, and which phase."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many mailboxes, and what is run of them."""

    mailboxes: int
    rounds: int
    phases: Mapping[str, Sequence[str]]
    """By who, the phases that are run; a no-op plan over the wire and in the process comes after the wire's apply."""


@dataclass(slots=True)
class Measured:
    """Every figure of one size, round by round."""

    size: Size
    resources: int = 0
    figures: dict[Key, list[Figures]] = field(default_factory=dict)

    def middle(self, who: str, phase: str) -> Figures | None:
        found = self.figures.get((who, phase))
        return middle(found) if found else None


def warm_up(work: Path, seed: int) -> None:
    """Run everything of the product once, unmeasured, so that no round compiles a module."""
    write_environment(work / "environment-warm-up", 10, seed)
    every = (PLAN, APPLY, NO_OP)
    _round_of_product(Measured(Size(10, 1, {INSIDE: every, WIRE: every})), work / "environment-warm-up", work)


def run_size(
    size: Size, work: Path, seed: int, terraform: str | None, store: str, say: Callable[[str], None]
) -> Measured:
    """Run every round of one size within the directory ``work``."""
    measured = Measured(size)
    fresh = work / f"environment-{size.mailboxes}"
    write_environment(fresh, size.mailboxes, seed)
    peer = work / f"terraform-{size.mailboxes}"
    if terraform is not None:
        run_other(_child("terraform", fresh, peer), cwd=ROOT)
        measured.resources = (peer / "main.tf").read_text().count("\nresource ") + 1
    for number in range(1, size.rounds + 1):
        say(f"{size.mailboxes:,} mailboxes, round {number} of {size.rounds}")
        _round_of_product(measured, fresh, work)
        if terraform is not None:
            for who, address in ((HTTP, store), (LOCAL, None)):
                _round_of_terraform(measured, who, Terraform(terraform, peer, address))
    return measured


def _round_of_product(measured: Measured, fresh: Path, work: Path) -> None:
    """Run each phase in the directory that has what it needs: a fresh one, or the one that the wire's apply left."""
    phases = measured.size.phases
    for who, phase in ((INSIDE, PLAN), (WIRE, PLAN), (INSIDE, APPLY), (WIRE, APPLY), (WIRE, NO_OP), (INSIDE, NO_OP)):
        place = work / ("inside" if (who, phase) == (INSIDE, APPLY) else "wire")
        if phase is not NO_OP and phase in phases.get(who, ()):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(fresh, place)
        if phase in phases.get(who, ()):
            mode, command = "inside" if who is INSIDE else "wire", "apply" if phase is APPLY else "plan"
            figures = run_child(mode, command, place, changes=phase is not NO_OP)
            measured.figures.setdefault((who, phase), []).append(figures)
    for place in (work / "inside", work / "wire"):
        shutil.rmtree(place, ignore_errors=True)


def _round_of_terraform(measured: Measured, who: str, terraform: Terraform) -> None:
    wanted = measured.size.phases.get(who, ())
    runs: dict[str, tuple[Path | None, Callable[[], Figures]]] = {
        PLAN: (None, terraform.plan),
        APPLY: (None, terraform.apply),
        NO_OP: (terraform.directory / APPLIED, terraform.plan_nothing),
    }
    for phase in wanted:
        state, run = runs[phase]
        terraform.prepare(state)
        measured.figures.setdefault((who, phase), []).append(run())


def run_start_up(reconciler: Sequence[str], terraform: str | None, rounds: int, work: Path) -> dict[str, list[Figures]]:
    """Start both programs for their version, in turn."""
    commands = {"reconciler --version": [*reconciler, "--version"]}
    if terraform is not None:
        commands["terraform version"] = [terraform, "version"]
    environment = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(work / "cli.tfrc")}
    (work / "cli.tfrc").write_text("disable_checkpoint = true\n")
    figures: dict[str, list[Figures]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            figures[name].append(run_other(command, cwd=work, environment=environment))
    return figures


def _child(mode: str, *paths: Path) -> list[str]:
    return [sys.executable, "-m", "tests.bench.child", "-", mode, *map(str, paths)]
