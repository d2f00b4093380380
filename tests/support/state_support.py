"""What the tests of saved state share: clocks, places to keep state in, values to keep, and other processes."""

from __future__ import annotations

import glob
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from reconciler.model.commands import Endpoint, Shell
from reconciler.model.ports import Clock, Holder
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Obligation, Outcome, OutcomeKind, Remembered, Snapshot, StateChange
from reconciler.model.values import Nested, Value
from state.store import SavedState, open_store
from tests.support.paths import ROOT


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class VirtualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time, self.ticks = datetime(2026, 1, 1, tzinfo=UTC), 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.ticks += seconds


class Counting:
    """Ids that count up."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def uniform(self, low: float, high: float) -> float:
        return low

    def identifier(self) -> str:
        return f"id{next(self._numbers)}"


def holder(run: str = "run1", **changed: Any) -> Holder:
    values = {"host": "ops1", "pid": 4711, "user": "kim", "operation": "apply", "started": "2026-01-01T00:00:00+00:00"}
    return Holder(run=run, **{**values, **changed})


@dataclass
class Place:
    """Where one environment is kept."""

    location: Path | str
    environment: str = "contoso"
    clock: Clock = field(default_factory=RealClock)
    opened: list[SavedState] = field(default_factory=list)
    """Shared by places made from this one with ``replace``."""

    def open(self, **options: Any) -> SavedState:
        options = {"clock": self.clock, "random": Counting(), "renews_itself": False, **options}
        self.opened.append(open_store(self.location, self.environment, **options))
        return self.opened[-1]

    def close(self) -> None:
        for store in self.opened:
            store.close()

    @property
    def path(self) -> Path:
        assert isinstance(self.location, Path)
        return self.location


# --- values ----------------------------------------------------------------------------------------------------------

HOSTILE = (
    "",
    "\0",
    "\ud800",
    "\udfff\ud800",
    "a\nb\r\u2028",
    "x'; DROP TABLE resources; --",
    '"; DELETE FROM intents; --',
    "%",
    "%00",
    "%2e%2e",
    "../../etc/passwd",
    "{}[]\\u0000",
    "\ufeff",
    "\uffff",
    "\U0001f600",
    "ß",
    "ẞ",
    "İ",
    ":name",
    "$1 ? %s %(x)s",
    "0042",
    "nan",
    "a" * 3000,
)

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=12))
values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3).map(Nested),
    max_leaves=5,
)
attributes = st.dictionaries(texts, values, max_size=4)
addresses = st.builds(Address, st.one_of(st.sampled_from(["dial_plan", "um_mailbox"]), texts), texts)
remembered = st.builds(
    Remembered,
    addresses,
    attributes,
    st.none() | texts,
    st.none() | texts,
    st.lists(addresses, max_size=2).map(tuple),
)
obligations = st.builds(Obligation, st.sampled_from(("front-end-restart", "lower-outcalls")), texts, st.none() | texts)
intents = st.builds(
    Intent,
    texts,
    texts,
    addresses,
    texts,
    texts,
    texts,
    texts,
    expects=st.none() | attributes,
    expects_after=st.none() | attributes,
    discharges=st.lists(obligations, max_size=2).map(tuple),
    shell=st.none()
    | st.builds(Shell, st.builds(Endpoint, st.sampled_from(["exchange", "lync"]), st.none() | texts), texts, texts),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    resources = {kept.address: kept for kept in draw(st.lists(remembered, max_size=4))}
    owed = {one.identity: one for one in draw(st.lists(obligations, max_size=3))}
    return Snapshot(
        environment=draw(texts),
        lineage=draw(st.none() | texts),
        serial=draw(st.integers(min_value=0)),
        resources=resources,
        obligations=tuple(owed.values()),
        open_intents=tuple(draw(st.lists(intents, max_size=3))),
        decisions=draw(st.dictionaries(texts, texts, max_size=3)),
    )


@st.composite
def changes(draw: st.DrawFn, model: Model) -> StateChange:
    """A change that could follow what ``model`` holds: some of it about the same things."""
    new = tuple(draw(st.lists(intents, max_size=3)))
    known = [*model.ever_sent, *(intent.id for intent in new)]
    ended = draw(st.lists(st.sampled_from(known), max_size=2)) if known else []
    kept, owed = list(model.resources), list(model.obligations.values())
    return StateChange(
        intents=new,
        outcomes=tuple(Outcome(id, draw(st.sampled_from(OutcomeKind)), draw(texts)) for id in ended),
        remember=tuple(draw(st.lists(remembered, max_size=3))),
        forget=tuple(draw(st.lists(st.sampled_from(kept), max_size=2))) if kept else (),
        owe=tuple(draw(st.lists(obligations, max_size=2))),
        discharge=tuple(draw(st.lists(st.sampled_from(owed), max_size=1))) if owed else (),
        decisions=draw(st.dictionaries(texts, texts, max_size=2)),
    )


class Model:
    """What a store should hold, in plain dictionaries."""

    def __init__(self) -> None:
        self.resources: dict[Address, Remembered] = {}
        self.obligations: dict[tuple[str, str], Obligation] = {}
        self.open_intents: dict[str, Intent] = {}
        self.decisions: dict[str, str] = {}
        self.ever_sent: list[str] = []

    def apply(self, change: StateChange) -> None:
        for intent in change.intents:
            self.open_intents.pop(intent.id, None)
            self.open_intents[intent.id] = intent
            self.ever_sent.append(intent.id)
        for outcome in change.outcomes:
            self.open_intents.pop(outcome.intent, None)
        for address in change.forget:
            self.resources.pop(address, None)
        self.resources.update({kept.address: kept for kept in change.remember})
        for owed in change.discharge:
            self.obligations.pop(owed.identity, None)
        self.obligations.update({owed.identity: owed for owed in change.owe})
        self.decisions.update(change.decisions)

    def check(self, snapshot: Snapshot) -> None:
        assert dict(snapshot.resources) == self.resources
        assert {owed.identity: (owed, owed.duty) for owed in snapshot.obligations} == {
            identity: (owed, owed.duty) for identity, owed in self.obligations.items()
        }
        assert list(snapshot.open_intents) == list(self.open_intents.values())
        assert dict(snapshot.decisions) == self.decisions


def mailbox(number: int, **changed: Value) -> Remembered:
    sip = f"user{number:05}@contoso.com"
    return Remembered(
        Address("um_mailbox", sip),
        {
            "sip_address": sip,
            "extension": f"{number:05}",
            "policy": "Redmond/default",
            "dial_plan": "Redmond",
            **changed,
        },
        name=f"User {number}",
        guid=f"d3b0f7c6-1111-2222-3333-{number:012}",
        needs=(Address("dial_plan", "Redmond"), Address("mailbox_policy", "Redmond/default")),
    )


def intent(id: str, run: str = "run1") -> Intent:
    return Intent(
        id=id,
        run=run,
        address=Address("um_mailbox", f"{id}@contoso.com"),
        kind="create",
        command=f"Enable-UMMailbox -Identity {id}@contoso.com -UMMailboxPolicy 'Redmond Default Policy'",
        host="ex1.contoso.com",
        expires="2026-01-01T00:10:00+00:00",
        expects_after={"extension": "10042"},
    )


def outcome(id: str, kind: OutcomeKind = OutcomeKind.DONE) -> Outcome:
    return Outcome(id, kind)


# --- other processes -------------------------------------------------------------------------------------------------


class Child:
    """A process that holds a lease and obeys, one line at a time (``state_child.py``)."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.state_child", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline() or "null")

    def ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self.answer()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait(timeout=60)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@contextmanager
