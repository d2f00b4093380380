"""The command line as a process, in an environment of its own, with nothing of this process around it.

``Environment`` is a directory with a simulated estate; what the estate was asked to do is read from the log it keeps.
``contoso`` copies the sample, ``little`` writes a small estate that plans and applies in little time, and ``applied``
is the sample after an apply: made once for all test processes, then copied, since a first apply takes seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.estate.keeping import locked
from reconciler.app import invoke_in_world
from tests.support.estate_log import is_write
from tests.support.forked import can_be_forked, the_forks
from tests.support.paths import ROOT

SAMPLE = ROOT / "samples" / "contoso"
LONGEST_SECONDS = 180.0
"""No command of these tests takes longer, unless it hangs."""


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines; anything else there fails."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def has(self, code: int) -> Ran:
        """Return itself, where it ended with ``code``; else fail with what it said."""
        assert self.code == code, f"exit code {self.code}, not {code}\n{self.out[-3000:]}\n{self.err[-3000:]}"
        return self


@dataclass
class Environment:
    """The directory of an environment."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)
    """Of every command run here, beside the few that every process needs."""

    @property
    def private(self) -> Path:
        return self.directory / ".reconciler"

    @property
    def database(self) -> Path:
        return self.private / "state.db"

    def run(self, *arguments: str, cwd: Path | None = None, **variables: str) -> Ran:
        """Run ``reconciler`` in this directory, without a terminal, and return how it ended."""
        return run(*arguments, cwd=cwd or self.directory, **{**self.variables, **variables})

    @contextmanager
    def started(self, *arguments: str, entry: Sequence[str] | None = None, **variables: str) -> Iterator[Started]:
        """Start a command and go on; it is killed where the test ends before it."""
        with started(*arguments, cwd=self.directory, entry=entry, **{**self.variables, **variables}) as child:
            yield child

    def log(self) -> list[dict[str, Any]]:
        """Return what the simulated servers were asked, oldest first."""
        path = self.private / "world.json.log"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def writes(self) -> list[dict[str, Any]]:
        """Return what was asked that is no read."""
        return [entry for entry in self.log() if is_write(entry)]

    def invoke(self, line: str) -> str:
        """Run a cmdlet as another administrator would, and return what it shows.

        Without a process of its own: that ``simulate --invoke`` does the same is a test of its own.
        """
        return invoke_in_world(self.directory / "world.yaml", self.private / "world.json", line)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return the rows of a table of the saved state."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(f"SELECT * FROM {table}").fetchall()

    def addresses(self) -> set[str]:
        """Return what the saved state remembers."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as connection:
            return {row[0] for row in connection.execute("SELECT address FROM resources")}

    def lose_state(self) -> None:
        for path in self.private.glob("state.db*"):
            path.unlink()

    def copied(self, directory: Path) -> Environment:
        shutil.copytree(self.directory, directory)
        return Environment(directory, dict(self.variables))

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a file; ``before`` must be there."""
        path = self.directory / name
        text = path.read_text("utf-8")
        assert before in text, f"{before!r} is not in {name}"
        path.write_text(text.replace(before, after), "utf-8")


# --- processes -------------------------------------------------------------------------------------------------------


def clean(**variables: str) -> dict[str, str]:
    """Return the variables of a process that knows nothing of this one."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "HOME": os.devnull, **variables}


COMMAND = (sys.executable, "-m", "reconciler")


def run(*arguments: str, cwd: Path, **variables: str) -> Ran:
    """Run a command to its end: as a fork where that makes no difference (see ``forked``), else in a new Python."""
    if can_be_forked(variables) and (ran := the_forks().run(arguments, cwd, clean(**variables), LONGEST_SECONDS)):
        return Ran(*ran)
    return run_anew(*arguments, cwd=cwd, **variables)


def run_anew(*arguments: str, cwd: Path, **variables: str) -> Ran:
    """Run a command to its end in a new Python."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=clean(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@dataclass
class Started:
    """A command under way."""

    process: subprocess.Popen[bytes]
    _out: Path
    _err: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8", "replace")

    def end(self, timeout: float = LONGEST_SECONDS) -> Ran:
        """Wait for its end."""
        return Ran(self.process.wait(timeout), self.out, self.err)


@contextmanager
def started(*arguments: str, cwd: Path, entry: Sequence[str] | None = None, **variables: str) -> Iterator[Started]:
    place = cwd.parent / f"{cwd.name}-{time.monotonic_ns()}"
    out, err = place.with_suffix(".out"), place.with_suffix(".err")
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            [*(entry or COMMAND), *arguments],
            cwd=cwd,
            env=clean(**variables),
            stdin=subprocess.DEVNULL,
            stdout=out_file,
            stderr=err_file,
            start_new_session=True,
        )
    try:
        yield Started(process, out, err)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LONGEST_SECONDS)


