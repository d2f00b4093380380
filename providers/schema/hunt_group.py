"""The attributes of UM hunt groups. Sources: New-UMHuntGroup, Get-UMHuntGroup (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Output, Param, ReadOnly, References, Required
from providers.cmdlets.value_types import Fqdn, Instant, ObjectName, Text
from providers.schema.dial_plan import DialPlan
from reconciler.model.resources import Attr, Declares


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