def child(*arguments: str) -> Iterator[Child]:
    started = Child(*arguments)
    try:
        yield started
    finally:
        started.close()


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgresql_binaries() -> Path | None:
    """Return the directory of the newest PostgreSQL server on this machine."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    on_path = shutil.which("initdb")
    if found:
        return Path(found[-1]).parent
    return Path(on_path).resolve().parent if on_path else None


class PostgreSQLServer:
    """A server of the tests' own on loopback, run as nobody where we are root, as it refuses root."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._directory = Path(tempfile.mkdtemp(prefix="state-pg-", dir="/tmp"))
        self._directory.chmod(0o755)
        self._data = self._directory / "data"
        self._data.mkdir(mode=0o700)
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            self._as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(self._directory, "nobody", "nogroup")
            shutil.chown(self._data, "nobody", "nogroup")
        self._run(
            "initdb", "-D", str(self._data), "-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8", "--locale=C"
        )
        self.port = _free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-k {self._directory} -p {self.port} -c listen_addresses=127.0.0.1 -c max_connections=50"
        log = str(self._directory / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / name), *arguments]
        patient = {**os.environ, "PGCTLTIMEOUT": "600"}  # seconds; by itself it waits for 60
        subprocess.run(command, check=True, cwd="/", env=patient, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
