"""The rounds of the benchmark: what is run, in which order, and what stands beside what."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.child import exported_from
from tests.bench.generate import change_users, write_environment
from tests.bench.measure import ROOT, Figures, middle, run_child, run_other
from tests.bench.salt import BARE, WITH_EDGES, Salt
from tests.bench.state_size import StateSize, size_of
from tests.bench.terraform import APPLIED, Terraform
from tests.bench.traffic import Traffic, measure_traffic
from tests.bench.wire import CHANGES

INSIDE, WIRE, HTTP, LOCAL = "in process", "over the wire", "terraform, http", "terraform, local"
SALT, SALT_EDGES = "salt", "salt, with edges"
PLAN, APPLY, NO_OP, CHANGED = "first plan", "first apply", "no-op plan", "plan, 1 % changed"
EXPORT, OF_EXPORT = "export", "no-op plan of the export"
ADOPT = "adoption"
"""An apply to users who have everything already: the quickest way to a state in which nothing is to be done."""

ADOPTED_AT_ONCE = 250_000
PRIVATE = ".reconciler"

Key = tuple[str, str]
"""Who, and which phase."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The programs that run beside the product; None is one that is not installed."""

    terraform: str | None
    store: str
    """The address of the state of Terraform's ``http`` backend."""
    salt: Path | None


@dataclass(frozen=True, slots=True)
class Size:
    """How many mailboxes, and what is run of them."""

    mailboxes: int
    rounds: int
    phases: Mapping[str, Sequence[str]]
    """By who, the phases that are run; what comes after an apply is run after the wire's, where there is one."""
    estate: int = 0
    """The mailboxes that the rest of the estate is made for, where it is not made for these."""

    @property
    def title(self) -> str:
        of = f" in the estate of {self.estate:,}" if self.estate else ""
        return f"{self.mailboxes:,} mailboxes{of}"


@dataclass(slots=True)
class Measured:
    """Every figure of one size, round by round."""

    size: Size
    resources: int = 0
    state: StateSize | None = None
    """After the apply."""
    traffic: Traffic | None = None
    """Of the last no-op plan over the wire."""
    figures: dict[Key, list[Figures]] = field(default_factory=dict)

    def middle(self, who: str, phase: str) -> Figures | None:
        found = self.figures.get((who, phase))
        return middle(found) if found else None

    def pairs(self, one: Key, other: Key) -> list[tuple[Figures, Figures]]:
        """Return the figures of two, taken in the same rounds."""
        return list(zip(self.figures.get(one, ()), self.figures.get(other, ()), strict=False))


def warm_up(work: Path, seed: int) -> None:
    """Run everything of the product once, unmeasured, so that no round compiles a module."""
    write_environment(work / "environment-warm-up", 10, seed)
    every = (PLAN, APPLY, NO_OP)
    _round_of_product(Measured(Size(10, 1, {INSIDE: every, WIRE: every})), work / "environment-warm-up", work)


def run_size(size: Size, work: Path, seed: int, peers: Peers, say: Callable[[str], None]) -> Measured:
    """Run every round of one size within the directory ``work``."""
    measured = Measured(size)
    fresh = work / f"environment-{size.mailboxes}-{size.estate}"
    is_enabled = ADOPT in size.phases.get(INSIDE, ())
    write_environment(fresh, size.mailboxes, seed, enabled=is_enabled, estate=size.estate)
    terraform = peers.terraform if {HTTP, LOCAL} & size.phases.keys() else None
    salt = peers.salt if {SALT, SALT_EDGES} & size.phases.keys() else None
    terraform_files, salt_files = (work / f"{name}-{size.mailboxes}" for name in ("terraform", "salt"))
    if terraform is not None:
        run_other(_child("terraform", fresh, terraform_files), cwd=ROOT)
        measured.resources = (terraform_files / "main.tf").read_text().count("\nresource ") + 1
    if salt is not None:
        run_other(_child("salt", fresh, salt_files), cwd=ROOT)
        Salt(salt, salt_files).plan_nothing(BARE)  # unmeasured: it compiles modules, and learns about the machine
    for number in range(1, size.rounds + 1):
        say(f"{size.title}, round {number} of {size.rounds}")
        _round_of_product(measured, fresh, work)
        if terraform is not None:
            for who, address in ((HTTP, peers.store), (LOCAL, None)):
                _round_of_terraform(measured, who, Terraform(terraform, terraform_files, address))
        if salt is not None:
            _round_of_salt(measured, Salt(salt, salt_files), is_first=number == 1)
    return measured


