"""exchucutil.ps1: makes a gateway for every Lync pool and links it to every SIP dial plan; step 5 of the procedure.

Each run is destructive: the script resets the flags of the pool gateways and rebuilds all their hunt groups. So it runs
only if something that it makes is missing. The plan predicts these losses and repairs them afterwards. The script
always reports success; only a read afterwards proves the result. It cannot be pinned to a domain controller and uses a
global catalogue of its own choice, so it waits until every catalogue has the dial plans.

Sources: the text of the script; Configure UM to work with Lync Server (JJ966276); DOMAIN 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from providers.cmdlets.products import EXCHANGE, EXCHANGE_PROVIDER
from providers.cmdlets.table import Tabled
from providers.estate import script_host
from providers.estate.forests import SCRIPT, lync_forest
from providers.estate.front_end_services import FRONT_END_RESTART
from providers.estate.links import gained_links, joined_pools, lasting_dial_plans, missing_links
from providers.estate.outcalls import LOWER_OUTCALLS, is_unmanaged
from providers.estate.people import forest_root, sip_dial_plans
from providers.estate.script import (
    RAN_IN_VAIN,
    attempt_of,
    attempt_upon,
    custom_hunt_groups,
    in_words,
    made_gateway,
    made_hunt_group,
    not_agreed,
    pool_hunt_groups,
    ran_in_vain,
    replication_queries,
    taken_names,
)
from providers.estate.script_effects import EFFECT_RULES, check_effects, effects
from providers.estate.services import running_script, service_query
from providers.estate.topology import front_ends, uc_pools
from providers.schema.exchange import DialPlan, Exchucutil, HuntGroup, IPGateway
from providers.schema.exchange_facts import Permission, global_catalogs
from providers.schema.lync import LyncService
from providers.schema.windows_services import ServiceRestart, UMServiceRestart, WindowsServices
from reconciler.model.abilities import Adjustable, Examining, Foreseeing, Owing, Piecemeal
from reconciler.model.actions import Action
from reconciler.model.commands import Command, Endpoint, Operation, read, write
from reconciler.model.diagnostics import Diagnostic, NotFound, SessionError, Severity, listed
from reconciler.model.findings import Check, Examined, Finding
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.options import Section
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Answer, Due, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation, Remembered
from reconciler.model.values import EMPTY, Value, folded

NO_POOL = Rule(
    "UM020",
    "No Lync pool was found",
    "The topology has no pool, so there is nothing to join the dial plans with.",
    "Check that the account may read the topology (CsViewOnlyAdministrator) and that the topology is published.",
    "Get-CsService; DOMAIN 4.4",
)
DESTROYS_HUNT_GROUPS = Rule(
    "UM021",
    "exchucutil removes hunt groups that are not declared",
    "The script removes every hunt group on the gateways of pools and makes its own. Custom ones are lost.",
    "Declare the hunt groups to keep under hunt_groups, or allow the loss with --max-destroy.",
    "ExchUCUtil.ps1; DOMAIN 4.3",
    Severity.WARNING,
    is_guard=True,
)
SHARED_PILOT = Rule(
    "UM022",
    "Dial plans share a pilot identifier",
    "The script uses the first label of the phone context as pilot identifier. Dial plans whose names are equal up "
    "to the first dot get the same one on a gateway, and calls reach the wrong dial plan.",
    "Use dial plan names without dots.",
    "ExchUCUtil.ps1; DOMAIN 4.3",
)

NO_SECOND_HOP = Rule(
    "UM026",
    "exchucutil cannot reach the directory",
    "The script connects to the directory itself, with the account of the session. After a logon by ntlm, basic, a "
    "certificate or Kerberos without delegation, the Exchange server cannot use that account on a domain controller.",
    "Use auth: credssp, or auth: kerberos with delegate: true, for the connection to Exchange; or run the script there "
    "by hand and plan again.",
    "Making the second hop in PowerShell Remoting; DOMAIN 10",
)

NAME_TAKEN = Rule(
    "UM027",
    "Name of a pool's gateway is taken",
    "exchucutil names a new gateway after its pool. If another gateway has that name, the script renews the hunt "
    "groups of all other pools, prints an error and makes no gateway.",
    "Remove the gateway that has the name, or rename it.",
    "ExchUCUtil.ps1; DOMAIN 4.2",
)

_SCRIPT_HOST_SERVICES = ("MSExchangeUM", "MSExchangeUMCR", "WinRM")
"""Each host that can run the script has one of these services; the read also shows a running script."""


class ExchucutilType(Exchucutil, Tabled, Piecemeal, Foreseeing, Owing, Adjustable, Examining):
    """The script, once per Exchange forest and Lync forest; key: the root of the Exchange forest."""

    provider: ClassVar[Provider] = EXCHANGE_PROVIDER
    examined_at: ClassVar[Endpoint] = EXCHANGE
    checks: ClassVar[tuple[str, ...]] = (Check.SECOND_HOP, script_host.SCRIPT)
    adjusted_by: ClassVar[Section] = SCRIPT
    after: ClassVar[tuple[str, ...]] = (UMServiceRestart.name,)
    refreshes: ClassVar[tuple[str, ...]] = (IPGateway.name, HuntGroup.name, Permission.name, ServiceRestart.name)
    rules: ClassVar[tuple[Rule, ...]] = (
        NO_POOL,
        DESTROYS_HUNT_GROUPS,
        SHARED_PILOT,
        NO_SECOND_HOP,
        NAME_TAKEN,
        RAN_IN_VAIN,
        *EFFECT_RULES,
    )

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({"exchucutil.ps1", "Get-UMDialPlan", "Get-UMIPGateway", "Get-UMHuntGroup", "Get-Service"})

    @property
    def is_replicated(self) -> bool:
        return True

    # when it is due

    def due(self, landscape: Landscape) -> Sequence[Due]:
        missing, address = missing_links(landscape), self._address(landscape)
        if not missing or attempt_upon(address, landscape, missing) is not None:
            return ()
        plans = landscape.wanted(DialPlan)
        declared = landscape.wanted(HuntGroup)
        lost = [one for one in custom_hunt_groups(landscape) if one.key not in declared]
        gone, made = _links_of_script(landscape)
        links = landscape.all(HuntGroup).replaced(made, drop=gone)
        joined = joined_pools(landscape.with_observed(HuntGroup.name, links))
        owes = [FRONT_END_RESTART.of(host) for host, pool in front_ends(landscape).items() if pool.fqdn in joined]
        owes += [LOWER_OUTCALLS.of(plan.key) for plan in plans.values() if not is_unmanaged(plan)]
        forest = lync_forest(landscape)
        command = Command(
            "exchucutil.ps1", (("Forest", forest),) if forest else (), operation=Operation.SCRIPT, endpoint=EXCHANGE
        )
        return (
            Due(
                Resource(address),
                reasons=(*missing[:2], *effects(landscape), *missing[2:]),  # a plan shows the first four
                commands=(command,),
                needs=tuple(Address(DialPlan.name, plan.key) for plan in lasting_dial_plans(landscape)),
                owes=tuple(owes),
                destroyed=tuple(one.address for one in lost),
            ),
        )

    def _address(self, landscape: Landscape) -> Address:
        return Address(self.name, forest_root(landscape) or "exchange")

    # what it will have done, and whether it did

    def foresee(self, action: Action, landscape: Landscape) -> Landscape:
        by, pools = action.address, uc_pools(landscape)
        gone, groups = _links_of_script(landscape)
        gateways = [made_gateway(pool, landscape) for pool in pools.values()]
        granted = [one.having(Permission.is_granted, True) for one in landscape.all(Permission).values()]
        landscape = landscape.predicting(by, IPGateway, put=gateways)
        landscape = landscape.predicting(by, HuntGroup, put=groups, drop=gone)
        return landscape.predicting(by, Permission, put=granted)

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        """Return the state that the script finds: objects to link, objects that it destroys, flags that it resets."""
        gateways = landscape.all(IPGateway).values()
        return {
            self.dial_plans.name: tuple(sorted(plan.key for plan in sip_dial_plans(landscape))),
            self.pools.name: tuple(uc_pools(landscape)),
            self.replaces.name: tuple(sorted(group.key for group in custom_hunt_groups(landscape))),
            self.outcalls.name: tuple(sorted(one.key for one in gateways if one.get(IPGateway.outcalls_allowed))),
            **({self.gains.name: gains} if (gains := gained_links(landscape)) else {}),
        }

    def is_done(self, action: Action, landscape: Landscape) -> bool:
        return not missing_links(landscape)

    def lacking(self, action: Action, landscape: Landscape) -> tuple[str, ...]:
        return missing_links(landscape)

    def explain(self, action: Action, before: Landscape, after: Landscape) -> str:
        if taken := taken_names(after):
            return "; ".join(in_words(*one) for one in taken)
        made = "made some objects and could not make" if self.is_partly_done(action, before, after) else "did not make"
        return f"the script ended (it always reports success) and {made} the rest; see its output for the reason"

    def is_partly_done(self, action: Action, before: Landscape, after: Landscape) -> bool:
        """True if it made a hunt group: then the Front Ends of that pool need a restart."""
        known = {(group.address, group.guid, group.get(HuntGroup.when_created)) for group in pool_hunt_groups(before)}
        return any(
            (group.address, group.guid, group.get(HuntGroup.when_created)) not in known
            for group in pool_hunt_groups(after)
        )

    def tried(self, action: Action, landscape: Landscape, printed: str) -> Remembered | None:
        return attempt_of(action.address, landscape, missing_links(landscape), printed)

    def owed_after(self, action: Action, landscape: Landscape) -> Sequence[Obligation]:
        """Return the obligations to restart.

        Each begins at the time that the Front End's own clock had after the script.
        """
        return tuple(
            replace(owed, since=host.get(WindowsServices.host_clock))
            for owed in action.owes
            if FRONT_END_RESTART.is_kind_of(owed) and (host := landscape.one(ServiceRestart, owed.subject)) is not None
        )

    # what it waits for

    def waits_for(self, action: Action, landscape: Landscape) -> Sequence[Command]:
        """Return reads of the dial plans in each possible catalogue, and a read that shows a running script."""
        catalogs = global_catalogs(landscape)
        plans = [read("Get-UMDialPlan", "Name", DomainController=catalog) for catalog in catalogs]
        if len(catalogs) < 2:
            return (*plans, script_query())
        return (*plans, *replication_queries(catalogs), script_query())

    def is_ready(self, action: Action, answers: Sequence[Answer], landscape: Landscape) -> str | None:
        """Return the reason to wait: a running script, or a catalogue without the newest data.

        The script cannot make a hunt group again on a catalogue that still shows the old one.
        """
        wanted = [plan.key for plan in lasting_dial_plans(landscape)]
        if waiting := awaited_script(answers):
            return waiting
        for command, reply in answers:
            controller = command.argument("DomainController")
            if controller is None or command.cmdlet != "Get-UMDialPlan":
                continue
            if isinstance(reply, NotFound):
                return f"{controller} does not have the dial plans yet"
            if not isinstance(reply, SessionError):
                known = {folded(str(record.get("Name"))) for record in reply.records}
                if lacking := [plan for plan in wanted if folded(plan) not in known]:
                    return f"{controller} does not have {listed(lacking)} yet"
        return not_agreed(answers)

    # what forbids or clouds it

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        found: list[Diagnostic] = []
        plans = landscape.wanted(DialPlan)
        if plans and not uc_pools(landscape) and landscape.is_readable(LyncService):
            found.append(NO_POOL.found(None, "The Lync topology holds no pool with a Registrar."))
        missing, script = missing_links(landscape), self._address(landscape)
        if missing and script not in landscape.actions:
            found += ran_in_vain(script, landscape, missing)
        if any(action.address.type == self.name for action in landscape.actions.values()):
            found += [_name_taken(self._address(landscape), *one) for one in taken_names(landscape, planned=True)]
        has_second_hop = landscape.settings.has_second_hop(EXCHANGE.connection)
        for action in landscape.actions.values():
            if action.address.type == self.name:
                found += check_effects(action, landscape)
            if action.address.type == self.name and not has_second_hop:
                found.append(NO_SECOND_HOP.found(action.address, "The script would run and find no Lync forest."))
            if action.address.type == self.name and action.destroyed:
                replaces = self.replaces.of(action.expects or EMPTY)
                lost = [key for key in replaces if key not in landscape.wanted(HuntGroup)]
                detail = f"It would remove {listed(lost)}."
                found.append(DESTROYS_HUNT_GROUPS.found(action.address, detail))
        return (*found, *_shared_pilots(landscape))

    def judged(self, seen: Examined, settings: Settings) -> Sequence[Finding]:
        return (script_host.second_hop(seen, settings), script_host.script(seen))


# --- what it does ----------------------------------------------------------------------------------------------------


def _links_of_script(landscape: Landscape) -> tuple[list[str], list[Resource]]:
    """Return the keys of the hunt groups that the script removes, and those that it makes after that."""
    plans = sip_dial_plans(landscape)
    gone = [group.key for group in pool_hunt_groups(landscape)]
    return gone, [made_hunt_group(pool.fqdn, plan) for pool in uc_pools(landscape).values() for plan in plans]


# --- in words --------------------------------------------------------------------------------------------------------


def _name_taken(script: Address, pool: str, other: Resource) -> Diagnostic:
    removal = write("Remove-UMIPGateway", Identity=other.name)
    renaming = write("Set-UMIPGateway", Identity=other.name, Name=f"{other.name} {other.key}"[:64])
    remedy = f"Remove that gateway if nothing uses it any more, or rename it:\n  {removal}\n  {renaming}"
    found = in_words(pool, other)
    return NAME_TAKEN.found(script, f"{found[0].upper()}{found[1:]}.", remedy)


def _shared_pilots(landscape: Landscape) -> Sequence[Diagnostic]:
    by_pilot: dict[str, list[Resource]] = {}
    for plan in landscape.wanted(DialPlan).values():
        by_pilot.setdefault(folded(plan.key.split(".")[0]), []).append(plan)
    return [
        SHARED_PILOT.found(
            plans[-1], f"{listed(str(plan.address) for plan in plans)} all have {plans[0].key.split('.')[0]}."
        )
        for plans in by_pilot.values()
        if len(plans) > 1
    ]


# --- whether it runs -------------------------------------------------------------------------------------------------


def script_query() -> Command:
    """Return the read that shows whether an exchucutil of any user runs on the Exchange entry point."""
    return service_query(EXCHANGE, *_SCRIPT_HOST_SERVICES)


def awaited_script(answers: Sequence[Answer]) -> str | None:
    """Return a sentence if an exchucutil runs or ``script_query`` got no clear answer; otherwise None."""
    for command, reply in answers:
        if command.endpoint != EXCHANGE or command.operation is not Operation.SERVICE:
            continue
        if isinstance(reply, SessionError):
            return f"it is unknown whether exchucutil still runs: {reply}"
        if waiting := running_script(reply):
            return waiting
    return None
