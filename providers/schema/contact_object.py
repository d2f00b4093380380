"""The attributes of contact objects. Source: Get-CsExUmContact (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Intent, Output, ReadOnly, References
from providers.cmdlets.value_types import ObjectName, PoolFqdn, SipAddress, Text, Truth
from providers.schema.auto_attendant import AutoAttendant
from providers.schema.dial_plan import DialPlan
from reconciler.model.resources import Attr, Declares


class ContactObject(Declares):
    """A contact object for Unified Messaging."""

    name: ClassVar[str] = "contact_object"

    dial_plan: Attr[Annotated[ObjectName, Intent(), References(DialPlan)]]
    """The UM dial plan that the number belongs to."""
    auto_attendant: Attr[Annotated[ObjectName, Intent(), References(AutoAttendant)]]
    """The auto attendant of the number; none for subscriber access."""
    is_auto_attendant: Attr[Annotated[Truth, ReadOnly(), Output("AutoAttendant")]]
    """True for an auto attendant, false for subscriber access."""
    sip_address: Attr[Annotated[SipAddress, ReadOnly(), Output("SipAddress")]]
    """SIP address of the contact."""
    registrar_pool: Attr[Annotated[PoolFqdn, ReadOnly(), Output("RegistrarPool")]]
    """The pool it is homed on."""
    line_uri: Attr[Annotated[Text, ReadOnly(), Output("LineURI")]]
    """Its number, ``tel:+14255550100``."""
