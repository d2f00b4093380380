"""Starts the simulator that ``connections: simulator:`` names, as a child of this process.

It is reached like a real server, over a socket with NTLM and sealing, under a password made for this run and handed
over on the child's standard input. The child ends when that pipe closes, also when this process is killed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic
from reconciler.errors import ReconcilerError

USER = "CONTOSO\\reconciler"


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running simulator; close it when done."""

    process: subprocess.Popen[bytes]
    port: int
    password: str
    entries: Mapping[str, str]
    """By connection, the host at which it is entered."""

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def start_simulator(world: Path, changes: Path) -> SimulatorProcess:
    """Start the simulator of ``world``, whose changes are kept at ``changes``, and wait until it listens.

    Raises:
        ReconcilerError: it did not start; the diagnostic says why.
    """
    password = secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "reconciler", "simulate", str(world), "--parent-pipe", "--changes", str(changes)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=without_secrets(os.environ))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"user": USER, "password": password}).encode() + b"\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline() or b"{}")
    except (OSError, ValueError):
        told = {}
    if "port" not in told:
        process.kill()
        process.wait()
        raise ReconcilerError(
            Diagnostic(
                "Simulator did not start",
                str(told.get("error") or f"The simulator of {world} ended before it listened."),
                f"See what it says by itself:\n  reconciler simulate {world}",
            )
        )
    entries = {name: told[name] for name in ("exchange", "lync") if name in told}
    return SimulatorProcess(process, int(told["port"]), password, entries)


_SECRET: Final = frozenset({"PGPASSWORD", "RECONCILER_STATE"})
"""Variables that may hold a password themselves: the address of a PostgreSQL server may."""


def without_secrets(own: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that may hold a secret: by their name, or named by another one as in
    ``RECONCILER_PLAN_KEY=env:KEY``."""
    named = {value.removeprefix("env:") for value in own.values() if value.startswith("env:")}
    return {name: value for name, value in own.items() if name not in named | _SECRET}
