"""Example plans for tests: Contoso joins Unified Messaging and Lync, from nothing to sixty users with voice mail.

Whatever shows, saves or draws plans is tried on ``contoso()``: it holds every kind of action once at least, predicted
values, tasks that leave something owed, a group of users, a delete and a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.abilities import Counts
from reconciler.model.actions import Action, ActionKind, Change, Proof
from reconciler.model.commands import Delta, Endpoint, NameOf, Operation, write
from reconciler.model.diagnostics import Diagnostic, Position, Severity
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET, Unset, Value
from reconciler.plan.plan import Plan, Source, Step

POOLS = {
    "pool1.contoso.com": ("fe1.contoso.com", "fe2.contoso.com", "fe3.contoso.com"),
    "pool2.contoso.com": ("fe4.contoso.com", "fe5.contoso.com", "fe6.contoso.com"),
}
SERVERS = ("ex1.contoso.com", "ex2.contoso.com")
DIAL_PLAN = Address("dial_plan", "Redmond")
EXCHUCUTIL = Address("exchucutil", "contoso.com")
RESTARTS = tuple(f"run service_restart/{host}" for hosts in POOLS.values() for host in hosts)


def contoso(users: int = 60) -> Plan:
    """Return the whole first plan of Contoso, with ``users`` mailboxes in one step."""
    steps = (
        _step(1, _dial_plan()),
        _step(1, _deleted_attendant()),
        *(_step(2, _binding(server)) for server in SERVERS),
        _step(2, _policy()),
        *(_step(3, _um_restart(server), needs=[f"update server_binding/{server}"]) for server in SERVERS),
        _step(3, _exchucutil(), after=[f"update server_binding/{server}" for server in SERVERS]),
        *_rolling_restarts(),
        *(_step(7, _gateway(pool, outcalls=pool == "pool1.contoso.com"), after=RESTARTS) for pool in POOLS),
        _step(8, _attendant(), after=[f"update ip_gateway/{pool}" for pool in POOLS]),
        mailbox_step(users),
    )
    return Plan(
        environment="contoso",
        lineage="4k1z9c2m7q0x",
        serial=12,
        source=Source("4f2c91d0c3a54b0f8d1e2a6b7c8d9e0f1a2b3c4d", has_git=True),
        pinned="dc1.contoso.com",
        always={"DomainController": "dc1.contoso.com"},
        steps=tuple(_needing(step, steps) for step in steps),
        adopted=(_adopted("hunt_group", "pbx.contoso.com/Redmond"),),
        forgotten=(_forgotten("um_mailbox", "zoe@contoso.com"),),
        unchanged=214,
        obligations=(Obligation("lower-outcalls", "Redmond", None),),
        decisions={"dial_plan/Redmond:site": "Redmond"},
        impact=Counts({"restarts": 8, "users": users, "interrupted_users": 1240, "destroys": 1}),
        diagnostics=(certificate_warning(),),
    )


def mailbox_step(users: int, *, stage: int = 9) -> Step:
    """Return one step that switches voice mail on for ``users`` people."""
    return Step(
        id="create um_mailbox Redmond/default, wave 1",
        actions=tuple(_mailbox(number) for number in range(users)),
        stage=stage,
        needs=("create mailbox_policy/Redmond/default",),
        after=("replace auto_attendant/RedmondMain",),
    )


def certificate_warning() -> Diagnostic:
    return Diagnostic(
        "Certificate ends soon",
        "The certificate that UM uses on ex1.contoso.com ends on 2027-01-04. Lync refuses calls to it from then on.",
        "Renew it, then assign it:\n\n    Enable-ExchangeCertificate -Server ex1 -Services UM",
        Severity.WARNING,
        address="server_binding/ex1.contoso.com",
        position=Position("um-lync.yaml", 14, 12),
        excerpt="    servers: all",
        code="UM021",
    )


def nothing() -> Plan:
    """Return the plan of a converged world."""
    impact = Counts(dict.fromkeys(("restarts", "users", "interrupted_users", "destroys"), 0))
    return Plan(environment="contoso", lineage="4k1z9c2m7q0x", serial=13, unchanged=276, impact=impact)


def _step(stage: int, action: Action, needs: Sequence[str] = (), after: Sequence[str] = ()) -> Step:
    return Step(f"{action.kind.value} {action.address}", (action,), stage, tuple(needs), tuple(after))


def _needing(step: Step, steps: Sequence[Step]) -> Step:
    """Return the step with the edges that its actions' needs mean."""
    ids = {action.address: other.id for other in steps for action in other.actions}
    needs = {ids[address] for action in step.actions for address in action.needs if address in ids}
    return replace(step, needs=tuple(sorted(needs.union(step.needs))))


