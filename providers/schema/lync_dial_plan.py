"""The attributes of Lync dial plans. Sources: New-CsDialPlan, Set-CsDialPlan (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from providers.cmdlets.marks import Clearable, Exclusive
from providers.cmdlets.value_types import Text, Truth, checked
from reconciler.model.resources import Attr, Declares


class LyncDialPlan(Declares):
    """A Lync dial plan; its key is Global, site:<site>, Registrar:<pool>, PstnGateway:<fqdn> or a name."""

    name: ClassVar[str] = "lync_dial_plan"

    simple_name: Attr[
        Annotated[
            Text,
            Field(max_length=256),
            checked(r"[A-Za-z0-9.+_()-]+", "must be letters, digits and - . + _ ( )"),
            Exclusive("simple name", at_birth=True),
        ]
    ]
    """Unique name of letters, digits and - . + _ ( ); with Exchange before 2010 SP1 the phone context."""
    description: Attr[Annotated[Text, Field(max_length=512), Clearable()]]
    """Text for people; null for none."""
    dialin_conferencing_region: Attr[Annotated[Text, Clearable()]]
    """Region of dial-in conferencing; null for none."""
    external_access_prefix: Attr[Annotated[Text, Clearable(), checked(r"[0-9]{1,4}", "must be 1 to 4 digits")]]
    """Digits dialled for an outside line, 1 to 4; null for none."""
    optimize_device_dialing: Attr[Truth]
    """Whether phones add the outside line prefix by themselves."""
