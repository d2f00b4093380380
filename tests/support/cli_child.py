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

from providers.transport.settings import Deadlines
from reconciler import app
from reconciler.app import server_connections, simulator_process, workspace
from reconciler.cli.commands import run
from reconciler.run.perform import Patience
from reconciler.run.system import SystemClock

CHOSEN: dict[str, Any] = json.loads(os.environ.pop("RECONCILER_TEST_PORTS"))


def crash_point(at: str, after: str | None) -> Callable[[str], None]:
    log = Path(".reconciler/world.json.log")

    def point(name: str) -> None:
        if name == at and (after is None or (log.exists() and f'"{after}"' in log.read_text("utf-8"))):
            os.kill(os.getpid(), signal.SIGKILL)

    return point


class PacedClock(SystemClock):
    def sleep(self, seconds: float) -> None:
        super().sleep(seconds * CHOSEN["pace"])


def hurried(connections: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Return ``connections`` with sessions that give a vanished host up after a second."""

    def quick(process: Any) -> list[Any]:
        deadlines = Deadlines(operation=2, read=3, reconnect=1.0, command=5.0)
        return [replace(settings, deadlines=deadlines) for settings in connections(process)]

    return quick


def main() -> int:
    more: dict[str, Any] = {}
    if "pace" in CHOSEN:
        more["clock"] = PacedClock()
    if "crash" in CHOSEN:
        more["point"] = crash_point(**CHOSEN["crash"])
    if "expiry" in CHOSEN:
        more["patience"] = Patience(expiry=CHOSEN["expiry"])
    if "quick" in CHOSEN:
        more["patience"] = Patience(ready=5.0, settle=5.0, expiry=1.0)
        setattr(server_connections, "simulated", hurried(server_connections.simulated))  # noqa: B010 - see below
    made, connection, start = app.Ports, server_connections.real, simulator_process.start_simulator

    def connected(*arguments: Any) -> Any:
        settings = connection(*arguments)
        return replace(settings, via=tuple(CHOSEN["via"]))

    def noted(*arguments: Any) -> Any:
        process = start(*arguments)
        Path(CHOSEN["note"]).write_text(process.password, "utf-8")
        return process

    setattr(app, "Ports", lambda **given: made(**given, **more))  # noqa: B010 - a name of a module is no constant here
    if "via" in CHOSEN:
        setattr(server_connections, "real", connected)  # noqa: B010
    if "note" in CHOSEN:
        setattr(workspace, "start_simulator", noted)  # noqa: B010
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
