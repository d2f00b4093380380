"""The attributes of UM servers, UM services and call routers. Sources: Set-UMServer, Set-UMService,
Set-UMCallRouterSettings (Microsoft Learn).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Membership, Param, References
from providers.cmdlets.value_types import Choice, ObjectName, Unordered
from providers.schema.dial_plan import DialPlan
from reconciler.model.resources import Attr, Declares


class ServerBinding(Declares):
    """What one service of an Exchange server answers for."""

    name: ClassVar[str] = "server_binding"

    dial_plans: Attr[Annotated[tuple[ObjectName, ...], Unordered(), Membership(), References(DialPlan)]]
    """Dial plans bound to it; those of others are left alone."""
    startup_mode: Attr[Annotated[Choice, Param("UMStartupMode")]]
    """TCP, TLS or Dual; a secured dial plan needs TLS or Dual. Exchange 2007 has none."""
