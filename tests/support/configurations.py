"""Environments that fit a world: what an operator of that estate could write without breaking a rule.

Everything drawn is allowed by the checks against the world, so that a plan of it must apply; what is forbidden has
tests of its own. A situation shrinks to a world of one pool and one dial plan.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from providers.simulator.world.schema import World
from tests.support.worlds import world_of

PLANS = ("Redmond", "Dublin", "Tokyo")
MODERN = ("15.0.1497.2", "15.1.225.42")
RELEASES = (*MODERN, "14.3.123.4", "8.3.83.6")

Sections = Mapping[str, Any]
"""The YAML of an environment, section by section."""


@dataclass(frozen=True)
class Situation:
    """A world, and an environment that fits it."""

    world: World
    sections: Sections

    def __repr__(self) -> str:
        """Show what it takes to build it again by hand."""
        told = self.world.model_dump(mode="json", exclude_defaults=True)
        return f"Situation(World.model_validate({told!r}), {dict(self.sections)!r})"

    def without(self, *keys: tuple[str, str]) -> Situation:
        """Return the situation without these declarations (section, key)."""
        kept = {
            section: {key: value for key, value in told.items() if (section, key) not in keys}
            if isinstance(told, dict)
            else [row for row in told if (section, row["identity"]) not in keys]
            for section, told in self.sections.items()
        }
        return Situation(self.world, {section: told for section, told in kept.items() if told})


@st.composite
def worlds(draw: st.DrawFn, *, releases: Sequence[str] = RELEASES, lag: bool = True) -> World:
    """Generate estates of every shape: releases, also mixed; lagging controllers; branches, Directors; users."""
    release = draw(st.sampled_from(releases))
    servers = [release] * draw(st.integers(1, 3))
    if draw(st.integers(0, 9)) == 9:
        servers.append(draw(st.sampled_from(releases)))
    plans = draw(st.dictionaries(st.sampled_from(PLANS), st.integers(3, 6), max_size=2))
    delays = draw(st.lists(st.sampled_from([0.0, 1.0, 10.0]), min_size=1, max_size=3)) if lag else [0.0]
    users = draw(st.integers(1, 6))
    world = world_of(
        users,
        draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        servers=servers,
        delays=delays,
        lync=draw(st.sampled_from(["2010", "2013", "2015", *(["2019"] if not _has_2007(servers) else [])])),
        without_mailbox=draw(st.integers(0, 1)),
        without_voice=draw(st.integers(0, 1)),
        director=draw(st.booleans()),
        branch=draw(st.booleans()),
        standard=draw(st.booleans()),
        plans=plans,
        um_enabled=draw(st.integers(0, min(users, 2))) if plans else 0,
        gateways=[{"name": "1:9", "Address": "oldpool.contoso.com"}] if draw(st.booleans()) else [],
    )
    return _slow(world, draw(st.sampled_from([0.0, 0.0, 15.0])))


def _has_2007(servers: Sequence[str]) -> bool:
    """True for servers that Skype for Business Server 2019 does not work with."""
    return any(server.startswith("8.") for server in servers)


def has_2007(world: World) -> bool:
    """True for a world with a server of Exchange 2007, which lacks some attributes."""
    return _has_2007([server.version for server in world.exchange.servers])


def _slow(world: World, seconds: float) -> World:
    """Return the world with Front Ends that take their time to start."""
    pools = tuple(pool.model_copy(update={"start_time": seconds}) for pool in world.lync.pools)
    return world.model_copy(update={"lync": world.lync.model_copy(update={"pools": pools})})


@st.composite
def situations(draw: st.DrawFn, *, releases: Sequence[str] = RELEASES, lag: bool = True) -> Situation:
    """Generate a world and an environment that fits it."""
    world = draw(worlds(releases=releases, lag=lag))
    return Situation(world, draw(sections_for(world)))


@st.composite
def sections_for(draw: st.DrawFn, world: World) -> Sections:
    """Generate the sections of an environment for ``world``."""
    there = {str(plan["name"]): int(plan["NumberOfDigitsInExtension"]) for plan in world.dial_plans}
    plans = {name: draw(dial_plans(world, name, there.get(name))) for name in draw(_some(PLANS, at_least=1))}
    lync = {told["lync_dial_plan"]: draw(lync_dial_plans) for told in plans.values() if "lync_dial_plan" in told}
    policies = {key: told for name in plans for key, told in draw(mailbox_policies(world, name)).items()}
    attendants = {key: told for name in plans for key, told in draw(auto_attendants(world, name)).items()}
    rows = draw(mailboxes(world, {name: told["extension_digits"] for name, told in plans.items()}, policies))
    found = {
        "dial_plans": plans,
        "lync_dial_plans": lync,
        "mailbox_policies": policies,
        "auto_attendants": attendants,
        "hunt_groups": draw(hunt_groups(world, list(plans))),
        "mailboxes": rows,
    }
    settle = draw(st.sampled_from(["0s", "0s", "20m"]))
    return {
        "restarts": {"settle": settle, "interrupt": "allow"},
        **{section: told for section, told in found.items() if told},
    }


def _some(choices: Sequence[str], *, at_least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(choices), min_size=at_least, max_size=len(choices), unique=True).map(sorted)


def _maybe(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Generate dictionaries of which each key may be left out."""
    return st.fixed_dictionaries({}, optional=values)


