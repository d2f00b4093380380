"""Worlds for tests and benchmarks: of any size by number, or small ones by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from providers.simulator.estate.estate import Estate
from providers.simulator.world.schema import World
from tests.support.paths import ROOT

CONTOSO = ROOT / "samples" / "contoso" / "world.yaml"


class SteppingClock:
    """A clock that a test moves, or that moves by a little whenever it is read."""

    def __init__(self, start: datetime = datetime(2024, 6, 3, 9, 0, tzinfo=UTC), tick: float = 0.0) -> None:
        self.now = start
        self._tick = timedelta(seconds=tick)

    def __call__(self) -> datetime:
        self.now += self._tick
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def world_of(
    users: int = 10,
    pools: Sequence[int] = (3, 2),
    *,
    servers: Sequence[str] = ("15.0.1497.2", "15.0.1497.2"),
    delays: Sequence[float] = (0.0,),
    lync: str = "2013",
    without_mailbox: int = 0,
    without_voice: int = 0,
    director: bool = True,
    branch: bool = True,
    standard: bool = False,
    plans: Mapping[str, int] | None = None,
    um_enabled: int = 0,
    people: Sequence[Mapping[str, Any]] = (),
    certificates: Sequence[Mapping[str, Any]] | None = None,
    **more: Any,
) -> World:
    """Return a world: ``pools`` are numbers of Front Ends, each pool in a central site of its own.

    ``plans`` are SIP dial plans that exist already, by name with their digits; the first ``um_enabled`` users are
    UM-enabled in the first of them. ``people`` are users beside those numbered. Each Exchange server has the
    ``certificates``; None: one that all its services use. ``more`` are keys of the world file.
    """
    sites: list[dict[str, Any]] = [{"name": f"site{number}"} for number in range(1, max(len(pools), 1) + 1)]
    topology: list[dict[str, Any]] = []
    front_ends = 0
    for number, size in enumerate(pools, 1):
        computers = [f"fe{front_ends + place}.contoso.com" for place in range(1, size + 1)]
        front_ends += size
        topology.append({"fqdn": f"pool{number}.contoso.com", "site": f"site{number}", "computers": computers})
    if standard:
        topology.append({"fqdn": "std1.contoso.com", "type": "standard", "site": "site1"})
    if director:
        topology.append({"fqdn": "dir1.contoso.com", "type": "director", "site": "site1"})
    if branch:
        sites.append({"name": "branch1", "type": "branch", "parent": "site1"})
        topology.append({"fqdn": "sba1.contoso.com", "type": "branch", "site": "branch1"})
    return World.model_validate(
        {
            "domain_controllers": [
                {"fqdn": f"dc{number}.contoso.com", "replication_delay": delay}
                for number, delay in enumerate(delays, 1)
            ],
            "exchange": {
                "servers": [
                    {
                        "fqdn": f"ex{number}.contoso.com",
                        "version": version,
                        "roles": _roles(version),
                        "um_languages": ["en-US", "de-DE"],
                        "certificates": certificates,
                    }
                    for number, version in enumerate(servers, 1)
                ]
            },
            "lync": {"version": lync, "sites": sites, "pools": topology},
            "dial_plans": [_plan(name, digits, servers[0]) for name, digits in (plans or {}).items()],
            "users": [
                *_users(users, without_mailbox, without_voice, next(iter((plans or {}).items()), None), um_enabled),
                *people,
            ],
            **more,
        }
    )


def _roles(version: str) -> list[str]:
    if version.startswith("15"):
        return ["Mailbox", "ClientAccess"]
    return ["Mailbox", "ClientAccess", "UnifiedMessaging", "HubTransport"]


def _plan(name: str, digits: int, version: str) -> dict[str, Any]:
    plan = {"name": name, "NumberOfDigitsInExtension": digits, "URIType": "SipName", "VoIPSecurity": "Secured"}
    return plan if version.startswith("8") else {**plan, "CountryOrRegionCode": "1"}


def _users(
    count: int, without_mailbox: int, without_voice: int, plan: tuple[str, int] | None, um_enabled: int
) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    if um_enabled and plan is not None:
        name, digits = plan
        um = {"policy": f"{name} Default Policy", "extensions": [f"{{n:0{digits}}}"]}
        groups.append({"generate": um_enabled, "um": um})
    if count > um_enabled:
        groups.append({"generate": count - um_enabled, "first": um_enabled + 1})
    if without_mailbox:
        groups.append({"generate": without_mailbox, "alias": "phone{n}", "name": "Phone {n}", "mailbox": False})
    if without_voice:
        groups.append({"generate": without_voice, "alias": "mail{n}", "name": "Mail {n}", "enterprise_voice": False})
    return groups


def estate_of(clock: SteppingClock | None = None, **described: Any) -> Estate:
    """Return the estate of ``world_of(**described)``; nothing of it is kept."""
    return Estate(world_of(**described), clock=clock or SteppingClock(tick=0.001))


@st.composite
def small_worlds(draw: st.DrawFn) -> World:
    """Generate worlds with a few of everything: versions, lagging controllers, branches, Directors, users."""
    pools = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    release = draw(st.sampled_from(["8.3.83.6", "14.3.123.4", "15.0.1497.2", "15.1.225.42"]))
    users = draw(st.integers(0, 8))
    plans = draw(st.dictionaries(st.sampled_from(["Redmond", "Dublin", "Tokyo"]), st.integers(3, 6), max_size=2))
    return world_of(
        users,
        pools,
        servers=[release] * draw(st.integers(1, 3)),
        delays=draw(st.lists(st.sampled_from([0.0, 1.0, 30.0]), min_size=1, max_size=3)),
        lync=draw(st.sampled_from(["2010", "2013", "2015", "2019"])),
        without_mailbox=draw(st.integers(0, 2)),
        without_voice=draw(st.integers(0, 2)),
        director=draw(st.booleans()),
        branch=draw(st.booleans()),
        standard=draw(st.booleans()),
        plans=plans,
        um_enabled=min(users, draw(st.integers(0, 3))) if plans else 0,
    )
