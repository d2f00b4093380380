"""Users as Lync sees them: the directory's, shared with Exchange.

Sources: Get-CsUser, Set-CsUser, Enable-CsUser, Disable-CsUser (Microsoft Learn); DOMAIN 7.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from providers.simulator.cmdlets.lync_topology import cs_exists, cs_user_not_found
from providers.simulator.cmdlets.recipients import change_names, limited, users_named
from providers.simulator.invocation.call import Call, Computed, matching, shaped
from providers.simulator.world.directory import Entry

USER_DEFAULTS: Final[Mapping[str, Any]] = {
    "SipAddress": None,
    "EnterpriseVoiceEnabled": False,
    "LineURI": "",
    "RegistrarPool": None,
    "HostedVoiceMail": None,
    "DialPlan": None,
    "VoicePolicy": None,
    "HostedVoicemailPolicy": None,
    "DisplayName": None,
    "SamAccountName": None,
    "UserPrincipalName": None,
    "LyncEnabled": False,
}
_OFF: Final = "$lync_off"
"""Lync knows the user, but refuses to sign the user in."""
USER: Mapping[str, Computed] = {
    "Identity": lambda _, user: user.dn,
    "Enabled": lambda _, user: bool(user.properties.get("LyncEnabled")) and not user.properties.get(_OFF),
    "WindowsEmailAddress": lambda _, user: user.properties.get("PrimarySmtpAddress", ""),
    "HomeServer": lambda _, __: None,
}


def get_cs_user(call: Call) -> list[dict[str, object]]:
    """Answer Get-CsUser: users enabled for Lync."""
    identity = call.get("Identity")
    if identity:
        return shaped(call, [cs_user(call, identity)], USER, USER_DEFAULTS)
    users: Iterable[Entry] = (user for user in call.view.of("User") if user.properties.get("LyncEnabled"))
    if call.get("Filter"):
        users = matching(call, users, str(call.get("Filter")), {**USER_DEFAULTS, "Enabled": True})
    call.arguments.setdefault("ResultSize", "Unlimited")
    return shaped(call, limited(call, users), USER, USER_DEFAULTS)


def cs_user(call: Call, identity: object) -> Entry:
    """Return the user an identity names, if Lync knows it."""
    text = str(identity)
    found = users_named(call, text, "LyncEnabled")
    if not found:
        raise cs_user_not_found(call, text)
    return found[0]


def set_cs_user(call: Call) -> list[dict[str, object]]:
    """Answer Set-CsUser."""
    user = cs_user(call, call.get("Identity"))
    names = ("EnterpriseVoiceEnabled", "LineURI", "HostedVoiceMail")
    properties = {name: call.arguments[name] for name in names if name in call.arguments}
    if "Enabled" in call.arguments:
        properties[_OFF] = not call.get("Enabled")
    if call.get("SipAddress"):
        properties |= _with_sip(call, user, str(call.get("SipAddress")))
    if line := call.get("LineURI"):
        _refuse_taken(call, user, "LineURI", str(line))
    return _changed(call, user, properties)


def enable_cs_user(call: Call) -> list[dict[str, object]]:
    """Answer Enable-CsUser: a user of the directory gets a pool and a SIP address, and no Enterprise Voice."""
    identity = str(call.get("Identity"))
    found = users_named(call, identity, "SamAccountName")
    if not found:
        raise cs_user_not_found(call, identity)
    user, pool = found[0], str(call.get("RegistrarPool") or "")
    if pool.casefold() not in (one.fqdn.casefold() for one in call.holdings.world.lync.pools):
        raise cs_user_not_found(call, pool)
    if user.properties.get("LyncEnabled"):
        raise cs_exists(call, identity)
    named = _with_sip(call, user, _sip_of(call, user))
    return _changed(call, user, {**named, "LyncEnabled": True, "RegistrarPool": pool.lower()})


def disable_cs_user(call: Call) -> list[dict[str, object]]:
    """Answer Disable-CsUser: all that Lync knows of the user goes, also line and policies."""
    user = cs_user(call, call.get("Identity"))
    kept = ("DisplayName", "SamAccountName", "UserPrincipalName")
    emptied = {name: value for name, value in USER_DEFAULTS.items() if name not in kept}
    return _changed(call, user, {**emptied, _OFF: False, **_proxies(user, None)})


def _changed(call: Call, user: Entry, properties: Mapping[str, Any]) -> list[dict[str, object]]:
    before = [address for address in user.properties.get("EmailAddresses", ()) if _is_sip(address)]
    change_names(call, user, properties)
    indexes = call.holdings.directory.indexes
    for address in before:
        indexes.pop(str(address).casefold(), None)
    for address in user.properties.get("EmailAddresses", ()):
        indexes[str(address).casefold()] = user.guid
    return shaped(call, [user], USER, USER_DEFAULTS) if call.get("PassThru") else []


def _sip_of(call: Call, user: Entry) -> str:
    """Return the SIP address from the arguments of Enable-CsUser."""
    if written := call.get("SipAddress"):
        return str(written)
    domain = str(call.get("SipDomain") or call.holdings.world.forest)
    built = {
        "emailaddress": user.properties.get("PrimarySmtpAddress"),
        "userprincipalname": user.properties.get("UserPrincipalName"),
        "samaccountname": f"{user.properties.get('SamAccountName')}@{domain}",
        "firstlastname": f"{'.'.join(str(user.properties.get('DisplayName')).split())}@{domain}",
    }
    return str(built.get(str(call.get("SipAddressType")).casefold()) or "")


def _with_sip(call: Call, user: Entry, address: str) -> dict[str, Any]:
    """Return the properties that change with the SIP address, which is also an address of the mailbox."""
    sip = address if _is_sip(address) else f"sip:{address}"
    if "@" not in sip:
        raise call.error("ManagementException", "cs-not-found", sip, category="InvalidArgument", name=sip)
    _refuse_taken(call, user, "SipAddress", sip)
    return {"SipAddress": sip, **_proxies(user, sip)}


def _proxies(user: Entry, sip: str | None) -> dict[str, Any]:
    if "EmailAddresses" not in user.properties:
        return {}
    others = [address for address in user.properties["EmailAddresses"] if not _is_sip(address)]
    return {"EmailAddresses": [*others, *([sip] if sip else [])]}


def _is_sip(address: object) -> bool:
    return str(address)[:4].casefold() == "sip:"


def _refuse_taken(call: Call, user: Entry, name: str, value: str) -> None:
    for other in call.view.of("User"):
        if other.guid != user.guid and str(other.properties.get(name) or "").casefold() == value.casefold():
            raise cs_exists(call, value)
