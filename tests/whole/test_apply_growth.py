"""An apply takes as much more work as there are more users: in the engine, the journal and the state file.

Work is counted in calls (``tests.support.effort``), so that a busy machine fails nothing. All steps run on this thread,
and the clock stands still, so that equal numbers of users are cut into equal batches. Entries of dictionaries are
counted in ``tests/model/test_layers.py``: a copy of many is one call.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from reconciler.app import Ports, open_workspace
from reconciler.cli.commands import run
from reconciler.model.snapshot import Snapshot
from state import quick, rows
from state.snapshot_rows import snapshot_of
from tests.bench.child import sessions_of
from tests.bench.generate import change_users, write_environment
from tests.support.effort import effort
from tests.support.fakes import SerialScheduler, VirtualClock

SIZES = (100, 400, 1_600)
"""With all of them the rest of the estate is the same."""


@cache
def work(users: int) -> tuple[int, int]:
    """Return the calls of a first apply of so many users, and its requests."""
    with TemporaryDirectory() as place:
        directory = Path(place) / "environment"
        write_environment(directory, users, seed=1)
        sessions = sessions_of(directory)
        ports = Ports(sessions=lambda _: sessions, scheduler=SerialScheduler(), clock=VirtualClock())
        with open_workspace(directory, ports) as workspace:
            calls = effort(lambda: workspace.apply(lambda _: True))
        return calls, len(sessions.requests)


@pytest.mark.parametrize(("command", "options"), [("plan", []), ("apply", ["--auto-approve"])])
def test_a_command_reads_the_saved_state_once(
    command: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_environment(directory := tmp_path / "environment", 20, seed=1)
    sessions = sessions_of(directory)
    ports = Ports(sessions=lambda _: sessions, scheduler=SerialScheduler(), clock=VirtualClock())
    assert run(["apply", str(directory), "--auto-approve"], ports) == 0
    change_users(directory, step=4)
    read: list[str] = []

    def counted(*arguments: Any, **named: Any) -> Snapshot:
        read.append(named["name"])
        return snapshot_of(*arguments, **named)

    for module in (quick, rows):
        monkeypatch.setattr(module, "snapshot_of", counted)
    assert run([command, str(directory), *options], ports) == 0
    assert len(read) == 1


def test_each_further_user_takes_the_same_work() -> None:
    work(10)  # what is loaded or made once
    (few, _), (some, _), (many, _) = map(work, SIZES)
    at_first, later = (some - few) / (SIZES[1] - SIZES[0]), (many - some) / (SIZES[2] - SIZES[1])
    assert later < 1.05 * at_first


def test_each_further_user_takes_one_request_and_reads_are_of_whole_batches() -> None:
    (_, few), (_, many) = work(SIZES[0]), work(SIZES[2])
    users = SIZES[2] - SIZES[0]
    assert users <= many - few < 1.1 * users
