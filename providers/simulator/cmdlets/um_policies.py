"""UM mailbox policies. Sources: New-UMMailboxPolicy, Set-UMMailboxPolicy (Microsoft Learn); DOMAIN 7.3, 8."""

from __future__ import annotations

from typing import Any

from providers.simulator.cmdlets.um_objects import Rules, referring
from providers.simulator.invocation.call import Call
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
        "AllowedInCountryOrRegionGroups": [],
        "AllowedInternationalGroups": [],
        "FaxServerURI": None,
        "UMEnabledText": None,
        "ResetPINText": None,
        "VoiceMailText": None,
        "FaxMessageText": None,
    },
    computed={"PINLifetime": _lifetime},
    check=_check_policy,
    removing=_check_policy_is_free,
)
