"""UM mailbox policies. Sources: New-UMMailboxPolicy, Set-UMMailboxPolicy (Microsoft Learn); DOMAIN 7.3, 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from providers.simulator.cmdlets.um_objects import Rules, check_ranges, referring
from providers.simulator.invocation.call import Call
from providers.simulator.world.directory import Entry

_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "MinPINLength": (4, 24),
    "PINHistoryCount": (1, 20),
    "MaxGreetingDuration": (1, 10),
    "PINLifetime": (1, 999),
    "LogonFailuresBeforePINReset": (1, 999),
    "MaxLogonAttempts": (1, 999),
}


def _check_policy(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    check_ranges(call, _RANGES, properties)
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
    defaults={
        "UMDialPlan": None,
        "IsDefault": False,
        "MinPINLength": 6,
        "PINLifetime": 60,
        "PINHistoryCount": 5,
        "AllowCommonPatterns": False,
        "LogonFailuresBeforePINReset": 5,
        "MaxLogonAttempts": 15,
        "MaxGreetingDuration": 5,
        **dict.fromkeys(
            (
                "AllowFax",
                "AllowMissedCallNotifications",
                "AllowMessageWaitingIndicator",
                "AllowPlayOnPhone",
                "AllowSubscriberAccess",
                "AllowCallAnsweringRules",
                "AllowAutomaticSpeechRecognition",
                "AllowDialPlanSubscribers",
                "AllowExtensions",
                "AllowTUIAccessToCalendar",
                "AllowTUIAccessToDirectory",
                "AllowTUIAccessToEmail",
                "AllowTUIAccessToPersonalContacts",
                "AllowVoiceMailPreview",
                "AllowSMSNotification",
            ),
            True,
        ),
        "AllowPinlessVoiceMailAccess": False,
        "AllowedInCountryOrRegionGroups": [],
        "AllowedInternationalGroups": [],
        "ProtectUnauthenticatedVoiceMail": "None",
        "ProtectAuthenticatedVoiceMail": "None",
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
