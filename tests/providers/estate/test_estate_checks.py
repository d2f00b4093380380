"""Checks across the estate: what they find, and the last value at which they find nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from providers.catalogue import resource_types
from providers.estate.estate_checks import check_estate
from providers.estate.eum_addresses import check_addresses
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    NOW,
    contoso,
    exchange_server,
    front_end,
    gateway,
    hunt_group,
    joined,
    lync_user,
    mailbox_declared,
    mailbox_observed,
    plan_declared,
    plan_observed,
    resource,
    um_services,
    with_observed,
)


def found(given: Landscape, code: str) -> Sequence[Diagnostic]:
    return [one for one in (*check_estate(given), *check_addresses(given)) if one.code == code]


def with_script(given: Landscape) -> Landscape:
    script = Address("exchucutil", "contoso.com")
    return replace(given, actions={**given.actions, script: Action(script, ActionKind.RUN)})


# --- gateways --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "is_due", "severity"),
    [
        (179, False, None),
        (180, False, Severity.WARNING),
        (200, True, Severity.WARNING),
        (201, False, Severity.WARNING),
        (201, True, Severity.ERROR),
    ],
)
def test_a_dial_plan_has_at_most_two_hundred_gateways(number: int, *, is_due: bool, severity: Severity | None) -> None:
    groups = [hunt_group(f"g{n}.contoso.com", "redmond") for n in range(number)]
    given = with_observed(contoso(plan_declared()), *groups)
    told = found(with_script(given) if is_due else given, "UM047")
    assert [one.severity for one in told] == ([severity] if severity else [])


def sharing(kind: str, *, also: bool) -> Landscape:
    """Return an estate where a dial plan of others uses a gateway that ours also uses; ``also``: and another one."""
    others = plan_observed("Legacy", uri_type=kind)
    links = [("sbc.contoso.com", "Legacy"), ("sbc.contoso.com", "Redmond"), *([("x.contoso.com", "Legacy")] * also)]
    gateways = [gateway(name, name) for name in ("sbc.contoso.com", "x.contoso.com")]
    return with_observed(joined(plan_declared()), others, *gateways, *(hunt_group(*one) for one in links))


@pytest.mark.parametrize("kind", ["TelExtn", "E164"])
@pytest.mark.parametrize("also", [True, False])
def test_a_dial_plan_of_others_that_loses_its_last_gateway_is_named(kind: str, *, also: bool) -> None:
    plan = build_plan(resource_types(), sharing(kind, also=also))
    (disabled,) = (one for one in plan.actions() if one.address.key == "sbc.contoso.com")
    assert [change.after for change in disabled.changes] == [False]
    told = [one.address for one in plan.diagnostics if one.code == "UM048"]
    assert told == ([] if also else ["dial_plan/Legacy"])


def test_a_gateway_that_was_disabled_before_takes_nothing_from_others() -> None:
    given = with_observed(sharing("TelExtn", also=False), gateway("sbc.contoso.com", "sbc", outcalls=False))
    assert "UM048" not in {one.code for one in build_plan(resource_types(), given).diagnostics}


def test_nothing_is_said_of_gateways_while_they_cannot_be_read() -> None:
    change = Change("outcalls_allowed", True, False)
    given = sharing("TelExtn", also=False)
    address = Address("ip_gateway", "sbc.contoso.com")
    given = with_observed(given, gateway("sbc.contoso.com", "sbc", outcalls=False))
    given = replace(given, actions={address: Action(address, ActionKind.UPDATE, changes=(change,))})
    assert len(found(given, "UM048")) == 1
    unread = replace(given, unreadable={Address("hunt_group", "*"): Diagnostic("x")})
    assert not found(unread, "UM048")


# --- clocks and sites ------------------------------------------------------------------------------------------------


def clocks(**apart: float) -> Landscape:
    """Return an estate of three Front Ends, whose clocks are ahead by these seconds."""
    moments = {
        f"{host}.contoso.com": (datetime.fromisoformat(NOW) + timedelta(seconds=seconds)).isoformat()
        for host, seconds in apart.items()
    }
    hosts = [front_end(host, clock=clock.replace("+00:00", "Z")) for host, clock in moments.items()]
    return with_observed(contoso(plan_declared()), *hosts)


@pytest.mark.parametrize(("seconds", "hosts"), [(299, []), (300, ["fe2"]), (-300, ["fe2"]), (-86_400 * 400, ["fe2"])])
def test_a_clock_that_is_five_minutes_off_is_named(seconds: float, hosts: list[str]) -> None:
    told = found(clocks(fe2=seconds), "UM036")
    assert [one.address for one in told] == [f"service_restart/{host}.contoso.com" for host in hosts]


def test_clocks_of_exchange_servers_are_compared_too_and_unknown_ones_are_not() -> None:
    late = um_services("ex2.contoso.com", clock=datetime(2020, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z"))
    unread = Resource(Address("service_restart", "fe1.contoso.com"), {})
    told = found(with_observed(contoso(plan_declared()), late, unread), "UM036")
    assert [one.address for one in told] == ["um_service_restart/ex2.contoso.com"]


@pytest.mark.parametrize(
    ("version", "sites", "is_told"),
    [
        ("Version 14.3 (Build 123.4)", ("A", "B"), True),
        ("Version 8.3 (Build 83.6)", ("A", "B"), True),
        ("Version 14.3 (Build 123.4)", ("A", "A"), False),
        ("Version 14.3 (Build 123.4)", ("A", None), False),
        ("Version 15.0 (Build 1497.2)", ("A", "B"), False),
    ],
)
def test_servers_of_several_sites_are_named_where_there_is_a_choice(
    version: str, sites: tuple[Value, ...], *, is_told: bool
) -> None:
    roles = ("Mailbox", "UnifiedMessaging") if not version.startswith("Version 15") else ("Mailbox",)
    fqdns = ("ex1.contoso.com", "ex2.contoso.com")
    servers = [exchange_server(fqdn, *roles, version=version) for fqdn in fqdns]
    placed = [replace(one, attributes={**one.attributes, "site": at}) for one, at in zip(servers, sites, strict=True)]
    given = with_observed(contoso(plan_declared(servers=fqdns)), *placed)
    assert bool(found(given, "UM008")) is is_told


# --- users -----------------------------------------------------------------------------------------------------------


def mailbox(address: str, *addresses: str, logon: str | None = None) -> Resource:
    return resource(f"mailbox/{address}", addresses=addresses, logon_name=logon)


@pytest.mark.parametrize(
    ("user", "mailboxes", "is_told"),
    [
        (lync_user("a@contoso.com"), [mailbox("a@contoso.com")], False),
        (lync_user("A@contoso.com", email="B@Contoso.com"), [mailbox("b@contoso.com")], False),
        (lync_user("a@contoso.com", email=None), [mailbox("b@contoso.com", "sip:A@contoso.com")], False),
        (lync_user("a@contoso.com", email="c@contoso.com"), [mailbox("b@contoso.com", "smtp:c@contoso.com")], False),
        (lync_user("a@contoso.com", email=None), [mailbox("b@contoso.com", logon="a@contoso.com")], False),
        (lync_user("a@contoso.com"), [mailbox("b@contoso.com")], True),
        (lync_user("a@contoso.com", email=None), [mailbox("b@contoso.com")], True),
        (lync_user("a@contoso.com", enterprise_voice=False), [mailbox("b@contoso.com")], False),
        (lync_user("a@contoso.com", hosted_voicemail=True), [mailbox("b@contoso.com")], False),
        (lync_user("a@contoso.com"), [], False),
    ],
)
def test_voice_users_without_a_mailbox_are_counted_before_the_script(
    user: Resource, mailboxes: list[Resource], *, is_told: bool
) -> None:
    given = with_observed(contoso(plan_declared()), user, *mailboxes)
    assert not found(given, "UM086"), "the script is not due"
    assert [one.address for one in found(with_script(given), "UM086")] == (
        ["exchucutil/contoso.com"] if is_told else []
    )


WHO = "alice@contoso.com"
SIP, NUMBER = f"EUM:{WHO};phone-context=Redmond.contoso.com", "eum:41001;phone-context=Redmond.contoso.com"


@pytest.mark.parametrize(
    ("addresses", "lacking"),
    [
        ((SIP, NUMBER), ""),
        ((SIP.lower(), NUMBER.upper()), ""),
        ((NUMBER,), SIP),
        ((SIP, "eum:41001;phone-context=Old.contoso.com"), NUMBER),
    ],
)
def test_a_missing_eum_address_is_added_by_the_command_that_is_shown(addresses: tuple[str, ...], lacking: str) -> None:
    declared = [plan_declared(), mailbox_declared(WHO)]
    given = with_observed(joined(*declared), mailbox_observed(WHO), mailbox(WHO, f"SMTP:{WHO}", *addresses))
    told = found(given, "UM087")
    assert [f"Add='{lacking}'" in one.remedy for one in told] == ([True] if lacking else [])


def test_a_mailbox_without_a_sip_address_needs_none_for_it() -> None:
    declared = [plan_declared(), mailbox_declared(WHO)]
    bare = resource(f"um_mailbox/{WHO}", extension=("41001",), dial_plan="Redmond")
    given = with_observed(joined(*declared), bare, mailbox(WHO, f"SMTP:{WHO}"))
    (told,) = found(given, "UM087")
    assert f"Add='{NUMBER}'" in told.remedy


def test_an_undeclared_mailbox_and_an_unknown_one_are_left_alone() -> None:
    given = joined(plan_declared())
    assert not found(with_observed(given, mailbox_observed(WHO), mailbox(WHO)), "UM087")
    declared = joined(plan_declared(), mailbox_declared(WHO))
    assert not found(with_observed(declared, mailbox_observed(WHO)), "UM087")


def test_nothing_is_found_where_nothing_is_declared() -> None:
    groups = [hunt_group(f"g{n}.contoso.com", "Redmond") for n in range(300)]
    undeclared = replace(with_observed(clocks(fe1=9_000), *groups), declared={})
    assert not check_estate(undeclared)
