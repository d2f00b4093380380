"""Checks of the declared mailboxes, over all rows at once.

Exchange refuses a wrong or duplicate extension only when it enables the mailbox, one mailbox at a time. Here all rows
are checked together, against each other and against the servers.

Sources: Enable-UMMailbox, Get-CsUser (Microsoft Learn); DOMAIN 3.11, 3.13, 7.7; RELIABILITY D11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from providers.cmdlets.products import LYNC
from providers.estate import mailbox_claims
from providers.estate.people import Fit, fits_by_name, plan_of, plans_by_policy
from providers.schema.exchange import DialPlan, UMMailbox
from providers.schema.exchange_facts import Mailbox, UnservedMailbox
from providers.schema.lync import LyncUser, hosted_users, users_by_email
from reconciler.model.actions import ActionKind
from reconciler.model.commands import write
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule, When
from reconciler.model.resources import Resource, Resources
from reconciler.model.values import folded

NO_MAILBOX = Rule(
    "UM070",
    "Mailbox does not exist",
    "UM needs an existing mailbox. A row names it by its primary SMTP address, another address, its logon name or "
    "its alias. A similar name may be another user's, so none is suggested.",
    "Create the mailbox first, or correct the name.",
    "Enable-UMMailbox; DOMAIN 7.7",
    leaves_out=True,
)
NO_VOICE = Rule(
    "UM071",
    "User has no Enterprise Voice",
    "Lync sends calls to voice mail for Enterprise Voice users only.",
    "Enable the user for Enterprise Voice first, with Set-CsUser -EnterpriseVoiceEnabled $true.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 3.11",
    leaves_out=True,
)
HOSTED = Rule(
    "UM072",
    "User has hosted voice mail",
    "The calls of a user with hosted or cloud voice mail, or with a hosted voice mail policy, do not come to this UM. "
    "So the plan leaves the user unchanged.",
    "Remove the row, or end hosted voice mail for the user.",
    "Get-CsUser, properties HostedVoiceMail and HostedVoicemailPolicy; DOMAIN 3.13",
    Severity.WARNING,
)
NO_USER = Rule(
    "UM073",
    "SIP address does not match Lync",
    "The SIP address of the mailbox must be that of the user in Lync. Otherwise Lync does not find the voice mail.",
    "Write the SIP address of the user in Lync, without sip:.",
    "Configure Unified Messaging on Microsoft Exchange (Gg398129); DOMAIN 3.11",
    leaves_out=True,
)
WRONG_DIGITS = Rule(
    "UM074",
    "Extension has the wrong number of digits",
    "All extensions of a dial plan have the same number of digits. Excel removes leading zeros.",
    "Write the extension with all its digits.",
    "Enable-UMMailbox, parameter Extensions; DOMAIN 7.7",
    leaves_out=True,
    when=When.FILES,
)
OTHER_PLAN = Rule(
    "UM077",
    "Policy belongs to another dial plan",
    "The policy decides the dial plan of a mailbox, and the row also names another dial plan.",
    "Write a policy of that dial plan, or leave dial_plan out.",
    "Enable-UMMailbox, parameter UMMailboxPolicy; DOMAIN 7.7",
    leaves_out=True,
    when=When.FILES,
)
NO_SIP_ADDRESS = Rule(
    "UM078",
    "SIP address is missing",
    "Exchange enables a mailbox in a SIP dial plan only with the SIP address of its user.",
    "Write sip_address.",
    "Enable-UMMailbox, parameter SIPResourceIdentifier; DOMAIN 7.7",
    leaves_out=True,
)
AMBIGUOUS = Rule(
    "UM082",
    "Name fits two mailboxes",
    "A row may name a mailbox by another address, a logon name or an alias, if only one mailbox has that name. "
    "Otherwise Exchange refuses the name, or uses another mailbox.",
    "Write the primary SMTP address of the right mailbox.",
    "Get-Mailbox, parameter Identity; DOMAIN 7.7",
    leaves_out=True,
)
SAME_MAILBOX = Rule(
    "UM083",
    "Two rows name one mailbox",
    "Two rows name one mailbox by different names, so they ask for two settings of one user.",
    "Remove one of the two.",
    "Get-Mailbox, parameter Identity; DOMAIN 7.7",
    leaves_out=True,
)
OTHER_NAME = Rule(
    "UM084",
    "Mailbox named otherwise",
    "The row names the mailbox by another name than its primary SMTP address, or by an address that another user "
    "also has as a name. The commands use the GUID of the mailbox that was found.",
    "Nothing, if this is the right user. Otherwise write the primary SMTP address of the right one.",
    "Get-Mailbox, parameter Identity; DOMAIN 7.7",
    Severity.NOTE,
)

NO_UM_THERE = Rule(
    "UM079",
    "Mailbox is on a server without Unified Messaging",
    "Exchange 2019 and the Subscription Edition have no Unified Messaging, so voice mail cannot be enabled for a "
    "mailbox there.",
    "Move the mailbox to a server of Exchange 2007 to 2016, use Cloud Voicemail for the user, or remove the row.",
    "Exchange Server 2019, discontinued features; DOMAIN 2.1",
    leaves_out=True,
)
REFUSED = Rule(
    "UM088",
    "Exchange refuses the user",
    "The plan asked Exchange whether it would enable the user, and Exchange refused. It knows more than its listings "
    "show, such as an address that an object outside of them holds.",
    "Correct what the message of Exchange names, then plan again.",
    "Enable-UMMailbox, parameter ValidateOnly; DOMAIN 7.7",
    leaves_out=True,
    when=When.PLANS,
)
RULES: Final = (
    NO_MAILBOX,
    NO_UM_THERE,
    NO_VOICE,
    HOSTED,
    NO_USER,
    WRONG_DIGITS,
    *mailbox_claims.RULES,
    OTHER_PLAN,
    NO_SIP_ADDRESS,
    AMBIGUOUS,
    SAME_MAILBOX,
    OTHER_NAME,
    REFUSED,
)


_ABSENT: Final = "absent"
_SEVERAL: Final = 3
"""From this number of users with one equal length of extension, the dial plan is probably wrong and not the users."""


def check_mailboxes(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return all findings about the declared mailboxes."""
    declared, plans = _declared(landscape)
    return (
        *_of_two(tuple(landscape.ending(UMMailbox).values()), landscape),
        *_against_world(declared, landscape),
        *_without_um(declared, landscape),
        *_within_plans(declared, plans, _digits(landscape)),
        *mailbox_claims.given_twice(declared, plans, landscape),
    )


