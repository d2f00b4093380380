"""The two products, and the connections through which their servers are reached.

Sources of the groups: Permissions in Exchange Server; Role-Based Access Control in Lync Server (Microsoft Learn).
"""

from __future__ import annotations

from typing import Final

from reconciler.model.commands import Endpoint
from reconciler.model.provider import Provider

EXCHANGE_PROVIDER: Final = Provider(
    "exchange",
    "Exchange",
    example="ex1.contoso.com",
    adapters=("auto", "snapin", "remote"),
    reading="Add the account to the role group View-Only Organization Management.",
    changing="To apply, add the account to the role groups UM Management and Server Management. exchucutil also needs "
    "Organization Management.",
    spelt={"um": "UM", "ip": "IP"},
)
LYNC_PROVIDER: Final = Provider(
    "lync",
    "Lync",
    example="fe1.contoso.com",
    adapters=("auto", "lync"),
    reading="Add the account to the group CsViewOnlyAdministrator.",
    changing="To apply, add the account to the groups CsVoiceAdministrator and CsServerAdministrator.",
    spelt={"lync": "Lync"},
)

EXCHANGE: Final = Endpoint(EXCHANGE_PROVIDER.name)
LYNC: Final = Endpoint(LYNC_PROVIDER.name)
