"""What is measured, in a process of its own: a phase inside one process, the command line, the peer's input.

    python -m tests.bench.child RESULT inside plan|apply DIR
    python -m tests.bench.child RESULT wire plan|apply DIR
    python -m tests.bench.child RESULT slots=N apply DIR
    python -m tests.bench.child RESULT terraform|provided DIR INTO

RESULT is the file that gets what only the process itself can tell: its CPU time, its peak of memory, its requests, and
how long it built the simulated estate, which is no part of the product and is taken off.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.plan.plan import Plan
    from tests.support.estate_sessions import EstateSessions

CHANGES = Path(".reconciler") / "world.json"
"""Within an environment: what became of its simulated estate, where it is kept."""


def main(arguments: list[str]) -> int:
    result, mode, *rest = arguments
    if mode in ("terraform", "provided"):
        from tests.bench.terraform_files import write_provided, write_terraform

        write = write_terraform if mode == "terraform" else write_provided
        write(first_plan(Path(rest[0])), Path(rest[1]))
        return 0
    from reconciler.__main__ import collect_less_often

    collect_less_often()
    phase, directory = rest[0], Path(rest[1])
    told = _run(mode, phase, directory)
    times = os.times()
    told |= {
        "cpu": time.process_time() - told.pop("estate_cpu", 0.0),
        "simulator_cpu": times.children_user + times.children_system,
        "peak_mb": peak_mb(),
    }
    Path(result).write_text(json.dumps(told), encoding="utf-8")
    return 0


def _run(mode: str, phase: str, directory: Path) -> dict[str, Any]:
    if mode == "inside":
        return inside(phase, directory)
    return over_slots(int(mode.partition("=")[2]), directory) if mode != "wire" else over_wire(phase, directory)


def over_slots(slots: int, directory: Path) -> dict[str, Any]:
    """Apply over the wire with at most so many sessions to a host."""
    from dataclasses import replace

    from reconciler.app import Ports, open_workspace
    from reconciler.cli.output import Output
    from reconciler.model.events import Event, RunEnded

    output, told = Output(), dict[str, Any]()

    def emit(event: Event) -> None:
        output.emit(event)
        if isinstance(event, RunEnded):
            told["run_seconds"] = event.seconds

    ports = Ports(emit=emit, settings=lambda one: replace(one, slots=slots))
    with open_workspace(directory, ports, parallelism=64) as workspace:
        account = workspace.apply(lambda _: True)
    assert account is not None
    return {**told, "exit_code": account.exit_code(), "changes": len(account.ended), "requests": 0}


def over_wire(phase: str, directory: Path) -> dict[str, Any]:
    """Run the command line as its users do, against the simulator that it starts for itself."""
    from reconciler.__main__ import main as command_line

    log = directory / CHANGES.with_name("world.json.log")
    before = _lines(log)
    sys.argv = ["reconciler", phase, str(directory), *(["--auto-approve"] if phase == "apply" else [])]
    exit_code = command_line()
    return {"exit_code": exit_code, "requests": _lines(log) - before}


def inside(phase: str, directory: Path) -> dict[str, Any]:
    """Run a phase of the engine against a simulator in this process, as far as the text that people see."""
    from reconciler.app import Ports, open_workspace
    from reconciler.cli.output import Output

    wall, cpu = time.perf_counter(), time.process_time()
    sessions = sessions_of(directory)
    told: dict[str, Any] = {"estate_wall": time.perf_counter() - wall, "estate_cpu": time.process_time() - cpu}
    output = Output()

    def approve(plan: Plan) -> bool:
        output.plan(plan)
        return True

    with open_workspace(directory, Ports(emit=output.emit, sessions=lambda _: sessions)) as workspace:
        if phase == "plan":
            plan = workspace.plan()
            output.plan(plan)
            told["exit_code"] = 1 if any(one.is_error for one in plan.diagnostics) else 0
            told["changes"] = sum(len(step.actions) for step in plan.steps)
        else:
            account = workspace.apply(approve)
            assert account is not None
            told["exit_code"] = account.exit_code()
            told["changes"] = len(account.ended)
    output.end(told["exit_code"])
    return {**told, "requests": len(sessions.requests)}


def first_plan(directory: Path) -> Plan:
    """Return the plan of an environment to which nothing was done yet."""
    from reconciler.app import Ports, open_workspace

    with open_workspace(directory, Ports(sessions=lambda _: sessions_of(directory))) as workspace:
        return workspace.plan()


def sessions_of(directory: Path) -> EstateSessions:
    """Return sessions to the environment's estate as it was kept, or in memory where it never was."""
    from providers.simulator.estate.estate import Estate
    from tests.support.estate_sessions import EstateSessions

    kept = directory / CHANGES
    estate = Estate.open(directory / "world.yaml", kept if kept.exists() else None)
    estate.entry_host()
    return EstateSessions(estate)


def peak_mb() -> float:
    """Return the most memory this process ever held.

    On Linux from the process's own table: what ``getrusage`` tells begins with the peak of the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
