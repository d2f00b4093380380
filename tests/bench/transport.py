"""What one operation costs on the wire: the usual way, our stream and our batch, on one server in one run.

The usual way is pywinrm's own ``Session.run_ps``: for each operation a shell, a process, its output, and both closed
again. Behind it stands a process that ends at once, so that its figure is the least it can be: a real one starts
PowerShell and loads the snap-in each time, which takes seconds. Ours reads a dial plan with every operation, through
the interpreter of the simulator. HTTP requests, those for logging on included, are counted on the server from opening
to closing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import winrm

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.server import Server, Settings
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import ConnectionSettings, Secret, SessionMode
from reconciler.model.commands import Authentication, Reply, read
from reconciler.model.ports import Request
from reconciler.run.system import SystemClock
from tests.bench.measure import Failed
from tests.support.winrm_server import PASSWORD, USER
from tests.support.worlds import estate_of

USUAL, ONE_BY_ONE, STREAM, BATCH = "one process per call", "stream, one by one", "stream", "batch"
OPERATIONS = 500
FEW = 20
"""Of the usual way, and of the stream with one operation at a time: each costs the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the rounds, for each operation."""

    authentication: str
    way: str
    operations: int
    requests: float
    milliseconds: float


def measure_transport(rounds: int = 3, operations: int = OPERATIONS, few: int = FEW) -> list[Row]:
    """Measure each way, in turn within a round, with Basic and with NTLM and its sealing."""
    rows = []
    for authentication in (Authentication.BASIC, Authentication.NTLM):
        taken: dict[str, list[tuple[int, int, float]]] = {}
        with _server(authentication) as server:
            for _ in range(rounds):
                for way, run, count in _ways(server, authentication, operations, few):
                    taken.setdefault(way, []).append(_timed(server, run, count))
        for way, figures in taken.items():
            count = figures[0][0]
            requests, seconds = median(one[1] for one in figures), median(one[2] for one in figures)
            rows.append(Row(authentication.value, way, count, requests / count, 1000 * seconds / count))
    return rows


@contextmanager
def _server(authentication: Authentication) -> Iterator[Server]:
    scheme = Scheme.BASIC if authentication is Authentication.BASIC else Scheme.NTLM
    with Server(estate_of(users=3, plans={"Redmond": 5}), Settings({USER: PASSWORD}, frozenset({scheme}))) as server:
        yield server


def _ways(
    server: Server, authentication: Authentication, operations: int, few: int
) -> Iterator[tuple[str, Callable[[int], None], int]]:
    yield USUAL, lambda count: _usual(server, authentication, count), few
    yield ONE_BY_ONE, lambda count: _ours(server, authentication, SessionMode.STREAM, count, at_once=1), few
    yield STREAM, lambda count: _ours(server, authentication, SessionMode.STREAM, count, at_once=count), operations
    yield BATCH, lambda count: _ours(server, authentication, SessionMode.BATCH, count, at_once=count), operations


def _timed(server: Server, run: Callable[[int], None], count: int) -> tuple[int, int, float]:
    before, began = server.counts.total, time.perf_counter()
    run(count)
    return count, server.counts.total - before, time.perf_counter() - began


def _usual(server: Server, authentication: Authentication, count: int) -> None:
    session = winrm.Session(
        server.url, auth=(USER, PASSWORD), transport=authentication.value, proxy=None, ca_trust_path=None
    )
    for _ in range(count):
        session.run_ps("Get-UMDialPlan")


def _ours(server: Server, authentication: Authentication, mode: SessionMode, count: int, *, at_once: int) -> None:
    settings = ConnectionSettings(
        connection=EXCHANGE.connection,
        host="",
        auth=authentication,
        user=USER,
        password=Secret(PASSWORD),
        mode=mode,
        via=("127.0.0.1", server.port),
    )
    command = read("Get-UMDialPlan", "Name", Identity="Redmond")
    with WinRMSessions([settings], allow=("Get-UMDialPlan",), clock=SystemClock()) as sessions:
        session = sessions.open(EXCHANGE)
        for start in range(0, count, at_once):
            requests = [Request(f"op-{start + index}", command) for index in range(min(at_once, count - start))]
            _check(session.invoke(requests))


def _check(results: Sequence[object]) -> None:
    for result in results:
        if not isinstance(result, Reply) or result.records != ({"Name": "Redmond"},):
            raise Failed(f"an operation did not do what was to be measured: {result}")


def render_transport(rows: Sequence[Row]) -> str:
    """Return the table, and by how much the usual way takes more than ours in the same run."""
    lines = ["On the wire, for each operation, from opening to closing:", ""]
    lines.append(f"  {'':<32}{'operations':>10}{'HTTP requests':>15}{'ms':>9}{'usual / this':>14}")
    usual = {row.authentication: row.milliseconds for row in rows if row.way == USUAL}
    for row in rows:
        name = f"{row.authentication}: {row.way}"
        ratio = usual[row.authentication] / row.milliseconds
        lines.append(
            f"  {name:<32}{row.operations:>10}{row.requests:>15.3f}{row.milliseconds:>9.2f}{ratio:>14.1f}".rstrip()
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render_transport(measure_transport()))
