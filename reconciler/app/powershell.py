"""Finds the PowerShell that the simulator starts on its hosts (``--engine powershell``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from reconciler.app.surroundings import find_program, is_within, untrusted_folders, untrusted_program
from reconciler.model.diagnostics import Diagnostic, ReconcilerError

PLACES: Final = ("RECONCILER_PWSH", "pwsh on PATH", "../shared/pwsh/bin/pwsh beside the project")
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