_ORDER: Sequence[tuple[Key, str]] = (
    ((INSIDE, PLAN), "fresh"),
    ((WIRE, PLAN), "fresh"),
    ((INSIDE, APPLY), "fresh"),
    ((INSIDE, ADOPT), "applied"),
    ((WIRE, APPLY), "applied"),
    ((WIRE, NO_OP), "applied"),
    ((INSIDE, NO_OP), "applied"),
    ((INSIDE, EXPORT), "bare"),
    ((INSIDE, OF_EXPORT), "bare-export"),
    ((WIRE, CHANGED), "changed"),
    ((INSIDE, CHANGED), "changed"),
)
"""What is run in turn, and where.

In a fresh directory, in that of the apply, in one with its connections alone, in what was exported from there, or in a
copy of that of the apply with other users.
"""


def _round_of_product(measured: Measured, fresh: Path, work: Path) -> None:
    """Run each phase in the directory that has what it needs."""
    phases = measured.size.phases
    keeps = APPLY not in phases.get(WIRE, ())
    for (who, phase), name in _ORDER:
        if phase not in phases.get(who, ()):
            continue
        place = work / ("applied" if keeps and phase is APPLY else name)
        _make_ready(place, fresh, phase)
        mode = "wire" if who is WIRE else "kept" if keeps else "inside"
        command = "apply" if phase is APPLY else "export" if phase is EXPORT else "plan"
        if phase is ADOPT:
            figures = _adopt(place, measured.size.mailboxes)
        else:
            figures = run_child(mode, command, place, changes=phase not in (NO_OP, OF_EXPORT))
        measured.figures.setdefault((who, phase), []).append(figures)
        if (who, phase) == (WIRE, NO_OP):
            measured.traffic = measure_traffic(place)
        if phase is APPLY:
            measured.state = size_of(place / PRIVATE)
    for name in ("fresh", "applied", "changed", "bare", "bare-export"):
        shutil.rmtree(work / name, ignore_errors=True)


def _make_ready(place: Path, fresh: Path, phase: str) -> None:
    if phase in (PLAN, APPLY, ADOPT):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(fresh, place)
    if phase is EXPORT:
        leave_connections(place.with_name("applied"), place)
        shutil.rmtree(exported_from(place), ignore_errors=True)
    if phase is OF_EXPORT:
        run_child("kept", "apply", place, changes=False)  # it adopts
    if phase is CHANGED and not place.exists():
        shutil.copytree(place.with_name("applied"), place)
        change_users(place, step=100)


def leave_connections(applied: Path, place: Path) -> None:
    """Make a directory that leads to the same servers, without declarations and without a state."""
    shutil.rmtree(place, ignore_errors=True)
    (place / CHANGES.parent).mkdir(parents=True, mode=0o700)
    shutil.copy(applied / "world.yaml", place)
    for kept in (applied / CHANGES.parent).glob(f"{CHANGES.name}*"):
        shutil.copy(kept, place / CHANGES.parent)
    text = (applied / "environment.yaml").read_text("utf-8")
    (place / "environment.yaml").write_text(text.partition("dial_plans:")[0], encoding="utf-8")


def _adopt(place: Path, mailboxes: int) -> Figures:
    """Adopt all users, a share after the other: adopting a million at once would need more memory than there is.

    Return the figures of the last share. Only the first has changes, those of everything but the users.
    """
    path = place / "users.csv"
    head, *rows = path.read_bytes().splitlines(keepends=True)
    shares = range(0, mailboxes, ADOPTED_AT_ONCE)
    figures = []
    for start in shares:
        path.write_bytes(head + b"".join(rows[: start + ADOPTED_AT_ONCE]))
        figures.append(run_child("kept", "apply", place, changes=start == 0))
    return figures[-1]


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


def _round_of_salt(measured: Measured, salt: Salt, *, is_first: bool) -> None:
    """Compare all states; those with edges in the first round alone, since that takes minutes."""
    for who, states in ((SALT, BARE), (SALT_EDGES, WITH_EDGES)):
        if NO_OP in measured.size.phases.get(who, ()) and (is_first or who is SALT):
            measured.figures.setdefault((who, NO_OP), []).append(salt.plan_nothing(states))


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
