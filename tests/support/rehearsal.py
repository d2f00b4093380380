"""An environment on disk with its real state and saved plans, over an estate within this process where no wait lasts.

It tries what a test of the command line tries, in a hundredth of the time. Use ``cli`` only for arguments, texts and
exit codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from providers.simulator.estate.estate import Estate
from reconciler.app import Ports, Workspace, check, open_workspace
from reconciler.model.diagnostics import ReconcilerError
from reconciler.model.events import Event
from reconciler.model.ports import Sessions
from reconciler.plan.plan import Plan
from reconciler.run.account import Account
from tests.support.cli import little
from tests.support.estate_log import is_write
from tests.support.estate_sessions import EstateSessions
from tests.support.fakes import VirtualClock


@dataclass
class Rehearsal:
    """An operator with one environment."""

    directory: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    events: list[Event] = field(default_factory=list)
    sessions: Sessions | None = None
    """Instead of those to the estate."""

    def __post_init__(self) -> None:
        environment, _ = check(self.directory)
        assert environment.simulator is not None
        self.estate = Estate.open(self.directory / environment.simulator, clock=self.clock.now)

    @contextmanager
    def opened(self) -> Iterator[Workspace]:
        ports = Ports(
            clock=self.clock,
            emit=self.events.append,
            sessions=lambda _: self.sessions or EstateSessions(self.estate),
        )
        with open_workspace(self.directory, ports, parallelism=1) as workspace:
            yield workspace

    def plan(self, **options: Any) -> Plan:
        with self.opened() as workspace:
            return workspace.plan(**options)

    def save(self, name: str = "saved.plan", **options: Any) -> Path:
        path = self.directory.parent / name
        with self.opened() as workspace:
            workspace.saved_plans.save(workspace.plan(**options), path)
        return path

    def apply(self, saved: Path | None = None, *, approves: bool = True, **options: Any) -> int:
        """Apply the files, or a saved plan; return the exit code."""
        return self.tried(saved, approves=approves, **options)[0]

    def tried(self, saved: Path | None = None, *, approves: bool = True, **options: Any) -> tuple[int, str]:
        """Apply the files, or a saved plan; return the exit code and what was said where it was refused."""
        try:
            with self.opened() as workspace:
                plan = None if saved is None else workspace.saved_plans.read(saved)
                account = workspace.apply(lambda _: approves, saved=plan, **options)
        except ReconcilerError as error:
            return error.exit_code, "\n".join(f"{one.summary}\n{one.detail}\n{one.remedy}" for one in error.diagnostics)
        return (1 if account is None else account.exit_code()), _told(account)

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a file; ``before`` must be there."""
        path = self.directory / name
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")

    def writes(self) -> list[Any]:
        return [entry for entry in self.estate.log() if is_write(entry)]

    @property
    def serial(self) -> int:
        with self.opened() as workspace:
            return workspace.store.read().serial


def _told(account: Account | None) -> str:
    return "" if account is None else "\n".join(f"{end.action.address} {end.detail}" for end in account.ended)


def rehearsal(directory: Path) -> Rehearsal:
    """Return a rehearsal over a small estate: one Exchange server, one pool of two Front Ends, two users."""
    return Rehearsal(little(directory).directory)
