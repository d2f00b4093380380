"""The entry of the state for a run of exchucutil. Sources: ExchUCUtil.ps1; DOMAIN 4."""

from __future__ import annotations

from typing import Annotated, ClassVar

from providers.cmdlets.marks import Output
from providers.cmdlets.value_types import Text, Unordered
from reconciler.model.resources import Attr, Declares

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