def _without_um(declared: Resources, landscape: Landscape) -> Iterator[Diagnostic]:
    for one in landscape.all(UnservedMailbox).values():
        row = declared.get(one.key)
        if row is not None:
            yield NO_UM_THERE.found(row, f"{row.address} is on {one.get(UnservedMailbox.server)}.")


def check_rows(landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the contradictions between the rows, without data from servers."""
    declared, plans = _declared(landscape)
    digits = _digits(landscape)
    miscounted = _miscounted(declared, plans, digits)
    right = {plan: count for plan, count in digits.items() if plan not in miscounted}
    return (
        *(_wrong_plan(plan, digits[plan], length, landscape) for plan, length in miscounted.items()),
        *_within_plans(declared, plans, right),
        *mailbox_claims.given_twice(declared, plans, landscape),
    )


def _declared(landscape: Landscape) -> tuple[Resources, Sequence[str | None]]:
    """Return the rows, and the dial plan of each row."""
    return landscape.fact(_rows_with_plans, landscape.written(UMMailbox), plans_by_policy(landscape))


def _rows_with_plans(rows: Resources, by_policy: Mapping[str, str]) -> tuple[Resources, Sequence[str | None]]:
    policies = rows.column(UMMailbox.policy)
    plans = {policy: plan_of(policy, by_policy) for policy in set(policies)}
    return rows, [plans[policy] for policy in policies]


def _wrong_plan(plan: str, count: int, length: int, landscape: Landscape) -> Diagnostic:
    known = landscape.wanted(DialPlan)[plan]
    detail = f"{known.address} requires {count} digits. The extensions of all its users have {length}."
    return WRONG_DIGITS.found(known, detail, f"Write extension_digits: {length}, or correct the users.")


def _of_two(ended: Sequence[Resource], landscape: Landscape) -> Iterator[Diagnostic]:
    """Find rows with ``state: absent`` whose name matches two mailboxes. A row without a mailbox needs no action."""
    mailboxes = landscape.all(Mailbox)
    if not ended or not landscape.is_readable(Mailbox):
        return
    fits = fits_by_name([row.written or row.key for row in ended], landscape)
    found = (one for row in ended for one in _whom(row, mailboxes, fits))
    yield from (one for one in found if one.code != NO_MAILBOX.code)


def _against_world(declared: Resources, landscape: Landscape) -> Iterator[Diagnostic]:
    mailboxes, users = landscape.all(Mailbox), landscape.all(LyncUser)
    knows_mailboxes, knows_users = landscape.is_readable(Mailbox), landscape.is_readable(LyncUser)
    fits = fits_by_name(declared.spelt, landscape) if knows_mailboxes else {}
    voiced, there = landscape.fact(_voiced, users), mailboxes.folded
    rows = zip(declared.folded, declared.spelt, declared.column(UMMailbox.sip_address), strict=True)
    for key, spelt, sip in rows:
        text = folded(spelt)
        if knows_mailboxes and (text != key or text in fits or key not in there):
            yield from _whom(declared[key], mailboxes, fits)
        if knows_users and (sip is None or folded(sip) not in voiced):
            yield from _against_lync(declared[key], users, landscape)


def _voiced(users: Resources) -> frozenset[str]:
    """Return the users who may have voice mail here, by folded SIP address: Enterprise Voice, and not hosted."""
    voice = zip(users.folded, users.column(LyncUser.enterprise_voice), strict=True)
    return frozenset(key for key, has_voice in voice if has_voice is True) - hosted_users(users)


def _within_plans(declared: Resources, plans: Sequence[str | None], digits: Mapping[str, int]) -> Iterator[Diagnostic]:
    """Find rows with a dial plan other than that of their policy, or with extensions of the wrong length."""
    counts = {plan: digits.get(folded(plan or "")) for plan in set(plans)}
    written, extensions = declared.column(UMMailbox.dial_plan), declared.lists(UMMailbox.extension)
    for key, plan, other, numbers in zip(declared.folded, plans, written, extensions, strict=True):
        if plan and other and other != plan and folded(other) != folded(plan):
            row = declared[key]
            detail = f"{row.address} has the policy {row.get(UMMailbox.policy)} of {plan}, and the dial plan {other}."
            yield OTHER_PLAN.found(row, detail)
        count = counts[plan]
        if count is not None and (wrong := [one for one in numbers if len(one) != count]):
            row = declared[key]
            detail = f"{row.address} has the extension {listed(wrong)}; {plan} requires {count} digits."
            yield WRONG_DIGITS.found(row, detail)


def _miscounted(declared: Resources, plans: Sequence[str | None], digits: Mapping[str, int]) -> Mapping[str, int]:
    """Return the dial plans whose users all have extensions of one different length, with that length.

    Then one finding reports the dial plan and not its users.
    """
    numbered = zip(plans, declared.lists(UMMailbox.extension), strict=True)
    rows = Counter((plan, len(one)) for plan, numbers in numbered for one in numbers)
    lengths: dict[str, Counter[int]] = {}
    for (name, length), count in rows.items():
        if (plan := folded(name or "")) in digits:
            lengths.setdefault(plan, Counter())[length] += count
    return {
        plan: length
        for plan, counted in lengths.items()
        if len(counted) == 1
        for length, count in counted.items()
        if count >= _SEVERAL and length != digits[plan]
    }


def _whom(
    row: Resource, mailboxes: Mapping[str, Resource], fits: Mapping[str, tuple[Fit, ...]]
) -> Iterator[Diagnostic]:
    """Find rows that name no mailbox or several. Add a note if a row names its mailbox by another name."""
    found = fits.get(folded(row.written or row.key), ())
    if row.key in mailboxes:
        if row.written is not None:
            yield OTHER_NAME.found(
                row, f"{row.written} is {found[0].kind} of {row.key}. This row sets the voice mail of {row.key}."
            )
        elif others := [fit for fit in found if fit.key != row.key]:
            whose = " and ".join(f"{fit.kind} of {fit.key}" for fit in others)
            yield OTHER_NAME.found(
                row, f"{row.key} is also {whose}. This row sets the user whose primary address it is."
            )
    elif not found:
        yield NO_MAILBOX.found(row, f"{row.address} has no mailbox.")
    elif len(found) > 1:
        whose = " and ".join(f"{fit.kind} of {fit.key}" for fit in found)
        yield AMBIGUOUS.found(row, f"{row.key} is {whose}.")
    else:
        detail = f"{row.key} is {found[0].kind} of {found[0].key}, which another row names."
        yield SAME_MAILBOX.found(row, detail)


def _against_lync(row: Resource, users: Resources, landscape: Landscape) -> Iterator[Diagnostic]:
    """Find rows whose user may not have voice mail here; without a SIP address it is the user with the SMTP address."""
    sip, known = row.get(UMMailbox.sip_address), landscape.fact(users_by_email, users).get(row.key)
    user = users.get(sip) if sip else known
    if user is None or sip is None:
        yield from _without_user(row, sip, known, landscape)
    if user is None:
        return
    if folded(user.key) in landscape.fact(hosted_users, users):
        yield _hosted(row, user)
    elif user.get(LyncUser.enterprise_voice) is not True:
        command = write("Set-CsUser", LYNC, Identity=f"sip:{user.key}", EnterpriseVoiceEnabled=True)
        remedy = f"Enable the user for Enterprise Voice first:\n  {command}"
        yield NO_VOICE.found(row, f"{user.key} is not enabled for Enterprise Voice.", remedy)


def _hosted(row: Resource, user: Resource) -> Diagnostic:
    left_out = f"{row.address} is left out."
    if user.get(LyncUser.hosted_voicemail):
        ending = write("Set-CsUser", LYNC, Identity=f"sip:{user.key}", HostedVoiceMail=False)
        remedy = f"Remove the row, or end hosted voice mail for the user:\n  {ending}"
        return HOSTED.found(row, f"{user.key} has hosted voice mail; {left_out}", remedy)
    detail = f"{user.key} has the hosted voice mail policy {user.get(LyncUser.hosted_policy)}; {left_out}"
    return HOSTED.found(row, detail, "Remove the row, or take the hosted voice mail policy from the user.")


def _without_user(row: Resource, sip: str | None, known: Resource | None, landscape: Landscape) -> Iterator[Diagnostic]:
    """Find rows with no SIP address, or a wrong one; ``known`` is the Lync user with the SMTP address of the row."""
    if sip is None:
        # What is not written is not managed, nor asked for where Exchange does not need it any more.
        if _is_enabled(row, landscape):
            suggested = f"Write sip_address: {known.key}." if known else ""
            yield NO_SIP_ADDRESS.found(row, f"{row.address} has no SIP address.", suggested)
    elif known is not None:
        detail = f"{row.address} has the SIP address {sip}; its user in Lync has {known.key}."
        yield NO_USER.found(row, detail, f"Write sip_address: {known.key}.")
    else:
        detail = f"{row.address} has the SIP address {sip}, which no user in Lync has."
        remedy = "Correct the SIP address, or enable its user for Lync and Enterprise Voice first."
        yield NO_USER.found(row, detail, remedy)


def _is_enabled(row: Resource, landscape: Landscape) -> bool:
    """True if the plan enables a mailbox, or would enable it without the errors of checks."""
    action = landscape.actions.get(row.address)
    is_there = landscape.one(UMMailbox, row.key) is not None
    return not is_there or (action is not None and action.kind in (ActionKind.CREATE, ActionKind.REPLACE))


def _digits(landscape: Landscape) -> Mapping[str, int]:
    plans = [*landscape.all(DialPlan).values(), *landscape.wanted(DialPlan).values()]
    return {folded(plan.key): count for plan in plans if isinstance(count := plan.get(DialPlan.extension_digits), int)}
