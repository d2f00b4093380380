"""The work of single parts: ours, and beside it the usual way to do it, or the least that it can cost.

The usual ways do less: neither lines for messages, nor budgets, nor checks against duplicates. A raw journal has the
same texts in two tables, without checksums, audit or lease.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.snapshot import StateChange
    from reconciler.model.values import Value
    from reconciler.plan.plan import Plan

Work = Callable[[], object]

FIELDS = 11
GROUP = 32
"""Operations in a group of the journal."""


def yaml_content(rows: int) -> bytes:
    """Return so many rows of eleven texts, about 290 bytes each."""
    names = [f"attribute_{place:02}" for place in range(FIELDS)]
    lines = (", ".join(f"{name}: text {row:06}" for name in names) for row in range(rows))
    return "".join(f"- {{{line}}}\n" for line in lines).encode()


def yaml_ours(content: bytes) -> Work:
    from reconciler.config.yaml_reader import read_yaml

    def run() -> None:
        _, found = read_yaml("rows.yaml", content)
        assert not found, found

    return run


def yaml_usual(content: bytes) -> Work:
    import yaml

    return lambda: yaml.load(content, Loader=yaml.CSafeLoader)


def csv_ours(content: bytes) -> Work:
    from reconciler.config.csv_columns import Columns
    from reconciler.config.csv_reader import read_csv

    columns = Columns(content.partition(b"\n")[0].decode().split(","), required=("identity",))

    def run() -> None:
        _, found = read_csv("users.csv", content, columns)
        assert not found, found

    return run


def csv_usual(content: bytes) -> Work:
    return lambda: list(csv.DictReader(io.StringIO(content.decode())))


def render_ours(plan: Plan, *, commands: bool = False, as_json: bool = False) -> None:
    """Write a plan as the command line does, to nowhere."""
    from reconciler.cli.output import Output

    with redirect_stdout(io.StringIO()):
        Output(as_json=as_json).plan(plan, commands=commands)


def render_usual(plan: Plan) -> None:
    """Write a table of the actions, a row each, with the terminal library."""
    from rich.console import Console
    from rich.table import Table

    table = Table("action", "address", "commands")
    for action in plan.actions():
        table.add_row(action.kind.value, str(action.address), str(len(action.commands)))
    Console(file=io.StringIO(), width=120).print(table)


def export_and_plan(users: int) -> tuple[Work, Work]:
    """Return an export of an estate whose users were enabled by hand, and a plan of its files, without a state.

    Both ask a simulator within the process, whose work counts too.
    """
    from tests.support.exporting import exported, reopened
    from tests.support.trial import Trial, environment_of
    from tests.support.worlds import world_of

    trial = Trial(world_of(users, [2], plans={"Redmond": 6}, um_enabled=users), environment_of({}))
    made = exported(trial)

    def plan() -> None:
        reopened(trial, made)
        assert len(trial.plan().adopted) > users

    return lambda: exported(trial), plan


def changes(run: str, groups: int) -> Iterator[StateChange]:
    """Yield what an apply saves: the intents of a group, then what came of them."""
    from reconciler.model.resources import Address
    from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, Remembered, StateChange

    read: dict[str, Value] = {"extension": ("100001",), "policy": "Plan1 Default Policy"}
    at = "2026-01-02T03:04:05+00:00"
    for group in range(groups):
        users = [Address("um_mailbox", f"user{group}-{place}@contoso.com") for place in range(GROUP)]
        intents = [
            Intent(f"{run}:{user}", run, user, "create", "Enable-UMMailbox", "ex1.contoso.com", at, None, read)
            for user in users
        ]
        yield StateChange(intents=tuple(intents))
        outcomes = tuple(Outcome(intent.id, OutcomeKind.DONE) for intent in intents)
        yield StateChange(outcomes=outcomes, remember=tuple(Remembered(user, read) for user in users))


def journal_ours(groups: int) -> float:
    """Return the seconds until so many groups are durable."""
    from reconciler.model.ports import Holder
    from reconciler.model.snapshot import Run
    from reconciler.run.system import SystemClock, SystemRandom
    from state.store import open_store

    clock, random = SystemClock(), SystemRandom()
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place:
        store = open_store(Path(place) / "private" / "state.db", "bench", clock=clock, random=random)
        at = clock.now().isoformat()
        run = Run(random.identifier(), at, "bench", "localhost")
        lease = store.acquire(Holder(run.id, "localhost", 1, "bench", "apply", at))
        lease.begin(run)
        all_changes = list(changes(run.id, groups))
        began = time.perf_counter()
        for change in all_changes:
            lease.commit(change)
        taken = time.perf_counter() - began
        lease.release()
        store.close()
    return taken


def journal_raw(groups: int) -> float:
    """Return the seconds until the same texts are durable in a database with the same settings."""
    from state import codec

    rows = [
        [codec.encode(one) for one in (*change.intents, *change.outcomes, *change.remember)]
        for change in changes("run", groups)
    ]
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place,
        closing(sqlite3.connect(Path(place) / "raw.db", isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE journal (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        began = time.perf_counter()
        for bodies in rows:
            _save(connection, bodies)
        return time.perf_counter() - began


def _save(connection: sqlite3.Connection, bodies: Sequence[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO journal (body) VALUES (?)", [(body,) for body in bodies])
    connection.execute("COMMIT")
