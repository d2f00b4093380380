"""Starts the simulator that ``connections: simulator:`` names, as a child of this process.

It is started isolated: the working directory and ``PYTHON*`` variables add nothing to its modules, it runs in the root
directory, and it gets the variables that it needs alone. What may lie beside the world file is a stranger's.

It is reached like a real server, over a socket with NTLM and sealing, under a password made for this run and handed
over on the child's standard input. The child ends when that pipe closes, also when this process is killed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.app.surroundings import is_within, untrusted_folders, untrusted_program, variables_of_child
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import ReconcilerError
from reconciler.views.shell import command_line

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


def start_simulator(world: Path, changes: Path, directory: Path) -> SimulatorProcess:
    """Start the simulator of ``world``, whose changes are kept at ``changes``, and wait until it listens.

    ``directory`` is that of the environment, none of whose files is run.

    Raises:
        ReconcilerError: it did not start; the diagnostic says why.
    """
    password = secrets.token_urlsafe(24)
    arguments = ["simulate", str(world.absolute()), "--parent-pipe", "--changes", str(changes.absolute())]
    process = subprocess.Popen(
        [*isolated_python(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(sys.executable).anchor,
        env=child_variables(os.environ, untrusted_folders(directory)),
    )
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
                f"See what it says by itself:\n  {command_line('simulate', world)}",
            )
        )
    entries = {name: told[name] for name in ("exchange", "lync") if name in told}
    return SimulatorProcess(process, int(told["port"]), password, entries)


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
"""What the simulator needs, with a real PowerShell behind it. No more: the variables of this process hold passwords."""


def child_variables(own: Mapping[str, str], strangers: Sequence[Path]) -> dict[str, str]:
    """Return the variables of the simulator.

    Raises:
        ReconcilerError: it would start a PowerShell that lies in a folder of ``strangers``.
    """
    given = variables_of_child(own, _GIVEN.__contains__, strangers)
    program = given.get("RECONCILER_PWSH")
    if program and given.get("RECONCILER_SIMULATOR_ENGINE") == "powershell" and is_within(program, strangers):
        raise ReconcilerError(untrusted_program("RECONCILER_PWSH", program))
    return given


def isolated_python() -> list[str]:
    """Return the command line that runs this program with the modules of this process, whatever lies beside it."""
    code = f"import sys; sys.path[:] = {sys.path!a}; from reconciler.__main__ import main; sys.exit(main())"
    options = [*(["-B"] if sys.dont_write_bytecode else []), *(["-X", "utf8"] if sys.flags.utf8_mode else [])]
    return [sys.executable, "-I", *options, "-c", code]
