"""Runs commands of the program as forks of a process that has loaded its modules already.

Each command is a process of its own, with arguments, variables, working directory and streams of its own, and ends as
the program ends. The simulator that a command starts is a fork of the command. What they do not show is how Python
starts: which files it reads from the working directory, and what variables of Python, of the locale and of libraries
do. ``tests.support.cli`` starts a new Python for those. Loading the modules took a third of the time of most commands,
and half of the time of those that start a simulator.

    python -m tests.support.forked     reads a ``Command`` a line from standard input, and answers with its exit code
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reconciler.app.simulator_process import Child, launched
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from reconciler.app import Ports

HARMLESS = frozenset({"COLUMNS", "NO_COLOR", "SERVICE_PASSWORD", "TERM", "UM_PASSWORD"})
"""Variables that nothing but the program reads, beside those with its own name."""


def can_be_forked(variables: Mapping[str, str]) -> bool:
    """True if nothing that starts before the program reads one of these variables."""
    return hasattr(os, "fork") and all(name in HARMLESS or name.startswith("RECONCILER_") for name in variables)


# --- who asks --------------------------------------------------------------------------------------------------------


@dataclass
class Forks:
    """The process that forks, and how to ask it. One command runs at a time."""

    process: subprocess.Popen[bytes]
    turn: threading.Lock

    def run(
        self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], timeout: float
    ) -> tuple[int, str, str] | None:
        """Return the exit code of a command, its standard output and its standard error; None where another runs.

        Raises:
            subprocess.TimeoutExpired: it had not ended after ``timeout`` seconds. It is killed.
        """
        if not self.turn.acquire(blocking=False):
            return None
        try:
            with tempfile.TemporaryDirectory() as folder:
                out, err = Path(folder, "out"), Path(folder, "err")
                streams = {"out": str(out), "err": str(err)}
                asked = {"arguments": arguments, "cwd": str(cwd), "variables": dict(variables), **streams}
                stdin, stdout = self._pipes()
                stdin.write(json.dumps(asked).encode() + b"\n")
                stdin.flush()
                if not select.select([stdout], [], [], timeout)[0]:
                    self._kill()
                    raise subprocess.TimeoutExpired(list(arguments), timeout)
                return int(stdout.readline()), out.read_text("utf-8"), err.read_text("utf-8")
        finally:
            self.turn.release()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        return self.process.stdin, self.process.stdout

    def _kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        the_forks.cache_clear()


@cache
def the_forks() -> Forks:
    """Return the process that forks; it is started with the first command, and ends with this process."""
    command = [sys.executable, "-m", "tests.support.forked"]
    inherited = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**inherited, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    atexit.register(process.communicate)  # without further commands it ends
    return Forks(process, threading.Lock())


# --- the process that forks ------------------------------------------------------------------------------------------


def serve() -> int:
    """Fork for each command, until there are no more; in the fork, run it and return its exit code."""
    _load_all()
    gc.freeze()
    with os.fdopen(os.dup(0), "rb", buffering=0) as commands, os.fdopen(os.dup(1), "wb", buffering=0) as codes:
        while line := commands.readline():
            pid = os.fork()
            if not pid:
                break
            codes.write(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        else:
            return 0
    return _become(**json.loads(line))


def _load_all() -> None:
    for name in ("reconciler", "providers", "state"):
        for found in pkgutil.walk_packages(import_module(name).__path__, f"{name}."):
            if not found.name.endswith("__main__") and not found.name.startswith("state.migrations."):
                import_module(found.name)


def _become(arguments: Sequence[str], cwd: str, variables: dict[str, str], **streams: Any) -> int:
    from reconciler.app import Ports
    from tests.support.cli_child import VARIABLE, chosen_ports

    chosen = variables.pop(VARIABLE, None)
    ports = Ports() if chosen is None else chosen_ports(json.loads(chosen))
    for number, path in enumerate((os.devnull, streams["out"], streams["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    return _run(arguments, cwd, variables, replace(ports, launch=launched_as_fork))


def _run(arguments: Sequence[str], cwd: str, variables: Mapping[str, str], ports: Ports | None) -> int:
    from reconciler.__main__ import main

    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv[1:] = arguments
    return main(ports)


# --- the simulator that a command starts -----------------------------------------------------------------------------


@dataclass
class Fork:
    """A fork, and its pipes."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. A simulator that does not end is found by the time that the command has."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def launched_as_fork(arguments: Sequence[str], variables: Mapping[str, str]) -> Child:
    """Start the program as a fork of this process; in a new Python where a thread runs, which a fork would lack."""
    if threading.active_count() > 1:
        return launched(arguments, variables)
    read, stdin = os.pipe()
    stdout, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        os.close(read)
        os.close(write)
        return Fork(pid, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"))
    code = 1
    try:
        gc.freeze()  # what holds a file of the command never closes one of the simulator with the same number
        os.dup2(read, 0)
        os.dup2(write, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        code = _run(arguments, os.sep, variables, None)
        sys.stdout.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(serve())
