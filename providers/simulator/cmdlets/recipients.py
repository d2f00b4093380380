"""Recipients of the directory: how they are found, and how they are listed by Get-Mailbox, Get-UMMailbox and others.

Sources: Get-Mailbox, Get-UMMailbox, Get-UMMailboxPin (Microsoft Learn); DOMAIN 7.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from providers.simulator.invocation.call import Call, Computed, guids_of, matching, product_text, shaped
from providers.simulator.world.directory import Directory, Entry

_DEFAULT_SIZE: Final = 1000

UM_SETTINGS: Final[Mapping[str, Any]] = {
    "AutomaticSpeechRecognitionEnabled": True,
    "AllowUMCallsFromNonUsers": "SearchEnabled",
    "AnonymousCallersCanLeaveMessages": True,
    "CallAnsweringAudioCodec": None,
    "CallAnsweringRulesEnabled": True,
    "FaxEnabled": True,
    "MissedCallNotificationEnabled": True,
    "OperatorNumber": None,
    "PinlessAccessToVoiceMailEnabled": False,
    "PlayOnPhoneEnabled": True,
    "SubscriberAccessEnabled": True,
    "TUIAccessToCalendarEnabled": True,
    "TUIAccessToEmailEnabled": True,
    "UMSMSNotificationOption": "None",
    "VoiceMailAnalysisEnabled": False,
}
UM_LINKS: Final[Mapping[str, Any]] = {
    "UMEnabled": False,
    "UMMailboxPolicy": None,
    "UMDialPlan": None,
    "Extensions": [],
    "SIPResourceIdentifier": None,
}
"""What a user has who is not enabled for UM."""
UM_DEFAULTS: Final[Mapping[str, Any]] = {**UM_SETTINGS, **UM_LINKS, "PhoneNumber": None}
_MAILBOX_DEFAULTS: Final[Mapping[str, Any]] = {"UMEnabled": False}


def index_user(directory: Directory, user: Entry) -> None:
    """Enter a user's names and proxy addresses into the directory's index."""
    for name in _names(user, user.properties):
        directory.names.add(name, user.guid)
    for address in user.properties.get("EmailAddresses", ()):
        directory.indexes[address.casefold()] = user.guid


def change_names(call: Call, user: Entry, properties: Mapping[str, Any]) -> None:
    """Change ``properties`` of a user, and the names that follow from them."""
    names = call.holdings.directory.names
    for name in _names(user, user.properties):
        names.drop(name, user.guid)
    call.change(user, properties)
    for name in _names(user, {**user.properties, **properties}):
        names.add(name, user.guid)


_NAMING: Final = ("Alias", "PrimarySmtpAddress", "UserPrincipalName", "SamAccountName", "SipAddress", "DisplayName")


def _names(user: Entry, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text by which an -Identity may name the user."""
    addresses = (str(address).partition(":") for address in properties.get("EmailAddresses", ()))
    names = (
        user.guid,
        user.dn,
        user.name,
        *(bare for prefix, _, bare in addresses if prefix.casefold() in ("smtp", "sip")),
        *map(properties.get, _NAMING),
        f"{properties.get('Domain')}\\{properties.get('SamAccountName')}",
    )
    yield from (str(name) for name in names if name)


def found_user(call: Call, identity: object) -> Entry:
    """Return the mailbox an identity names: DN, GUID, UPN, address, alias, account or display name.

    Raises:
        CmdletError: this domain controller knows no such mailbox, or the identity fits several.
    """
    found = users_named(call, identity, "HasMailbox")
    if not found:
        raise call.not_found(str(identity or "").strip())
    return found[0]


def users_named(call: Call, identity: object, flag: str) -> list[Entry]:
    """Return the user with ``flag`` that an identity names, if there is one.

    Raises:
        CmdletError: the identity fits several.
    """
    text = str(identity or "").strip()
    users = [user for guid in call.holdings.directory.names.of(text) if (user := call.view.get(guid)) is not None]
    found = [user for user in users if user.properties.get(flag)]
    if len(found) > 1:
        raise call.ambiguous(text)
    return found


# --- listing ---------------------------------------------------------------------------------------------------------


_MAILBOX: Mapping[str, Computed] = {
    "RecipientType": lambda _, user: "UserMailbox" if user.properties.get("HasMailbox") else "User",
    "RecipientTypeDetails": lambda _, user: "UserMailbox" if user.properties.get("HasMailbox") else "User",
    "WindowsEmailAddress": lambda _, user: user.properties.get("PrimarySmtpAddress", ""),
}


def get_um_mailbox(call: Call) -> list[dict[str, object]]:
    """Answer Get-UMMailbox."""
    return _listed(call, "UMEnabled", {}, UM_DEFAULTS)


def get_mailbox(call: Call) -> list[dict[str, object]]:
    """Answer Get-Mailbox, and Get-Recipient: here the recipients are the mailboxes."""
    return _listed(call, "HasMailbox", _MAILBOX, _MAILBOX_DEFAULTS)


get_recipient = get_mailbox


def get_um_mailbox_pin(call: Call) -> list[dict[str, object]]:
    """Answer Get-UMMailboxPin: whether the PIN expired or is locked, never the PIN."""
    computed: Mapping[str, Computed] = {
        "UserID": lambda _, user: user.properties.get("SamAccountName"),
        "PinExpired": lambda _, user: bool(user.properties.get("$pin_expired")),
        "LockedOut": lambda _, user: bool(user.properties.get("$locked_out")),
        "FirstTimeUser": lambda _, __: True,
    }
    return _listed(call, "UMEnabled", computed, {})


def _listed(
    call: Call, flag: str, computed: Mapping[str, Computed], defaults: Mapping[str, Any]
) -> list[dict[str, object]]:
    identity = call.get("Identity")
    if identity:
        user = found_user(call, identity)
        if not user.properties.get(flag):
            raise call.not_found(identity)
        return shaped(call, [user], computed, defaults)
    guids = guids_of(str(call.get("Filter") or ""))
    if guids is None:
        users: Iterable[Entry] = (user for user in call.view.of("User") if user.properties.get(flag))
        users = matching(call, users, call.get("Filter"), defaults) if call.get("Filter") else users
    else:
        named = (one for guid in dict.fromkeys(guids) if (one := call.view.get(guid)) is not None)
        users = (one for one in named if one.kind == "User" and one.properties.get(flag))
    if call.get("Server"):
        server = call.holdings.server_named(str(call.get("Server")))
        if server is None:
            raise call.not_found(call.get("Server"))
        users = (user for user in users if user.properties.get("ServerName") == server.name)
    return shaped(call, limited(call, users), computed, defaults)


def limited(call: Call, users: Iterable[Entry]) -> list[Entry]:
    """Return at most ``-ResultSize`` of ``users``, by default 1000; warn if there are more."""
    size = call.get("ResultSize", _DEFAULT_SIZE)
    if size == "Unlimited":
        return list(users)
    kept = list(islice(users, int(size) + 1))
    if len(kept) > int(size):
        call.warnings.append(product_text("more-results", call.culture))
    return kept[: int(size)]
