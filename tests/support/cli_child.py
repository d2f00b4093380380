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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from providers.transport.settings import ConnectionSettings, Deadlines
from reconciler.app import Ports
from reconciler.cli.commands import run
from reconciler.run.retry import Patience
from reconciler.run.system import SystemClock

VARIABLE = "RECONCILER_TEST_PORTS"


def crash_point(at: str, after: str | None) -> Callable[[str], None]:
    log = Path(".reconciler/world.json.log")

    def point(name: str) -> None:
        if name == at and (after is None or (log.exists() and f'"cmdlet":"{after}"' in log.read_text("utf-8"))):
            os.kill(os.getpid(), signal.SIGKILL)

    return point


@dataclass(frozen=True)
class PacedClock(SystemClock):
    pace: float

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * self.pace)


def settings_of(chosen: Mapping[str, Any], settings: ConnectionSettings) -> ConnectionSettings:
    """Return the settings of a connection as they were chosen; the password of a simulator is noted."""
    if "quick" in chosen:
        settings = replace(settings, deadlines=Deadlines(operation=2, read=3, reconnect=1.0, command=5.0))
    if "via" in chosen:
        settings = replace(settings, via=tuple(chosen["via"]))
    if "note" in chosen and settings.password is not None:
        Path(chosen["note"]).write_text(settings.password.reveal(), "utf-8")
    return settings


def chosen_ports(chosen: Mapping[str, Any]) -> Ports:
    ports = Ports(settings=partial(settings_of, chosen))
    if "pace" in chosen:
        ports = replace(ports, clock=PacedClock(chosen["pace"]))
    if "crash" in chosen:
        ports = replace(ports, point=crash_point(**chosen["crash"]))
    if "expiry" in chosen:
        ports = replace(ports, patience=Patience(expiry=chosen["expiry"]))
    if "quick" in chosen:
        ports = replace(ports, patience=Patience(ready=5.0, settle=5.0, expiry=1.0))
    return ports


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], chosen_ports(json.loads(os.environ.pop(VARIABLE)))))
