"""Runs a simulated estate, or one cmdlet in it; finds the PowerShell that it starts on its hosts."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.app.declared import check
from reconciler.app.private_files import PRIVATE, make_private
from reconciler.app.surroundings import find_program, is_within, untrusted_folders, untrusted_program
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, ReconcilerError, did_you_mean

PLACES: Final = ("RECONCILER_PWSH", "pwsh on PATH", "../shared/pwsh/bin/pwsh beside the project")
_WITH_POWERSHELL: Final = "Variables, scripts and other pipelines need a PowerShell: add --engine powershell."
_BESIDE: Final = Path(__file__).resolve().parents[3] / "shared" / "pwsh" / "bin" / "pwsh"


def find_powershell(variables: Mapping[str, str] = os.environ) -> str | None:
    """Return the PowerShell that RECONCILER_PWSH names, the one on PATH, or the one beside the project."""
    named = variables.get("RECONCILER_PWSH")
    found = named or find_program("pwsh", variables.get("PATH", ""), untrusted_folders())
    return found or (str(_BESIDE) if _BESIDE.is_file() else None)


def powershell_program(find: Callable[[], str | None] = find_powershell) -> str:
    """Return the program to start.

    Raises:
        ReconcilerError: there is no PowerShell, or RECONCILER_PWSH names one in an untrusted folder.
    """
    program = find()
    if program is not None and program != str(_BESIDE) and is_within(program, untrusted_folders()):
        raise ReconcilerError(untrusted_program("RECONCILER_PWSH", program))
    if program is not None and shutil.which(program):
        return program
    detail = (
        f"RECONCILER_PWSH names {program}, which is not a program."
        if program
        else f"The simulator looked for {PLACES[0]}, {PLACES[1]} and {PLACES[2]}, and found none of them."
    )
    remedy = "Set RECONCILER_PWSH to the path of pwsh, or simulate without PowerShell:\n\n    --engine interpreter"
    raise ReconcilerError(Diagnostic("PowerShell not found", detail, remedy))


def world_of(place: Path, changes: Path | None, connections: Path | None = None) -> tuple[Path, Path | None]:
    """Return the world file and the file of its changes; ``place`` is a world file or an environment's directory."""
    if not place.is_dir():
        return place, changes
    environment, _ = check(place, connections)
    if environment.simulator is None:
        detail = f"The connections of {place} name real servers and no simulator."
        raise ConfigurationError(
            Diagnostic("No simulator", detail, "Name a world file:\n\n    connections: {simulator: world.yaml}")
        )
    if changes is None:
        make_private(place / PRIVATE)
        changes = place / PRIVATE / "world.json"
    return place / environment.simulator, changes


def serve_world(world: Path, changes: Path | None, *, engine: str, **options: Any) -> int:
    """Run the simulator until its parent or Ctrl-C ends it; return the exit code. For options see ``ServeOptions``."""
    from providers.simulator.serving import ServeOptions, serve

    powershell = powershell_program if engine == "powershell" else None
    return serve(ServeOptions(world, changes, powershell=powershell, **options), sys.stdin.buffer, sys.stdout)


def shell_in_world(world: Path, changes: Path | None, host: str | None = None, line: str | None = None) -> int:
    """Open a PowerShell on a simulated host, by default the first Exchange server; return its exit code.

    With a line it runs that line, and without a terminal the script on standard input.

    Raises:
        ReconcilerError: there is no PowerShell, no such host, or no such world.
    """
    from providers.simulator.estate.estate import Estate
    from providers.simulator.powershell.console import run_console

    program = powershell_program()
    try:
        estate = Estate.open(world, changes)
    except (OSError, ValueError) as error:
        detail = f"{world}: {error}."
        raise ReconcilerError(
            Diagnostic("Simulator cannot start", detail, "Correct the world file, or name another one.")
        ) from error
    where = (host or estate.entry_host()).lower()
    if where not in estate.hosts():
        remedy = did_you_mean(where, estate.hosts())
        raise ReconcilerError(Diagnostic("No such host", f"{world} describes no host {where}.", remedy))
    script = line if line is not None or sys.stdin.isatty() else sys.stdin.read()
    return run_console(estate, program, where, script)


def invoke_in_world(world: Path, changes: Path | None, line: str, host: str | None = None) -> str:
    """Run one cmdlet line in the simulated estate as another administrator; return its output.

    ``host``: where it runs; None for the first host that has the cmdlet.
    """
    from providers.simulator.estate.estate import CmdletError, Estate
    from providers.simulator.estate.invoke import EXAMPLE, invoke_text
    from providers.simulator.invocation.cmdlet_line import LineError

    try:
        return invoke_text(Estate.open(world, changes), line, host=host)
    except LineError as error:
        remedy = f"Give one cmdlet with plain values, such as:\n\n    {EXAMPLE}\n\n{_WITH_POWERSHELL}"
        raise ReconcilerError(Diagnostic("Command not understood", f"{line}: {error}.", remedy)) from None
    except CmdletError as error:
        detail = f"{error.message} ({error.type}, {error.error_id})"
        raise ReconcilerError(Diagnostic("Cmdlet failed", detail)) from None
