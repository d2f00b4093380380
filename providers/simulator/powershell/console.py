"""A PowerShell of an administrator on a simulated host, in this terminal or with a script from standard input.

It has the cmdlets that the management shell of the host has: on an Exchange server those of Exchange, elsewhere
those of Lync. What it does to the estate stays there; what it does to files and programs, it does to this machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from providers.simulator.estate.estate import Estate
from providers.simulator.powershell import stub_cmdlets
from providers.simulator.powershell.engine import PowerShellEngine
from providers.simulator.powershell.stub_link import Caller

ADMINISTRATOR: Final = "CONTOSO\\Administrator"
_END: Final = "exit [int] (-not $?)\n"
"""Said at the end of a script: like Microsoft's console, 1 where its last statement failed."""
_OF_TERMINALS: Final = ("COLORTERM", "COLUMNS", "LINES", "TERM")
"""Variables that a console reads and a remote command does not get."""


def run_console(estate: Estate, program: str, host: str, script: str | None = None) -> int:
    """Run ``program`` on ``host``, with this process's terminal or with a script; return its exit code."""
    with PowerShellEngine(estate, _any_password, program) as engine:
        entered = engine.enter(Caller(host, ADMINISTRATOR, delegates=True))
        try:
            command = [program, "-NoLogo", "-NoProfile", *_arguments(estate, host, entered.folder, script)]
            with _uninterrupted():
                given = None if script is None else subprocess.DEVNULL
                return subprocess.run(command, stdin=given, env=_environment(entered.environment)).returncode
        finally:
            entered.leave()


def _environment(host: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the shell. Scripts of Exchange are found by name, because the procedure types them so."""
    terminal = {name: os.environ[name] for name in _OF_TERMINALS if os.environ.get(name)}
    installed = host.get("ExchangeInstallPath")
    path = {"PATH": os.pathsep.join((str(Path(installed) / "Scripts"), host.get("PATH", "")))} if installed else {}
    return {**host, **terminal, **path}


def _any_password(user: str, password: str) -> bool:
    """Nobody is kept out of an estate that cannot be harmed."""
    return bool(user and password)


def _arguments(estate: Estate, host: str, folder: Path, script: str | None) -> list[str]:
    """Return the arguments that load the cmdlets of the host, and then run the script or stay."""
    begin = _beginning(estate.release(host), host)
    path = folder / "console.ps1"
    path.write_text(f"{begin}\n" if script is None else f"{begin}\n{script}\n{_END}", encoding="utf-8")
    # Not -File: an ``exit`` of the script ends the process with its code here too.
    run = f". ([scriptblock]::Create([IO.File]::ReadAllText({stub_cmdlets.quoted(str(path))})))"
    return ["-NoExit" if script is None else "-NonInteractive", "-Command", run]


def _beginning(release: str, host: str) -> str:
    name = stub_cmdlets.quoted(stub_cmdlets.module_name(release))
    load = f"Add-PSSnapin {name}" if release in stub_cmdlets.SNAP_INS else f"Import-Module {name} -DisableNameChecking"
    prompt = f"function prompt {{ '[' + {stub_cmdlets.quoted(host)} + '] PS ' + $PWD.Path + '> ' }}"
    scripts = "$exscripts = [IO.Path]::Combine($env:ExchangeInstallPath, 'Scripts'); "
    return f"{load}; {scripts if release in stub_cmdlets.SNAP_INS else ''}{prompt}"


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Leave Ctrl-C to the shell in the terminal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
