"""The dial plan of each mailbox policy, and the users of each dial plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from providers.estate.topology import central_site, site_of
from providers.schema.lync_facts import LyncUser
from providers.schema.mailbox_policy import DEFAULT, MailboxPolicy
from providers.schema.um_mailbox import UMMailbox
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resources
from reconciler.model.values import folded


def plans_by_policy(landscape: Landscape) -> Mapping[str, str]:
    """Return the dial plan of each desired or existing policy, by the key of the policy in lower case."""
    return landscape.fact(_plans_by_policy, landscape.all(MailboxPolicy), landscape.wanted(MailboxPolicy))


def _plans_by_policy(observed: Resources, desired: Resources) -> Mapping[str, str]:
    policies = [*observed.values(), *desired.values()]
    return {folded(policy.key): plan for policy in policies if (plan := policy.get(MailboxPolicy.dial_plan))}


def plan_of(policy: str | None, by_policy: Mapping[str, str]) -> str | None:
    """Return the dial plan of a policy; ``Redmond/default`` belongs to Redmond even if it does not exist yet."""
    if not policy:
        return None
    return by_policy.get(folded(policy)) or (policy.removesuffix(DEFAULT) if policy.endswith(DEFAULT) else None)


def sites_of_users(landscape: Landscape) -> Mapping[str, Counter[str]]:
    """Return, by dial plan in lower case, the number of its users in each central Lync site."""
    mailboxes = landscape.all(UMMailbox), landscape.wanted(UMMailbox)
    pools = landscape.fact(_pools_of_users, *mailboxes, landscape.all(LyncUser), plans_by_policy(landscape))
    counts: dict[str, Counter[str]] = {}
    for (plan, pool), users in pools.items():
        if site := central_site(site_of(pool, landscape), landscape):
            counts.setdefault(plan, Counter())[site] += users
    return counts


def _pools_of_users(
    observed: Resources, desired: Resources, users: Resources, by_policy: Mapping[str, str]
) -> Mapping[tuple[str, str], int]:
    """Return the number of users by dial plan, in lower case, and pool."""
    counts: Counter[tuple[str, str]] = Counter()
    plans: dict[str | None, str | None] = {}
    for mailbox in (observed | desired).values():
        policy = mailbox.get(UMMailbox.policy)
        if policy not in plans:
            plans[policy] = plan_of(policy, by_policy)
        plan = plans[policy] or mailbox.get(UMMailbox.dial_plan)
        user = users.get(mailbox.get(UMMailbox.sip_address) or "")
        pool = user.get(LyncUser.registrar_pool) if user else None
        if plan and pool:
            counts[folded(plan), pool] += 1
    return counts
