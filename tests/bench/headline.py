"""The fair headline: Terraform with a provider and our engine do the same remote work at the same delays.

The provider's remote and our simulator have as many rows, slots and the same time for a call. Ours answers over WinRM
with NTLM and sealing, and a plan of ours reads the whole estate (30 listings more than the mailboxes). First nothing
costs but the writes, whose limit is known. Then each read costs as much, and both read back what they wrote: ours looks
at a user before and after the command, as it always does, in one listing for a batch; the provider after it, at each.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from tests.bench.generate import Cost, set_cost
from tests.bench.measure import ROOT, Failed, Figures, middle, run_child, run_other
from tests.bench.slots import apply, prepare
from tests.bench.terraform import Terraform
from tests.bench.terraform_files import FIELDS

OURS, EACH, BULK = "reconciler", "terraform, each", "terraform, bulk"
APPLY, VERIFIED, NO_OP = "apply", "apply, reads cost too", "no-op plan"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Duel:
    """How many mailboxes, and what the servers cost."""

    mailboxes: int = 1_000
    milliseconds: int = 50
    slots: int = 10
    rounds: int = 3

    @property
    def writes(self) -> Cost:
        return Cost(self.milliseconds, self.slots)

    @property
    def both(self) -> Cost:
        return Cost(self.milliseconds, self.slots, self.milliseconds)

    @property
    def limit_seconds(self) -> float:
        return -(-self.mailboxes // self.slots) * self.milliseconds / 1000


@dataclass(slots=True)
class Headline:
    """Every figure of both, round by round."""

    duel: Duel
    figures: dict[Key, list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def ratio(self, peer: str, phase: str) -> float | None:
        """Return by how much the peer takes longer than ours, the median over the pairs; None: not measured."""
        pairs = self._pairs(peer, phase)
        return median(theirs.wall / ours.wall for theirs, ours in pairs) if pairs else None

    def engine_ratio(self, peer: str, phase: str) -> float | None:
        """Return the ratio of what each takes above the limit of the slots."""
        limit, pairs = self.duel.limit_seconds, self._pairs(peer, phase)
        return median((theirs.wall - limit) / (ours.wall - limit) for theirs, ours in pairs) if pairs else None

    def _pairs(self, peer: str, phase: str) -> list[tuple[Figures, Figures]]:
        return list(zip(self.figures.get((peer, phase), ()), self.figures.get((OURS, phase), ()), strict=False))


def measure_headline(
    duel: Duel, work: Path, seed: int, terraform: str | None, store: str, say: Callable[[str], None]
) -> Headline:
    """Run the rounds, ours and the peer's in turn."""
    done = Headline(duel)
    place = work / "headline"
    prepared = prepare(place / "prepared", duel.mailboxes, seed, duel.writes)
    peer = place / "peer"
    run_other([sys.executable, "-m", "tests.bench.child", "-", "provided", str(prepared), str(peer)], cwd=ROOT)
    for number in range(1, duel.rounds + 1):
        say(f"Headline, {duel.mailboxes:,} mailboxes, round {number} of {duel.rounds}")
        for phase, cost in ((APPLY, duel.writes), (VERIFIED, duel.both)):
            _ours(done, phase, cost, prepared, place / "now")
            if terraform is not None:
                _theirs(done, phase, cost, Terraform(terraform, peer, store))
    return done


def _ours(done: Headline, phase: str, cost: Cost, prepared: Path, place: Path) -> None:
    """Apply; where reads cost, plan again as well."""
    shutil.copytree(prepared, place)
    set_cost(place, cost)
    done.figures[OURS, phase].append(apply(place, cost.slots).whole)
    if cost.read_milliseconds:
        done.figures[OURS, NO_OP].append(run_child("wire", "plan", place, changes=False))
    shutil.rmtree(place)


def _theirs(done: Headline, phase: str, cost: Cost, terraform: Terraform) -> None:
    with remote(cost) as address:
        each, bulk = (
            Terraform(
                terraform.program, terraform.directory, terraform.store, _settings(address, read, cost, terraform)
            )
            for read in ("each", "bulk")
        )
        each.prepare()
        done.figures[EACH, phase].append(each.apply())
        _check(address, "writes", done.duel.mailboxes)
        if cost.read_milliseconds:
            read = done.duel.mailboxes
            _check(address, "reads", read)
            done.figures[EACH, NO_OP].append(each.plan_nothing())
            _check(address, "reads", 2 * read)
            done.figures[BULK, NO_OP].append(bulk.plan_nothing())
            _check(address, "pages", read // 1000 + 1)


def _settings(address: str, read: str, cost: Cost, terraform: Terraform) -> dict[str, str]:
    return {
        "BENCH_REMOTE": address,
        "BENCH_FIELDS": ",".join(FIELDS),
        "BENCH_READ": read,
        "BENCH_VERIFY": "1" if cost.read_milliseconds else "",
        # The package keeps its certificate in the home directory.
        "HOME": str(terraform.directory),
    }


@contextmanager
def remote(cost: Cost) -> Iterator[str]:
    """Run the peer's remote while entered; enters with its host and port."""
    costs = (cost.milliseconds, cost.read_milliseconds, cost.slots)
    command = [sys.executable, "-m", "tests.bench.remote", *map(str, costs)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def _check(address: str, kind: str, count: int) -> None:
    """Check that the peer did the work that was to be measured. Raises Failed where it did not."""
    with urlopen(f"http://{address}/counts") as answer:
        counts = json.load(answer)
    if counts.get(kind) != count:
        raise Failed(f"the provider made {counts} where {count} {kind} were to be made")


def render_headline(done: Headline) -> str:
    """Return the table: what each takes, and by how much the peer takes longer."""
    duel = done.duel
    lines = [
        f"The same remote work: {duel.mailboxes:,} mailboxes, {duel.milliseconds} ms a call, {duel.slots} slots",
        f"(limit of the writes {duel.limit_seconds:.1f} s)",
        f"  {'':<44}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'theirs / ours':>15}{'above limit':>13}",
    ]
    for phase in (APPLY, VERIFIED, NO_OP):
        for who in (OURS, EACH, BULK):
            if (who, phase) in done.figures:
                lines.append(_row(done, who, phase))
    return "\n".join(lines) + "\n"


def _row(done: Headline, who: str, phase: str) -> str:
    taken: Sequence[Figures] = done.figures[who, phase]
    figures = middle(taken)
    ratio = done.ratio(who, phase) if who is not OURS else None
    engine = done.engine_ratio(who, phase) if ratio and phase is APPLY else None
    return (
        f"  {f'{who}: {phase}':<44}{figures.wall:>8.2f}{figures.cpu:>8.2f}{figures.peak_mb:>9.0f}"
        f"{f'{ratio:.1f}' if ratio else '':>15}{f'{engine:.1f}' if engine else '':>13}"
    ).rstrip()
