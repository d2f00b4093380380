"""The attributes of what Exchange holds: dial plans, policies, mailboxes, gateways, hunt groups, servers.

Sources: New-, Set- and Get-UMDialPlan, New- and Set-UMMailboxPolicy, Enable- and Get-UMMailbox,
Set-UMIPGateway, New- and Get-UMHuntGroup, Set-UMServer, Set-UMService, Set-UMCallRouterSettings (Microsoft Learn);
ExchUCUtil.ps1; DOMAIN 4.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler

from providers.cmdlets.value_types import (
    E164,
    Called,
    ChangedBy,
    Choice,
    CreateOnly,
    Culture,
    Digits,
    Exclusive,
    Fqdn,
    Instant,
    Intent,
    Limit,
    Membership,
    Normalise,
    Number,
    ObjectName,
    Output,
    Param,
    ReadOnly,
    References,
    Required,
    SipAddress,
    Text,
    Truth,
    Unordered,
    checked,
    lower,
)
from reconciler.model.attributes import Attr, Declares
from reconciler.model.values import folded

NUMBER: Final = "telephone number"
"""The scope of numbers that reach one attendant, or Outlook Voice Access of one dial plan."""
_CODE = checked(r"[0-9]{1,4}", "must be 1 to 4 digits")
_Fqdns = Annotated[tuple[Fqdn, ...], Unordered()]


def _all_or_names(value: object) -> object:
    """Return ``all``, or a list of names; a single name needs no list."""
    if isinstance(value, str):
        return "all" if folded(value) == "all" else [value]
    return value


UNMANAGED: Final = "unmanaged"


def _word_or_name(value: object) -> object:
    return folded(value) if isinstance(value, str) and folded(value) in ("auto", UNMANAGED) else lower(value)


def _is_gateway(value: str) -> str:
    if value not in ("auto", UNMANAGED) and "." not in value:
        raise ValueError("must be auto, unmanaged, or the address of a gateway such as pool1.contoso.com")
    return value


def _is_any_pool(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not value:
        raise ValueError("must be all, or name at least one pool")
    return value


class DialPlan(Declares):
    """A UM dial plan, shared by Exchange and Lync."""

    name: ClassVar[str] = "dial_plan"

    extension_digits: Attr[Annotated[Number, Param("NumberOfDigitsInExtension")]]
    """Digits in an extension; cannot be changed later."""
    country_code: Attr[Annotated[Digits, _CODE, Param("CountryOrRegionCode")]]
    """Country code, 1 to 4 digits; Exchange 2010 and later refuse a new dial plan without one."""
    voip_security: Attr[Choice]
    """Encryption of signalling and media. Left out, it follows from the Lync media configuration."""
    access_numbers: Attr[Annotated[tuple[E164, ...], Unordered(), Param("AccessTelephoneNumbers"), Exclusive(NUMBER)]]
    """Outlook Voice Access numbers, E.164."""
    pilot_numbers: Attr[Annotated[tuple[E164, ...], Unordered(), Param("PilotIdentifierList")]]
    """Pilot identifiers, E.164."""
    international_access_code: Attr[Annotated[Digits, _CODE]]
    """Digits dialled before a country code, 1 to 4."""
    national_number_prefix: Attr[Annotated[Digits, _CODE]]
    """Digits dialled before a national number, 1 to 4."""
    outside_line_access_code: Attr[Digits]
    """Digits dialled for an outside line."""
    default_language: Attr[Culture]
    """Culture name of an installed UM language pack, such as en-US."""
    audio_codec: Attr[Choice]
    """Codec of stored messages."""
    fax_enabled: Attr[Truth]
    """Whether faxes are received; without meaning on a SIP dial plan."""
    max_call_duration: Attr[Annotated[Number, Field(ge=10, le=120)]]
    """Minutes that a call may last."""
    max_recording_duration: Attr[Number]
    """Minutes that a message may last; fewer than max_call_duration."""
    recording_idle_timeout: Attr[Annotated[Number, Field(ge=2, le=10)]]
    """Seconds of silence that end a recording."""
    logon_failures_before_disconnect: Attr[Annotated[Number, Field(ge=1, le=20)]]
    """Failed logons until a call is ended."""
    input_failures_before_disconnect: Attr[Annotated[Number, Field(ge=1, le=20)]]
    """Wrong entries until a call is ended."""
    uri_type: Attr[Annotated[Text, ReadOnly(), Output("URIType")]]
    """SipName for every dial plan made here; cannot be changed."""
    phone_context: Attr[Annotated[Text, ReadOnly(), Output("PhoneContext")]]
    """Made once by the server; Lync and exchucutil refer to it."""
    equivalent_contexts: Attr[Annotated[tuple[Text, ...], Unordered(), Param("EquivalentDialPlanPhoneContexts")]]
    """Phone contexts of dial plans that share its extensions: an extension is unique among all of them."""
    star_key_attendant: Attr[Annotated[ObjectName, ReadOnly(), Output("UMAutoAttendant")]]
    """The attendant reached by the star key; declared by that attendant."""
    servers: Attr[Annotated[Literal["all"] | _Fqdns, Normalise(_all_or_names), Intent()]]
    """all, or the FQDNs of the Exchange servers that answer for the dial plan."""
    outcall_gateway: Attr[Annotated[str, Normalise(_word_or_name), AfterValidator(_is_gateway), Intent()]]
    """auto, or the FQDN of the pool whose gateway places outgoing calls; unmanaged leaves its gateways as they are."""
    pools: Attr[Annotated[Literal["all"] | _Fqdns, Normalise(_all_or_names), AfterValidator(_is_any_pool), Intent()]]
    """all, or the FQDNs of the Lync pools that are linked with the dial plan; default: all."""
    lync_dial_plan: Attr[Annotated[Text, Intent()]]
    """The Lync dial plan of the same users."""
    site: Attr[Annotated[Text, Intent()]]
    """The Lync site of the users. Default: the site of most users."""


DEFAULT = "/default"


_Texts = Annotated[tuple[Text, ...], Unordered()]


def default_spelt(key: object) -> object:
    """Return the key of a policy with ``/default`` in lower case."""
    is_default = isinstance(key, str) and key.casefold().endswith(DEFAULT)
    return f"{key[: -len(DEFAULT)]}{DEFAULT}" if isinstance(key, str) and is_default else key


class MailboxPolicy(Declares):
    """A UM mailbox policy: the rights of the users of a dial plan, and the rules for their PINs."""

    name: ClassVar[str] = "mailbox_policy"

    dial_plan: Attr[Annotated[ObjectName, CreateOnly(), Param("UMDialPlan"), References(DialPlan)]]
    """Its dial plan; not needed for <dial plan>/default."""
    min_pin_length: Attr[Number]
    """Digits a PIN must have, 4 to 24."""
    pin_lifetime: Attr[Limit]
    """Days until a PIN expires, 1 to 999, or unlimited."""
    pin_history_count: Attr[Number]
    """How many former PINs may not be used again, 1 to 20."""
    allow_common_patterns: Attr[Truth]
    """Whether PINs such as 123456 are accepted."""
    logon_failures_before_pin_reset: Attr[Limit]
    """Failed logons until the PIN is reset, 0 to 999, or unlimited; fewer than max_logon_attempts."""
    max_logon_attempts: Attr[Limit]
    """Failed logons in a row until the mailbox is locked out, 1 to 999, or unlimited."""
    max_greeting_duration: Attr[Number]
    """Minutes a greeting may last, 1 to 10."""
    allow_fax: Attr[Truth]
    """Whether users receive faxes; without meaning on a SIP dial plan."""
    allow_missed_call_notifications: Attr[Truth]
    """Whether users get notifications of missed calls."""
    allow_message_waiting_indicator: Attr[Truth]
    """Whether users get the message waiting signal."""
    allow_play_on_phone: Attr[Truth]
    """Whether users may have messages played on a phone."""
    allow_subscriber_access: Attr[Truth]
    """Whether users may use Outlook Voice Access."""
    allow_call_answering_rules: Attr[Truth]
    """Whether users may have call answering rules."""
    allow_automatic_speech_recognition: Attr[Truth]
    """Whether users may use speech in Outlook Voice Access."""
    allow_dial_plan_subscribers: Attr[Truth]
    """Whether users may call others of the dial plan."""
    allow_extensions: Attr[Truth]
    """Whether users may call extensions."""
    allowed_in_country_groups: Attr[Annotated[_Texts, Param("AllowedInCountryOrRegionGroups")]]
    """Dialling rule groups of the dial plan that users may call within the country."""
    allowed_international_groups: Attr[_Texts]
    """Dialling rule groups of the dial plan that users may call abroad."""


_BROUGHT = re.compile(r"(.+) Default Policy", re.IGNORECASE)


class _Several(Normalise):
    """Marks extensions that one text may hold, such as ``4101; 4102`` in a cell of a CSV file."""

    def __init__(self) -> None:
        super().__init__(lambda value: re.split(r"[;,\s]+", value.strip()) if isinstance(value, str) else value)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        one = {"type": "string", "pattern": "^[0-9]{1,20}([;, ]+[0-9]{1,20})*$"}
        return {"anyOf": [one, dict(handler(schema))]}


def policy_key(value: object) -> object:
    """Return the key of a policy: ``<dial plan>/default`` for the default policy of a dial plan."""
    match = _BROUGHT.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}{DEFAULT}" if match else default_spelt(value)


class UMMailbox(Declares):
    """UM for one mailbox, named by its primary SMTP address, or by another name that only this mailbox has."""

    name: ClassVar[str] = "um_mailbox"

    sip_address: Attr[
        Annotated[
            SipAddress,
            Called("SipAddress", "SIPResourceIdentifier"),
            Param("SIPResourceIdentifier"),
            ChangedBy("Set-Mailbox"),
            Exclusive("SIP address", at_birth=True),
        ]
    ]
    """SIP address of the user in Lync, user@domain."""
    extension: Attr[
        Annotated[
            tuple[Digits, ...],
            Unordered(),
            _Several(),
            Called("Extensions"),
            Param("Extensions"),
            ChangedBy("Set-Mailbox"),
            Exclusive("extension", at_birth=True),
        ]
    ]
    """Extension, with the number of digits of the dial plan; separate several extensions by spaces."""
    policy: Attr[
        Annotated[
            Text,
            Normalise(policy_key),
            Called("UMMailboxPolicy", "MailboxPolicy"),
            Param("UMMailboxPolicy"),
            References(MailboxPolicy),
        ]
    ]
    """UM mailbox policy; left out, the one that came with the dial plan."""
    dial_plan: Attr[
        Annotated[ObjectName, Called("UMDialPlan"), CreateOnly(), Param(""), Output("UMDialPlan"), References(DialPlan)]
    ]
    """Dial plan; follows from the policy where one is written."""
    wave: Attr[Annotated[Text, Intent()]]
    """Batch of the user; plan --wave selects one batch."""
    other_addresses: Attr[Annotated[tuple[Text, ...], Unordered(), ReadOnly(), Output("")]]
    """E-mail addresses of other kinds; read before Exchange 2013 alone, which replaces only a whole list."""


class IPGateway(Declares):
    """A UM IP gateway."""

    name: ClassVar[str] = "ip_gateway"

    outcalls_allowed: Attr[Truth]
    """UM places outgoing calls through it; exactly one gateway of a dial plan must have this."""
    message_waiting_allowed: Attr[Annotated[Truth, ReadOnly(), Output("MessageWaitingIndicatorAllowed")]]
    """Whether message waiting is signalled; exchucutil sets it."""
    status: Attr[Annotated[Choice, ReadOnly(), Output("Status")]]
    """Enabled, Disabled or NoNewCalls."""
    port: Attr[Annotated[Number, ReadOnly(), Output("Port")]]
    """SIP port; exchucutil leaves 5060."""


class HuntGroup(Declares):
    """A custom UM hunt group; its key is the gateway's address, a slash and its name: pool1.contoso.com/Custom."""

    name: ClassVar[str] = "hunt_group"

    gateway: Attr[Annotated[Fqdn, Param("UMIPGateway")]]
    """Address of the gateway; follows from the key and need not be written."""
    dial_plan: Attr[Annotated[ObjectName, Param("UMDialPlan"), References(DialPlan), Required()]]
    """Dial plan that calls are matched to."""
    pilot_identifier: Attr[Text]
    """Text that the called number must match."""
    when_created: Attr[Annotated[Instant, ReadOnly(), Output("WhenCreated")]]
    """When the object was made, in UTC; exchucutil makes it again in each run."""


