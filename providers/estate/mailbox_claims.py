"""Extensions and SIP addresses that two mailboxes request, or that another mailbox already has.

For Exchange an extension is in use as long as any recipient has its EUM address, in the dial plan or in an equivalent
one. Exchange looks only at the dial plan in which it enables a mailbox and at the equivalents that this one lists. So
where only one of two dial plans lists the other, the order of the commands would decide. Here both are equivalent.

Sources: Enable-UMMailbox (Microsoft Learn); DOMAIN 7.7, 9.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from providers.cmdlets.cmdlet_resource import object_argument
from providers.estate.servers import newest_version
from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.exchange_facts import EumAddress, Mailbox
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.graph import closure
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule, When, placed
from reconciler.model.resources import Resource, Resources
from reconciler.model.values import folded

EXTENSION_TWICE = Rule(
    "UM075",
    "Extension is used twice",
    "In a dial plan and its equivalents, only one mailbox can have an extension. The extension is in use as long as "
    "the mailbox has its EUM address.",
    "Give one of them another extension.",
    "Enable-UMMailbox; DOMAIN 7.7, 9.1",
    leaves_out=True,
    when=When.FILES,
)
SIP_TWICE = Rule(
    "UM076",
    "SIP address is used twice",
    "In a dial plan, only one mailbox can have a SIP address.",
    "Correct the SIP address of one of them. If both rows name one user, remove one of the rows.",
    "Enable-UMMailbox, parameter SIPResourceIdentifier; DOMAIN 7.7",
    leaves_out=True,
    when=When.FILES,
)
RULES: Final = (EXTENSION_TWICE, SIP_TWICE)


def given_twice(declared: Resources, plans: Sequence[str | None], landscape: Landscape) -> Iterator[Diagnostic]:
    """Find values that a row requests although another row, another mailbox or a mailbox without UM has them.

    Args:
        plans: the dial plan of each row.
    """
    mailboxes = landscape.all(UMMailbox)
    held: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)  # by rule and plan: the holder of each value
    ours = declared.folded
    names = {plan: folded(plan or "") for plan in set(mailboxes.column(UMMailbox.dial_plan))}
    for key, plan, claims in _claims(mailboxes, mailboxes.column(UMMailbox.dial_plan)):
        if key not in ours:
            for rule, value in claims:
                held[rule.code, names[plan]].setdefault(value, key)
    scopes = {plan: _scope(plan, landscape) for plan in set(plans) if plan is not None}
    left_over = landscape.all(EumAddress)
    for key, plan, claims in _claims(declared, plans):
        if plan is None:
            continue
        scope = scopes[plan]
        for rule, value in claims:
            own = held[rule.code, scope.plan].setdefault(value, key)
            if own == key and not (scope.equivalents or left_over):
                continue
            others = (held[rule.code, other].get(value) for other in scope.equivalents)
            holder = next((one for one in (own, *others) if one is not None and one != key), None)
            if holder is not None:
                row, other = declared[key], declared.get(holder) or mailboxes[holder]
                yield rule.found(row, *_holder(row, plan, value, other, landscape))
            elif left_over and (left := _left(key, value, scope, left_over)) is not None:
                yield rule.found(declared[key], *_left_over(declared[key], plan, value, left, landscape))


@dataclass(frozen=True, slots=True)
class _Scope:
    """A dial plan with its equivalents, by folded name: a value is unique among all of them."""

    plan: str
    equivalents: tuple[str, ...]
    contexts: tuple[str, ...]
    """The phone contexts of all."""


def _scope(plan: str, landscape: Landscape) -> _Scope:
    plans, own = _plans(landscape), folded(plan)
    equivalents = sorted(landscape.fact(_equivalents, plans).get(own, ()))
    known = [one for name in (own, *equivalents) if (one := plans.get(name)) is not None]
    contexts = [context for one in known for context in (one.get(DialPlan.phone_context), *_listed(one)) if context]
    return _Scope(own, tuple(equivalents), tuple(dict.fromkeys(contexts)))


def _plans(landscape: Landscape) -> Resources:
    """Return the dial plans as this plan leaves them; from the files alone, the declared ones."""
    return landscape.all(DialPlan) or landscape.wanted(DialPlan)


def _listed(plan: Resource) -> tuple[str, ...]:
    return plan.get(DialPlan.equivalent_contexts)


def _equivalents(plans: Resources) -> Mapping[str, frozenset[str]]:
    """Return, by folded dial plan, those that it lists as equivalent and those that list it."""
    by_context = {folded(one.get(DialPlan.phone_context) or ""): folded(one.key) for one in plans.values()}
    unread = sorted((folded(one.key) for one in plans.values() if not one.has(DialPlan.phone_context)), key=len)
    found: dict[str, set[str]] = {folded(key): set() for key in plans}
    for plan in plans.values():
        own = folded(plan.key)
        for context in map(folded, _listed(plan)):
            # Exchange makes the context of the name and the forest: Redmond.contoso.com. Names may have dots.
            guessed = next((name for name in reversed(unread) if context.startswith(f"{name}.")), own)
            other = by_context.get(context, guessed)
            if other != own:
                found[own].add(other)
                found[other].add(own)
    return {name: frozenset(others) for name, others in found.items()}


def sharing(plan: str, landscape: Landscape) -> str:
    """Return one name for a dial plan and all that share its extensions, directly or through others."""
    return landscape.fact(_shared, _plans(landscape)).get(folded(plan), folded(plan))


def _shared(plans: Resources) -> Mapping[str, str]:
    equivalents = _equivalents(plans)
    return {name: min(closure([name], equivalents)) for name in equivalents}


def _claims(
    mailboxes: Resources, plans: Sequence[str | None]
) -> Iterator[tuple[str, str | None, Sequence[tuple[Rule, str]]]]:
    """Yield for each mailbox its folded key, its dial plan, and the values that only one mailbox of a plan may have.

    Each value stands with the rule about it.
    """
    extensions, addresses = mailboxes.lists(UMMailbox.extension), mailboxes.column(UMMailbox.sip_address)
    for key, plan, numbers, sip in zip(mailboxes.folded, plans, extensions, addresses, strict=True):
        claims = [(EXTENSION_TWICE, number) for number in numbers]
        yield key, plan, [*claims, (SIP_TWICE, sip)] if sip else claims


def _holder(row: Resource, plan: str, value: str, holder: Resource, landscape: Landscape) -> tuple[str, str]:
    """Return the detail and the remedy for a value that another mailbox has."""
    if holder.key in landscape.written(UMMailbox):
        return f"{value} is given to {placed(holder)} and {placed(row)} in {plan}.", ""
    where = holder.get(UMMailbox.dial_plan) or plan
    why = "was declared before and stays enabled" if holder.address in landscape.prior.resources else "is not declared"
    detail = f"{row.address} requests {value} in {plan}. {holder.address} has it in {where}; it {why}."
    free = write("Disable-UMMailbox", Identity=object_argument(holder, holder.key))
    return (
        detail,
        f"Choose another value, or end the voice mail of that mailbox: write its row with state: absent, "
        f"or run\n  {free}",
    )


def _left(key: str, value: str, scope: _Scope, left_over: Resources) -> Resource | None:
    """Return the EUM address of a mailbox without UM that keeps ``value`` in use, or None."""
    found = (left_over.get(f"{value};phone-context={context}") for context in scope.contexts)
    return next((one for one in found if one is not None and one.get(EumAddress.holder) != key), None)


def _left_over(row: Resource, plan: str, value: str, left: Resource, landscape: Landscape) -> tuple[str, str]:
    detail = (
        f"{row.address} requests {value} in {plan}. The mailbox {left.get(EumAddress.holder)} has no UM, but still "
        f"has the address {left.get(EumAddress.written)}."
    )
    return detail, f"Choose another value, or remove the address:\n  {_freeing(left, landscape)}"


def _freeing(address: Resource, landscape: Landscape) -> str:
    """Return the command that removes such an address, for a person to paste."""
    holder, written = address.get(EumAddress.holder), str(address.get(EumAddress.written))
    mailbox = landscape.one(Mailbox, holder)
    if mailbox is not None and not newest_version(landscape).takes_differences:
        kept = tuple(one for one in mailbox.get(Mailbox.addresses) if folded(one) != folded(written))
        return str(write("Set-Mailbox", Identity=holder, EmailAddresses=kept))
    taken = "'" + written.replace("'", "''") + "'"
    return f"{write('Set-Mailbox', Identity=holder)} -EmailAddresses @{{Remove={taken}}}"
