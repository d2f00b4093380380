"""Edits of what joins the parts of an estate: pools of dial plans, Lync dial plans of users, waves, certificates.

They change values alone, so that an apply can have them together with any other edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from providers.simulator.world.schema import World
from tests.support.configurations import Sections, Situation, has_2007
from tests.support.edited import rows_of, with_rows

WAVES: Final = ("pilot", "rest")
_FLAWS: Final[tuple[Mapping[str, Any], ...]] = (
    {"self_signed": True},
    {"subject": "CN=mail.contoso.com", "domains": ["mail.contoso.com"]},
    {"expires": "2020-01-01T00:00:00Z"},
)
_IN_USE: Final[Mapping[str, tuple[str, ...]]] = {"e2007": ("IIS",), "e2010": ("IIS", "UM")}


# --- what a history begins with --------------------------------------------------------------------------------------


@st.composite
def equipped(draw: st.DrawFn, situation: Situation) -> Situation:
    """Generate the situation with three certificates on each Exchange server: one is flawed, and any one is in use."""
    told = situation.world.model_dump(mode="json", exclude_defaults=True)
    for place, server in enumerate(situation.world.exchange.servers):
        each = [{}, {"expires": "2030-01-01T00:00:00Z"}, draw(st.sampled_from(_FLAWS))]
        used = draw(st.integers(0, len(each) - 1))
        services = _IN_USE.get(server.release, ("IIS", "UM", "UMCallRouter"))
        told["exchange"]["servers"][place]["certificates"] = [
            {**one, "thumbprint": thumbprint(place, number), "services": services if number == used else ()}
            for number, one in enumerate(each)
        ]
    return Situation(World.model_validate(told), situation.sections)


def thumbprint(server: int, number: int) -> str:
    """Return the name of a certificate, by the places of the server and of the certificate in their lists."""
    return f"{server:02X}{number:02X}" * 10


GOOD: Final = (0, 1)
"""The numbers of the certificates without a flaw; the first one expires later."""
FLAWED: Final = 2
"""The number of the other one."""


# --- edits -----------------------------------------------------------------------------------------------------------


@st.composite
def joins(draw: st.DrawFn, world: World, sections: Sections) -> tuple[tuple[str, ...], Sections]:
    """Generate sections with up to two such changes, and the names of the changes."""
    makers: Mapping[str, Callable[[st.DrawFn, World, Sections], Sections | None]] = {
        "split": _split,
        "waves": _waves,
        "Lync dial plan": _lync_dial_plan,
        "certificates": _certificates,
    }
    names: list[str] = []
    for name in draw(st.lists(st.sampled_from(sorted(makers)), max_size=2, unique=True)):
        made = makers[name](draw, world, sections)
        if made is not None:
            names.append(name)
            sections = made
    return tuple(names), sections


def _with(sections: Sections, section: str, key: str, told: Mapping[str, Any] | None) -> Sections:
    """Return the sections with a declaration; None for without it."""
    others = {name: value for name, value in sections.get(section, {}).items() if name != key}
    return {**sections, section: others if told is None else {**others, key: dict(told)}}


def _split(draw: st.DrawFn, world: World, sections: Sections) -> Sections | None:
    """Let a dial plan name other pools, in any spelling, or all of them again."""
    if not sections["dial_plans"]:
        return None
    name = draw(st.sampled_from(sorted(sections["dial_plans"])))
    told = {key: value for key, value in sections["dial_plans"][name].items() if key != "pools"}
    every = [pool.fqdn for pool in world.lync.pools]
    named = draw(st.sets(st.sampled_from(every), min_size=1) | st.just("all") | st.none())
    if isinstance(named, set):
        told["pools"] = [pool.upper() if draw(st.booleans()) else pool for pool in sorted(named)]
    elif named:
        told["pools"] = named
    return _with(sections, "dial_plans", name, told)


def _waves(draw: st.DrawFn, world: World, sections: Sections) -> Sections | None:
    """Put users into other waves, and the waves into another order or none."""
    rows = rows_of(sections)
    if not rows:
        return None
    moved: dict[str, dict[str, Any]] = {}
    for row in rows:
        wave = draw(st.sampled_from(["", *WAVES]))
        kept = {name: value for name, value in row.items() if name != "wave"}
        moved[row["identity"]] = {**kept, "wave": wave} if wave else kept
    order = draw(st.sampled_from([(), WAVES, WAVES[::-1]]))
    listed = [{"name": name, "max_failures": draw(st.sampled_from([0, "5%"]))} for name in order]
    others = {name: told for name, told in with_rows(sections, moved).items() if name != "waves"}
    return {**others, **({"waves": listed} if listed else {})}


def _lync_dial_plan(draw: st.DrawFn, world: World, sections: Sections) -> Sections | None:
    """Grant a Lync dial plan or grant it no more, or let a dial plan name another one.

    Before Exchange 2010 SP1 a Lync dial plan has the name of one dial plan, so that two cannot share it.
    """
    there = sorted(sections.get("lync_dial_plans", {}))
    if draw(st.booleans()) and there:
        key = draw(st.sampled_from(there))
        told = {name: value for name, value in sections["lync_dial_plans"][key].items() if name != "grant"}
        grant = draw(st.sampled_from([True, True, False, None]))
        return _with(sections, "lync_dial_plans", key, told if grant is None else {**told, "grant": grant})
    if not sections["dial_plans"]:
        return None
    name = draw(st.sampled_from(sorted(sections["dial_plans"])))
    told = {key: value for key, value in sections["dial_plans"][name].items() if key != "lync_dial_plan"}
    free = [key for key in there if key not in _named(sections)] if has_2007(world) else there
    named = draw(st.sampled_from([*free, f"{name}-users", None]))
    if named is None:
        return _with(sections, "dial_plans", name, told)
    found = _with(sections, "dial_plans", name, {**told, "lync_dial_plan": named})
    return found if named in there else _with(found, "lync_dial_plans", named, {"grant": True})


def _named(sections: Sections) -> set[str]:
    return {str(told.get("lync_dial_plan")) for told in sections["dial_plans"].values()}


def _certificates(draw: st.DrawFn, world: World, sections: Sections) -> Sections | None:
    """Give a server certificates by the rule or by name, or leave them alone from now on.

    Only a server that a dial plan binds: the others may listen without TLS, and are refused one.
    """
    bound = [told.get("servers", ()) for told in sections["dial_plans"].values()]
    servers = {
        server.fqdn: place
        for place, server in enumerate(world.exchange.servers)
        if server.release != "e2007" and any(each == "all" or server.fqdn in each for each in bound)
    }
    if not servers:
        return None
    fqdn = draw(st.sampled_from(sorted(servers)))
    releases = {server.fqdn: server.release for server in world.exchange.servers}
    services = ["um"] if releases[fqdn] == "e2010" else ["um", "router"]
    names = ["best", *(thumbprint(servers[fqdn], number) for number in GOOD)]
    told = draw(st.fixed_dictionaries({}, optional={one: st.sampled_from(names) for one in services}))
    return _with(sections, "um_certificates", fqdn, told or None)


def by_hand(world: World, sections: Sections) -> list[str]:
    """Return what another administrator may do about all this."""
    pools = [world.pool_name(pool) for pool in world.lync.pools]
    lines = [
        f"New-UMHuntGroup -Name {plan} -UMDialPlan {plan} -UMIPGateway '{pool}' -PilotIdentifier {plan}"
        for plan in sections["dial_plans"]
        for pool in pools
    ]
    for row in rows_of(sections):
        lines.append(f"Grant-CsDialPlan sip:{row['sip_address']} -PolicyName $null")
        lines += [
            f"Grant-CsDialPlan sip:{row['sip_address']} -PolicyName '{plan}'"
            for plan in ("OtherLync", *sections.get("lync_dial_plans", ()))
        ]
    for place, server in enumerate(world.exchange.servers):
        if server.release != "e2007":
            lines += [
                f"Enable-ExchangeCertificate -Server {server.fqdn} -Thumbprint {thumbprint(place, number)} -Services UM"
                for number in (*GOOD, FLAWED)
            ]
    return lines
