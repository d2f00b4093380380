"""Asks a pool whether a Front End may stop now, by the cmdlet that its version has for upgrades.

The pool knows more than the states of its services: whether the data of its users has enough copies on the others. It
is asked right before a Front End stops, in addition to the quorum: for its own state, and for that of the upgrade
domain of the Front End. An upgrade domain may be down as a whole, and one Front End is at most that, so their order
does not matter as long as one stops at a time.

Pools of two have a procedure of their own, without this cmdlet. Lync Server 2010 has no such cmdlet.

Sources: Get-CsPoolUpgradeReadinessState, Get-CsUpgradeDomainInfo (Microsoft Learn); Upgrade or update Front End Servers
(JJ204736); DOMAIN 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from providers.cmdlets.products import LYNC_PROVIDER
from providers.cmdlets.value_types import plain, truth
from providers.estate.front_end_services import stops
from providers.estate.topology import UcPool
from providers.schema.lync import LYNC_2010, SKYPE_2019
from reconciler.model.actions import Action
from reconciler.model.commands import Command, Endpoint, read
from reconciler.model.diagnostics import PermanentError, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.options import Key, Option
from reconciler.model.resource_types import Answer, NotNow, UnderWay
from reconciler.model.values import EMPTY, Record

_UNTIL_2015: Final = "Get-CsPoolUpgradeReadinessState"
_FROM_2019: Final = "Get-CsUpgradeDomainInfo"
CMDLETS: Final = (_UNTIL_2015, _FROM_2019)
_STATE: Final = "PoolUpgradeState"
_DOMAINS: Final = "UpgradeDomains"
_IS_READY: Final = ("isreadyforupgrade", "readyforupgrade")
"""How documents and servers call the property of a domain, in small letters."""
_LONGEST_BUSY: Final = 1800.0
"""Seconds. A pool that is busy three times, ten minutes apart, has a problem."""
_LEAST: Final = 3
"""Front Ends of the smallest pool that is asked."""


def _asks(text: str) -> bool:
    if text not in ("ask", "skip"):
        raise ValueError("is not ask or skip")
    return text == "ask"


READINESS: Final = Option(
    "restarts.readiness",
    Key(
        _asks,
        {"enum": ["ask", "skip"]},
        "Whether a pool of three or more Front Ends is asked for its upgrade state before one stops. Default: ask.",
    ),
    True,
    lambda is_asked: "ask" if is_asked else "skip",
)


def query(pool: UcPool, action: Action, landscape: Landscape) -> tuple[Command, ...]:
    """Return the read of a pool's upgrade state, on the Front End that stops: it works only within the pool."""
    is_asked = landscape.settings.option(READINESS) and pool.has_quorum and len(pool.front_ends) >= _LEAST
    if not is_asked or pool.product in (None, LYNC_2010) or not stops(action):
        return ()
    cmdlet = _FROM_2019 if pool.product == SKYPE_2019 else _UNTIL_2015
    return (read(cmdlet, _STATE, _DOMAINS, endpoint=Endpoint(LYNC_PROVIDER.name, action.address.key)),)


def not_ready(host: str, pool: UcPool, answers: Sequence[Answer]) -> str | UnderWay | NotNow | None:
    """Return why a Front End may not stop now, by the answer of its pool; None where it may, or nobody was asked."""
    for command, reply in answers:
        if command.cmdlet not in CMDLETS:
            continue
        if isinstance(reply, SessionError):
            unread = f"the upgrade state of {pool.fqdn} cannot be read, and restarts.readiness is not skip: {reply}"
            return NotNow(unread) if isinstance(reply, PermanentError) else unread
        record = next((one for one in reply.records if one.get(_STATE) is not None), EMPTY)
        return _judged(host, pool, record)
    return None


def _judged(host: str, pool: UcPool, record: Record) -> UnderWay | NotNow | None:
    state = record.get(_STATE)
    if state is None:
        return NotNow(f"{pool.fqdn} shows no {_STATE}, and restarts.readiness is not skip")
    if state == "Busy":
        return UnderWay(f"{pool.fqdn} is Busy: it moves data between its Front Ends", _LONGEST_BUSY)
    if state != "Ready":
        return NotNow(f"the {_STATE} of {pool.fqdn} is {state}")
    if _is_domain_ready(host, record) is False:
        return UnderWay(f"the upgrade domain of {host} is not ready", _LONGEST_BUSY)
    return None


def _is_domain_ready(host: str, record: Record) -> bool | None:
    """Return whether the upgrade domain of a Front End is ready; None where the answer does not show it."""
    domains = record.get(_DOMAINS)
    for domain in domains if isinstance(domains, list | tuple) else [domains]:
        if isinstance(domain, Mapping):
            shown = {str(name).casefold(): value for name, value in domain.items()}
            members = shown.get("frontends")
            names = {
                str(plain(one)).casefold() for one in (members if isinstance(members, list | tuple) else [members])
            }
            if host in names:
                return next((truth(shown[name]) is True for name in _IS_READY if name in shown), None)
    return None