def _number(plan: str, last: int) -> str:
    return f"+1425555{PLANS.index(plan)}1{last:02}"


@st.composite
def dial_plans(draw: st.DrawFn, world: World, name: str, digits: int | None) -> dict[str, Any]:
    """Generate the declaration of a dial plan; ``digits``: those of one of that name that is there."""
    hosts = [server.fqdn for server in world.exchange.servers]
    pools = [pool.fqdn for pool in world.lync.pools if pool.type != "director"]
    more = draw(
        _maybe(
            voip_security=st.just("Secured"),
            access_numbers=st.lists(st.integers(0, 3), max_size=2, unique=True).map(
                lambda found: [_number(name, one) for one in found]
            ),
            servers=st.one_of(st.just("all"), _some(hosts, at_least=1)),
            outcall_gateway=st.sampled_from(["auto", pools[0]]),
            lync_dial_plan=st.just(name),
            site=st.sampled_from([site.name for site in world.lync.sites if site.type == "central"]),
            max_call_duration=st.integers(30, 120),
            max_recording_duration=st.integers(1, 19),
            logon_failures_before_disconnect=st.integers(1, 20),
            outside_line_access_code=st.sampled_from(["9", "0"]),
        )
    )
    return {"country_code": "1", "extension_digits": digits or draw(st.integers(3, 6)), **more}


lync_dial_plans = _maybe(description=st.sampled_from(["", "For voice mail"]).filter(bool))


@st.composite
def mailbox_policies(draw: st.DrawFn, world: World, plan: str) -> dict[str, dict[str, Any]]:
    rights = {} if has_2007(world) else {"allow_play_on_phone": st.booleans()}
    values = _maybe(
        min_pin_length=st.integers(4, 24),
        pin_lifetime=st.sampled_from(["60", "unlimited", "30 days"]),
        max_greeting_duration=st.integers(1, 10),
        **rights,
    )
    found: dict[str, dict[str, Any]] = {}
    if draw(st.booleans()):
        found[f"{plan}/default"] = draw(values)
    if draw(st.booleans()):
        found[f"Executives of {plan}"] = {"dial_plan": plan, **draw(values)}
    return found


_HOURS = st.sampled_from(["always", "never", {"monday": "9:00-17:00"}, {"friday": ["13:00-24:00", "9:00-12:30"]}]).map(
    copy.deepcopy
)
"""Each a value of its own: YAML would write one value that stands twice as an alias."""
_HOLIDAYS = st.sampled_from(
    [{}, {"New Year": {"date": "2027-01-01", "greeting": "a.wav"}, "Works": {"from": "2027-08-02", "to": "2027-08-13"}}]
).map(copy.deepcopy)


