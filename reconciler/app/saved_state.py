"""The saved state of an environment: opened at first use, leased for one run, examined where it may be unreadable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from reconciler.app.ports import Ports
from reconciler.app.private_files import PRIVATE, make_private, state_location
from reconciler.model.diagnostics import StateBehind, StateError
from reconciler.model.findings import Check, Finding, failed, ok, warned
from reconciler.model.ports import Holder, Lease, StateStore
from reconciler.model.snapshot import Run, Snapshot


class SavedState:
    """The saved state of the environment in a directory, closed by ``stack``."""

    def __init__(self, environment: str, directory: Path, ports: Ports, stack: ExitStack) -> None:
        self._environment, self._directory, self._ports, self._stack = environment, directory, ports, stack

    @cached_property
    def store(self) -> StateStore:
        """To open and read it creates no file."""
        return self._ports.store or self._open()

    def _open(self, *, read_only: bool = False) -> StateStore:
        from state.store import open_store

        clock, random, point = self._ports.clock, self._ports.random, self._ports.point
        location = self._location()
        store = open_store(location, self._environment, clock=clock, random=random, read_only=read_only, point=point)
        self._stack.callback(store.close)
        return store

    def _location(self) -> Path | str:
        setting = os.environ.get("RECONCILER_STATE")
        own = self._directory / PRIVATE / "state.db"
        return own if setting is None else state_location(setting, self._directory)

    @contextmanager
    def leased(self, operation: str) -> Iterator[tuple[Lease, Run]]:
        """Hold the lease during one run. Raises Locked where another run holds it."""
        if self._ports.store is None:
            make_private(self._directory / PRIVATE)
        by = self.holder(self._ports.random.identifier(), operation)
        run = Run(by.run, by.started, by.user, by.host)
        lease = self.store.acquire(by)
        try:
            yield lease, run
        finally:
            lease.release()

    def holder(self, run: str, operation: str) -> Holder:
        """Return this process as the holder of a lease."""
        import getpass
        import platform

        now = self._ports.clock.now().isoformat()
        return Holder(run, platform.node(), os.getpid(), getpass.getuser(), operation, now)

    def examined(self) -> tuple[Snapshot, tuple[Finding, ...]]:
        """Return the saved state and a finding about it; an unreadable state counts as empty."""
        try:
            prior = self._open(read_only=True).read()
        except StateBehind as error:
            behind = error.diagnostics[0]
            found = warned(Check.STATE, behind.summary, behind.detail, behind.remedy)
            return Snapshot(self._environment), (found,)
        except StateError as error:
            return Snapshot(self._environment), (failed(Check.STATE, error.diagnostics[0]),)
        count = len(prior.resources)
        detail = f"{count:,} managed resources" if prior.lineage else "none yet; the first apply creates it"
        return prior, (ok(Check.STATE, detail),)