def _created(attributes: dict[str, Value]) -> tuple[Change, ...]:
    return tuple(Change(name, UNSET, value) for name, value in attributes.items())


def _dial_plan() -> Action:
    wanted: dict[str, Value] = {
        "access_numbers": ("+14255550100",),
        "country_code": "1",
        "extension_digits": 5,
        "uri_type": "SipName",
        "voip_security": "Secured",
    }
    command = write(
        "New-UMDialPlan",
        Name="Redmond",
        URIType="SipName",
        NumberOfDigitsInExtension=5,
        VoIPSecurity="Secured",
        CountryOrRegionCode="1",
        AccessTelephoneNumbers=("+14255550100",),
    )
    return Action(
        DIAL_PLAN,
        ActionKind.CREATE,
        _created(wanted),
        (command,),
        expects=None,
        expects_after=wanted,
        inverse=(write("Remove-UMDialPlan", Identity="Redmond"),),
        remember=Resource(DIAL_PLAN, wanted),
        position=Position("um-lync.yaml", 8, 3),
    )


def _rolling_restarts() -> Iterator[Step]:
    """Yield a restart for each Front End: pools side by side, one host of a pool after the other."""
    for stage, hosts in enumerate(zip(*POOLS.values(), strict=True), start=4):
        for (pool, members), host in zip(POOLS.items(), hosts, strict=True):
            before = members[: stage - 4][-1:]
            yield _step(stage, _front_end(host, pool), after=[f"run service_restart/{other}" for other in before])


def _deleted_attendant() -> Action:
    address = Address("auto_attendant", "OldLobby")
    return Action(
        address,
        ActionKind.DELETE,
        (Change("pilot_numbers", ("+14255550199",), UNSET), Change("status", "disabled", UNSET)),
        (write("Remove-UMAutoAttendant", Identity="OldLobby"),),
        ("It is ours and no longer declared.",),
        expects={"pilot_numbers": ("+14255550199",), "status": "disabled"},
        expects_after=None,
        inverse=(write("New-UMAutoAttendant", Name="OldLobby", PilotIdentifierList=("+14255550199",)),),
        destroyed=(address,),
    )


def _binding(server: str) -> Action:
    address = Address("server_binding", server)
    after: dict[str, Value] = {"dial_plans": ("Redmond",), "startup_mode": "Dual"}
    command = write("Set-UMService", Identity=server, DialPlans=Delta(add=("Redmond",)), UMStartupMode="Dual")
    return Action(
        address,
        ActionKind.UPDATE,
        (Change("dial_plans", (), ("Redmond",)), Change("startup_mode", "TCP", "Dual")),
        (command,),
        ("dial_plan/Redmond asks for all servers.",),
        expects={"dial_plans": (), "startup_mode": "TCP"},
        expects_after=after,
        inverse=(write("Set-UMService", Identity=server, DialPlans=Delta(remove=("Redmond",)), UMStartupMode="TCP"),),
        needs=(DIAL_PLAN,),
        owes=(Obligation("um-service-restart", server),),
        remember=Resource(address, after),
    )


def _policy() -> Action:
    address = Address("mailbox_policy", "Redmond/default")
    return Action(
        address,
        ActionKind.UPDATE,
        (Change("min_pin_length", 6, 8), Change("allow_fax", True, None)),
        (
            write(
                "Set-UMMailboxPolicy",
                Identity=NameOf(address, "policy"),
                MinPINLength=8,
                AllowFax=None,
            ),
        ),
        expects={"min_pin_length": 6, "allow_fax": True},
        expects_after={"min_pin_length": 8, "allow_fax": None},
        inverse=(write("Set-UMMailboxPolicy", Identity=NameOf(address, "policy"), MinPINLength=6),),
        needs=(DIAL_PLAN,),
        predicted_by=DIAL_PLAN,
        remember=Resource(address, {"min_pin_length": 8, "allow_fax": None}),
    )


def _um_restart(server: str) -> Action:
    owed = Obligation("um-service-restart", server)
    return Action(
        Address("um_service_restart", server),
        ActionKind.RUN,
        commands=(write("Restart-Service", Endpoint(EXCHANGE.connection, server), Name=("MSExchangeUM",)),),
        reasons=("Its startup mode changes, which the service reads when it starts.",),
        expects={},
        expects_after={},
        discharges=(owed,),
        proof=Proof.LEVEL,
    )


def _exchucutil() -> Action:
    command = replace(write("exchucutil.ps1", EXCHANGE, Forest="contoso.com"), operation=Operation.SCRIPT)
    return Action(
        EXCHUCUTIL,
        ActionKind.RUN,
        commands=(command,),
        reasons=(
            "No gateway stands for pool1.contoso.com and pool2.contoso.com.",
            "No hunt group links them to Redmond.",
        ),
        expects={},
        expects_after={},
        needs=(DIAL_PLAN,),
        owes=tuple(Obligation("front-end-restart", host) for hosts in POOLS.values() for host in hosts),
        proof=Proof.LEVEL,
    )


