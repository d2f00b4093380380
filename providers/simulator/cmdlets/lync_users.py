"""Users as Lync sees them: the directory's, shared with Exchange. Sources: Get-CsUser, Set-CsUser; DOMAIN 7.9."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from providers.simulator.cmdlets.recipients import change_names, limited, users_named
from providers.simulator.invocation.call import Call
from providers.simulator.invocation.filters import matching
from providers.simulator.invocation.shapes import Computed, shaped
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
USER: Mapping[str, Computed] = {
    "Identity": lambda _, user: user.dn,
    "Enabled": lambda _, user: bool(user.properties.get("LyncEnabled")),
    "WindowsEmailAddress": lambda _, user: user.properties.get("PrimarySmtpAddress", ""),
    "HomeServer": lambda _, __: None,
}


def get_users(call: Call) -> list[dict[str, object]]:
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
        raise call.error("ManagementException", "cs-user-not-found", text, category="ObjectNotFound", name=text)
    return found[0]


def set_user(call: Call) -> list[dict[str, object]]:
    """Answer Set-CsUser."""
    user = cs_user(call, call.get("Identity"))
    names = ("EnterpriseVoiceEnabled", "LineURI", "HostedVoiceMail", "SipAddress")
    properties = {name: call.arguments[name] for name in names if name in call.arguments}
    if "Enabled" in call.arguments:
        properties["LyncEnabled"] = call.get("Enabled")
    change_names(call, user, properties)
    return shaped(call, [user], USER, USER_DEFAULTS) if call.get("PassThru") else []
