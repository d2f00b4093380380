"""What single parts of the product cost: reading YAML and CSV, rendering a plan, the journal on the disk.

Each part and the usual way beside it are run in turn in one process, and the median counts. CPU time is told where
nothing waits; the journal waits for the disk, so its time is that of the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import part_work as work
from tests.bench.measure import run_for_result

Work = Callable[[], Any]

YAML, CSV, LOAD, TEXT, COMMANDS, JSON, JOURNAL = "yaml", "csv", "load", "text", "commands", "json", "journal"
EXPORT = "export"
GROUPS = 100
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One part, beside the usual way where there is one."""

    name: str
    what: str
    microseconds: float
    """For each row, mailbox or operation."""
    usual: str = ""
    usual_microseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one environment with so many mailboxes."""

    mailboxes: int
    all: tuple[Part, ...]

    def microseconds(self, name: str) -> float:
        return next(part.microseconds for part in self.all if part.name == name)


def measure_parts(directory: Path) -> Parts:
    """Measure in a process of its own, in an environment to which nothing was applied."""
    told = run_for_result("parts", str(directory))
    return Parts(told["mailboxes"], tuple(Part(**one) for one in told["all"]))


def parts_of(directory: Path, groups: int = GROUPS) -> Parts:
    """Measure here; ``groups``: how many go through the journal."""
    content = (directory / "users.csv").read_bytes()
    rows = content.count(b"\n") - 1
    read, shown = _reading(directory, content, rows), _rendering(directory, rows)
    return Parts(rows, (*read, *shown, _exporting(rows), _journal(groups)))


def _reading(directory: Path, content: bytes, rows: int) -> Iterator[Part]:
    from reconciler.app import check

    tree = work.yaml_content(rows)
    ours, usual = _each(rows, _cpu, work.yaml_ours(tree), work.yaml_usual(tree))
    yield Part(YAML, "YAML, a row of 11 texts, with the line of every key", ours, "CSafeLoader, no lines", usual)
    ours, usual = _each(rows, _cpu, work.csv_ours(content), work.csv_usual(content))
    yield Part(CSV, "CSV, a row of the users", ours, "csv.DictReader", usual)
    (ours,) = _each(rows, _cpu, lambda: check(directory))
    yield Part(LOAD, "loading the environment: read, resolved, checked", ours)


def _rendering(directory: Path, rows: int) -> Iterator[Part]:
    from tests.bench.child import first_plan

    plan = first_plan(directory)
    ours, usual = _each(rows, _cpu, lambda: work.render_ours(plan), lambda: work.render_usual(plan))
    yield Part(TEXT, "the plan as text", ours, "a row each, rich Table", usual)
    full, lines = _each(
        rows, _cpu, lambda: work.render_ours(plan, commands=True), lambda: work.render_ours(plan, as_json=True)
    )
    yield Part(COMMANDS, "the plan as text with all commands", full)
    yield Part(JSON, "the plan as JSON lines", lines)


def _exporting(rows: int) -> Part:
    export, plan = work.export_and_plan(rows)
    ours, usual = _each(rows, _cpu, export, plan)
    return Part(EXPORT, "an export, from the first question to the last file", ours, "a first plan of its files", usual)


def _journal(groups: int) -> Part:
    operations = work.GROUP * groups
    ours, raw = _each(operations, _own, lambda: work.journal_ours(groups), lambda: work.journal_raw(groups))
    what = f"journal, intent and outcome durable, {work.GROUP} in a group"
    return Part(JOURNAL, what, ours, "the same texts, raw SQLite", raw)


def _each(count: int, cost: Callable[[Work], float], *ways: Work) -> list[float]:
    """Return the microseconds of each way, for one of ``count``; the first round, which imports, does not count."""
    rounds = [[cost(way) for way in ways] for _ in range(REPEATS + 1)]
    return [1e6 * median(taken) / count for taken in zip(*rounds[1:], strict=True)]


def _cpu(run: Work) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _own(run: Work) -> float:
    """Return the seconds that the work itself took by the clock."""
    return float(run())


def render_parts(parts: Parts) -> str:
    """Return the table."""
    lines = [
        f"Parts of the product, {parts.mailboxes:,} mailboxes that are all new: CPU time, of the journal wall time",
        f"  {'microseconds for each':<54}{'ours':>8}{'':>3}{'beside it':<28}{'':>8}{'ours / it':>11}",
    ]
    for part in parts.all:
        beside = f"{part.usual:<28}{part.usual_microseconds:>8.1f}" if part.usual else ""
        ratio = f"{part.microseconds / part.usual_microseconds:>11.2f}" if part.usual else ""
        lines.append(f"  {part.what:<54}{part.microseconds:>8.1f}{'':>3}{beside}{ratio}".rstrip())
    return "\n".join(lines) + "\n"
