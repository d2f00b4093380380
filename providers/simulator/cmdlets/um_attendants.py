"""UM auto attendants, and switching on and off what has a Status.

Sources: New-UMAutoAttendant, Set-UMAutoAttendant, Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 7.6, 8.
"""

from __future__ import annotations

import re
from typing import Any

from providers.simulator.cmdlets.um_links import referring
from providers.simulator.cmdlets.um_objects import Rules, found_object
from providers.simulator.invocation.call import Call
from providers.simulator.world.directory import Entry


def _check_attendant(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    everything = {**(entry.properties if entry else {}), **properties}
    name = entry.name if entry else str(call.get("Name"))
    plan = call.view.follow(everything.get("UMDialPlan"))
    if entry is None and plan is not None:
        properties["Language"] = plan.properties.get("DefaultLanguage", "en-US")
    if everything.get("DTMFFallbackAutoAttendant") and not everything.get("SpeechEnabled"):
        raise call.error("InvalidDtmfFallbackAutoAttendantException", "fallback-needs-speech", name, name=name)
    for number in properties.get("PilotIdentifierList") or ():
        pattern = r"\+[0-9]{2,15}|[0-9]{1,20}"
        if not re.fullmatch(pattern, str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)
        for other in call.view.of("UMAutoAttendant"):
            taken = other.properties.get("PilotIdentifierList") or ()
            if number in taken and (entry is None or other.guid != entry.guid):
                raise call.error("PilotIdentifierInUseException", "number-taken", number=number, other=other.name)


def _check_attendant_is_free(call: Call, attendant: Entry) -> None:
    plan = next(iter(referring(call, "UMDialPlan", "UMAutoAttendant", attendant)), None)
    if plan is not None:
        raise call.error(
            "DefaultAutoAttendantInDialPlanException",
            "attendant-in-use",
            attendant.name,
            name=attendant.name,
            plan=plan.name,
        )


ATTENDANT = Rules(
    "UMAutoAttendant",
    "UM AutoAttendant Container",
    defaults={
        "UMDialPlan": None,
        "PilotIdentifierList": [],
        "Status": "Disabled",
        "SpeechEnabled": False,
        "Language": "en-US",
        "DTMFFallbackAutoAttendant": None,
        "NameLookupEnabled": True,
        "AllowDialPlanSubscribers": True,
        "AllowExtensions": False,
        "CallSomeoneEnabled": True,
        "SendVoiceMsgEnabled": False,
        "OperatorExtension": None,
        "TimeZoneName": None,
        "AllowedInCountryOrRegionGroups": [],
        "AllowedInternationalGroups": [],
        "BusinessName": None,
        "BusinessLocation": None,
        "InfoAnnouncementEnabled": "False",
    },
    check=_check_attendant,
    removing=_check_attendant_is_free,
)


def enable_object(call: Call, noun: str) -> list[dict[str, object]]:
    """Answer Enable-<noun> of an object with a Status."""
    return _with_status(call, noun, "Enabled", "already-enabled")


def disable_object(call: Call, noun: str) -> list[dict[str, object]]:
    """Answer Disable-<noun>: a gateway that is not disabled at once takes no new calls; here none are going on."""
    if noun == "UMAutoAttendant":
        _check_attendant_is_free(call, found_object(call, noun, call.get("Identity")))
    return _with_status(call, noun, "Disabled", "already-disabled")


def _with_status(call: Call, noun: str, status: str, text: str) -> list[dict[str, object]]:
    entry = found_object(call, noun, call.get("Identity"))
    if entry.properties.get("Status") == status:
        type = (
            "AutoAttendantAlreadyEnabledException" if status == "Enabled" else "AutoAttendantAlreadyDisabledException"
        )
        raise call.error(type.replace("AutoAttendant", noun.removeprefix("UM")), text, entry.name, name=entry.name)
    call.change(entry, {"Status": status})
    return []
