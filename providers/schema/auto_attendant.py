"""The attributes of UM auto attendants. Sources: New-UMAutoAttendant, Set-UMAutoAttendant (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import ChangedBy, Clearable, Exclusive, Output, Param, References, Required
from providers.cmdlets.value_types import E164, Choice, Culture, Digits, ObjectName, Text, Truth, Unordered
from providers.schema.dial_plan import NUMBER, DialPlan
from reconciler.model.resources import Attr, Declares


class AutoAttendant(Declares):
    """A UM auto attendant."""

    name: ClassVar[str] = "auto_attendant"

    dial_plan: Attr[Annotated[ObjectName, Param("UMDialPlan"), References(DialPlan), Required()]]
    """The dial plan whose calls it takes; cannot be changed later."""
    pilot_numbers: Attr[Annotated[tuple[E164, ...], Unordered(), Param("PilotIdentifierList"), Exclusive(NUMBER)]]
    """Telephone numbers that reach it, E.164."""
    speech_enabled: Attr[Truth]
    """Callers may speak; needs the language pack of its language."""
    status: Attr[Annotated[Choice, Output("Status"), ChangedBy("Enable-UMAutoAttendant", "Disable-UMAutoAttendant")]]
    """Enabled or Disabled; without it a new attendant is disabled."""
    language: Attr[Culture]
    """Culture name of an installed UM language pack, such as en-US."""
    dtmf_fallback: Attr[
        Annotated[ObjectName, Clearable(), Param("DTMFFallbackAutoAttendant"), References(AutoAttendant)]
    ]
    """The attendant without speech that answers when speech recognition fails; null for none."""
    operator_extension: Attr[Annotated[Digits, Clearable()]]
    """Extension of the operator; null for none."""
    business_name: Attr[Annotated[Text, Clearable()]]
    """Name of the business that callers hear; null for none."""
    is_default: Attr[Annotated[Truth, Param("UMAutoAttendant"), Output(""), ChangedBy("Set-UMDialPlan")]]
    """Whether the star key of its dial plan reaches it."""
