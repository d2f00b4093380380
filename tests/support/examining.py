"""What the tests of examinations share: an estate that says what is wrong with it, and an examiner of its hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from providers.cmdlets.products import LYNC
from providers.simulator.estate.estate import Estate
from providers.simulator.world.file import parse_world
from providers.transport.examine.examination import Examiner
from providers.transport.settings import Adapter, Deadlines, Secret
from reconciler.model.commands import Authentication
from reconciler.run.system import SystemClock
from tests.support.fakes import SeededRandom
from tests.support.transport_support import connection
from tests.support.winrm_server import PASSWORD, USER

CMDLETS = ("Get-UMDialPlan", "New-UMDialPlan", "Get-CsPool", "Get-Service", "exchucutil.ps1")
EX, FE = "ex1.contoso.com", "fe1.contoso.com"
DEADLINES = Deadlines(operation=2, read=30, load=30.0, probe=30.0, reconnect=1.0)


def estate(exchange: str = "", lync: str = "", world: str = "") -> Any:
    """The estate of a world; what a host says of itself stands in ``exchange`` and ``lync``."""
    text = f"""\
{world}
exchange:
  servers: [{{fqdn: {EX}{", " + exchange if exchange else ""}}}]
lync:
  sites: [{{name: Redmond}}]
  pools: [{{fqdn: pool1.contoso.com, site: Redmond, computers: [{{fqdn: {FE}{", " + lync if lync else ""}}}]}}]
"""
    return Estate(parse_world(text.encode()))


@contextmanager
def examiner(port: int, allow: Iterable[str] = CMDLETS, **changes: Any) -> Iterator[Examiner]:
    told = {
        "host": EX,
        "via": ("127.0.0.1", port),
        "auth": Authentication.BASIC,
        "user": USER,
        "password": Secret(PASSWORD),
        "adapter": Adapter.AUTO,
        "deadlines": DEADLINES,
        **changes,
    }
    settings = [
        connection(**told),
        connection(**{**told, "connection": LYNC.connection, "host": FE}),
    ]
    made = Examiner(settings, allow=allow, clock=SystemClock(), identifier=SeededRandom().identifier)
    try:
        yield made
    finally:
        made.close()
