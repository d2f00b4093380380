"""Starts the simulator that ``connections: simulator:`` names, as a child process.

The child is isolated, because the files beside the world file may be untrusted: it loads no module from the working
directory or from ``PYTHON*`` variables, runs in the root directory and gets only the variables that it needs.

The transport reaches it like a real server: over a socket, with NTLM and sealing. The password is generated for this
run and sent over standard input. The child ends when that pipe closes, also when this process is killed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from providers.catalogue import resource_types
from reconciler.app.surroundings import is_within, untrusted_folders, untrusted_program, variables_of_child
from reconciler.model.diagnostics import Diagnostic, ReconcilerError
from reconciler.model.resource_types import providers_of
from reconciler.views.text import command_line

USER = "CONTOSO\\reconciler"


class Child(Protocol):
    """A process of this program that reads a pipe and writes one."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


Launch = Callable[[Sequence[str], Mapping[str, str]], Child]
"""Starts this program with arguments and variables, in the root directory and with pipes."""


def launched(arguments: Sequence[str], variables: Mapping[str, str]) -> Child:
    """Start this program in a new Python."""
    return subprocess.Popen(
        [*isolated_python(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(sys.executable).anchor,
        env=variables,
    )


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running simulator; close it when done."""

    process: Child
    port: int
    password: str
    entries: Mapping[str, str]
    """The entry host of each connection."""
    without_second_hop: frozenset[str] = frozenset()
    """The connections after whose logon a script cannot use the account on other servers."""

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


def start_simulator(
    world: Path,
    changes: Path,
    directory: Path,
    meanwhile: Callable[[], object] = lambda: None,
    launch: Launch = launched,
) -> SimulatorProcess:
    """Start the simulator of ``world`` with its changes in the file ``changes``; wait until it listens.

    ``meanwhile`` is called while the simulator starts on another processor.

    Raises:
        ReconcilerError: the simulator did not start.
    """
    password = secrets.token_urlsafe(24)
    arguments = ["simulate", str(world.absolute()), "--parent-pipe", "--changes", str(changes.absolute())]
    process = launch(arguments, child_variables(os.environ, untrusted_folders(directory)))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"user": USER, "password": password}).encode() + b"\n")
        process.stdin.flush()
        meanwhile()
        answer = json.loads(process.stdout.readline() or b"{}")
    except (OSError, ValueError):
        answer = {}
    if "port" not in answer:
        process.kill()
        process.wait()
        _close(process.stdin, process.stdout)
        detail = str(answer.get("error") or f"The simulator of {world} ended before it accepted connections.")
        remedy = f"Run it alone to see its messages:\n\n    {command_line('simulate', world)}"
        raise ReconcilerError(Diagnostic("Simulator did not start", detail, remedy))
    entries = {name: answer[name] for name in providers_of(resource_types()) if name in answer}
    lacking = frozenset() if answer.get("second_hop", True) else frozenset(entries)
    return SimulatorProcess(process, int(answer["port"]), password, entries, lacking)


def _close(*pipes: IO[bytes]) -> None:
    for pipe in pipes:
        with suppress(BrokenPipeError):  # what was written is read by nobody
            pipe.close()


_GIVEN: Final = frozenset(
    {
        "COMSPEC",
        "DOTNET_ROOT",
        "HOME",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "OPENSSL_CONF",
        "OPENSSL_MODULES",
        "PATH",
        "PATHEXT",
        "RECONCILER_PWSH",
        "RECONCILER_SIMULATOR_ENGINE",
        "SYSTEMDRIVE",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USERPROFILE",
        "WINDIR",
    }
)
"""The variables that the simulator and its PowerShell need. Others may hold passwords."""


def child_variables(own: Mapping[str, str], untrusted: Sequence[Path]) -> dict[str, str]:
    """Return the variables of the simulator.

    Raises:
        ReconcilerError: RECONCILER_PWSH names a PowerShell in an ``untrusted`` folder.
    """
    given = variables_of_child(own, _GIVEN.__contains__, untrusted)
    program = given.get("RECONCILER_PWSH")
    if program and given.get("RECONCILER_SIMULATOR_ENGINE") == "powershell" and is_within(program, untrusted):
        raise ReconcilerError(untrusted_program("RECONCILER_PWSH", program))
    return given


def isolated_python() -> list[str]:
    """Return the command line that runs this program with the module path of this process only."""
    code = f"import sys; sys.path[:] = {sys.path!a}; from reconciler.__main__ import main; sys.exit(main())"
    options = [*(["-B"] if sys.dont_write_bytecode else []), *(["-X", "utf8"] if sys.flags.utf8_mode else [])]
    return [sys.executable, "-I", *options, "-c", code]
