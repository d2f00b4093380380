"""UM auto attendants.

Sources: New-UMAutoAttendant, Set-UMAutoAttendant, Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 7.6, 8.
"""

from __future__ import annotations

import re
from typing import Any

from providers.simulator.cmdlets.um_objects import Rules, referring, refuse_taken
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
        if not re.fullmatch(r"\+[0-9]{2,15}|[0-9]{1,20}", str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)
        refuse_taken(call, "UMAutoAttendant", "PilotIdentifierList", number, entry, "PilotIdentifierInUseException")


def _check_attendant_is_free(call: Call, attendant: Entry) -> None:
    plan = next(iter(referring(call, "UMDialPlan", "UMAutoAttendant", attendant)), None)
    if plan is not None:
        name, error = attendant.name, "DefaultAutoAttendantInDialPlanException"
        raise call.error(error, "attendant-in-use", name, name=name, plan=plan.name)


ATTENDANT = Rules(
    "UMAutoAttendant",
    "UM AutoAttendant Container",
    others={
        "UMDialPlan": None,
        "PilotIdentifierList": [],
        "Language": "en-US",
        "DTMFFallbackAutoAttendant": None,
        "NameLookupEnabled": True,
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
    disabling=_check_attendant_is_free,
)
