"""Lync dial plans (location profiles). They live in the Central Management store, taken to be the same everywhere.

Sources: New-CsDialPlan, Set-CsDialPlan, Remove-CsDialPlan, Grant-CsDialPlan (Microsoft Learn); DOMAIN 7.8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from providers.simulator.cmdlets.lync_topology import cs_exists, cs_not_found
from providers.simulator.cmdlets.lync_users import USER, USER_DEFAULTS, cs_user
from providers.simulator.cmdlets.um_objects import merged
from providers.simulator.invocation.binding import Difference
from providers.simulator.invocation.call import Call, Computed, shaped
from providers.simulator.world.directory import Entry

_PLAN_DEFAULTS: Final[Mapping[str, Any]] = {
    "Description": None,
    "DialinConferencingRegion": None,
    "NormalizationRules": [],
    "CountryCode": None,
    "State": None,
    "City": None,
    "ExternalAccessPrefix": None,
    "SimpleName": None,
    "OptimizeDeviceDialing": False,
}
_PLAN: Mapping[str, Computed] = {"Identity": lambda _, plan: plan.name}
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9.+_()-]{1,256}")


def default_rules(identity: str) -> list[dict[str, object]]:
    """Return the normalization rule that every new dial plan gets."""
    return [
        {
            "Description": "Default normalization rule",
            "Pattern": r"^(\d+)$",
            "Translation": "$1",
            "Name": "Prefix All",
            "IsInternalExtension": False,
            "Identity": f"{identity}/Prefix All",
            "Priority": 0,
        }
    ]


def plan_identity(text: str) -> str:
    """Return the identity as it reads back: ``Global``, ``Site:x``, ``Registrar:x`` or ``Tag:x``."""
    scope, separator, name = text.partition(":")
    if text.casefold() == "global":
        return "Global"
    known = {"site": "Site", "registrar": "Registrar", "pstngateway": "PstnGateway", "tag": "Tag"}
    if separator and scope.casefold() in known:
        return f"{known[scope.casefold()]}:{name}"
    return f"Tag:{text}"


def get_cs_dial_plan(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsDialPlan."""
    identity = call.get("Identity")
    entries = [_plan(call, identity)] if identity else list(call.view.of("CsDialPlan"))
    return shaped(call, entries, _PLAN, _PLAN_DEFAULTS)


def _plan(call: Call, identity: object) -> Entry:
    wanted = plan_identity(str(identity)).casefold()
    found = next((plan for plan in call.view.of("CsDialPlan") if plan.name.casefold() == wanted), None)
    if found is None:
        raise cs_not_found(call, str(identity))
    return found


def new_cs_dial_plan(call: Call) -> list[dict[str, object]]:
    """Answer New-CsDialPlan: with the default normalization rule unless others are given."""
    identity = plan_identity(str(call.get("Identity")))
    if any(plan.name.casefold() == identity.casefold() for plan in call.view.of("CsDialPlan")):
        raise cs_exists(call, identity)
    name = identity.partition(":")[2] or identity
    properties = {**_PLAN_DEFAULTS, "NormalizationRules": default_rules(identity), **_plan_properties(call, {})}
    properties["SimpleName"] = properties["SimpleName"] or name
    _check_simple_name(call, identity, properties["SimpleName"])
    entry = call.create(
        "CsDialPlan", identity, f"CN={identity},CN=Topology Settings,{call.holdings.domain_dn}", properties
    )
    return shaped(call, [entry], _PLAN, _PLAN_DEFAULTS)


def set_cs_dial_plan(call: Call) -> None:
    """Answer Set-CsDialPlan; without an identity, of Global."""
    plan = _plan(call, call.get("Identity") or "Global")
    properties = _plan_properties(call, plan.properties)
    if "SimpleName" in properties:
        _check_simple_name(call, plan.name, properties["SimpleName"])
    call.change(plan, properties)


def remove_cs_dial_plan(call: Call) -> None:
    """Answer Remove-CsDialPlan: Global is reset instead."""
    plan = _plan(call, call.get("Identity"))
    if plan.name == "Global":
        call.change(
            plan, {**_PLAN_DEFAULTS, "SimpleName": "DefaultProfile", "NormalizationRules": default_rules("Global")}
        )
    else:
        call.delete(plan)


def grant_cs_dial_plan(call: Call) -> list[dict[str, object]]:
    """Answer Grant-CsDialPlan: a null policy name takes the user's own away."""
    user = cs_user(call, call.get("Identity"))
    name = call.get("PolicyName")
    value = _plan(call, name).name.partition(":")[2] if name else None
    call.change(user, {"DialPlan": value})
    return shaped(call, [user], USER, USER_DEFAULTS) if call.get("PassThru") else []


def _plan_properties(call: Call, before: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name in _PLAN_DEFAULTS:
        if name not in call.arguments:
            continue
        value = call.arguments[name]
        properties[name] = merged(before.get(name), value) if isinstance(value, Difference) else value
    return properties


def _check_simple_name(call: Call, identity: str, name: object) -> None:
    others = [p for p in call.view.of("CsDialPlan") if p.name.casefold() != identity.casefold()]
    taken = next((p for p in others if str(p.properties.get("SimpleName")).casefold() == str(name).casefold()), None)
    if taken is not None or not _SIMPLE_NAME.fullmatch(str(name)):
        raise call.error(
            "ManagementException",
            "cs-simple-name",
            str(name),
            category="InvalidArgument",
            value=name,
            other=taken.name if taken else "",
        )
