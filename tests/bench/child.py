"""What is measured, in a process of its own: a phase inside one process, the command line, the peer's input.

    python -m tests.bench.child RESULT inside|kept plan|apply DIR
    python -m tests.bench.child RESULT inside export DIR
    python -m tests.bench.child RESULT wire plan|apply DIR
    python -m tests.bench.child RESULT slots=N apply DIR
    python -m tests.bench.child RESULT terraform|provided|salt DIR INTO
    python -m tests.bench.child RESULT parts|traffic DIR

RESULT is the file that gets what only the process itself can tell: its CPU time, its peak of memory, its requests, and
what the simulated estate took, which is no part of the product. ``kept``: what an apply did to the estate is kept for
the next process. An export writes the environment ``DIR-export``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.wire import CHANGES, Wire

if TYPE_CHECKING:
    from reconciler.plan.plan import Plan
    from tests.bench.measured_sessions import MeasuredSessions


def main(arguments: list[str]) -> int:
    result, mode, *rest = arguments
    from reconciler.__main__ import collect_less_often, end_without_collecting, load_no_plugins

    load_no_plugins()
    collect_less_often()
    if mode in ("terraform", "provided", "salt"):
        from tests.bench.salt import write_salt
        from tests.bench.terraform_files import write_provided, write_terraform

        write = {"terraform": write_terraform, "provided": write_provided, "salt": write_salt}[mode]
        write(first_plan(Path(rest[0])), Path(rest[1]))
        return 0
    if mode in ("parts", "traffic"):
        from tests.bench.parts import parts_of
        from tests.bench.traffic import traffic_of

        told = asdict(parts_of(Path(rest[0])) if mode == "parts" else traffic_of(Path(rest[0])))
    else:
        told = _measured(mode, rest[0], Path(rest[1]))
    Path(result).write_text(json.dumps(told), encoding="utf-8")
    end_without_collecting()
    return 0


def _measured(mode: str, phase: str, directory: Path) -> dict[str, Any]:
    told = _run(mode, phase, directory)
    times, answers = os.times(), told.pop("answers_cpu", 0.0)
    return told | {
        "cpu": time.process_time() - told.pop("estate_cpu", 0.0) - answers,
        "simulator_cpu": times.children_user + times.children_system + answers,
        "peak_mb": peak_mb(),
    }


def _run(mode: str, phase: str, directory: Path) -> dict[str, Any]:
    if mode in ("inside", "kept"):
        return inside(phase, directory, keeps=mode == "kept")
    return over_slots(int(mode.partition("=")[2]), directory) if mode != "wire" else over_wire(phase, directory)


def over_slots(slots: int, directory: Path) -> dict[str, Any]:
    """Apply over the wire with at most so many sessions to a host."""
    from dataclasses import replace

    from reconciler.app import Ports, open_workspace
    from reconciler.cli.output import Output
    from reconciler.model.events import Event, RunEnded

    output, told, commits = Output(), dict[str, Any](), [0]

    def emit(event: Event) -> None:
        output.emit(event)
        if isinstance(event, RunEnded):
            told["run_seconds"] = event.seconds

    def count(point: str) -> None:
        commits[0] += point == "state-after-commit"

    wire = Wire(directory, lambda one: replace(one, slots=slots))
    ports = Ports(emit=emit, point=count, sessions=wire.sessions)
    with closing(wire), open_workspace(directory, ports, parallelism=64) as workspace:
        account = workspace.apply(lambda _: True)
    assert account is not None
    told |= {"exit_code": account.exit_code(), "changes": len(account.ended), "commits": commits[0]}
    return told | {"estate_wall": wire.seconds}


def over_wire(phase: str, directory: Path) -> dict[str, Any]:
    """Run the command line as its users do, against a simulator."""
    from reconciler.app import Ports
    from reconciler.cli.commands import run

    log = directory / CHANGES.with_name("world.json.log")
    before = _lines(log)
    arguments = [phase, str(directory), *(["--auto-approve"] if phase == "apply" else [])]
    wire = Wire(directory)
    with closing(wire):
        exit_code = run(arguments, Ports(sessions=wire.sessions))
    return {"exit_code": exit_code, "requests": _lines(log) - before, "estate_wall": wire.seconds}


def inside(phase: str, directory: Path, *, keeps: bool = False) -> dict[str, Any]:
    """Run a phase of the engine against a simulator in this process, as far as the text that people see."""
    from reconciler.app import Ports, open_workspace
    from reconciler.cli.output import Output

    wall, cpu, before = time.perf_counter(), time.process_time(), held_mb()
    sessions = sessions_of(directory, keeps=keeps)
    told: dict[str, Any] = {
        "estate_wall": time.perf_counter() - wall,
        "estate_cpu": time.process_time() - cpu,
        "estate_mb": held_mb() - before,
    }
    output = Output()
    if phase == "export":
        from reconciler.app.exporting import into_new
        from reconciler.views.export import render_export

        ports = Ports(emit=output.emit, sessions=lambda _: sessions)
        made = into_new(directory, exported_from(directory), ports, in_full=False, parallelism=64)
        text = render_export(made, output.style, place=exported_from(directory), is_new=True, plan="reconciler plan")
        output.messages([made], lambda: text)
        told |= {"exit_code": made.exit_code(), "changes": sum(made.declared.values())}
        return {**told, "answers_cpu": sum(sessions.answers_cpu), "requests": len(sessions.requests)}

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
    return {**told, "answers_cpu": sum(sessions.answers_cpu), "requests": len(sessions.requests)}


def exported_from(directory: Path) -> Path:
    """Return the directory of the environment that an export of this one writes."""
    return directory.with_name(f"{directory.name}-export")


def first_plan(directory: Path) -> Plan:
    """Return the plan of an environment to which nothing was done yet."""
    from reconciler.app import Ports, open_workspace

    with open_workspace(directory, Ports(sessions=lambda _: sessions_of(directory))) as workspace:
        return workspace.plan()


def sessions_of(directory: Path, *, keeps: bool = False) -> MeasuredSessions:
    """Return sessions to the environment's estate as it was kept, or in memory where it never was and not ``keeps``."""
    from providers.simulator.estate.estate import Estate
    from tests.bench.measured_sessions import MeasuredSessions

    kept = directory / CHANGES
    estate = Estate.open(directory / "world.yaml", kept if keeps or kept.exists() else None)
    estate.entry_host()
    return MeasuredSessions(estate)


def peak_mb() -> float:
    """Return the most memory this process ever held.

    On Linux from the process's own table: what ``getrusage`` tells begins with the peak of the process that started it.
    """
    if STATUS.exists():
        return _status_mb("VmHWM")
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024


def held_mb() -> float:
    """Return the memory that this process holds now; 0 where only the peak is known."""
    return _status_mb("VmRSS") if STATUS.exists() else 0.0


STATUS = Path("/proc/self/status")


def _status_mb(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
