"""What a plan with nothing to do asks of the servers: the same requests for sixty users and for six thousand.

The engine runs in this process over the simulated estate; the estate of each size is applied once, then planned over
both ways to reach it: within the process, where every request is counted, and over the wire, where messages are.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from providers.catalogue import resource_types
from providers.cmdlets.products import EXCHANGE, LYNC
from providers.simulator.estate.estate import Estate
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.server import Server, Settings
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import ConnectionSettings, Secret
from reconciler.app import Ports, Workspace, open_workspace
from reconciler.model.commands import Authentication
from reconciler.plan.plan import Plan
from reconciler.run.system import SystemClock
from tests.support.estate_sessions import EstateSessions
from tests.support.winrm_server import PASSWORD, USER
from tests.support.worlds import estate_of

FEW, MANY = 60, 6000

_FILES = """\
environment: crowd
connections:
  exchange: {host: ex1.contoso.com, auth: kerberos, delegate: true}
  lync: {host: fe1.contoso.com, auth: kerberos}
restarts: {settle: 0s, interrupt: allow}
dial_plans:
  Redmond: {country_code: "1", extension_digits: 5, voip_security: Secured, servers: all, outcall_gateway: auto}
mailboxes:
  - file: users.csv
"""


@dataclass
class Crowd:
    """An environment with many users, and its estate after the first apply."""

    directory: Path
    estate: Estate

    @contextmanager
    def opened(self, sessions: EstateSessions | WinRMSessions) -> Iterator[Workspace]:
        with open_workspace(self.directory, Ports(sessions=lambda _: sessions)) as workspace:
            yield workspace


def crowd(directory: Path, users: int) -> Crowd:
    directory.mkdir()
    (directory / "crowd.yaml").write_text(_FILES, "utf-8")
    names = (f"user{number}@contoso.com" for number in range(1, users + 1))
    rows = [f"{name},{name},{number:05},Redmond" for number, name in enumerate(names, 1)]
    text = "\n".join(["identity,sip_address,extension,dial_plan", *rows])
    (directory / "users.csv").write_text(text + "\n", "utf-8")
    made = Crowd(directory, estate_of(users=users, pools=(2,)))
    with made.opened(EstateSessions(made.estate)) as workspace:
        account = workspace.apply(lambda _: True)
    assert account is not None
    assert account.exit_code() == 0
    return made


@pytest.fixture(scope="module")
def crowds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crowd, Crowd]:
    place = tmp_path_factory.mktemp("crowds")
    return crowd(place / "few", FEW), crowd(place / "many", MANY)


def is_empty(plan: Plan, users: int) -> bool:
    return not (plan.has_changes or plan.adopted or plan.forgotten) and plan.unchanged >= users


def requests_of(one: Crowd, users: int) -> Counter[tuple[str, str, str]]:
    sessions = EstateSessions(one.estate)
    with one.opened(sessions) as workspace:
        assert is_empty(workspace.plan(), users)
    return Counter((host, told.command.operation.value, told.command.cmdlet) for host, told in sessions.requests)


def test_plan_makes_the_same_requests_for_six_thousand_users_as_for_sixty(crowds: tuple[Crowd, Crowd]) -> None:
    few, many = requests_of(crowds[0], FEW), requests_of(crowds[1], MANY)
    assert few == many
    assert few.total() < 100


def messages_of(one: Crowd, users: int) -> dict[str, int]:
    settings = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.NTLM}))
    with Server(one.estate, settings) as server:
        connections = [
            ConnectionSettings(
                connection=connection,
                host=host,
                auth=Authentication.NTLM,
                user=USER,
                password=Secret(PASSWORD),
                via=("127.0.0.1", server.port),
                slots=1,  # with more of them, the time of the reads decides how many messages there are
            )
            for connection, host in ((EXCHANGE.connection, "ex1.contoso.com"), (LYNC.connection, "fe1.contoso.com"))
        ]
        allow = frozenset(cmdlet for kind in resource_types() for cmdlet in kind.cmdlets)
        with one.opened(WinRMSessions(connections, allow=allow, clock=SystemClock())) as workspace:
            assert is_empty(workspace.plan(), users)
        return dict(server.counts.messages)


def test_over_the_wire_only_receives_grow_with_users(crowds: tuple[Crowd, Crowd]) -> None:
    few, many = messages_of(crowds[0], FEW), messages_of(crowds[1], MANY)
    growing = {kind for kind in {*few, *many} if few.get(kind) != many.get(kind)}
    assert growing <= {"receive"}
    assert few["send"] < 60
    assert many["receive"] < few["receive"] + 100, "a listing of six thousand users is a few megabytes"


def test_control_requests_grow_with_hosts(crowds: tuple[Crowd, Crowd], tmp_path: Path) -> None:
    """What the tests above count is sensitive: one more Front End is one more host to ask."""
    few = requests_of(crowds[0], FEW)
    shutil.copytree(crowds[0].directory, tmp_path / "more", ignore=shutil.ignore_patterns(".reconciler"))
    more = replace(crowds[0], directory=tmp_path / "more", estate=estate_of(users=FEW, pools=(3,)))
    with more.opened(EstateSessions(more.estate)) as workspace:
        account = workspace.apply(lambda _: True)
    assert account is not None
    assert requests_of(more, FEW).total() > few.total()
