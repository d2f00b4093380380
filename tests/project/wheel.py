"""Builds the wheel, and tries it in a clean environment outside the repository: ``python -m tests.project.wheel``.

The environment gets what the wheel itself requires and nothing else, in the versions and with the hashes of the lock.
This notices a package that only the tests install, and a file that the wheel lacks.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

PACKAGES = ("reconciler", "providers", "state")
LOCK = ROOT / "requirements.lock"


def build(into: Path) -> Path:
    """Return the wheel, built from a copy of the files that Git knows: nothing left over gets into it."""
    with TemporaryDirectory() as folder:
        for name in (*tracked(*PACKAGES), "pyproject.toml", "README.md", "LICENSE"):
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, Path(folder) / name)
        options = ("--quiet", "--no-deps", "--no-build-isolation")
        _run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(into), folder])
    (wheel,) = into.glob("reconciler-*.whl")
    return wheel


def tracked(*paths: str) -> list[str]:
    """Return the files below ``paths`` that Git knows and that are there."""
    listed = _run(["git", "-C", str(ROOT), "ls-files", "-z", "--", *paths]).split("\0")
    return [name for name in listed if name and (ROOT / name).exists()]


def contents(wheel: Path) -> set[str]:
    """Return the names of the files in the wheel, without what describes the wheel itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def locked(names: set[str]) -> str:
    """Return the entries of the lock, with hashes, for packages by canonical name."""
    entries = re.split(r"\n(?=\S)", LOCK.read_text("utf-8"))
    return "\n".join(entry for entry in entries if canonicalize_name(entry.partition("==")[0]) in names) + "\n"


def required() -> set[str]:
    """Return the canonical names of all packages that the program needs, as they are installed here."""
    found: set[tuple[str, frozenset[str]]] = set()
    ahead = [("reconciler", frozenset[str]())]
    while ahead:
        name, extras = ahead.pop()
        for one in map(Requirement, metadata.requires(name) or ()):
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                needed = (canonicalize_name(one.name), frozenset(one.extras))
                ahead += {needed} - found
                found.add(needed)
    return {name for name, _ in found}


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def try_out(wheel: Path, folder: Path) -> None:
    """Install the wheel into a new environment in ``folder``, and run the program there on a copy of the sample."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    (folder / "runtime.lock").write_text(locked(required()), "utf-8")
    pip = [str(python), "-m", "pip"]
    _run([*pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(folder / "runtime.lock")])
    _run([*pip, "install", "--quiet", "--no-deps", str(wheel)])
    _run([*pip, "check"])
    shutil.copytree(ROOT / "samples" / "contoso", folder / "trial", ignore=shutil.ignore_patterns(".reconciler"))
    program = str(folder / "venv" / "bin" / "reconciler")
    for words in (
        "--version",
        "validate trial",
        "schema environment",
        "schema messages",
        "schema plan",
        "plan trial --out trial.plan",
        "apply trial.plan",
        "drift trial",
        "state history trial",
    ):
        print(f"  reconciler {words}", flush=True)
        said = _run([program, *words.split()], cwd=folder)
        if words == "--version":
            print(f"    {said.strip()}")


if __name__ == "__main__":
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    made = build(target)
    if contents(made) != set(tracked(*PACKAGES)):
        sys.exit(f"The wheel differs from the tree: {sorted(contents(made) ^ set(tracked(*PACKAGES)))}")
    print(f"Built {made.relative_to(ROOT)}. In a clean environment:", flush=True)
    with TemporaryDirectory() as temporary:
        try_out(made, Path(temporary))
    print("The wheel works.")
