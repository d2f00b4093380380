"""Environments of the golden files, laid out anew: their files, their commits, their state and their servers."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

GOLDEN = Path(__file__).parent
_WHO = {f"GIT_{who}_{what}": "golden@contoso.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_WHEN = {f"GIT_{who}_DATE": "2026-01-05T08:00:00Z" for who in ("AUTHOR", "COMMITTER")}
_GIT = {**_WHO, **_WHEN, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""A commit of the same files has the same id, whoever makes it and when."""


@dataclass(frozen=True)
class Place:
    """The directory ``name`` within ``top``, for an environment of ``environments/``."""

    top: Path
    name: str

    @property
    def directory(self) -> Path:
        return self.top / self.name

    @property
    def private(self) -> Path:
        return self.directory / ".reconciler"

    def put_files(self, version: str = "") -> None:
        """Put the files of the environment, and over them those of a version of it."""
        source = GOLDEN / "environments" / self.name
        self.directory.mkdir(parents=True, exist_ok=True)
        for path in [*source.iterdir(), *((source / version).iterdir() if version else ())]:
            if path.suffix in (".yaml", ".csv"):
                shutil.copyfile(path, self.directory / path.name)

    def put_key(self) -> None:
        """Put the key that signed the plans where it is kept when nobody gives one."""
        self._put("plan.key", (GOLDEN / "plans" / "plan.key").read_bytes())

    def put_world(self, name: str) -> None:
        """Put what became of the simulated servers."""
        self._put("world.json", (GOLDEN / "worlds" / f"{name}.json").read_bytes())

    def put_state(self, name: str) -> None:
        """Put a state, made of the statements that tell it."""
        self._put("state.db", b"")
        connection = sqlite3.connect(self.private / "state.db")
        connection.executescript((GOLDEN / "state" / f"{name}.sql").read_text("ascii"))
        connection.close()

    def commit(self, subject: str) -> str:
        """Commit everything in ``top``; return the commit."""
        if not (self.top / ".git").exists():
            self._git("init", "--quiet", "--initial-branch=main", "--object-format=sha1")
            self._git("config", "core.autocrlf", "false")
        self._git("add", "--all", self.name)
        self._git("commit", "--quiet", "--message", subject)
        return self._git("rev-parse", "HEAD")

    def _put(self, name: str, content: bytes) -> None:
        self.private.mkdir(mode=0o700, exist_ok=True)
        path = self.private / name
        path.write_bytes(content)
        path.chmod(0o600)

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.top), *arguments]
        variables = {"PATH": os.environ["PATH"], **_GIT}
        return subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout.strip()
