"""Runs a simulated estate, or one cmdlet in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reconciler.app.declared import check
from reconciler.app.powershell import powershell_program
from reconciler.app.private_files import PRIVATE, make_private
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, ReconcilerError


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


def invoke_in_world(world: Path, changes: Path | None, line: str) -> str:
    """Run one cmdlet line in the simulated estate as another administrator; return its output."""
    from providers.simulator.estate.estate import CmdletError, Estate
    from providers.simulator.estate.invoke import invoke_line
    from providers.simulator.invocation.cmdlet_line import LineError

    try:
        result = invoke_line(Estate.open(world, changes), line)
    except LineError as error:
        remedy = (
            "Give one cmdlet with plain values, such as:\n\n    Set-UMIPGateway -Identity '1:1' -OutcallsAllowed $true"
        )
        raise ReconcilerError(Diagnostic("Command not understood", f"{line}: {error}.", remedy)) from None
    except CmdletError as error:
        detail = f"{error.message} ({error.type}, {error.error_id})"
        raise ReconcilerError(Diagnostic("Cmdlet failed", detail)) from None
    shown = [f"{name:<32} : {value}" for record in result.records for name, value in (*record.items(), ("", ""))]
    return "\n".join(line.rstrip(" :") for line in shown) + result.output
