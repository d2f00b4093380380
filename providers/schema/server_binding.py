"""The attributes of UM servers, UM services and call routers.

Sources: Set-UMServer, Set-UMService, Set-UMCallRouterSettings (Microsoft Learn).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Membership, Param, References
from providers.cmdlets.value_types import Choice, ObjectName, Unordered
from providers.schema.dial_plan import DialPlan
from reconciler.model.resources import Attr, Declares


class ServerBinding(Declares):
    """The dial plans and the startup mode of one service of an Exchange server."""

    name: ClassVar[str] = "server_binding"

    dial_plans: Attr[Annotated[tuple[ObjectName, ...], Unordered(), Membership(), References(DialPlan)]]
    """Dial plans bound to it; dial plans that are not declared stay unchanged."""
    startup_mode: Attr[Annotated[Choice, Param("UMStartupMode")]]
    """TCP, TLS or Dual; a secured dial plan needs TLS or Dual. Exchange 2007 has none."""
