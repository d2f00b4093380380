"""The other process in tests of saved state: holds a lease, races for one, or dies at a named point.

python -m tests.support.state_child hold PATH SECONDS [still]   commands on stdin: commit, renew, full
python -m tests.support.state_child race PATH COUNT             that many processes try at once
python -m tests.support.state_child die PATH POINT              killed by itself at the point
python -m tests.support.state_child stop PATH POINT             suspended by itself at the point, having told so
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from reconciler.model.diagnostics import ReconcilerError, StateError
from reconciler.model.ports import Holder
from reconciler.model.snapshot import StateChange
from state.store import SavedState, open_store
from tests.support.state_support import Counting, RealClock, holder, intent, mailbox


def told(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def opened(path: str, **options: Any) -> SavedState:
    return open_store(_location(path), "contoso", clock=RealClock(), random=Counting(), **options)


def _location(path: str) -> Path | str:
    return path if "://" in path else Path(path)


def me(run: str) -> Holder:
    return holder(run, pid=os.getpid())


def hold(path: str, seconds: str, renewal: str = "renews") -> None:
    lease = opened(path, lease_seconds=float(seconds), renews_itself=renewal == "renews").acquire(me("child"))
    told(lease.epoch)
    for number, line in enumerate(sys.stdin):
        change = StateChange(intents=(intent(f"child{number}"),))
        try:
            match line.strip():
                case "commit":
                    lease.commit(change)
                case "renew":
                    lease.renew()
                case "full":
                    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
                    lease.commit(StateChange(remember=tuple(mailbox(number) for number in range(2000))))
            told("ok")
        except ReconcilerError as error:
            told([type(error).__name__, error.diagnostics[0].summary])


def race(path: str, count: str) -> None:
    """Every process tries once; who won holds its lease until all others have tried."""
    for module in ("state.ledger", "state.lease", "state.postgresql", "state.sqlite"):
        import_module(module)  # once for all of them, not at the same time in each
    start, finish = os.pipe(), os.pipe()
    answers = os.pipe()
    for number in range(int(count)):
        if os.fork() == 0:
            os.close(start[1])
            os.close(finish[1])
            os.read(start[0], 1)
            os.write(answers[1], (json.dumps(_try(path, f"racer{number}")) + "\n").encode())
            os.read(finish[0], 1)
            os._exit(0)
    os.close(start[1])
    with open(answers[0], encoding="ascii") as file:
        results = [json.loads(file.readline()) for _ in range(int(count))]
    os.close(finish[1])
    for _ in range(int(count)):
        os.wait()
    told(results)


_kept: list[object] = []
"""Stores stay open, as they would in an apply."""


def _try(path: str, run: str) -> Any:
    store = opened(path, renews_itself=False)
    _kept.append(store)
    try:
        return store.acquire(me(run)).epoch
    except StateError as error:
        return [type(error).__name__, error.exit_code, error.diagnostics[0].detail]


def die(path: str, wanted: str) -> None:
    def point(name: str) -> None:
        if name == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    lease = opened(path, point=point).acquire(me("dying"))
    lease.commit(StateChange(intents=(intent("op1"),)))


def stop(path: str, wanted: str) -> None:
    def point(name: str) -> None:
        if name == wanted:
            told("stops")
            os.kill(os.getpid(), signal.SIGSTOP)

    lease = opened(path, point=point).acquire(me("stopped"))
    lease.commit(StateChange(intents=(intent("op1"),)))
    told("went on")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hold", path, seconds, *renewal]:
            hold(path, seconds, *renewal)
        case ["race", path, count]:
            race(path, count)
        case ["die", path, name]:
            die(path, name)
        case ["stop", path, name]:
            stop(path, name)
