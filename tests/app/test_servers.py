"""What is read of the servers in which round: the session to a host takes 10 to 20 seconds to open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.schema.exchange_facts import DomainController
from providers.simulator.estate.estate import Estate
from reconciler.app import Ports, open_workspace
from reconciler.model.commands import Endpoint
from reconciler.model.diagnostics import Diagnostic, Unreachable
from reconciler.model.events import Event, Observing
from reconciler.model.landscape import Landscape
from tests.bench.generate import write_environment
from tests.support.estate_sessions import EstateSession, EstateSessions
from tests.support.fakes import VirtualClock

FRONT_ENDS = {"fe1a.contoso.com", "fe1b.contoso.com", "fe2a.contoso.com", "fe2b.contoso.com"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rounds") / "environment"
    write_environment(place, 5, seed=1)
    return place


@dataclass
class Without(EstateSessions):
    """Sessions to an estate in which the entry point of one connection is away."""

    away: str = ""

    def open(self, endpoint: Endpoint) -> EstateSession:
        if endpoint.connection == self.away:
            raise Unreachable(Diagnostic("Host cannot be reached", "It is away."))
        return super().open(endpoint)


@dataclass
class Look:
    """What one look read, and in which order."""

    landscape: Landscape
    rounds: list[set[str]]
    """The hosts that each round asks; each asks a host once."""
    requests: list[str]

    @property
    def reads(self) -> list[str]:
        return sorted(self.requests)


def look(directory: Path, pinned: str | None = None, away: str = "") -> Look:
    rounds: list[set[str]] = [set()]

    def emit(event: Event) -> None:
        if isinstance(event, Observing):
            if event.host in rounds[-1]:
                rounds.append(set())
            rounds[-1].add(event.host)

    estate = Estate.open(directory / "world.yaml", clock=VirtualClock().now)
    sessions = Without(estate, away=away) if away else EstateSessions(estate)
    ports = Ports(emit=emit, sessions=lambda _: sessions, clock=VirtualClock())
    with open_workspace(directory, ports) as workspace:
        landscape = workspace.look(pinned=pinned)
    return Look(landscape, rounds, [f"{host} {request.command}" for host, request in sessions.requests])


@pytest.fixture(scope="module")
def first(directory: Path) -> Look:
    """A look of which nobody knows yet which domain controller it uses."""
    return look(directory)


@pytest.fixture(scope="module")
def replica(first: Look) -> str:
    return min(first.landscape.all(DomainController))


def test_until_a_replica_is_chosen_nothing_else_is_read(first: Look) -> None:
    """Another one would be read, and each session opened again for it."""
    assert first.rounds[0] == {"exchange"}
    assert len(first.rounds) == 3
    assert first.rounds[2] >= FRONT_ENDS


def test_sessions_open_in_two_rounds_where_the_replica_is_known(directory: Path, replica: str) -> None:
    found = look(directory, replica)
    assert found.rounds[0] == {"exchange", "lync"}
    assert found.rounds[1] >= FRONT_ENDS
    assert found.rounds[2:] == [{"exchange"}]


def test_what_is_read_earlier_is_read_once_and_says_the_same(directory: Path, first: Look, replica: str) -> None:
    found = look(directory, replica)
    assert found.reads == first.reads
    assert found.landscape.observed == first.landscape.observed
    assert found.landscape.unreadable == first.landscape.unreadable


def test_what_was_read_with_a_replica_that_is_gone_is_read_again(directory: Path, first: Look) -> None:
    found = look(directory, "gone.contoso.com")
    twice = {one.partition(" ")[2] for one in found.requests if found.requests.count(one) > first.requests.count(one)}
    assert {"Get-CsPool", "Get-CsComputer", "Get-CsSite"} < twice
    assert found.landscape.observed == first.landscape.observed
    assert found.landscape.unreadable == first.landscape.unreadable


@pytest.mark.parametrize("away", ["exchange", "lync"])
def test_what_cannot_be_read_is_not_absent_in_whichever_round(directory: Path, replica: str, away: str) -> None:
    without, early = look(directory, away=away), look(directory, replica, away=away)
    assert early.landscape.observed == without.landscape.observed
    assert early.landscape.unreadable.keys() == without.landscape.unreadable.keys()
    assert early.landscape.is_readable("service_restart") is (away == "exchange")
