"""The attributes of UM IP gateways. Source: Set-UMIPGateway (Microsoft Learn)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Output, ReadOnly
from providers.cmdlets.value_types import Choice, Number, Truth
from reconciler.model.resources import Attr, Declares


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