def _front_end(host: str, pool: str) -> Action:
    return Action(
        Address("service_restart", host),
        ActionKind.RUN,
        commands=(write("Restart-Service", Endpoint(LYNC.connection, host), Name=("RTCSRV",)),),
        reasons=(f"Lync reads its gateways when RTCSRV starts; {host} serves {pool}.",),
        expects={},
        expects_after={},
        needs=(EXCHUCUTIL,),
        predicted_by=EXCHUCUTIL,
        discharges=(Obligation("front-end-restart", host),),
        proof=Proof.LEVEL,
        settle_seconds=20 * 60,
    )


def _gateway(pool: str, *, outcalls: bool) -> Action:
    address = Address("ip_gateway", pool)
    changes = (Change("outcalls_allowed", not outcalls, outcalls),)
    command = write("Set-UMIPGateway", Identity=NameOf(address, "gateway"), OutcallsAllowed=outcalls)
    undone = write("Set-UMIPGateway", Identity=NameOf(address, "gateway"), OutcallsAllowed=not outcalls)
    return Action(
        address,
        ActionKind.UPDATE,
        changes[:1],
        (command,),
        ("One gateway of a dial plan places calls.",),
        expects={"outcalls_allowed": not outcalls},
        expects_after={"outcalls_allowed": outcalls},
        inverse=(undone,),
        needs=(EXCHUCUTIL,),
        predicted_by=EXCHUCUTIL,
        remember=Resource(address, {"outcalls_allowed": outcalls}),
    )


def _attendant() -> Action:
    address = Address("auto_attendant", "RedmondMain")
    wanted: dict[str, Value] = {
        "dial_plan": "Redmond",
        "pilot_numbers": ("+14255550111",),
        "speech_enabled": True,
        "status": "enabled",
    }
    before: dict[str, Value | Unset] = {
        "dial_plan": "Bellevue",
        "pilot_numbers": ("+14255550111",),
        "speech_enabled": True,
        "status": "enabled",
    }
    return Action(
        address,
        ActionKind.REPLACE,
        (Change("dial_plan", before["dial_plan"], wanted["dial_plan"]),),
        (
            write("Remove-UMAutoAttendant", Identity="RedmondMain"),
            write(
                "New-UMAutoAttendant",
                Name="RedmondMain",
                UMDialPlan="Redmond",
                PilotIdentifierList=("+14255550111",),
                SpeechEnabled=True,
                Status="Enabled",
            ),
        ),
        ("The dial plan of an auto attendant cannot be changed.",),
        expects={"dial_plan": "Bellevue"},
        expects_after={"dial_plan": "Redmond"},
        needs=(DIAL_PLAN,),
        destroyed=(address,),
        remember=Resource(address, wanted),
    )


_PEOPLE = ("alice", "amy", "bob", "carol", "chen", "dave", "elena", "farid", "grace", "hugo")


def _mailbox(number: int) -> Action:
    name = _PEOPLE[number % 10] + (str(number // 10) if number >= 10 else "")
    address = Address("um_mailbox", f"{name}@contoso.com")
    wanted: dict[str, Value] = {
        "extensions": (f"{20000 + number}",),
        "policy": "Redmond/default",
        "sip_address": f"{name}@contoso.com",
    }
    policy = Address("mailbox_policy", "Redmond/default")
    return Action(
        address,
        ActionKind.CREATE,
        _created(wanted),
        (
            write(
                "Enable-UMMailbox",
                Identity=address.key,
                UMMailboxPolicy=NameOf(policy, "policy"),
                SIPResourceIdentifier=address.key,
                Extensions=(f"{20000 + number}",),
            ),
        ),
        expects=None,
        expects_after=wanted,
        inverse=(write("Disable-UMMailbox", Identity=address.key),),
        needs=(policy,),
        proof=Proof.OBSERVABLE,
        group="Redmond/default",
        wave="1",
        remember=Resource(address, wanted, guid=f"00000000-0000-4000-8000-{number:012d}"),
    )


def _adopted(type_name: str, key: str) -> Action:
    address = Address(type_name, key)
    kept: dict[str, Value] = {"dial_plan": "Redmond"}
    return Action(address, ActionKind.ADOPT, expects=kept, expects_after=kept, remember=Resource(address, kept))


def _forgotten(type_name: str, key: str) -> Action:
    return Action(
        Address(type_name, key),
        ActionKind.FORGET,
        reasons=("No longer declared; voice mail stays on.",),
        expects={},
        expects_after={},
    )
