"""The commands that run a simulated estate, or one cmdlet in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reconciler.app.declared import check
from reconciler.app.powershell import powershell_program
from reconciler.app.private_files import PRIVATE, make_private
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import ConfigurationError, ReconcilerError


def world_of(place: Path, changes: Path | None, connections: Path | None = None) -> tuple[Path, Path | None]:
    """Return the world file of ``place``, itself one or an environment that names one, and where changes are kept."""
    if not place.is_dir():
        return place, changes
    environment, _ = check(place, connections)
    if environment.simulator is None:
        detail = f"{place} has no simulated estate: its connections are real."
        raise ConfigurationError(Diagnostic("No simulator", detail, 'Write "connections: {simulator: world.yaml}".'))
    if changes is None:
        make_private(place / PRIVATE)
        changes = place / PRIVATE / "world.json"
    return place / environment.simulator, changes


def serve_world(world: Path, changes: Path | None, *, engine: str, **options: Any) -> int:
    """Run the simulator until its parent or Ctrl-C ends it, and return the exit code; see ``ServeOptions``."""
    from providers.simulator.serving import ServeOptions, serve

    powershell = powershell_program if engine == "powershell" else None
    return serve(ServeOptions(world, changes, powershell=powershell, **options), sys.stdin.buffer, sys.stdout)


def invoke_in_world(world: Path, changes: Path | None, line: str) -> str:
    """Run one cmdlet line in the simulated estate as another administrator would, and return what it shows."""
    from providers.simulator.estate.estate import CmdletError, Estate
    from providers.simulator.estate.invoke import invoke_line
    from providers.simulator.invocation.cmdlet_line import LineError

    try:
        result = invoke_line(Estate.open(world, changes), line)
    except LineError as error:
        remedy = (
            "Write one cmdlet with plain values, such as:\n\n    Set-UMIPGateway -Identity '1:1' -OutcallsAllowed $true"
        )
        raise ReconcilerError(Diagnostic("Command not understood", f"{line}: {error}.", remedy)) from None
    except CmdletError as error:
        detail = f"{error.message} ({error.type}, {error.error_id})"
        raise ReconcilerError(Diagnostic("Cmdlet failed", detail)) from None
    shown = [f"{name:<32} : {value}" for record in result.records for name, value in (*record.items(), ("", ""))]
    return "\n".join(line.rstrip(" :") for line in shown) + result.output
