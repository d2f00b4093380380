"""The attributes of UM dial plans. Sources: New-UMDialPlan, Set-UMDialPlan, Get-UMDialPlan (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from providers.cmdlets.marks import Exclusive, Intent, Output, Param, ReadOnly
from providers.cmdlets.value_types import (
    E164,
    Choice,
    Culture,
    Digits,
    Fqdn,
    Normalise,
    Number,
    ObjectName,
    Text,
    Truth,
    Unordered,
    checked,
    lower,
)
from reconciler.model.resources import Attr, Declares
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


def _auto_or_name(value: object) -> object:
    return "auto" if isinstance(value, str) and folded(value) == "auto" else lower(value)


def _is_gateway(value: str) -> str:
    if value != "auto" and "." not in value:
        raise ValueError("must be auto, or the address of a gateway such as pool1.contoso.com")
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
    equivalent_contexts: Attr[
        Annotated[tuple[Text, ...], Unordered(), ReadOnly(), Output("EquivalentDialPlanPhoneContexts")]
    ]
    """Phone contexts of dial plans that share its extensions: an extension is unique among all of them."""
    star_key_attendant: Attr[Annotated[ObjectName, ReadOnly(), Output("UMAutoAttendant")]]
    """The attendant reached by the star key; declared by that attendant."""
    servers: Attr[Annotated[Literal["all"] | _Fqdns, Normalise(_all_or_names), Intent()]]
    """all, or the FQDNs of the Exchange servers that answer for the dial plan."""
    outcall_gateway: Attr[Annotated[str, Normalise(_auto_or_name), AfterValidator(_is_gateway), Intent()]]
    """auto, or the FQDN of the pool whose gateway places outgoing calls."""
    lync_dial_plan: Attr[Annotated[Text, Intent()]]
    """The Lync dial plan of the same users."""
    site: Attr[Annotated[Text, Intent()]]
    """The Lync site of the users. Default: the site of most users."""
