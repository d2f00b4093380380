"""What is seen only across the whole estate: limits, clocks, sites, and what others have on the same gateways.

Each check compares what several resource types read. It finds nothing if no dial plan is declared.

Sources: UM IP gateways; Configure Unified Messaging on Microsoft Exchange (Gg398129); Lync Server 2010 ExUMRouting
Enhancements; RFC 4120; DOMAIN 2.3, 3.7, 5.3, 6.1, 6.2, 7.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from providers.estate.servers import named_servers, um_hosts
from providers.estate.services import ago, moment
from providers.estate.topology import gateways_of
from providers.schema.exchange import DialPlan, Exchucutil, HuntGroup, IPGateway
from providers.schema.exchange_facts import ExchangeServer, Mailbox
from providers.schema.lync import LyncUser, hosted_users
from providers.schema.windows_services import ServiceRestart, UMServiceRestart, WindowsServices
from reconciler.model.diagnostics import Diagnostic, Severity, count, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import folded

SERVERS_OF_SEVERAL_SITES = Rule(
    "UM008",
    "Servers of several sites on one dial plan",
    "Before Exchange 2013 Lync takes the servers of a dial plan in turn, wherever they are. With servers of several "
    "Active Directory sites, calls cross between the sites.",
    "If the sites are well connected, do nothing. Otherwise name the servers of one site in servers.",
    "Lync Server 2010 ExUMRouting Enhancements; DOMAIN 2.3, 3.5",
    Severity.NOTE,
)
CLOCKS_DIFFER = Rule(
    "UM036",
    "Clocks of the servers differ",
    "Restarts are decided by times that each host reads on its own clock. From five minutes on, hosts also refuse each "
    "other's Kerberos tickets.",
    "Synchronise the hosts with the domain:\n  w32tm /resync /rediscover",
    "RFC 4120; DOMAIN 5.3",
    Severity.WARNING,
)
MANY_GATEWAYS = Rule(
    "UM047",
    "Dial plan has nearly too many gateways",
    "A dial plan may have 200 gateways. With more, the Unified Messaging service does not start any more.",
    "Remove gateways that nothing uses, or divide the users between several dial plans.",
    "UM IP gateways; DOMAIN 7.4",
    Severity.WARNING,
    also=(Severity.ERROR,),
)
OTHERS_LOSE_OUTCALLS = Rule(
    "UM048",
    "Dial plan of others loses its outgoing calls",
    "A dial plan that nobody declared shares gateways with a declared one. The plan disables outgoing calls on each "
    "gateway through which the users of the former call.",
    "Declare the dial plan, or choose a gateway that it also has as outcall_gateway.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 6.1, 6.2",
    Severity.WARNING,
)
VOICE_WITHOUT_MAILBOX = Rule(
    "UM086",
    "Enterprise Voice user has no mailbox",
    "The procedure asks that every Enterprise Voice user has an Exchange mailbox before exchucutil runs.",
    "Create the mailboxes first. For users who need no mailbox, such as meeting rooms, do nothing.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 3.7",
    Severity.WARNING,
)
ESTATE_RULES: Final = (
    SERVERS_OF_SEVERAL_SITES,
    CLOCKS_DIFFER,
    MANY_GATEWAYS,
    OTHERS_LOSE_OUTCALLS,
    VOICE_WITHOUT_MAILBOX,
)

MOST_GATEWAYS: Final = 200
_NEAR: Final = 180
_APART: Final = timedelta(minutes=5)


def check_estate(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the findings; none if no dial plan is declared."""
    plans = tuple(landscape.wanted(DialPlan).values())
    if not plans:
        return ()
    return (
        *(found for plan in plans for found in _sites(plan, landscape)),
        *(found for plan in plans for found in _gateways(plan, landscape)),
        *_clocks(landscape),
        *_others(landscape),
        *_without_mailbox(landscape),
    )


