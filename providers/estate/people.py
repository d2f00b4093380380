"""Finds the mailbox that a text names, by the rules of Exchange, and the dial plans of policies, users and forests.

``-Identity`` accepts the primary address, any other address, the alias, the logon name or the account name. So one text
can fit two mailboxes: the logon name of one user can be the mail address of another. A text is looked up once among all
listed mailboxes, and commands then use the GUID of the mailbox that was found. The primary address comes first; a text
that fits two mailboxes by other names fits none.

Sources: Get-Mailbox, parameter Identity (Microsoft Learn); DOMAIN 7.7, 9.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from providers.estate.topology import central_site, site_of
from providers.schema.exchange import DEFAULT, DialPlan, MailboxPolicy, UMMailbox
from providers.schema.exchange_facts import Mailbox, Organization
from providers.schema.lync import LyncUser
from reconciler.model.abilities import Impact
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resources import Resource, Resources
from reconciler.model.values import folded

USERS: Final = Impact("users", "user", "voice mail of {count} changes")
"""Users whose voice mail is switched on, off or changed."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A mailbox that a text names, and the kind of that name."""

    key: str
    kind: str
    """``the logon name``, ``the alias``, ``another address``, ``the SIP address``."""


def _other_names(mailboxes: Resources, *, in_full: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the names of all mailboxes other than their primary addresses: key, name, kind of the name.

    Args:
        in_full: also with what stands before it, ``CONTOSO\\alice`` and ``smtp:alice@contoso.com``.
    """
    accounts, domains = mailboxes.column(Mailbox.account), mailboxes.column(Mailbox.domain)
    logons, aliases = mailboxes.column(Mailbox.logon_name), mailboxes.column(Mailbox.alias)
    every = zip(mailboxes, logons, aliases, accounts, domains, mailboxes.lists(Mailbox.addresses), strict=True)
    for key, logon, alias, account, domain, addresses in every:
        if logon and logon != key:
            yield key, logon, "the logon name"
        if alias:
            yield key, alias, "the alias"
        if account and account != alias:
            yield key, account, "the account name"
        if in_full and account and domain:
            yield key, f"{domain}\\{account}", "the account name"
        for address in addresses:
            prefix, _, bare = address.partition(":")
            if bare and (bare != key or in_full) and (kind := _ADDRESSES.get(prefix.lower())):
                yield key, bare, kind
                if in_full:
                    yield key, address, kind


_ADDRESSES = {"smtp": "another address", "sip": "the SIP address"}


def fits_by_name(texts: Iterable[str], landscape: Landscape) -> Mapping[str, tuple[Fit, ...]]:
    """Return, by folded text, the mailboxes that have the text as a name other than the primary address."""
    asked = {folded(text) for text in texts}
    in_full = any("\\" in text or ":" in text for text in asked)
    found: dict[str, dict[str, Fit]] = {}
    for key, name, kind in _other_names(landscape.all(Mailbox), in_full=in_full):
        if (text := folded(name)) in asked and text != (own := folded(key)):
            found.setdefault(text, {}).setdefault(own, Fit(key, kind))
    return {name: tuple(fits.values()) for name, fits in found.items()}


def rows_by_mailbox(landscape: Landscape) -> Mapping[str, str]:
    """Return the primary address of the mailbox for each declared key that is another name of exactly one mailbox.

    If two rows name one mailbox, the second keeps its key, and a check refuses it.
    """
    rows, mailboxes = landscape.written(UMMailbox), landscape.all(Mailbox)
    every = [pair for each in (rows, landscape.ending(UMMailbox)) for pair in zip(each, each.folded, strict=True)]
    others = [key for key, own in every if own not in mailboxes.folded]
    if not others or not mailboxes:
        return {}
    fits = fits_by_name(others, landscape)
    meant: dict[str, str] = {}
    taken = {own for _, own in every if own in mailboxes.folded}
    for key in others:
        found = fits.get(folded(key), ())
        if len(found) == 1 and folded(found[0].key) not in taken:
            taken.add(folded(found[0].key))
            meant[key] = found[0].key
    return meant


def guids_of(keys: Collection[str], landscape: Landscape) -> Mapping[str, str]:
    """Return the GUIDs of the mailboxes that ``keys`` name, because their primary addresses may have changed."""
    known = {key: landscape.one(UMMailbox, key) or landscape.one(Mailbox, key) for key in keys}
    moved = [key for key, found in known.items() if found is None]
    fits = fits_by_name(moved, landscape) if moved else {}
    for key in moved:
        found = fits.get(folded(key), ())
        known[key] = landscape.one(Mailbox, found[0].key) if len(found) == 1 else None
    return {key: one.guid for key, one in known.items() if one is not None and one.guid}


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
    counts: dict[str, Counter[str]] = {}
    for (plan, pool), users in _users_of_pools(landscape).items():
        if site := central_site(site_of(pool, landscape), landscape):
            counts.setdefault(plan, Counter())[site] += users
    return counts


def users_by_pool(landscape: Landscape) -> Mapping[str, Counter[str]]:
    """Return, by dial plan in lower case, the number of its users on each pool."""
    counts: dict[str, Counter[str]] = {}
    for (plan, pool), users in _users_of_pools(landscape).items():
        counts.setdefault(plan, Counter())[pool] += users
    return counts


def _users_of_pools(landscape: Landscape) -> Mapping[tuple[str, str], int]:
    mailboxes = landscape.all(UMMailbox), landscape.wanted(UMMailbox)
    return landscape.fact(_pools_of_users, *mailboxes, landscape.all(LyncUser), plans_by_policy(landscape))


def _pools_of_users(
    observed: Resources, desired: Resources, users: Resources, by_policy: Mapping[str, str]
) -> Mapping[tuple[str, str], int]:
    """Return the number of users by dial plan, in lower case, and pool."""
    pools = dict(zip(users.folded, users.column(LyncUser.registrar_pool), strict=True))
    found: Counter[tuple[str | None, str | None, str | None]] = Counter()
    for mailboxes, others in ((observed, desired), (desired, NO_RESOURCES)):
        columns = (mailboxes.column(one) for one in (UMMailbox.policy, UMMailbox.dial_plan, UMMailbox.sip_address))
        counted = others.folded
        for key, policy, plan, sip in zip(mailboxes.folded, *columns, strict=True):
            if sip and key not in counted:
                found[policy, plan, pools.get(folded(sip))] += 1
    counts: Counter[tuple[str, str]] = Counter()
    for (policy, written, pool), number in found.items():
        if pool and (plan := plan_of(policy, by_policy) or written):
            counts[folded(plan), pool] += number
    return counts


def forest_root(landscape: Landscape) -> str:
    """Return the DNS name of the Exchange forest's root domain, from the organization's place in the directory."""
    for organization in landscape.all(Organization).values():
        name = organization.get(Organization.distinguished_name) or ""
        parts = [part[3:] for part in name.split(",") if part[:3].upper() == "DC="]
        if parts:
            return ".".join(parts).lower()
    return ""


def sip_dial_plans(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the existing and planned SIP URI dial plans: exchucutil links them to every pool."""
    return tuple(plan for plan in landscape.all(DialPlan).values() if plan.get(DialPlan.uri_type) == "SipName")