@st.composite
def auto_attendants(draw: st.DrawFn, world: World, plan: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    texts = {} if has_2007(world) else {"business_name": "Contoso"}
    for number, name in enumerate(draw(_some([f"{plan}Main", f"{plan}Night"]))):
        is_spoken = draw(st.booleans())
        found[name] = {
            "dial_plan": plan,
            "pilot_numbers": [_number(plan, 50 + number)],
            "speech_enabled": is_spoken,
            **draw(
                _maybe(status=st.sampled_from(["Enabled", "Disabled"]), **{k: st.just(v) for k, v in texts.items()})
            ),
        }
        if number == 1 and is_spoken and not found[f"{plan}Main"]["speech_enabled"]:
            found[name]["dtmf_fallback"] = f"{plan}Main"
        found[name].update(draw(_maybe(business_hours=_HOURS, holidays=_HOLIDAYS)))
    enabled = [name for name, told in found.items() if told.get("status") == "Enabled"]
    for name in found if draw(st.booleans()) else ():
        keys = {str(key): {"name": other, "attendant": other} for key, other in enumerate(enabled, 1)}
        found[name]["business_hours_keys"] = {**keys, "9": {"name": "Help", "extension": "50100"}}
    star = next((name for name, told in found.items() if told.get("status") == "Enabled"), None)
    if star and draw(st.booleans()):
        found[star]["is_default"] = True
    return found


@st.composite
def hunt_groups(draw: st.DrawFn, world: World, plans: Sequence[str]) -> dict[str, dict[str, Any]]:
    gateways = [*(pool.fqdn for pool in world.lync.pools), *(str(one["Address"]) for one in world.gateways)]
    return {
        f"{gateway}/Custom": {"dial_plan": draw(st.sampled_from(plans)), "pilot_identifier": "7000"}
        for gateway in draw(_some(gateways))
        if draw(st.integers(0, 3)) == 0
    }


@st.composite
def mailboxes(
    draw: st.DrawFn, world: World, digits: Mapping[str, int], policies: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Generate rows for some of the users who may have UM, with extensions that nobody else has."""
    rows: list[dict[str, Any]] = []
    for number, user in enumerate(world.all_users(), 1):
        if not (user.mailbox and user.enterprise_voice and user.lync) or draw(st.integers(0, 2)) == 0:
            continue
        address = user.address or f"{user.alias}@{world.forest}"
        plan = draw(st.sampled_from(sorted(digits)))
        extension = str(draw(st.sampled_from([number, 50 + number]))).zfill(digits[plan])
        own = [key for key, told in policies.items() if told.get("dial_plan") == plan]
        names_policy = draw(st.booleans())
        by = {"policy": draw(st.sampled_from(own))} if own and names_policy else {"dial_plan": plan}
        row = {"identity": address, "sip_address": user.sip or address, "extension": extension, **by}
        rows.append({**row, **draw(_maybe(wave=st.sampled_from(["pilot", "rest"])))})
    return rows


# --- what other hands did --------------------------------------------------------------------------------------------


@st.composite
def messes(draw: st.DrawFn, situation: Situation) -> list[str]:
    """Generate cmdlet lines that other administrators ran before: some of what is declared, otherwise."""
    lines = [line for line in _possible(situation) if draw(st.integers(0, 3)) == 0]
    return draw(st.permutations(lines))


def _possible(situation: Situation) -> list[str]:
    """Return what may have been done by hand; what does not fit the estate as it is by then is refused there."""
    world, sections = situation.world, situation.sections
    pools = [pool.fqdn for pool in world.lync.pools]
    names = [world.pool_name(pool) for pool in world.lync.pools]
    lines = ["exchucutil.ps1", f"New-UMIPGateway -Name ByHand -Address {pools[0]}"]
    for plan, told in sections["dial_plans"].items():
        digits = told["extension_digits"]
        code = "" if world.exchange.servers[0].release == "e2007" else " -CountryOrRegionCode 44"
        lines += [
            f"New-UMDialPlan -Name {plan} -URIType SipName -NumberOfDigitsInExtension {digits} -VoIPSecurity Secured"
            + code,
            f"Set-UMDialPlan {plan} -MaxCallDuration 33 -LogonFailuresBeforeDisconnect 5",
            f"Set-UMMailboxPolicy '{plan} Default Policy' -MinPINLength 9",
            f"New-UMHuntGroup -Name {plan} -UMDialPlan {plan} -UMIPGateway '{names[0]}' -PilotIdentifier {plan}",
            f"New-UMHuntGroup -Name Stray -UMDialPlan {plan} -UMIPGateway '{names[-1]}' -PilotIdentifier 7",
            f"Remove-UMHuntGroup '{names[0]}\\{plan}'",
        ]
    lines += [f"Set-UMIPGateway '{name}' -OutcallsAllowed ${value}" for name in names for value in ("true", "false")]
    for name, told in sections.get("auto_attendants", {}).items():
        lines += [
            f"New-UMAutoAttendant -Name {name} -UMDialPlan {told['dial_plan']} -SpeechEnabled $true",
            f"Set-UMAutoAttendant {name} -BusinessHoursSchedule 1.08:00-1.12:00 -HolidaySchedule 'Works,,8/2/2027'",
            f"Set-UMAutoAttendant {name} -BusinessHoursKeyMapping '1,Help,50101,,'",
        ]
    for row in sections.get("mailboxes", ()):
        if plan := row.get("dial_plan"):
            digits = sections["dial_plans"][plan]["extension_digits"]
            lines.append(
                f"Enable-UMMailbox {row['identity']} -UMMailboxPolicy '{plan} Default Policy'"
                f" -Extensions {'9' * (digits - 1)}{row['identity'][4]} -SIPResourceIdentifier {row['sip_address']}"
            )
    # Of one service only: where both have a new mode, nothing tells that neither was restarted since.
    server = world.exchange.servers[0]
    if server.release in ("e2013", "e2016"):
        plan = next(iter(sections["dial_plans"]))
        lines += [
            f"Set-UMService {server.name} -DialPlans {plan}",
            f"Set-UMService {server.name} -UMStartupMode TLS",
        ]
    return lines
