"""ExchUCUtil.ps1 as it ships: what it makes, resets and destroys. It never reports a failure.

It asks a global catalogue of its own choice, which may lag; takes every pool object, Directors and branches included;
sets outcalls and message waiting on every pool gateway, also on those that were there; removes all hunt groups of
those gateways and makes one per SIP dial plan; grants permissions that are missing. ``-Verify`` does nothing at all.
Source: DOMAIN 4, from the text of the script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from providers.cmdlets.reference import cmdlet_of
from providers.simulator.answers import CmdletError
from providers.simulator.cmdlets.exchange_facts import GROUPS, containers, grant
from providers.simulator.cmdlets.um_gateways import GATEWAY, made_hunt_group
from providers.simulator.cmdlets.um_objects import made_object
from providers.simulator.invocation.call import Call, product_text
from providers.simulator.world.directory import Entry
from providers.simulator.world.schema import Pool

_POOL_VERSIONS: Mapping[str, int] = {"l2010": 0x40000, "l2013": 0x50000, "s2015": 0x60000, "s2019": 0x70000}
_WITH_MESSAGE_WAITING: Final = 0x50000


def run(call: Call) -> None:
    """Run the script. It always ends normally; its text is the output of the call.

    It goes on after what fails, such as the removal of an object that only its lagging catalogue still shows.
    """
    world = call.holdings.world
    catalog = _catalog(call)
    script = replace(call, controller=catalog)
    lines = [product_text("script-gc", call.culture, gc=catalog)]
    forest = str(call.get("Forest") or world.forest).casefold()
    if world.enforce_second_hop and not call.delegated:
        lines.append(product_text("script-denied", call.culture, gc=catalog, user=call.user))
    elif forest != (world.lync.forest or world.forest):
        lines.append(product_text("script-no-groups", call.culture, forest=forest))
    elif not world.lync.pools:
        lines.append(product_text("script-no-pools", call.culture))
    else:
        lines += _configure(script)
    call.output = "\n".join(lines) + "\n"


def _catalog(call: Call) -> str:
    world = call.holdings.world
    usable = [dc.fqdn for dc in world.domain_controllers if dc.global_catalog and dc.available]
    chosen = world.exchange.script_catalog
    return chosen if chosen in usable else usable[-1] if usable else call.holdings.default_controller(call.host)


def _configure(call: Call) -> list[str]:
    world = call.holdings.world
    plans = [p for p in call.view.of("UMDialPlan") if p.properties.get("URIType") == "SipName"]
    gateways = {str(g.properties.get("Address")).casefold(): g for g in call.view.of("UMIPGateway")}
    permissions = _permissions(call)
    rows: list[tuple[str, str, str]] = []
    lines: list[str] = []
    for pool in world.lync.pools:
        gateway = gateways.get(pool.fqdn)
        if gateway is None:
            with _failures_printed(call, lines):
                gateway = _made_gateway(call, pool)
                lines.append(product_text("script-gateway-created", call.culture, name=gateway.name))
        if gateway is None:
            continue
        with _failures_printed(call, lines):
            _reset(call, gateway, pool)
        names = _rebuilt(call, gateway, plans, lines)
        rows.append((pool.fqdn, gateway.name, ", ".join(names) or product_text("script-none", call.culture)))
    return [*lines, *_tables(call, permissions, rows)]


@contextmanager
def _failures_printed(call: Call, lines: list[str]) -> Iterator[None]:
    """Print an error instead of raising it, as the script does at each of its cmdlets."""
    try:
        yield
    except CmdletError as error:
        lines.append(product_text("script-failed", call.culture, message=error.message))


def _permissions(call: Call) -> list[tuple[str, str, str]]:
    rows = []
    for group in GROUPS:
        for dn, rights, inheritance in containers(call.holdings, call.host):
            is_new = grant(call, dn, group, rights, inheritance)
            rows.append((dn, ", ".join(rights), product_text("yes" if is_new else "no", call.culture)))
    return rows


def _made_gateway(call: Call, pool: Pool) -> Entry:
    name = call.holdings.world.pool_name(pool)
    arguments: dict[str, Any] = {"Name": name, "Address": pool.fqdn}
    return made_object(replace(call, cmdlet="New-UMIPGateway", arguments=arguments), GATEWAY)


def _reset(call: Call, gateway: Entry, pool: Pool) -> None:
    is_branch = pool.type == "branch"
    flags: dict[str, Any] = {"OutcallsAllowed": not is_branch}
    setter = cmdlet_of("Set-UMIPGateway", call.release)
    if setter is not None and "MessageWaitingIndicatorAllowed" in setter.names:
        version = _POOL_VERSIONS[call.holdings.world.lync_release(pool)]
        flags["MessageWaitingIndicatorAllowed"] = version >= _WITH_MESSAGE_WAITING and not is_branch
    call.change(gateway, flags)


def _rebuilt(call: Call, gateway: Entry, plans: Sequence[Entry], lines: list[str]) -> list[str]:
    """Replace the hunt groups of a gateway; return the names of the dial plans that they link."""
    names: list[str] = []
    for group in [g for g in call.view.of("UMHuntGroup") if g.refers_to("UMIPGateway", gateway.guid)]:
        with _failures_printed(call, lines):
            call.delete(group)
    for plan in plans:
        pilot = str(plan.properties["PhoneContext"]).partition(".")[0]
        with _failures_printed(call, lines):
            made_hunt_group(call, gateway, plan, plan.name, pilot)
            names.append(plan.name)
    return names


def _tables(
    call: Call, permissions: Sequence[tuple[str, str, str]], pools: Sequence[tuple[str, str, str]]
) -> list[str]:
    headings = product_text("script-headings", call.culture).split("|")
    lines: list[str] = []
    for names, rows in ((headings[:3], permissions), (headings[3:], pools)):
        table = [tuple(names), tuple("-" * len(name) for name in names), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines += [
            "",
            *("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table),
        ]
    return lines