def _sites(plan: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    """Find servers in several sites; from 2013 on every server has to be bound, so there is no choice."""
    hosts = um_hosts(landscape)
    bound = [hosts[fqdn] for fqdn in named_servers(plan, landscape) if fqdn in hosts]
    newest = max((host.version.major for host in bound), default=0)
    by_site: dict[str, list[str]] = {}
    for host in bound:
        server = landscape.one(ExchangeServer, host.fqdn)
        site = server.get(ExchangeServer.site) if server else None
        if site and host.version.major == newest and not host.version.has_um_service:
            by_site.setdefault(site, []).append(host.fqdn)
    if len(by_site) > 1:
        where = listed(f"{listed(fqdns, 3)} in {site}" for site, fqdns in sorted(by_site.items()))
        yield SERVERS_OF_SEVERAL_SITES.found(plan, f"{plan.address} has {where}.")


def _gateways(plan: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    number = len(gateways_of(plan.key, landscape))
    if number < _NEAR:
        return
    is_made = any(address.type == Exchucutil.name for address in landscape.actions)
    detail = (
        f"{plan.address} has {number} gateways{' after this plan' if is_made else ''}; {MOST_GATEWAYS} are allowed."
    )
    severity = Severity.ERROR if is_made and number > MOST_GATEWAYS else None
    yield MANY_GATEWAYS.found(plan, detail, severity=severity)


# --- clocks ----------------------------------------------------------------------------------------------------------


def _clocks(landscape: Landscape) -> Iterator[Diagnostic]:
    """Find clocks that differ from most others. They were read within one observation, which takes less than that."""
    known = sorted((time, host) for host, time in _read_clocks(landscape))
    if len(known) < 2:
        return
    usual = known[(len(known) - 1) // 2][0]
    for time, host in sorted(known, key=lambda one: one[1]):
        if abs(time - usual) >= _APART:
            side = "ahead of" if time > usual else "behind"
            others = "the other host" if len(known) == 2 else "most other hosts"
            detail = f"The clock of {host.key} is {ago(abs(time - usual))} {side} that of {others}."
            yield CLOCKS_DIFFER.found(host, detail)


def _read_clocks(landscape: Landscape) -> Iterator[tuple[Address, datetime]]:
    kinds = (ServiceRestart, UMServiceRestart)
    for host in chain.from_iterable(landscape.all(kind).values() for kind in kinds):
        if (time := moment(host.get(WindowsServices.host_clock))) is not None:
            yield host.address, time


# --- what others have ------------------------------------------------------------------------------------------------


def _others(landscape: Landscape) -> Iterator[Diagnostic]:
    """Find dial plans of others of which this plan disables the last gateway for outgoing calls."""
    disabled = {
        address.key
        for address, action in landscape.actions.items()
        if address.type == IPGateway.name
        and any(one.attribute == IPGateway.outcalls_allowed.name and one.after is False for one in action.changes)
    }
    if not disabled or not all(landscape.is_readable(kind) for kind in (DialPlan, HuntGroup, IPGateway)):
        return
    for plan in landscape.all(DialPlan).values():
        is_ours = plan.key in landscape.wanted(DialPlan) or plan.key in landscape.ending(DialPlan)
        linked = () if is_ours else gateways_of(plan.key, landscape)
        if disabled.intersection(linked) and not any(_places_calls(one, landscape) for one in linked):
            lost = listed(sorted(disabled.intersection(linked)), 4)
            detail = f"{plan.address} is not declared. The plan disables outgoing calls on {lost}, and it has no other."
            yield OTHERS_LOSE_OUTCALLS.found(plan, detail)


def _places_calls(gateway: str, landscape: Landscape) -> bool:
    known = landscape.one(IPGateway, gateway)
    return (
        known is not None and bool(known.get(IPGateway.outcalls_allowed)) and known.get(IPGateway.status) != "Disabled"
    )


# --- users without a mailbox -----------------------------------------------------------------------------------------


def _without_mailbox(landscape: Landscape) -> Iterator[Diagnostic]:
    """Find Enterprise Voice users without a mailbox before the script runs; mailboxes are read if some are declared."""
    script = next((address for address in landscape.actions if address.type == Exchucutil.name), None)
    mailboxes = landscape.all(Mailbox)
    if script is None or not mailboxes or not landscape.is_readable(Mailbox):
        return
    users = sorted(_unserved(landscape.all(LyncUser), mailboxes))
    if users:
        verb = "has" if len(users) == 1 else "have"
        detail = f"{count(len(users), 'Enterprise Voice user')} {verb} no mailbox: {listed(users, 5)}."
        yield VOICE_WITHOUT_MAILBOX.found(script, detail)


def _unserved(users: Resources, mailboxes: Resources) -> Iterator[str]:
    columns, hosted = (users.column(one) for one in (LyncUser.email, LyncUser.enterprise_voice)), hosted_users(users)
    primary = mailboxes.folded
    lacking = {
        sip: email
        for sip, email, has_voice in zip(users.folded, *columns, strict=True)
        if has_voice and sip not in hosted and (email is None or folded(email) not in primary)
    }
    names = _names(mailboxes) if lacking else frozenset()
    for sip, email in lacking.items():
        if sip not in names and (email is None or folded(email) not in names):
            yield sip


def _names(mailboxes: Resources) -> frozenset[str]:
    """Return all addresses of the mailboxes and their logon names, folded and without the kind of address."""
    addresses = chain.from_iterable(mailboxes.lists(Mailbox.addresses))
    logons = (logon for logon in mailboxes.column(Mailbox.logon_name) if logon)
    return frozenset(folded(one.partition(":")[2] or one) for one in chain(addresses, logons, mailboxes.folded))
