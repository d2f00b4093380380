"""Saves plans to signed files and reads them. A saved plan is good for one apply; a stale one is refused."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

from reconciler.app.private_files import make_private
from reconciler.app.secret_references import fetch
from reconciler.config.connections import SecretReference
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, PlanError
from reconciler.model.ports import Clock, Random, StateStore
from reconciler.model.snapshot import Snapshot
from reconciler.plan.admission import admit_saved
from reconciler.plan.plan import Plan
from reconciler.plan.saved import SavedPlan, decode, encode


@dataclass(frozen=True, slots=True)
class SavedPlans:
    """The saved plans of one environment."""

    environment: str
    directory: Path
    private: Path
    """The directory of the signing key, where RECONCILER_PLAN_KEY gives none."""
    clock: Clock
    random: Random

    def save(self, plan: Plan, path: Path, *, valid_hours: float = 24.0) -> None:
        """Write the plan to ``path``, signed, for one apply within ``valid_hours``."""
        from state.files import write_private

        _refuse_within(path, self.private)
        now = self.clock.now()
        expires = now + timedelta(hours=valid_hours)
        nonce, where = self.random.identifier(), _from(path.resolve().parent, self.directory.resolve())
        key = self._key()
        write_private(path, encode(plan, key=key, created=now, expires=expires, nonce=nonce, directory=where))

    def read(self, path: Path) -> SavedPlan:
        """Return the saved plan at ``path``. Raises PlanError where it is not valid."""
        from state.files import read_private

        return decode(read_private(path, others_may_read=True), key=self._key(), now=self.clock.now())

    def _key(self) -> bytes:
        """Return the key that signs plans: the given one, or one generated once and kept beside the state."""
        from state.files import read_private
        from state.key_file import create_once

        setting = os.environ.get("RECONCILER_PLAN_KEY")
        if setting is not None:
            try:
                return fetch(SecretReference.parse(setting), self.directory).encode()
            except ValueError:
                detail = "RECONCILER_PLAN_KEY must be a reference to the key, not the key itself."
                remedy = "Write env:NAME, file:PATH or keyring:SERVICE/USER."
                raise ConfigurationError(Diagnostic("Literal secret", detail, remedy)) from None
        path = self.private / "plan.key"
        if not path.exists():
            make_private(self.private)
            create_once(path, lambda: token_hex(32).encode(), self.clock)
        return read_private(path)

    def admit(self, saved: SavedPlan, prior: Snapshot, store: StateStore) -> None:
        """Raise PlanError where the plan no longer fits the saved state, or was used."""
        admit_saved(saved, prior, self.environment, is_used=store.is_used(saved.nonce))


def _refuse_within(path: Path, private: Path) -> None:
    """Raise ConfigurationError where the plan file could replace the key or the state."""
    if path.resolve().is_relative_to(private.resolve()):
        detail = f"{path} lies in {private}, which holds the state and the signing key."
        raise ConfigurationError(Diagnostic("Private directory", detail, "Save the plan to another directory."))


def directory_of_plan(path: Path) -> Path:
    """Return the environment's directory of the saved plan at ``path``.

    It is only a hint: ``admit`` checks that the plan belongs to that environment.
    """
    from state.files import read_private

    try:
        envelope = json.loads(read_private(path, others_may_read=True))
        directory = Path(str(envelope["directory"]))
    except (ValueError, KeyError, TypeError):
        detail = f"{path} is not a saved plan."
        raise PlanError(Diagnostic("Not a saved plan", detail, "Give a file that plan --out wrote.")) from None
    return path.parent / directory


def _from(start: Path, directory: Path) -> str:
    """Return ``directory`` relative to ``start``, so that both can move together; absolute on another drive."""
    try:
        return Path(os.path.relpath(directory, start)).as_posix()
    except ValueError:
        return str(directory)
