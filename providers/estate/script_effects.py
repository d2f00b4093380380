"""What exchucutil renews and resets, and what is unknown where it runs for another forest.

Sources: ExchUCUtil.ps1; Configure UM to work with Lync Server (JJ966276); DOMAIN 3.15, 4.2, 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from providers.estate.forests import is_guessed
from providers.estate.people import forest_root, sip_dial_plans
from providers.estate.script import custom_hunt_groups, made_gateway, pool_hunt_groups
from providers.estate.topology import uc_pools
from providers.schema.exchange import DialPlan, Exchucutil, HuntGroup, IPGateway
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, Severity, count, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.values import EMPTY

LINKS_OTHERS: Final = Rule(
    "UM019",
    "exchucutil links dial plans that are not declared",
    "The script links every SIP URI dial plan with every pool, also those of others, and renews their links. A dial "
    "plan that was linked with some pools only gets links with all of them; that is a warning.",
    "If those dial plans may be linked with all pools, do nothing. Otherwise declare each with its pools; then the "
    "plan removes the other links after the script.",
    "ExchUCUtil.ps1; DOMAIN 4.2",
    Severity.NOTE,
    also=(Severity.WARNING,),
)
GUESSED_FOREST: Final = Rule(
    "UM211",
    "Forest of Lync is guessed",
    "exchucutil needs the root of the forest of Lync where it differs from that of Exchange. No cmdlet returns it, so "
    "it is taken from the domains of the Front Ends. If that is no root, the script finds no Lync and makes nothing.",
    "Write the root of the forest of Lync as lync_forest under exchucutil.",
    "Configure UM to work with Lync Server (JJ966276); DOMAIN 3.15, 4.1",
    Severity.WARNING,
)
UNSEEN_TRUST: Final = Rule(
    "UM212",
    "Trust between the forests cannot be seen",
    "exchucutil runs for another forest. Each forest has to trust the other one; otherwise the script asks for "
    "credentials, which an unattended run cannot give, or UM and Lync refuse each other. No cmdlet shows the trust.",
    "Check the trust on a domain controller of Exchange, with netdom trust or Active Directory Domains and Trusts. "
    "Then go on, or waive this warning.",
    "Configure UM to work with Lync Server (JJ966276); DOMAIN 3.15",
    Severity.WARNING,
)
EFFECT_RULES: Final = (LINKS_OTHERS, GUESSED_FOREST, UNSEEN_TRUST)


def effects(landscape: Landscape) -> tuple[str, ...]:
    """Return a sentence about what the script renews and resets; none if it renews and resets nothing."""
    declared = landscape.wanted(HuntGroup)
    groups = pool_hunt_groups(landscape)
    again = [one.key for one in custom_hunt_groups(landscape) if one.key in declared]
    opened = [
        pool.fqdn
        for pool in uc_pools(landscape).values()
        if (known := landscape.one(IPGateway, pool.fqdn)) is not None
        if made_gateway(pool, landscape).get(IPGateway.outcalls_allowed) and not known.get(IPGateway.outcalls_allowed)
    ]
    parts = [
        f"removes {count(len(groups), 'hunt group')} on the gateways of pools and makes its own" if groups else "",
        f"removes {listed(again)}, which this plan makes again" if again else "",
        f"allows outgoing calls again on {listed(opened)}" if opened else "",
    ]
    told = [part for part in parts if part]
    return (f"it {'; '.join(told)}",) if told else ()


def check_effects(action: Action, landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield what a planned run of the script does to others, and what is unknown about the forest of Lync."""
    others = [plan.key for plan in sip_dial_plans(landscape) if plan.key not in landscape.wanted(DialPlan)]
    gains = Exchucutil.gains.of(action.expects or EMPTY)
    if others:
        more = f" It adds links that they do not have: {listed(gains)}." if gains else ""
        severity = Severity.WARNING if gains else None
        yield LINKS_OTHERS.found(action.address, f"It links {listed(sorted(others))} too.{more}", severity=severity)
    forest = next((value for command in action.commands if (value := command.argument("Forest"))), None)
    if forest is None:
        return
    between = f"It runs in {forest_root(landscape)} for the forest {forest}"
    if is_guessed(landscape):
        remedy = f"Write the root of the forest of Lync; if it is {forest}:\n  exchucutil: {{lync_forest: {forest}}}"
        yield GUESSED_FOREST.found(action.address, f"{between}, the topmost domain of the Front Ends.", remedy)
    yield UNSEEN_TRUST.found(action.address, f"{between}. Whether they trust each other cannot be seen from here.")
