"""The dial plan of each mailbox policy, and the users of each dial plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from providers.estate.topology import central_site, site_of
from providers.schema.lync_facts import LyncUser
from providers.schema.mailbox_policy import DEFAULT, MailboxPolicy
from providers.schema.um_mailbox import UMMailbox
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from reconciler.model.values import folded


def plans_by_policy(landscape: Landscape) -> Mapping[str, str]:
    """Return the dial plan of each desired or existing policy, by the key of the policy in lower case."""
    policies = [*landscape.all(MailboxPolicy).values(), *landscape.wanted(MailboxPolicy).values()]
    return {folded(policy.key): plan for policy in policies if (plan := policy.get(MailboxPolicy.dial_plan))}


def plan_of(policy: str | None, by_policy: Mapping[str, str]) -> str | None:
    """Return the dial plan of a policy; ``Redmond/default`` belongs to Redmond even if it does not exist yet."""
    if not policy:
        return None
    return by_policy.get(folded(policy)) or (policy.removesuffix(DEFAULT) if policy.endswith(DEFAULT) else None)


def sites_of_users(landscape: Landscape) -> Mapping[str, Counter[str]]:
    """Return, by dial plan in lower case, the number of its users in each central Lync site."""
    by_policy = plans_by_policy(landscape)
    mailboxes: dict[str, Resource] = {folded(one.key): one for one in landscape.all(UMMailbox).values()}
    mailboxes.update({folded(one.key): one for one in landscape.wanted(UMMailbox).values()})
    users = landscape.all(LyncUser)
    sites: dict[str | None, str | None] = {}
    counts: dict[str, Counter[str]] = {}
    for mailbox in mailboxes.values():
        plan = plan_of(mailbox.get(UMMailbox.policy), by_policy) or mailbox.get(UMMailbox.dial_plan)
        user = users.get(mailbox.get(UMMailbox.sip_address) or "")
        pool = user.get(LyncUser.registrar_pool) if user else None
        if plan is None or pool is None:
            continue
        if pool not in sites:
            sites[pool] = central_site(site_of(pool, landscape), landscape)
        if site := sites[pool]:
            counts.setdefault(folded(plan), Counter())[site] += 1
    return counts
