"""UM dial plans and mailbox policies: limits, PhoneContext, default policies, and refused removals.

Names of exception types that no document establishes are the ones the product's assemblies are known by; the engine
must take any type it does not know for a refusal. Sources: New-, Set- and Remove-UMDialPlan, New- and
Set-UMMailboxPolicy (Microsoft Learn); DOMAIN 7.1, 7.3, 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from providers.simulator.cmdlets.um_objects import (
    Rules,
    back_links,
    check_language,
    copied,
    referring,
    refuse_taken,
)
from providers.simulator.invocation.call import Call, object_id, product_text
from providers.simulator.world.directory import Entry


def _check_policy(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    everything = {**(entry.properties if entry else {}), **properties}
    failures, most = everything.get("LogonFailuresBeforePINReset"), everything.get("MaxLogonAttempts")
    if isinstance(failures, int) and isinstance(most, int) and failures >= most:
        name = "LogonFailuresBeforePINReset"
        raise call.error("DataValidationException", "out-of-range", name=name, value=failures, low=0, high=most - 1)
    plan = properties.get("UMDialPlan")
    if entry is not None and plan is not None and plan != entry.properties.get("UMDialPlan"):
        _check_policy_is_free(call, entry)


def _check_policy_is_free(call: Call, policy: Entry) -> None:
    if any(True for _ in referring(call, "User", "UMMailboxPolicy", policy)):
        raise call.error("CannotDeleteAssociatedMailboxPolicyException", "policy-in-use", policy.name, name=policy.name)


def _lifetime(_: Call, entry: Entry) -> object:
    days = entry.properties.get("PINLifetime", 60)
    return f"{days}.00:00:00" if isinstance(days, int) else days


POLICY = Rules(
    "UMMailboxPolicy",
    "UM Mailbox Policies",
    others={
        "UMDialPlan": None,
        "IsDefault": False,
        "AllowCommonPatterns": False,
    },
    computed={"PINLifetime": _lifetime},
    check=_check_policy,
    removing=_check_policy_is_free,
)


_FORBIDDEN = re.compile(r"[\"/\\\[\]:;|=,+*?<>]")
_LONGEST_NAME: Final = 49
"""So that the default policy, named after the plan, has at most 64 characters."""


def _gateways(call: Call, plan: Entry) -> list[dict[str, str]]:
    groups = referring(call, "UMHuntGroup", "UMDialPlan", plan)
    found = {g.guid: g for group in groups if (g := call.view.follow(group.properties.get("UMIPGateway")))}
    return [object_id(gateway) for gateway in found.values()]


def _check_plan(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    if entry is None:
        name = str(call.get("Name"))
        if _FORBIDDEN.search(name):
            raise call.invalid("Name", name)
        properties["PhoneContext"] = f"{name}.{call.holdings.world.forest}"
        properties["NumberOfDigits"] = properties.get("NumberOfDigitsInExtension")
        server = call.holdings.exchange_server(call.host)
        if server is not None and server.release == "e2007" and "AudioCodec" not in call.arguments:
            properties["AudioCodec"] = "Wma"  # DOMAIN 7.1: it has no Mp3
    for name in ("CountryOrRegionCode", "InternationalAccessCode", "NationalNumberPrefix"):
        value = properties.get(name)
        if value is not None and not re.fullmatch(r"[0-9]{1,4}", str(value)):
            raise call.invalid(name, value)
    _check_security(call, properties)
    check_language(call, properties.get("DefaultLanguage"))
    _check_numbers(call, entry, properties)
    if entry is None and call.get("GenerateUMMailboxPolicy", True):
        _check_default_policy(call, str(call.get("Name")))
    if entry is not None and "VoIPSecurity" in properties:
        properties["$before"] = [call.now.isoformat(), entry.properties.get("VoIPSecurity")]


def _check_default_policy(call: Call, name: str) -> None:
    if len(name) > _LONGEST_NAME:
        raise call.error("DefaultPolicyCreationException", "policy-not-generated", name=name)
    policy = product_text("default-policy", call.culture, plan=name)
    if call.view.named("UMMailboxPolicy", policy) is not None:
        raise call.error("ADObjectAlreadyExistsException", "already-exists", policy, name=policy, dc=call.dc)


def _check_security(call: Call, properties: dict[str, Any]) -> None:
    server = call.holdings.exchange_server(call.host)
    if server is not None and server.version.startswith("8.0") and properties.get("VoIPSecurity") == "Secured":
        raise call.invalid("VoIPSecurity", "Secured")


def _check_numbers(call: Call, entry: Entry | None, properties: Mapping[str, Any]) -> None:
    for number in properties.get("AccessTelephoneNumbers") or ():
        if not re.fullmatch(r"\+?[0-9A-Za-z]{1,32}", str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)
        refuse_taken(call, "UMDialPlan", "AccessTelephoneNumbers", number, entry, "PilotNumberInUseException")
    for number in properties.get("PilotIdentifierList") or ():
        if not re.fullmatch(r"\+[0-9]{2,15}", str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)


def _make_default_policy(call: Call, plan: Entry) -> None:
    if not call.get("GenerateUMMailboxPolicy", True):
        return
    name = product_text("default-policy", call.culture, plan=plan.name)
    properties = {**copied(POLICY.defaults), "UMDialPlan": plan.reference(), "IsDefault": True}
    call.create("UMMailboxPolicy", name, POLICY.dn(call, name, None), properties)


def _check_plan_is_free(call: Call, plan: Entry) -> None:
    users = (
        ("DialPlanAssociatedWithServerException", "UMServer", "DialPlans", "a UM server"),
        ("DialPlanAssociatedWithServerException", "UMCallRouter", "DialPlans", "a UM call router"),
        ("DialPlanAssociatedWithIPGatewayException", "UMHuntGroup", "UMDialPlan", "a UM hunt group"),
        ("DialPlanAssociatedWithPoliciesException", "UMMailboxPolicy", "UMDialPlan", "a UM mailbox policy"),
        ("DialPlanAssociatedWithAutoAttendantException", "UMAutoAttendant", "UMDialPlan", "a UM auto attendant"),
    )
    for type, noun, property, words in users:
        other = next(iter(referring(call, noun, property, plan)), None)
        if other is not None:
            raise call.error(type, "plan-in-use", plan.name, name=plan.name, by=f"{words} ({other.name})")


DIAL_PLAN = Rules(
    "UMDialPlan",
    "UM DialPlan Container",
    others={
        "NumberOfDigitsInExtension": None,
        "NumberOfDigits": None,
        "PhoneContext": None,
        "OutsideLineAccessCode": None,
        "UMAutoAttendant": None,
        "CallSomeoneEnabled": True,
        "SendVoiceMsgEnabled": True,
    },
    limits={
        "MaxCallDuration": (10, 120),
        "RecordingIdleTimeout": (2, 10),
        "LogonFailuresBeforeDisconnect": (1, 20),
        "InputFailuresBeforeDisconnect": (1, 20),
    },
    computed={
        "UMServers": back_links("UMServer", "DialPlans"),
        "UMMailboxPolicies": back_links("UMMailboxPolicy", "UMDialPlan"),
        "UMAutoAttendants": back_links("UMAutoAttendant", "UMDialPlan"),
        "UMIPGateway": _gateways,
        "SipResourceIdentifierRequired": lambda _, entry: entry.properties.get("URIType") in ("SipName", "E164"),
    },
    check=_check_plan,
    created=_make_default_policy,
    removing=_check_plan_is_free,
)
