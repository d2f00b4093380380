"""What single parts of the product cost: reading YAML and CSV, rendering a plan, the journal on the disk.

Each part is run a few times in one process, and its median counts. CPU time is told where nothing waits; the journal
waits for the disk, so its time is that of the clock.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.measure import run_for_result

if TYPE_CHECKING:
    from reconciler.model.values import Value
    from reconciler.plan.plan import Plan

FIELDS = 11
GROUP = 32
GROUPS = 100
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one environment with so many mailboxes."""

    mailboxes: int
    yaml_us: float
    """CPU microseconds for each row of eleven texts, to a tree in which every key knows its line."""
    csv_us: float
    """CPU microseconds for each row of the environment's CSV file."""
    load_us: float
    """CPU microseconds for each mailbox to load the environment: read, validated, resolved, checked."""
    text_seconds: float
    """CPU seconds to render the plan that makes every mailbox, as ``plan`` prints it."""
    full_seconds: float
    """With the commands of each mailbox."""
    json_seconds: float
    """As JSON lines."""
    journal_us: float
    """Microseconds for each operation: intent and outcome, both durable, in groups of ``GROUP``."""


def measure_parts(directory: Path) -> Parts:
    """Measure in a process of its own, in an environment to which nothing was applied."""
    return Parts(**run_for_result("parts", str(directory)))


def parts_of(directory: Path, groups: int = GROUPS) -> Parts:
    """Measure here; ``groups``: how many go through the journal."""
    from reconciler.app import check
    from tests.bench.child import first_plan

    content = (directory / "users.csv").read_bytes()
    rows = content.count(b"\n") - 1
    plan = first_plan(directory)
    return Parts(
        rows,
        1e6 * _cpu(_yaml_reader(rows)) / rows,
        1e6 * _cpu(_csv_reader(content)) / rows,
        1e6 * _cpu(lambda: check(directory)) / rows,
        _cpu(lambda: _render(plan)),
        _cpu(lambda: _render(plan, commands=True)),
        _cpu(lambda: _render(plan, as_json=True)),
        1e6 * median(_journal(groups) for _ in range(REPEATS)) / (GROUP * groups),
    )


def _cpu(run: Callable[[], object]) -> float:
    """Return the CPU seconds of the median run; the first one, which imports, does not count."""
    taken = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        run()
        taken.append(time.process_time() - began)
    return median(taken[1:])


def _yaml_reader(rows: int) -> Callable[[], object]:
    from reconciler.config.yaml_reader import read_yaml

    names = [f"attribute_{place:02}" for place in range(FIELDS)]
    lines = (", ".join(f"{name}: text {row:06}" for name in names) for row in range(rows))
    content = "".join(f"- {{{line}}}\n" for line in lines).encode()

    def run() -> None:
        _, found = read_yaml("rows.yaml", content)
        assert not found, found

    return run


def _csv_reader(content: bytes) -> Callable[[], object]:
    from reconciler.config.csv_reader import Columns, read_csv

    columns = Columns(content.partition(b"\n")[0].decode().split(","), required=("identity",))

    def run() -> None:
        _, found = read_csv("users.csv", content, columns)
        assert not found, found

    return run


def _render(plan: Plan, *, commands: bool = False, as_json: bool = False) -> None:
    from reconciler.cli.output import Output

    with redirect_stdout(io.StringIO()):
        Output(as_json=as_json).plan(plan, commands=commands)


def _journal(groups: int) -> float:
    """Return the seconds that so many groups take: intents, then what came of them."""
    from reconciler.model.ports import Holder
    from reconciler.model.resources import Address
    from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, Remembered, Run, StateChange
    from reconciler.run.system import SystemClock, SystemRandom
    from state.store import open_store

    clock, random = SystemClock(), SystemRandom()
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place:
        store = open_store(Path(place) / "private" / "state.db", "bench", clock=clock, random=random)
        began = clock.now().isoformat()
        run = Run(random.identifier(), began, "bench", "localhost")
        lease = store.acquire(Holder(run.id, "localhost", 1, "bench", "apply", began))
        lease.begin(run)
        started = time.perf_counter()
        for group in range(groups):
            users = [Address("um_mailbox", f"user{group}-{place}@contoso.com") for place in range(GROUP)]
            read: dict[str, Value] = {"extension": ("100001",), "policy": "Plan1 Default Policy"}
            intents = [
                Intent(
                    f"{run.id}:{user}", run.id, user, "create", "Enable-UMMailbox", "ex1.contoso.com", began, None, read
                )
                for user in users
            ]
            lease.commit(StateChange(intents=tuple(intents)))
            outcomes = tuple(Outcome(intent.id, OutcomeKind.DONE) for intent in intents)
            lease.commit(StateChange(outcomes=outcomes, remember=tuple(Remembered(user, read) for user in users)))
        taken = time.perf_counter() - started
        lease.release()
        store.close()
    return taken


def render_parts(parts: Parts) -> str:
    """Return the table."""
    rows = (
        ("YAML, a row of 11 texts with the line of every key", f"{parts.yaml_us:.1f} us"),
        ("CSV, a row of the users", f"{parts.csv_us:.1f} us"),
        ("loading the environment, for each mailbox", f"{parts.load_us:.1f} us"),
        ("plan as text", f"{parts.text_seconds:.3f} s"),
        ("plan as text with all commands", f"{parts.full_seconds:.3f} s"),
        ("plan as JSON lines", f"{parts.json_seconds:.3f} s"),
        (f"journal, intent and outcome durable, {GROUP} a group", f"{parts.journal_us:.1f} us an operation"),
    )
    lines = [
        f"Parts of the product, {parts.mailboxes:,} mailboxes that are all new; CPU time, of the journal wall time"
    ]
    return "\n".join([*lines, *(f"  {name:<56}{value}" for name, value in rows)]) + "\n"