CHILD = (sys.executable, "-m", "tests.support.cli_child")
"""The command line with ports that a test chose: see there."""


def with_ports(**chosen: Any) -> dict[str, str]:
    """Return the variables that tell ``CHILD`` about its ports."""
    return {**ports_of_fork(**chosen), "PYTHONPATH": str(ROOT)}


def ports_of_fork(**chosen: Any) -> dict[str, str]:
    """Return the variable that tells a command about its ports that ``run`` runs as a fork; another one ignores it."""
    return {"RECONCILER_TEST_PORTS": json.dumps(chosen)}


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for another process to get there; fail where it ends before."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        assert process is None or process.poll() is None or is_so(), f"it ended with {process.poll()}"
        time.sleep(0.01)


# --- environments ----------------------------------------------------------------------------------------------------


def contoso(directory: Path, *, lagging: bool = True) -> Environment:
    """Copy the sample, without any state; not ``lagging``: changes reach the other domain controller at once."""
    directory.mkdir(parents=True)
    for path in SAMPLE.iterdir():
        if path.is_file():
            shutil.copy(path, directory)
    environment = Environment(directory)
    if not lagging:
        environment.edit("world.yaml", "replication_delay: 500ms", "replication_delay: 0s")
        environment.edit("world.yaml", "replication_delay: 1s", "replication_delay: 0s")
    return environment


_WORLD = """\
world: little
domain_controllers: [{{fqdn: dc1.contoso.com}}, {{fqdn: dc2.contoso.com, replication_delay: {delay}}}]
exchange:
  script_catalog: dc2.contoso.com
  servers: [{{fqdn: ex1.contoso.com, version: 15.0.1497.2, roles: [Mailbox, ClientAccess], site: Redmond}}]
lync:
  sites: [{{name: Redmond, type: central}}]
  pools:
    - fqdn: pool1.contoso.com
      name: "1:1"
      site: Redmond
      computers: [fe1.contoso.com, fe2.contoso.com]
  media: {{global: RequireEncryption}}
users:
  - {{alias: alice, name: Alice Martin, pool: pool1.contoso.com, line: 'tel:+14255550101'}}
  - {{alias: ben, name: Ben Okafor, pool: pool1.contoso.com, line: 'tel:+14255550103'}}
"""
_FILES = """\
environment: little
connections: {simulator: world.yaml}
restarts: {settle: 0s, interrupt: allow}
dial_plans:
  Redmond:
    country_code: "1"
    extension_digits: 5
    voip_security: Secured
    servers: all
    outcall_gateway: auto
auto_attendants:
  Main: {dial_plan: Redmond, pilot_numbers: ["+14255550190"], status: enabled}
mailboxes:
  - {identity: alice@contoso.com, sip_address: alice@contoso.com, extension: "50101", dial_plan: Redmond}
  - {identity: ben@contoso.com, sip_address: ben@contoso.com, extension: "50103", dial_plan: Redmond}
"""


def little(directory: Path, *, delay: str = "0s") -> Environment:
    """Write an estate of one Exchange server, one pool of two Front Ends and two users."""
    directory.mkdir(parents=True)
    (directory / "world.yaml").write_text(_WORLD.format(delay=delay), "utf-8")
    (directory / "little.yaml").write_text(_FILES, "utf-8")
    return Environment(directory)


@dataclass(frozen=True)
class First:
    """The sample's first plan and first apply, and the environment after them."""

    plan: Ran
    plan_file: bytes
    apply: Ran
    log: bytes
    """The file that ``--log`` asked for."""
    environment: Environment
    """Shared by all tests: to be read, or copied, and never changed."""


def first(factory: pytest.TempPathFactory) -> First:
    """Return the sample's first plan and apply; made by the test process that asks first."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    place = shared / "contoso-applied"
    with locked(shared / "contoso-applied.lock"):
        if not place.exists():
            _make_first(shared / "contoso-being-applied")
            (shared / "contoso-being-applied").rename(place)
    kept = json.loads((place / "ran.json").read_text("utf-8"))
    return First(
        Ran(**kept["plan"]),
        (place / "first.plan").read_bytes(),
        Ran(**kept["apply"]),
        (place / "apply.log").read_bytes(),
        Environment(place / "contoso"),
    )


def _make_first(place: Path) -> None:
    environment = contoso(place / "contoso")
    planned = environment.run("plan", "--json", "--detailed-exitcode", "--out", "../first.plan").has(2)
    applied = environment.run("--log", "../apply.log", "apply", "--json", "--auto-approve").has(0)
    (place / "ran.json").write_text(json.dumps({"plan": vars(planned), "apply": vars(applied)}), "utf-8")


def applied(tmp_path: Path, factory: pytest.TempPathFactory) -> Environment:
    """Return a copy of the sample after its first apply."""
    return first(factory).environment.copied(tmp_path / "contoso")
