"""Which Exchange versions Microsoft supports with which Lync versions.

The rows are Exchange, with 2007 and 2010 without a service pack for themselves. A pair that a document excludes is
refused. A pair that no document names, or on which two contradict each other, is a warning.

Sources: Exchange UM support (Gg398179), Deployment process for integrating on-premises UM (Gg425737), Coexistence with
Lync Server (JJ851069), Plan for Exchange UM integration and What's new in Skype for Business Server 2019; DOMAIN 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from providers.estate.servers import named_servers, um_hosts
from providers.schema.exchange import DialPlan
from providers.schema.lync import LYNC_2010, LYNC_2013, SKYPE_2015, SKYPE_2019, LyncService, product_of
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule

UNDOCUMENTED_PAIR = Rule(
    "UM015",
    "Versions are not documented together",
    "No document of Microsoft names this pair of an Exchange and a Lync version, or two documents contradict each "
    "other.",
    "Bind servers of a documented Exchange version. If there are none, Microsoft may not support this pair: test it "
    "outside production first.",
    "Exchange Unified Messaging support (Gg398179); DOMAIN 2.1",
    Severity.WARNING,
)
UNSUPPORTED_PAIR = Rule(
    "UM017",
    "Versions do not work together",
    "A document of Microsoft excludes this pair of an Exchange and a Lync version.",
    "Bind servers of a supported Exchange version, or remove these servers from the dial plans.",
    "Exchange Unified Messaging support (Gg398179); DOMAIN 2.1",
)
SUPPORT_RULES: Final = (UNDOCUMENTED_PAIR, UNSUPPORTED_PAIR)

_FLOOR = (UNSUPPORTED_PAIR, "Exchange 2007 needs at least Service Pack 1 (Gg398179).")
_NOT_LISTED = (
    UNDOCUMENTED_PAIR,
    "Plan for Exchange Unified Messaging integration in Skype for Business Server lists Exchange 2010 to 2016 only.",
)
_ENDED = (UNDOCUMENTED_PAIR, "No document lists Exchange 2010 with Skype for Business Server 2019.")
_LATER = (UNDOCUMENTED_PAIR, "Exchange 2016 is documented with Skype for Business Server only.")
_CONTRADICTORY = (
    UNDOCUMENTED_PAIR,
    "What's new in Skype for Business Server 2019 says that Unified Messaging of Exchange 2013 and 2016 stays usable; "
    "Plan for Exchange Unified Messaging integration says that it is no longer available.",
)
_PAIRS: Final[Mapping[str, Mapping[str, tuple[Rule, str]]]] = {
    "2007 RTM": dict.fromkeys((LYNC_2010, LYNC_2013, SKYPE_2015, SKYPE_2019), _FLOOR),
    "2007": {
        SKYPE_2015: _NOT_LISTED,
        SKYPE_2019: (UNSUPPORTED_PAIR, "Skype for Business Server 2019 works with Exchange 2013 and later."),
    },
    "2010 RTM": {SKYPE_2019: _ENDED},
    "2010": {SKYPE_2019: _ENDED},
    "2013": {SKYPE_2019: _CONTRADICTORY},
    "2016": {LYNC_2010: _LATER, LYNC_2013: _LATER, SKYPE_2019: _CONTRADICTORY},
}
"""The pairs that are not documented, with the rule and what the documents say; others are documented."""


def check_pairs(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return a finding for each pair of versions in use that is not documented."""
    hosts, plans = um_hosts(landscape), landscape.wanted(DialPlan).values()
    bound = {fqdn for plan in plans for fqdn in named_servers(plan, landscape) if fqdn in hosts}
    exchange = sorted({hosts[fqdn].version.edition for fqdn in bound})
    services = landscape.all(LyncService).values()
    lync = sorted({product for one in services if (product := product_of(one.get(LyncService.version)))})
    found = ((one, other, _PAIRS.get(one, {}).get(other)) for one in exchange for other in lync)
    return [
        pair[0].found(None, f"The dial plans join Exchange {one} with {other}. {pair[1]}")
        for one, other, pair in found
        if pair is not None
    ]