class ServerBinding(Declares):
    """The dial plans and the startup mode of one service of an Exchange server."""

    name: ClassVar[str] = "server_binding"

    dial_plans: Attr[Annotated[tuple[ObjectName, ...], Unordered(), Membership(), References(DialPlan)]]
    """Dial plans bound to it; dial plans that are not declared stay unchanged."""
    startup_mode: Attr[Annotated[Choice, Param("UMStartupMode")]]
    """TCP, TLS or Dual; a secured dial plan needs TLS or Dual. Exchange 2007 has none."""
    status: Attr[Annotated[Text, ReadOnly(), Output("Status")]]
    """Enabled, Disabled or NoNewCalls; a call router has none."""
    languages: Attr[Annotated[tuple[Culture, ...], Unordered(), ReadOnly(), Output("Languages")]]
    """Languages of its UM language packs; a call router has none."""


_Found = Annotated[tuple[Text, ...], Unordered(), Output("")]


class Exchucutil(Declares):
    """The script, once for each pair of an Exchange forest and a Lync forest."""

    name: ClassVar[str] = "exchucutil"

    dial_plans: Attr[_Found]
    """SIP dial plans it links."""
    pools: Attr[_Found]
    """Pools it makes gateways for."""
    replaces: Attr[_Found]
    """Custom hunt groups that it removes."""
    outcalls: Attr[_Found]
    """Gateways with outgoing calls before it resets them."""
    gains: Attr[_Found]
    """Links that it adds for dial plans that nobody declares."""
