"""Runs one process after another and takes its time, its memory and its requests.

A figure is worth something only beside another that was taken in the same run on the same machine: so each round runs
everything once, the product and the peer in turn, and what is told is the median over the rounds.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def compiled_ahead(directory: Path) -> Iterator[None]:
    """Let Python keep compiled modules below ``directory`` while entered: an installed product has its own at hand."""
    before = dict(os.environ)
    os.environ["PYTHONPYCACHEPREFIX"] = str(directory / "compiled")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process took."""

    wall: float
    """Seconds from its start to its end, without those for building an estate in the process."""
    cpu: float
    """Seconds, of the process alone."""
    peak_mb: float
    requests: int = 0
    """Operations of the runner: calls of cmdlets, reads of services."""
    simulator_cpu: float = 0.0
    """Seconds, of the simulator, in the same process or in its own."""
    estate_mb: float = 0.0
    """Of the peak, what the simulated estate took before the product began."""

    @property
    def own_mb(self) -> float:
        """The peak without the simulated estate."""
        return self.peak_mb - self.estate_mb


class Failed(Exception):
    """A process did not do what was to be measured."""


def run_child(mode: str, phase: str, directory: Path, *, changes: bool) -> Figures:
    """Run one phase of the product in a process of its own; see ``child``.

    Raises:
        Failed: it ended badly, or a plan that was to have changes has none, or the reverse.
    """
    with tempfile.TemporaryDirectory() as place:
        result = Path(place) / "result.json"
        command = [sys.executable, "-m", "tests.bench.child", str(result), mode, phase, str(directory)]
        wall, output = _timed(command, cwd=ROOT)
        told: Mapping[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    has_changes = "No changes" not in output
    if told["exit_code"] != 0 or has_changes is not changes:
        raise Failed(f"{mode} {phase} of {directory.name} ended with {told['exit_code']}:\n{output[-2000:]}")
    return Figures(
        wall - told.get("estate_wall", 0.0),
        told["cpu"],
        told["peak_mb"],
        told["requests"],
        told["simulator_cpu"],
        told.get("estate_mb", 0.0),
    )


def run_for_result(mode: str, *arguments: str) -> dict[str, Any]:
    """Run a mode of ``child`` that measures by itself; return what it wrote."""
    with tempfile.TemporaryDirectory() as place:
        result = Path(place) / "result.json"
        _timed([sys.executable, "-m", "tests.bench.child", str(result), mode, *arguments], cwd=ROOT)
        told: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return told


def run_other(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Figures:
    """Run a program that tells nothing about itself."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=output, stderr=subprocess.STDOUT
        )
        # Beside its time this returns the memory of this one child; where there is no such call, it returns neither.
        usage = os.wait4(process.pid, 0) if hasattr(os, "wait4") else None
        process.returncode = process.wait() if usage is None else os.waitstatus_to_exitcode(usage[1])
        wall = time.perf_counter() - began
        if process.returncode != 0:
            output.seek(0)
            text = output.read().decode(errors="replace")[-2000:]
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    if usage is None:
        return Figures(wall, 0.0, 0.0)
    return Figures(wall, usage[2].ru_utime + usage[2].ru_stime, usage[2].ru_maxrss / 1024)


def _timed(command: Sequence[str], *, cwd: Path) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wall = time.perf_counter() - began
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return wall, done.stdout


def middle(figures: Sequence[Figures]) -> Figures:
    """Return the median of each figure by itself."""
    rows = [asdict(one) for one in figures]
    return Figures(**{name: type(rows[0][name])(median(row[name] for row in rows)) for name in rows[0]})


def machine() -> dict[str, str | int]:
    """Return what the figures were taken on."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _memory_gb() -> int:
    if not hasattr(os, "sysconf"):
        return 0
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
