"""Landscapes for tests of the resource types: small estates as values, without any server.

``contoso()`` is the estate of the sample: one forest, two central sites and a branch, an Enterprise pool of three and
one of two Front Ends, a Standard Edition server, a Director, a survivable branch appliance, four Exchange 2013 servers.
Everything else is put together from the builders of single resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from providers.estate.restart_pool import INTERRUPT, SETTLE
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Obligation, Remembered, Snapshot
from reconciler.model.values import Value

BOOT = "2026-01-01T06:00:00.000000Z"
NOW = "2026-01-05T12:00:00.000000Z"
ORGANIZATION = "CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com"


def resource(address: str, name: Any = None, guid: Any = None, **attributes: Value) -> Resource:
    """Return a resource by the text of its address; ``name`` and ``guid`` are texts or None."""
    type_name, _, key = address.partition("/")
    return Resource(Address(type_name, key), attributes, name=name, guid=guid)


def landscape(
    observed: Iterable[Resource] = (),
    declared: Iterable[Resource] = (),
    *,
    settings: Settings | None = None,
    remembered: Iterable[Remembered] = (),
    obligations: Sequence[Obligation] = (),
    decisions: Mapping[str, str] | None = None,
) -> Landscape:
    """Return a landscape of what is there and what was written."""
    return Landscape(
        settings=settings or Settings(environment="contoso"),
        declared=by_type(declared),
        observed=by_type(observed),
        prior=Snapshot(
            "contoso",
            resources={one.address: one for one in remembered},
            obligations=tuple(obligations),
            decisions=decisions or {},
        ),
    )


def by_type(resources: Iterable[Resource]) -> dict[str, Resources]:
    grouped: dict[str, list[Resource]] = {}
    for one in resources:
        grouped.setdefault(one.address.type, []).append(one)
    return {type_name: Resources(several) for type_name, several in grouped.items()}


def with_observed(given: Landscape, *resources: Resource) -> Landscape:
    """Return a landscape in which these are there too, or are as given here."""
    for type_name, several in by_type(resources).items():
        given = given.with_observed(type_name, given.all(type_name).replaced(several.values()))
    return given


def without_observed(given: Landscape, *addresses: str) -> Landscape:
    """Return a landscape in which these are not there."""
    for address in addresses:
        type_name, _, key = address.partition("/")
        given = given.with_observed(type_name, given.all(type_name).replaced(drop=[key]))
    return given


# --- Exchange --------------------------------------------------------------------------------------------------------


def organization() -> Resource:
    return resource("organization/Contoso", distinguished_name=ORGANIZATION)


def exchange_server(fqdn: str, *roles: str, version: str = "Version 15.0 (Build 1497.2)") -> Resource:
    return resource(
        f"exchange_server/{fqdn}",
        name=fqdn.partition(".")[0].upper(),
        version=version,
        roles=tuple(sorted(roles or ("Mailbox", "ClientAccess"))),
    )


def global_catalog(fqdn: str = "dc1.contoso.com") -> Resource:
    return resource(f"domain_controller/{fqdn}", is_global_catalog=True)


def permissions(is_granted: bool = True) -> list[Resource]:
    containers = ("organization", "um_dial_plans", "um_auto_attendants")
    groups = ("RTCUniversalServerAdmins", "RTCComponentUniversalServices")
    return [
        resource(f"permission/{container}/{group}", is_granted=is_granted)
        for container in containers
        for group in groups
    ]


def um_services(fqdn: str, *, clock: str = NOW, started: str = BOOT) -> Resource:
    values: dict[str, Value] = {"host_clock": clock, "script_running": False}
    for name in ("MSExchangeUM", "MSExchangeUMCR"):
        values |= {f"{name}:status": "Running", f"{name}:start_time": started, f"{name}:running_dependents": ()}
    return Resource(Address("um_service_restart", fqdn), values)


def binding(key: str, *plans: str, mode: str | None = "TCP") -> Resource:
    values: dict[str, Value] = {"dial_plans": tuple(sorted(plans))}
    if mode is not None:
        values["startup_mode"] = mode
    return Resource(Address("server_binding", key), values, name=key.partition(".")[0].upper())


def plan_declared(name: str = "Redmond", **attributes: Value) -> Resource:
    defaults: dict[str, Value] = {"extension_digits": 5, "country_code": "1", "servers": "all"}
    return Resource(Address("dial_plan", name), {**defaults, **attributes})


def plan_observed(name: str = "Redmond", **attributes: Value) -> Resource:
    defaults: dict[str, Value] = {
        "extension_digits": 5,
        "country_code": "1",
        "voip_security": "Secured",
        "uri_type": "SipName",
        "phone_context": f"{name}.contoso.com",
    }
    return Resource(Address("dial_plan", name), {**defaults, **attributes}, name=name, guid=f"guid-of-{name}")


def default_policy(plan: str = "Redmond") -> Resource:
    return resource(f"mailbox_policy/{plan}/default", name=f"{plan} Default Policy", dial_plan=plan)


def gateway(address: str, name: str = "1:1", *, outcalls: bool = True, status: str = "Enabled") -> Resource:
    return resource(f"ip_gateway/{address}", name=name, outcalls_allowed=outcalls, status=status)


def hunt_group(address: str, plan: str, name: str | None = None, *, made: str = BOOT) -> Resource:
    return resource(
        f"hunt_group/{address}/{name or plan}",
        guid=f"guid-of-{address}-{name or plan}",
        gateway=address,
        dial_plan=plan,
        pilot_identifier=plan,
        when_created=made,
    )


# --- Lync ------------------------------------------------------------------------------------------------------------


def site(name: str, *, branch_of: str | None = None) -> Resource:
    kind = "BranchSite" if branch_of else "CentralSite"
    return resource(f"lync_site/{name}", kind=kind, parent=branch_of)


def pool(fqdn: str, site_name: str, *front_ends: str, director: bool = False, version: int = 6) -> list[Resource]:
    """Return a pool with its computers, its Registrar or Director, and RTCSRV on each Front End."""
    role = "Director" if director else "Registrar"
    found = [
        resource(f"pool/{fqdn}", site=site_name, computers=tuple(front_ends)),
        resource(f"lync_service/{role.lower()}:{fqdn}", role=role, pool=fqdn, site=site_name, version=version),
    ]
    found += [
        resource(f"lync_computer/{host}", pool=fqdn, order=order) for order, host in enumerate(front_ends or (fqdn,))
    ]
    return found + ([] if director else [front_end(host) for host in front_ends or (fqdn,)])


def front_end(
    fqdn: str, *, status: str = "Running", started: str | None = BOOT, clock: str = NOW, dependents: Sequence[str] = ()
) -> Resource:
    values: dict[str, Value] = {
        "host_clock": clock,
        "script_running": False,
        "RTCSRV:status": status,
        "RTCSRV:start_time": started,
        "RTCSRV:running_dependents": tuple(dependents),
    }
    return Resource(Address("service_restart", fqdn), values)


def lync_user(sip: str, home: Any = "pool1.contoso.com", **attributes: Value) -> Resource:
    defaults: dict[str, Value] = {"enterprise_voice": True, "registrar_pool": home, "hosted_voicemail": False}
    return Resource(Address("lync_user", sip), {**defaults, "email": sip, **attributes})


def mailbox_declared(address: str, extension: str = "41001", **attributes: Value) -> Resource:
    defaults: dict[str, Value] = {"sip_address": address, "extension": (extension,), "policy": "Redmond/default"}
    return Resource(Address("um_mailbox", address), {**defaults, **attributes})


def mailbox_observed(address: str, extension: str = "41001", **attributes: Value) -> Resource:
    return mailbox_declared(address, extension, **{"dial_plan": "Redmond", **attributes})


# --- the sample estate -----------------------------------------------------------------------------------------------

CENTRAL_POOLS = ("pool1.contoso.com", "pool2.contoso.com", "se1.contoso.com")
BRANCH_POOL = "sba1.contoso.com"
DIRECTOR_POOL = "dir1.contoso.com"
POOLS = (*CENTRAL_POOLS, BRANCH_POOL, DIRECTOR_POOL)
FRONT_ENDS = ("fe1.contoso.com", "fe2.contoso.com", "fe3.contoso.com", "fe4.contoso.com", "fe5.contoso.com")


def topology() -> list[Resource]:
    return [
        site("Redmond"),
        site("Dublin"),
        site("Tukwila", branch_of="Redmond"),
        *pool("pool1.contoso.com", "Redmond", *FRONT_ENDS[:3]),
        *pool("pool2.contoso.com", "Dublin", *FRONT_ENDS[3:]),
        *pool("se1.contoso.com", "Dublin", "se1.contoso.com"),
        *pool(BRANCH_POOL, "Tukwila", BRANCH_POOL),
        *pool(DIRECTOR_POOL, "Redmond", "dir1.contoso.com", director=True),
        resource("media_configuration/global", encryption_level="RequireEncryption"),
    ]


def exchange() -> list[Resource]:
    servers = [
        exchange_server("ex1.contoso.com", "Mailbox"),
        exchange_server("ex2.contoso.com", "Mailbox"),
        exchange_server("ex3.contoso.com", "ClientAccess"),
        exchange_server("ex4.contoso.com", "Mailbox", "ClientAccess"),
    ]
    bindings = ["ex1.contoso.com/um_service", "ex2.contoso.com/um_service", "ex4.contoso.com/um_service"]
    bindings += ["ex3.contoso.com/call_router", "ex4.contoso.com/call_router"]
    services = [um_services(server.key) for server in servers]
    return [organization(), global_catalog(), *servers, *(binding(key) for key in bindings), *services]


def contoso(*declared: Resource, settings: Settings | None = None, **more: object) -> Landscape:
    """Return the estate before anything was set up, with these declarations."""
    allowed = settings or Settings(environment="contoso", options=SETTLE.of(0) | INTERRUPT.of(True))
    found = [*topology(), *exchange(), *permissions(False)]
    return replace(landscape(found, declared, settings=allowed), **more)  # type: ignore[arg-type]  # fields by name


def across(settings: Settings | None = None) -> Landscape:
    """Return an estate in which Lync is in another forest, before anything was set up for a dial plan."""
    found = [site("One"), *pool("pool1.uc.voice.example", "One", "fe1.uc.voice.example"), *exchange()]
    allowed = settings or Settings(environment="contoso", options=SETTLE.of(0) | INTERRUPT.of(True))
    media = resource("media_configuration/global", encryption_level="RequireEncryption")
    return landscape([*found, *permissions(False), media], [plan_declared()], settings=allowed)


def joined(*declared: Resource, made: str = BOOT, settings: Settings | None = None) -> Landscape:
    """Return the estate after everything was set up for these dial plans, by somebody else."""
    given = contoso(*declared, settings=settings)
    plans = [one.key for one in declared if one.address.type == "dial_plan"]
    bindings = [binding(one.key, *plans, mode="Dual") for one in given.all("server_binding").values()]
    gateways = [
        gateway(address, f"1:{number}", outcalls=address == "pool1.contoso.com")
        for number, address in enumerate(POOLS, start=1)
    ]
    groups = [hunt_group(address, plan, made=made) for address in POOLS for plan in plans]
    brought = [found for plan in plans for found in (plan_observed(plan), default_policy(plan))]
    return with_observed(given, *brought, *bindings, *gateways, *groups, *permissions(True))
