"""UM on the mailbox of an Enterprise Voice user: step 8 of the procedure.

UM is a feature of a mailbox that somebody else owns: it is enabled and disabled, never created, and stays enabled when
it is no longer declared. Exchange generates the PIN and mails it, so the PIN is no attribute. The policy decides the
dial plan. Another policy of the same plan is a Set; another plan is Disable and Enable, with a new PIN. Extension and
SIP address change with the EUM addresses of the mailbox, without a new PIN. There may be ten thousand rows; one listing
reads them all.

Sources: Enable-, Set-, Disable-UMMailbox, Filterable properties for the Filter parameter (Microsoft Learn); Change a
SIP address, Change an extension number; DOMAIN 3.11, 7.7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from providers.cmdlets.cmdlet_resource import object_argument
from providers.cmdlets.numerous import FEW, NumerousRows
from providers.cmdlets.value_types import PersonName
from providers.estate import mailbox_checks
from providers.estate.extensions import SOURCES, ranges_of, uses_of
from providers.estate.mailbox_claims import sharing
from providers.estate.people import USERS, fits_by_name, guids_of, plan_of, plans_by_policy, rows_by_mailbox
from providers.estate.proxies import (
    address_query,
    addresses_by_guid,
    changed_addresses,
    with_other_addresses,
    writes_whole,
)
from providers.estate.servers import newest_version
from providers.resources.mailbox_policy import policy_argument
from providers.schema.attendants import AutoAttendant
from providers.schema.exchange import DEFAULT, MailboxPolicy, UMMailbox, policy_key
from providers.schema.exchange_facts import Mailbox, UnservedMailbox
from providers.schema.lync import ContactObject, LyncUser, hosted_users, users_by_email
from reconciler.model.abilities import Holder, Impact, Noticed
from reconciler.model.actions import Action, Change, Claim
from reconciler.model.commands import Argument, Command, ObjectId, ObjectIds, Reply, read, write
from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Diagnostic, PermanentError, Problem, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.numbers import Numbering, NumberRange, NumberUse
from reconciler.model.resource_types import Answer, Diagnosed, Lifecycle, Rule
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.roster import Roster
from reconciler.model.server_abilities import Gathering, Rehearsing, Resetting
from reconciler.model.values import UNSET, Unset, Value, folded

_ASKING = "ValidateOnly"
_READING = "Get-UMMailbox"
_AT_ONCE = 60
"""Mailboxes in one listing by GUID: a filter of 3 kB. Apply mostly reads two batches of 30 at once."""
_RESETTING = "Set-UMMailboxPIN"
_ADDRESSES = "Get-Mailbox"
"""The cmdlet that reads all addresses of a mailbox."""


class UMMailboxType(UMMailbox, NumerousRows, Holder, Gathering, Rehearsing, Resetting, Noticed, Numbering):
    """UM on an existing mailbox; key: its primary SMTP address."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.FEATURE
    after: ClassVar[tuple[str, ...]] = (AutoAttendant.name, ContactObject.name)
    section: ClassVar[str | None] = "mailboxes"
    noun: ClassVar[str] = "UMMailbox"
    key_type: ClassVar[Any] = PersonName
    key_parameter: ClassVar[str] = "Identity"
    key_output: ClassVar[str] = "PrimarySmtpAddress"
    name_output: ClassVar[str] = "PrimarySmtpAddress"
    key_called: ClassVar[tuple[str, ...]] = (
        "PrimarySmtpAddress",
        "EmailAddress",
        "WindowsEmailAddress",
        "Mail",
        "UserPrincipalName",
    )
    foreign_columns: ClassVar[tuple[str, ...]] = ("DialPlan",)  # of Get-CsUser: the Lync dial plan
    reads_after: ClassVar[tuple[str, ...]] = (MailboxPolicy.name,)
    numbers_follow_from: ClassVar[tuple[str, ...]] = SOURCES
    impacts: ClassVar[tuple[Impact, ...]] = (USERS,)
    rules: ClassVar[tuple[Rule, ...]] = mailbox_checks.RULES
    refuses: ClassVar[Rule] = mailbox_checks.REFUSED
    secret: ClassVar[str] = "PIN"
    found_by: ClassVar[tuple[str, ...]] = (MailboxPolicy.name, Mailbox.name)

    @property
    def cmdlets(self) -> frozenset[str]:
        return super().cmdlets | {_RESETTING}

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        if self.policy.name in values:
            return Resource(Address(self.name, key), values)
        plan = self.dial_plan.of(values)
        if plan is None:
            detail = f'{key} has neither "policy" nor "dial_plan".'
            return (Problem((), MISSING_ATTRIBUTE, detail, "Write one of them."),)
        return Resource(Address(self.name, key), {**values, self.policy.name: f"{plan}{DEFAULT}"})

    def declared_end(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the row of a leaver, with the wave in which the voice mail ends."""
        wave = self.wave.name
        return Resource(Address(self.name, key), {wave: values[wave]} if wave in values else {})

    def declared_all(self, roster: Roster) -> Roster | None:
        """Return the rows with the policy that came with their dial plan, where they name none."""
        policies, plans = roster.column(self.policy.name), roster.column(self.dial_plan.name)
        pairs = list(zip(policies, plans, strict=True))
        named = {(policy, plan): f"{plan}{DEFAULT}" if policy is UNSET else policy for policy, plan in set(pairs)}
        if any(policy is UNSET and (plan is UNSET or not plan) for policy, plan in named):
            return None
        if all(named[pair] == pair[0] for pair in named):
            return roster
        columns = {name: column for name, column in roster.columns.items() if name != self.policy.name}
        return replace(roster, columns={**columns, self.policy.name: [named[pair] for pair in pairs]})

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        """Return one listing of all mailboxes, or listings of a few by their GUIDs.

        Before Exchange 2013 each mailbox is read by itself, together with its addresses.
        """
        if keys is None or len(keys) > FEW:
            return (read(_READING, *self.outputs, ResultSize="Unlimited"),)
        guids = guids_of(keys, landscape)
        whom = [ObjectId(guids[key], key) if key in guids else key for key in sorted(keys)]
        if newest_version(landscape).takes_differences:
            return self._gathered(whom)
        reads = self._single(whom)
        return (*reads, *map(address_query, reads))

    def _gathered(self, whom: Sequence[str | ObjectId]) -> tuple[Command, ...]:
        ids = tuple(one for one in whom if isinstance(one, ObjectId) and one.is_guid)
        if len(ids) < 2:
            return self._single(whom)
        parts = (ObjectIds(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE))
        listings = (read(_READING, *self.outputs, Filter=part, ResultSize="Unlimited") for part in parts)
        others = (one for one in whom if isinstance(one, str) or not one.is_guid)
        return (*listings, *self._single(others))

    def _single(self, whom: Iterable[str | ObjectId]) -> tuple[Command, ...]:
        return tuple(read(_READING, *self.outputs, Identity=each) for each in whom)

    def apart(self, command: Command, result: Reply | SessionError, landscape: Landscape) -> Sequence[Command]:
        some = command.argument("Filter")
        if not isinstance(some, ObjectIds):
            return ()
        if isinstance(result, PermanentError):
            return self._single(some.ids)
        if isinstance(result, SessionError):
            return ()
        shown = {folded(str(record.get("Guid"))) for record in result.records}
        return self._single(one for one in some.ids if folded(one.guid) not in shown and self._is_known(one, landscape))

    def _is_known(self, mailbox: ObjectId, landscape: Landscape) -> bool:
        address = Address(self.name, mailbox.name)
        return landscape.at(address) is not None or address in landscape.prior.resources

    def read(self, answers: Sequence[Answer], landscape: Landscape) -> tuple[Resources, Sequence[Diagnosed]]:
        """Return the mailboxes; before Exchange 2013 with the addresses that a change writes back."""
        own = [answer for answer in answers if answer[0].cmdlet != _ADDRESSES]
        found, unreadable = super().read(own, landscape)
        if newest_version(landscape).takes_differences:
            return found, unreadable
        addresses = addresses_by_guid([answer for answer in answers if answer[0].cmdlet == _ADDRESSES], landscape)
        return Resources(with_other_addresses(one, addresses, landscape) for one in found.values()), unreadable

    def enrolled(self, roster: Roster, answers: Sequence[Answer], landscape: Landscape) -> Roster:
        """Return the mailboxes, with the keys of their policies instead of the names.

        A mailbox that was read by its GUID keeps the key from the command, even if its primary address has changed.
        """
        policies = (policy for policy in landscape.all(MailboxPolicy).values() if policy.name)
        keys = {folded(str(policy_key(policy.name))): policy.key for policy in policies}
        column = roster.column(self.policy.name)
        spelt = {name: keys.get(folded(name), name) for name in set(column) if isinstance(name, str)}
        named = [spelt[name] if isinstance(name, str) else name for name in column]
        asked = _asked(answers)
        return replace(
            roster,
            keys=[asked.get(guid, key) for key, guid in zip(roster.keys, roster.guids or (), strict=True)],
            columns={**roster.columns, self.policy.name: named},
        )

    def identity(self, key: str, landscape: Landscape) -> Argument:
        """Return the GUID of the observed mailbox, because its address may be the logon name of another user."""
        return object_argument(landscape.one(self, key) or landscape.one(Mailbox, key), key)

    def meant(self, landscape: Landscape) -> Mapping[str, str]:
        return rows_by_mailbox(landscape)

    # what follows from the rows

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        return tuple(self.desired(landscape).values())

    def desired(self, landscape: Landscape) -> Resources:
        """Return the mailboxes with the dial plan of their policy, without users of hosted voice mail."""
        written, users = landscape.written(self), landscape.all(LyncUser)
        rows = written.replaced(drop=_of_hosted(written, users, landscape))
        by_policy = plans_by_policy(landscape)
        pairs = list(zip(rows.column(self.dial_plan), rows.column(self.policy), strict=True))
        plans = {(written, policy): _plan(written, plan_of(policy, by_policy)) for written, policy in set(pairs)}
        if any(isinstance(plan, str) for plan in plans.values()):
            rows = rows.with_column(self.dial_plan, [plans[pair] for pair in pairs])
        return rows.in_order()

    def successors(self, gone: Resource, landscape: Landscape) -> Sequence[Address]:
        """Return nothing: a mailbox replaces another one only in an exchange."""
        return ()

    def lost(self, gone: Resource, landscape: Landscape) -> str:
        return "the PIN and the recorded greeting of the user are lost"

    def left(self, forgotten: Resource, landscape: Landscape) -> str:
        return "voice mail stays on; state: absent in the row would end it"

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return True

    def proof(self, keys: Collection[str], landscape: Landscape) -> Mapping[str, frozenset[str] | None]:
        """Return the mailboxes of the users and their users in Lync; of many users the whole lists."""
        if len(keys) > FEW:
            return dict.fromkeys((Mailbox.name, UnservedMailbox.name, LyncUser.name))
        known = (landscape.one(self, key) for key in keys)
        sips = frozenset(sip for one in known if one is not None and (sip := one.get(self.sip_address)))
        return {Mailbox.name: frozenset(keys), UnservedMailbox.name: None, LyncUser.name: sips}

    def group(self, action: Action, landscape: Landscape) -> str:
        known = action.remember or landscape.one(self, action.address.key)
        return (known.get(UMMailbox.policy) if known else None) or "-"

    def impact(self, action: Action, landscape: Landscape) -> Mapping[Impact, int]:
        return {USERS: 1}

    def claims(self, resource: Resource, landscape: Landscape) -> Sequence[Claim]:
        """Return its extensions and SIP address, which are unique within its dial plan and the equivalent ones."""
        plan = resource.get(UMMailbox.dial_plan)
        if plan is None:
            return ()
        shared, found = sharing(plan, landscape), super().claims(resource, landscape)
        return tuple(replace(claim, scope=f"{folded(claim.scope)} in {shared}") for claim in found)

    def ranges(self, landscape: Landscape) -> Sequence[NumberRange]:
        return ranges_of(landscape)

    def uses(self, landscape: Landscape) -> Sequence[NumberUse]:
        return uses_of(landscape)

    # what changes it

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        arguments: dict[str, Argument] = {"UMMailboxPolicy": policy_argument(desired.get(self.policy) or "", landscape)}
        if extensions := desired.get(self.extension):
            arguments["Extensions"] = extensions
        if sip_address := desired.get(self.sip_address):
            arguments["SIPResourceIdentifier"] = sip_address
        return (write("Enable-UMMailbox", Identity=self.identity(desired.key, landscape), **arguments),)

    def rehearsal(self, action: Action, landscape: Landscape) -> Command | None:
        """Return Enable-UMMailbox with ``-ValidateOnly``, which runs the checks and writes nothing."""
        (enabling,) = action.commands
        if not newest_version(landscape).takes(enabling.cmdlet, _ASKING):
            return None
        return replace(enabling, parameters=(*enabling.parameters, (_ASKING, True)), writes=False)

    def named(self, texts: Sequence[str], landscape: Landscape) -> Mapping[str, tuple[str, ...]]:
        """Return the mailboxes that each text names: the one with this primary address, or those with another name."""
        fits, enabled, mailboxes = fits_by_name(texts, landscape), landscape.all(self), landscape.all(Mailbox)
        others = {text: tuple(fit.key for fit in fits.get(folded(text), ())) for text in texts}
        return {text: (text,) if text in enabled or text in mailboxes else others[text] for text in texts}

    def reset(self, observed: Resource, landscape: Landscape) -> Command:
        """Return Set-UMMailboxPIN without a PIN: Exchange makes one and mails it, and the user chooses another."""
        return write(_RESETTING, Identity=self.identity(observed.key, landscape))

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        commands: list[Command] = []
        target = self.identity(desired.key, landscape)
        by_name = {change.attribute: change for change in changes}
        if addresses := changed_addresses(changes, observed.over(desired), landscape):
            commands.append(write("Set-Mailbox", Identity=target, EmailAddresses=addresses))
        if (change := by_name.get(self.policy.name)) is not None:
            policy = policy_argument(str(change.after), landscape)
            commands.append(write("Set-UMMailbox", Identity=target, UMMailboxPolicy=policy))
        return commands

    def conditions(self, action: Action, landscape: Landscape) -> Mapping[str, Value]:
        """Return the addresses that a change of a whole list writes back."""
        observed = landscape.at(action.address)
        if observed is None or not writes_whole(action.changes, observed):
            return {}
        return {self.other_addresses.name: observed.get(self.other_addresses)}

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        return (write("Disable-UMMailbox", Identity=self.identity(observed.key, landscape)),)

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return mailbox_checks.check_rows(landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return mailbox_checks.check_mailboxes(landscape)


def _of_hosted(rows: Resources, users: Resources, landscape: Landscape) -> list[str]:
    """Return the rows of users with hosted voice mail; a row without a SIP address is that of its SMTP address."""
    hosted = landscape.fact(hosted_users, users)
    if not hosted:
        return []
    by_email = landscape.fact(users_by_email, users)
    every = zip(rows.folded, rows, rows.column(UMMailbox.sip_address), strict=True)
    sips = ((folded_key, sip or (by_email[key].key if key in by_email else "")) for folded_key, key, sip in every)
    return [key for key, sip in sips if folded(sip) in hosted]


def _asked(answers: Sequence[Answer]) -> Mapping[str | None, str]:
    """Return, by GUID, the keys of mailboxes that were read by their GUIDs."""
    found: dict[str | None, str] = {}
    for command, _ in answers:
        match command.argument("Identity") or command.argument("Filter"):
            case ObjectId(guid, name):
                found[guid] = name
            case ObjectIds(ids):
                found |= {one.guid: one.name for one in ids}
    return found


def _plan(written: str | None, plan: str | None) -> str | Unset:
    """Return the dial plan of a policy where a row does not have it."""
    is_written = plan is None or (written is not None and folded(written) == folded(plan))
    return UNSET if is_written or plan is None else plan
