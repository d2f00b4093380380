"""Damage by hand: what another administrator does to each managed attribute of an environment of the matrix.

Every attribute that an environment declares, or that follows from it, is damaged once. One that has no line here is an
error, so that a new attribute gets one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from providers.cmdlets.reference import cmdlet_of
from providers.simulator.estate.invoke import invoke_line
from reconciler.model.attributes import AttributeRole
from reconciler.model.resources import Address
from tests.support.matrix import OTHER_CERTIFICATE, OTHER_POOL, POOL
from tests.support.trial import Trial, types


@dataclass(frozen=True)
class Damage:
    """One line of another administrator, and the attribute that differs because of it."""

    line: str
    address: Address
    attribute: str | None
    """None: the whole object is one that nobody declared."""


Lines = Mapping[str, str]
"""By attribute, the line that damages it; in the order in which Exchange and Lync accept them."""

_DIAL_PLAN: Final[Lines] = {
    name: f"Set-UMDialPlan Redmond -{parameter}"
    for name, parameter in {
        "country_code": "CountryOrRegionCode 44",
        "voip_security": "VoIPSecurity SIPSecured",
        "access_numbers": "AccessTelephoneNumbers +14255550177",
        "pilot_numbers": "PilotIdentifierList +14255550178",
        "international_access_code": "InternationalAccessCode 00",
        "national_number_prefix": "NationalNumberPrefix 0",
        "outside_line_access_code": "OutsideLineAccessCode 8",
        "default_language": "DefaultLanguage de-DE",
        "audio_codec": "AudioCodec G711",
        "fax_enabled": "FaxEnabled $true",
        "max_call_duration": "MaxCallDuration 61",
        "max_recording_duration": "MaxRecordingDuration 21",
        "recording_idle_timeout": "RecordingIdleTimeout 6",
        "logon_failures_before_disconnect": "LogonFailuresBeforeDisconnect 4",
        "input_failures_before_disconnect": "InputFailuresBeforeDisconnect 4",
    }.items()
}
_POLICY: Final[Lines] = {
    name: f"Set-UMMailboxPolicy Executives -{parameter}"
    for name, parameter in {
        "min_pin_length": "MinPINLength 9",
        "pin_lifetime": "PINLifetime 31.00:00:00",
        "pin_history_count": "PINHistoryCount 6",
        "allow_common_patterns": "AllowCommonPatterns $true",
        "logon_failures_before_pin_reset": "LogonFailuresBeforePINReset 3",
        "max_logon_attempts": "MaxLogonAttempts 16",
        "max_greeting_duration": "MaxGreetingDuration 9",
        "allow_fax": "AllowFax $true",
        "allow_missed_call_notifications": "AllowMissedCallNotifications $false",
        "allow_message_waiting_indicator": "AllowMessageWaitingIndicator $false",
        "allow_play_on_phone": "AllowPlayOnPhone $false",
        "allow_subscriber_access": "AllowSubscriberAccess $false",
        "allow_call_answering_rules": "AllowCallAnsweringRules $false",
        "allow_automatic_speech_recognition": "AllowAutomaticSpeechRecognition $false",
        "allow_dial_plan_subscribers": "AllowDialPlanSubscribers $false",
        "allow_extensions": "AllowExtensions $false",
        "allowed_in_country_groups": "AllowedInCountryOrRegionGroups Local",
        "allowed_international_groups": "AllowedInternationalGroups Local",
    }.items()
}
_ATTENDANT: Final[Lines] = {
    "pilot_numbers": "Set-UMAutoAttendant Main -PilotIdentifierList +14255550179",
    "language": "Set-UMAutoAttendant Main -Language de-DE",
    **{
        name: f"Set-UMAutoAttendant Main -{change}"
        for name, change in {
            "operator_extension": "OperatorExtension 50102",
            "business_name": "BusinessName Fabrikam",
            "business_location": "BusinessLocation Elsewhere",
            "time_zone": "TimeZoneName 'GMT Standard Time'",
            "week_start_day": "WeekStartDay Sunday",
            "business_hours": "BusinessHoursSchedule 1.09:00-1.17:00,5.09:00-5.12:00,5.13:00-5.17:00",
            "holidays": "HolidaySchedule 'New Year,newyear.wav,1/2/2027','Summer,,8/2/2027,8/13/2027'",
            "business_hours_greeting": "BusinessHoursWelcomeGreetingFilename other.wav",
            "business_hours_greeting_enabled": "BusinessHoursWelcomeGreetingEnabled $false",
            "business_hours_menu_prompt": "BusinessHoursMainMenuCustomPromptFilename other.wav",
            "business_hours_menu_prompt_enabled": "BusinessHoursMainMenuCustomPromptEnabled $false",
            "business_hours_transfer_to_operator": "BusinessHoursTransferToOperatorEnabled $false",
            "after_hours_greeting": "AfterHoursWelcomeGreetingFilename other.wav",
            "after_hours_greeting_enabled": "AfterHoursWelcomeGreetingEnabled $false",
            "after_hours_menu_prompt": "AfterHoursMainMenuCustomPromptFilename other.wav",
            "after_hours_menu_prompt_enabled": "AfterHoursMainMenuCustomPromptEnabled $false",
            "after_hours_transfer_to_operator": "AfterHoursTransferToOperatorEnabled $true",
            "info_announcement": "InfoAnnouncementFilename other.wav",
            "info_announcement_enabled": "InfoAnnouncementEnabled True",
            "call_someone_enabled": "CallSomeoneEnabled $false",
            "send_voice_message_enabled": "SendVoiceMsgEnabled $false",
            "name_lookup_enabled": "NameLookupEnabled $false",
            "contact_scope": "ContactScope DialPlan",
            "matched_name_selection": "MatchedNameSelectionMethod Title",
            "allow_dial_plan_subscribers": "AllowDialPlanSubscribers $false",
            "allow_extensions": "AllowExtensions $false",
            "allowed_in_country_groups": "AllowedInCountryOrRegionGroups Elsewhere",
            "allowed_international_groups": "AllowedInternationalGroups Elsewhere",
        }.items()
    },
    "dtmf_fallback": "Set-UMAutoAttendant Main -DTMFFallbackAutoAttendant $null",
    "speech_enabled": "Set-UMAutoAttendant Main -SpeechEnabled $false",
    "is_default": "Set-UMDialPlan Redmond -UMAutoAttendant $null",
    "status": "Disable-UMAutoAttendant Main",
}
_LYNC_DIAL_PLAN: Final[Lines] = {
    "simple_name": "Set-CsDialPlan Redmond -SimpleName Elsewhere",
    "description": "Set-CsDialPlan Redmond -Description Elsewhere",
    "dialin_conferencing_region": "Set-CsDialPlan Redmond -DialinConferencingRegion EMEA",
    "external_access_prefix": "Set-CsDialPlan Redmond -ExternalAccessPrefix 8",
    "optimize_device_dialing": "Set-CsDialPlan Redmond -OptimizeDeviceDialing $false",
}
_LINES: Final[Mapping[str, Lines]] = {
    "dial_plan/Redmond": _DIAL_PLAN,
    "mailbox_policy/Redmond/default": {
        "min_pin_length": "Set-UMMailboxPolicy 'Redmond Default Policy' -MinPINLength 9"
    },
    "mailbox_policy/Executives": _POLICY,
    "auto_attendant/Main": _ATTENDANT,
    "auto_attendant/Touch": {
        "speech_enabled": "Set-UMAutoAttendant Touch -SpeechEnabled $true",
        "status": "Disable-UMAutoAttendant Touch",
    },
    "attendant_menu/Main": {
        "business_hours_keys": "Set-UMAutoAttendant Main -BusinessHoursKeyMapping '1,Touch,49999,,'",
        "business_hours_keys_enabled": "Set-UMAutoAttendant Main -BusinessHoursKeyMappingEnabled $false",
        "after_hours_keys": "Set-UMAutoAttendant Main -AfterHoursKeyMapping $null",
        "after_hours_keys_enabled": "Set-UMAutoAttendant Main -AfterHoursKeyMappingEnabled $false",
    },
    "attendant_menu/Touch": {"business_hours_keys": "Set-UMAutoAttendant Touch -BusinessHoursKeyMapping $null"},
    "lync_dial_plan/Redmond": _LYNC_DIAL_PLAN,
    "um_mailbox/user1@contoso.com": {"policy": "Set-UMMailbox user1@contoso.com -UMMailboxPolicy Executives"},
    "um_mailbox/user2@contoso.com": {
        "policy": "Set-UMMailbox user2@contoso.com -UMMailboxPolicy 'Redmond Default Policy'"
    },
    "um_mailbox/user3@contoso.com": {"policy": "Set-UMMailbox user3@contoso.com -UMMailboxPolicy Executives"},
}
_CANNOT: Final = {("auto_attendant", "dial_plan"), ("um_mailbox", "dial_plan")}
"""Managed attributes that no cmdlet changes."""


def damage_all(trial: Trial) -> dict[Address, set[str]]:
    """Damage every managed attribute; return the attributes by address."""
    found: dict[Address, set[str]] = {}
    newest = max(trial.world.exchange.servers, key=lambda server: (server.is_um, _numbers(server.version))).fqdn
    for damage in list(damages(trial)):
        is_there = cmdlet_of(damage.line.partition(" ")[0], trial.estate.release(newest)) is not None
        invoke_line(trial.estate, damage.line, host=newest if is_there else None)
        found.setdefault(damage.address, set()).update([damage.attribute] if damage.attribute else [])
    return found


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def damages(trial: Trial) -> Iterator[Damage]:
    """Yield one damage for each managed attribute of what the last apply manages."""
    kinds = {kind.name: kind for kind in types()}
    yield from _links(trial)
    for known in sorted(trial.store.resources.values(), key=lambda one: _turn(one.address)):
        kind = kinds[known.address.type]
        managed = [
            name
            for name in known.attributes
            if kind.attributes[name].role is AttributeRole.MANAGED and (kind.name, name) not in _CANNOT
        ]
        lines = _lines_of(known.address, trial)
        missing = [name for name in managed if name not in lines]
        assert not missing, f"no line damages {missing} of {known.address}"
        yield from (Damage(lines[name], known.address, name) for name in lines if name in managed)


def _links(trial: Trial) -> Iterator[Damage]:
    """Yield the link of each dial plan that names its pools with one that it does not name."""
    gateway = trial.look().one("ip_gateway", OTHER_POOL)
    for plan in trial.environment.declared["dial_plan"].values():
        if plan.get("pools") == (POOL,):
            assert gateway is not None
            made = f"New-UMHuntGroup {plan.key} -UMDialPlan {plan.key} -UMIPGateway {gateway.name}"
            key = f"{OTHER_POOL}/{plan.key}"
            yield Damage(f"{made} -PilotIdentifier {plan.key}", Address("hunt_group", key), None)


def _turn(address: Address) -> tuple[int, str]:
    """Return the order of damage.

    Certificates are first, because Exchange refuses them once the startup mode is TCP; attendants are last, because
    one to which another one leads cannot be disabled.
    """
    return {"um_certificate": 0, "auto_attendant": 2}.get(address.type, 1), str(address)


def _lines_of(address: Address, trial: Trial) -> Lines:
    if address.type == "server_binding":
        return _binding(address)
    if address.type == "um_certificate":
        line = f"Enable-ExchangeCertificate -Server {address.key} -Thumbprint {OTHER_CERTIFICATE} -Services"
        return {"um": f"{line} UM", "router": f"{line} UMCallRouter"}
    if address.type == "dial_plan_grant":
        return {"dial_plan": f"Grant-CsDialPlan sip:{address.key} -PolicyName $null"}
    if address.type == "um_mailbox":
        return {**_LINES[str(address)], **_addresses(address.key, trial)}
    if address.type == "ip_gateway":
        gateway = trial.look().at(address)
        assert gateway is not None
        other = "false" if gateway.get("outcalls_allowed") else "true"
        return {"outcalls_allowed": f"Set-UMIPGateway {gateway.name} -OutcallsAllowed ${other}"}
    return _LINES.get(str(address), {})


def _binding(address: Address) -> Lines:
    server, _, service = address.key.rpartition("/")
    cmdlet = {
        "um_server": f"Set-UMServer {server}",
        "um_service": f"Set-UMService {server}",
        "call_router": f"Set-UMCallRouterSettings -Server {server}",
    }[service]
    return {"dial_plans": f"{cmdlet} -DialPlans $null", "startup_mode": f"{cmdlet} -UMStartupMode TCP"}


def _addresses(mailbox: str, trial: Trial) -> Lines:
    """Return the lines that give a mailbox another extension and another SIP address, each with the whole list."""
    (record,) = invoke_line(trial.estate, f"Get-Mailbox {mailbox}").records
    found = record["EmailAddresses"]
    assert isinstance(found, list)
    number = next(str(one) for one in found if str(one).startswith("eum:"))
    sip = next(str(one) for one in found if str(one).startswith("EUM:"))
    both = {number: number.replace(":5010", ":5020"), sip: sip.replace("EUM:user", "EUM:other")}
    quoted = ",".join(f"'{both.get(str(one), one)}'" for one in found)
    change = f"Set-Mailbox {mailbox} -EmailAddresses {quoted}"
    return {"extension": change, "sip_address": change}
