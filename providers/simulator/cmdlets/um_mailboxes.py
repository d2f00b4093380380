"""The Unified Messaging feature on mailboxes, and the proxy addresses that Lync routes by.

The proxy addresses ``eum:<SIP or extension>;phone-context=<PhoneContext>`` are also what makes extensions and SIP
addresses unique in a dial plan and in those equivalent to it: the directory's index of them is asked, so that enabling
costs the same whatever the number of users. Sources: Enable-UMMailbox, Set-UMMailbox, Disable-UMMailbox, Get-UMMailbox
(Microsoft Learn); DOMAIN 7.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from providers.simulator.cmdlets.recipients import UM_DEFAULTS, UM_LINKS, UM_SETTINGS, change_names, found_user
from providers.simulator.cmdlets.um_objects import copied, found_object, merged
from providers.simulator.invocation.binding import Difference, Secret
from providers.simulator.invocation.call import Call, shaped
from providers.simulator.world.directory import Entry

_SIP = re.compile(r"[^\s@;:<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def enable_um_mailbox(call: Call) -> list[dict[str, object]]:
    """Answer Enable-UMMailbox: every check, the proxy addresses, and a welcome message that is counted."""
    user = found_user(call, call.get("Identity"))
    if user.properties.get("UMEnabled"):
        raise call.error("UserAlreadyUmEnabledException", "already-um-enabled", user.name, name=user.name)
    policy = found_object(call, "UMMailboxPolicy", call.get("UMMailboxPolicy"))
    plan = call.view.follow(policy.properties.get("UMDialPlan"))
    if plan is None:
        raise call.not_found(policy.name)
    extensions = _extensions(call, user, plan)
    sip = _sip(call, user, plan)
    _check_pin(call, policy, extensions)
    if call.get("ValidateOnly"):
        return []
    enabled = _enabled(call, user, policy, plan, extensions, sip)
    call.change(user, enabled)
    for address in enabled["EmailAddresses"]:
        call.holdings.directory.indexes[address.casefold()] = user.guid
    if call.get("SendWelcomeMail", True):
        call.holdings.count("welcome_mails")
    return shaped(call, [user], {}, UM_DEFAULTS) if call.view.is_newest else []


def _enabled(
    call: Call, user: Entry, policy: Entry, plan: Entry, extensions: list[str], sip: str | None
) -> dict[str, Any]:
    context = plan.properties["PhoneContext"]
    numbers = [f"eum:{extension};phone-context={context}" for extension in extensions]
    proxies = [f"EUM:{sip};phone-context={context}", *numbers] if sip else ["EUM" + numbers[0][3:], *numbers[1:]]
    properties: dict[str, Any] = {
        "UMEnabled": True,
        "UMMailboxPolicy": policy.reference(),
        "UMDialPlan": plan.reference(),
        "Extensions": extensions,
        "SIPResourceIdentifier": sip,
        "EmailAddresses": [*user.properties.get("EmailAddresses", ()), *proxies],
        "$pin_expired": call.get("PINExpired", True),
    }
    if "AutomaticSpeechRecognitionEnabled" in call.arguments:
        properties["AutomaticSpeechRecognitionEnabled"] = call.get("AutomaticSpeechRecognitionEnabled")
    return properties


def _extensions(call: Call, user: Entry, plan: Entry) -> list[str]:
    digits = int(plan.properties["NumberOfDigitsInExtension"])
    given = [str(extension) for extension in call.get("Extensions") or ()]
    if not given:
        number = re.sub(r"\D", "", str(user.properties.get("Phone") or ""))
        if len(number) < digits:
            raise call.error("InvalidExtensionException", "no-extension", user.name)
        given = [number[-digits:]]
    for extension in given:
        if not re.fullmatch(rf"[0-9]{{{digits}}}", extension):
            values = {"extension": extension, "plan": plan.name, "digits": digits}
            raise call.error("InvalidExtensionException", "extension-digits", extension, category="", **values)
        if _taken(call, user, plan, extension) or given.count(extension) > 1:
            error = "ExtensionNotUniqueException"
            raise call.error(error, "extension-taken", extension, extension=extension, plan=plan.name)
    return given


def _sip(call: Call, user: Entry, plan: Entry) -> str | None:
    sip = str(call.get("SIPResourceIdentifier") or "").strip()
    type = plan.properties.get("URIType")
    if not sip:
        if type in ("SipName", "E164"):
            raise call.error("SipResourceIdRequiredException", "sip-required", user.name, plan=plan.name, type=type)
        return None
    pattern = r"\+[0-9]{2,15}" if type == "E164" else _SIP
    if type == "TelExtn" or not re.fullmatch(pattern, sip):
        raise call.error("InvalidSipNameResourceIdException", "sip-invalid", sip, value=sip)
    if _taken(call, user, plan, sip):
        raise call.error("SipResourceIdNotUniqueException", "sip-taken", sip, value=sip, plan=plan.name)
    return sip


def _taken(call: Call, user: Entry, plan: Entry, value: str) -> bool:
    contexts = [plan.properties["PhoneContext"], *plan.properties.get("EquivalentDialPlanPhoneContexts", ())]
    for context in contexts:
        owner = call.holdings.directory.indexes.get(f"eum:{value};phone-context={context}".casefold())
        if owner is not None and owner != user.guid:
            return True
    return False


def _check_pin(call: Call, policy: Entry, extensions: list[str]) -> None:
    given = call.get("PIN")
    if given is None:
        return
    pin = given.text if isinstance(given, Secret) else str(given)
    low = int(policy.properties.get("MinPINLength", 6))
    allows_common = bool(policy.properties.get("AllowCommonPatterns"))
    is_strong = re.fullmatch(rf"[0-9]{{{low},24}}", pin) and (allows_common or not _is_common(pin))
    if not is_strong or any(extension in pin for extension in extensions):
        raise call.error("WeakPinException", "pin-invalid", low=low)


def _is_common(pin: str) -> bool:
    """Return True for digits that all repeat or run up or down by one."""
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


# --- changing --------------------------------------------------------------------------------------------------------


def set_um_mailbox(call: Call) -> None:
    """Answer Set-UMMailbox; a policy of another dial plan is refused."""
    user = _um_user(call)
    properties = {name: value for name, value in call.arguments.items() if name in UM_SETTINGS}
    if call.get("UMMailboxPolicy"):
        policy = found_object(call, "UMMailboxPolicy", call.get("UMMailboxPolicy"))
        if policy.properties.get("UMDialPlan") != user.properties.get("UMDialPlan"):
            raise call.error("DialPlanMismatchException", "other-plan", policy.name, name=policy.name)
        properties["UMMailboxPolicy"] = policy.reference()
    if properties:
        call.change(user, properties)


def set_um_mailbox_pin(call: Call) -> None:
    """Answer Set-UMMailboxPIN: without a PIN one is generated, expired and mailed."""
    user = _um_user(call)
    policy = call.view.follow(user.properties.get("UMMailboxPolicy"))
    if policy is not None:
        _check_pin(call, policy, list(user.properties.get("Extensions", ())))
    call.change(user, {"$pin_expired": call.get("PINExpired", True), "$locked_out": call.get("LockedOut", False)})
    call.holdings.count("pin_mails")


def disable_um_mailbox(call: Call) -> None:
    """Answer Disable-UMMailbox: the proxy addresses go, so that extension and SIP address are free again."""
    user = _um_user(call)
    addresses = user.properties.get("EmailAddresses", ())
    kept = [address for address in addresses if address[:4].casefold() != "eum:"]
    for address in set(addresses) - set(kept):
        call.holdings.directory.indexes.pop(address.casefold(), None)
    properties: dict[str, Any] = {**copied(UM_LINKS), "EmailAddresses": kept}
    if call.get("KeepProperties", True) is False:
        properties.update(UM_SETTINGS)
    call.change(user, properties)


def set_mailbox(call: Call) -> None:
    """Answer Set-Mailbox: only proxy addresses change. Editing them is how an extension changes in place."""
    user = found_user(call, call.get("Identity"))
    wanted = call.get("EmailAddresses")
    if wanted is None:
        return
    before = list(user.properties.get("EmailAddresses", ()))
    after = _with_one_primary(before, wanted) if isinstance(wanted, Difference) else [str(item) for item in wanted]
    indexes = call.holdings.directory.indexes
    for address in after:
        owner = indexes.get(address.casefold())
        if owner is not None and owner != user.guid:
            raise call.error("ProxyAddressExistsException", "already-exists", address, name=address, dc=call.dc)
    for address in before:
        indexes.pop(address.casefold(), None)
    for address in after:
        indexes[address.casefold()] = user.guid
    properties: dict[str, Any] = {"EmailAddresses": after, **_um_from_proxies(user, after)}
    if primary := next((address[5:] for address in after if address.startswith("SMTP:")), None):
        properties["PrimarySmtpAddress"] = primary
    change_names(call, user, properties)


def _with_one_primary(before: list[str], change: Difference) -> list[str]:
    """Return the addresses after a change: a primary one that is added takes the place of the one before."""
    if not any(str(address).startswith("SMTP:") for address in change.add):
        return merged(before, change)
    return merged([f"smtp:{a[5:]}" if a.startswith("SMTP:") else a for a in before], change)


def _um_from_proxies(user: Entry, addresses: Iterable[str]) -> dict[str, Any]:
    if not user.properties.get("UMEnabled"):
        return {}
    bare = [address[4:].partition(";")[0] for address in addresses if address[:4].casefold() == "eum:"]
    return {
        "Extensions": [value for value in bare if value.isdigit()],
        "SIPResourceIdentifier": next((value for value in bare if "@" in value), None),
    }


def _um_user(call: Call) -> Entry:
    user = found_user(call, call.get("Identity"))
    if not user.properties.get("UMEnabled"):
        raise call.error("UserNotUmEnabledException", "not-um-enabled", user.name, name=user.name)
    return user
