"""The command line with ports that a test chose; ``RECONCILER_TEST_PORTS`` holds them as JSON.

crash       {"at": POINT, "after": CMDLET}: SIGKILL at the first such point of the apply protocol at which the
            simulated servers have been asked for CMDLET (null: at the first such point at all)
expiry      seconds within which a command may begin
via         [ADDRESS, PORT]: the listener that stands for all hosts of the declared connections
quick       have every wait of the program, and of its sessions for vanished hosts, end at once
pace        what the program's clock makes of a second that it sleeps
note        a file: the throw-away password of a simulator that is started is written there
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from providers.transport.settings import ConnectionSettings, Deadlines
from reconciler.app import Ports
from reconciler.cli.commands import run
from reconciler.run.retry import Patience
from reconciler.run.system import SystemClock

CHOSEN: dict[str, Any] = json.loads(os.environ.pop("RECONCILER_TEST_PORTS"))


def crash_point(at: str, after: str | None) -> Callable[[str], None]:
    log = Path(".reconciler/world.json.log")

    def point(name: str) -> None:
        if name == at and (after is None or (log.exists() and f'"cmdlet":"{after}"' in log.read_text("utf-8"))):
            os.kill(os.getpid(), signal.SIGKILL)

    return point


class PacedClock(SystemClock):
    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * CHOSEN["pace"])


def settings_of(settings: ConnectionSettings) -> ConnectionSettings:
    """Return the settings of a connection as they were chosen; the password of a simulator is noted."""
    if "quick" in CHOSEN:
        settings = replace(settings, deadlines=Deadlines(operation=2, read=3, reconnect=1.0, command=5.0))
    if "via" in CHOSEN:
        settings = replace(settings, via=tuple(CHOSEN["via"]))
    if "note" in CHOSEN and settings.password is not None:
        Path(CHOSEN["note"]).write_text(settings.password.reveal(), "utf-8")
    return settings


def chosen_ports() -> Ports:
    ports = Ports(settings=settings_of)
    if "pace" in CHOSEN:
        ports = replace(ports, clock=PacedClock())
    if "crash" in CHOSEN:
        ports = replace(ports, point=crash_point(**CHOSEN["crash"]))
    if "expiry" in CHOSEN:
        ports = replace(ports, patience=Patience(expiry=CHOSEN["expiry"]))
    if "quick" in CHOSEN:
        ports = replace(ports, patience=Patience(ready=5.0, settle=5.0, expiry=1.0))
    return ports


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], chosen_ports()))
