"""UM mailbox policies; each belongs to one dial plan.

New-UMDialPlan also makes a policy, "<dial plan> Default Policy". Its name depends on the language of the server, so it
is found by its link to the dial plan, and its key here is ``<dial plan>/default``. It can be changed, but is never
removed separately.

Sources: New-UMMailboxPolicy, Set-UMMailboxPolicy (Microsoft Learn); DOMAIN 7.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from providers.cmdlets.cmdlet_resource import CmdletResource, object_argument
from providers.cmdlets.declaration import missing
from providers.cmdlets.value_types import Normalise, Text
from providers.estate.version_attributes import check_attributes
from providers.schema.exchange import DEFAULT, DialPlan, MailboxPolicy, UMMailbox, default_spelt
from reconciler.model.actions import ActionKind
from reconciler.model.commands import Argument, Command, NameOf, write
from reconciler.model.diagnostics import Diagnostic, Problem, listed
from reconciler.model.landscape import Landscape, Named
from reconciler.model.resource_types import Answer, Lifecycle, Rule, When
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Value, folded

PIN_RESET = Rule(
    "UM060",
    "PIN would never be reset",
    "logon_failures_before_pin_reset must be smaller than max_logon_attempts. Otherwise the mailbox is locked before "
    "the PIN is reset.",
    "Write a smaller logon_failures_before_pin_reset or a greater max_logon_attempts.",
    "Set-UMMailboxPolicy; DOMAIN 7.3",
    when=When.FILES,
)

PATTERN = Rule(
    "UM061",
    "Name would be read as a pattern",
    "A name with an asterisk at its start or end matches every policy whose name fits, until the new policy has a "
    "GUID.",
    "Choose a name without an asterisk at its ends, or make the policy by hand first; then it is adopted.",
    "Set-UMMailboxPolicy, parameter Identity; DOMAIN 9.1",
)


UNKNOWN_DEFAULT = Rule(
    "UM062",
    "Default policy is not known",
    "A dial plan has several policies, and none has the name that Exchange gave to its default policy. To make one "
    "would be a second default policy.",
    "Name a policy in the rows and declarations, or rename the default policy back.",
    "New-UMDialPlan; DOMAIN 10",
)


def _is_name(value: str) -> str:
    name = value.removesuffix(DEFAULT)
    if not 1 <= len(name) <= 64:
        raise ValueError(f"has {len(name)} characters; it must have 1 to 64")
    if "/" in name or "\\" in name:
        raise ValueError('must be a name, or a dial plan and "/default"')
    return value


class MailboxPolicyType(MailboxPolicy, CmdletResource):
    """A UM mailbox policy; <dial plan>/default is the default policy of the dial plan."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
    after: ClassVar[tuple[str, ...]] = (DialPlan.name,)
    section: ClassVar[str | None] = "mailbox_policies"
    filed_with: ClassVar[Named | None] = DialPlan
    noun: ClassVar[str] = "UMMailboxPolicy"
    key_type: ClassVar[Any] = Annotated[Text, Normalise(default_spelt), AfterValidator(_is_name)]
    shown_as: ClassVar[str] = "default policy"
    rules: ClassVar[tuple[Rule, ...]] = (PIN_RESET, PATTERN, UNKNOWN_DEFAULT)

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the policy; the key of a default policy names its dial plan, and ``dial_plan`` must agree."""
        plan = self.dial_plan.of(values)
        if key.endswith(DEFAULT):
            owner = key.removesuffix(DEFAULT)
            if plan is not None and folded(plan) != folded(owner):
                detail = f'"dial_plan" is {plan}, but the name says {owner}.'
                return (Problem((self.dial_plan.name,), "Invalid value", detail, "Leave dial_plan out."),)
            return super().declared(key, {**values, self.dial_plan.name: owner})
        if plan is None:
            return (missing(self.dial_plan.name),)
        if folded(key) == folded(_english_name(plan)):
            detail = f'The name "{key}" belongs to the default policy of the dial plan.'
            return (Problem((), "Invalid name", detail, f"Write {plan}{DEFAULT}.", on_key=True),)
        return super().declared(key, values)

    def declared_end(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the policy; the default policy of a dial plan ends only with the dial plan."""
        if not key.endswith(DEFAULT):
            return super().declared_end(key, values)
        plan = key.removesuffix(DEFAULT)
        detail = f"{key} is the default policy of {plan}, so it cannot be absent while the dial plan exists."
        return (Problem((), "Invalid state", detail, f"Remove this, or write state: absent for the dial plan {plan}."),)

    def completed(
        self, found: Sequence[Resource], answers: Sequence[Answer], landscape: Landscape
    ) -> Sequence[Resource]:
        """Return the policies; the default policy of a dial plan has the key ``<dial plan>/default``."""
        declared, prior = landscape.written(self), landscape.prior.of_type(self.name)
        by_plan: dict[str, list[Resource]] = {}
        for one in found:
            if plan := one.get(self.dial_plan):
                by_plan.setdefault(plan, []).append(one)
        defaults = {
            default.address: Address(self.name, f"{plan}{DEFAULT}")
            for plan, policies in by_plan.items()
            if (default := _default_of(plan, policies, declared, prior.get(f"{plan}{DEFAULT}"))) is not None
        }
        return [replace(one, address=defaults.get(one.address, one.address)) for one in found]

    def derive(self, landscape: Landscape) -> Sequence[Resource]:
        """Return the declared policies, and default policies that mailboxes use but that do not exist.

        A dial plan can be made without a policy (GenerateUMMailboxPolicy), or somebody may have removed it.
        """
        declared = super().derive(landscape)
        return (*declared, *_missing_defaults(landscape, {folded(one.key) for one in declared}))

    def identity(self, key: str, landscape: Landscape) -> Argument:
        return policy_argument(key, landscape)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        """Return the commands; a default policy that is missing is made under its English name."""
        if not desired.key.endswith(DEFAULT):
            return super().create(desired, landscape)
        name = _english_name(desired.key.removesuffix(DEFAULT))
        return super().create(replace(desired, address=Address(self.name, name)), landscape)

    def is_forgotten(self, prior: Resource, landscape: Landscape) -> bool:
        return prior.key.endswith(DEFAULT)

    def is_implied(self, observed: Resource, landscape: Landscape) -> bool:
        """True for the default policy of a dial plan."""
        return observed.key.endswith(DEFAULT)

    def check_declared(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return self.check(landscape)

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        found: list[Diagnostic] = []
        for policy in landscape.wanted(self).values():
            observed = landscape.one(self, policy.key)
            action = landscape.actions.get(policy.address)
            if action is not None and action.kind is ActionKind.CREATE and policy.key.strip("*") != policy.key:
                found.append(PATTERN.found(policy, f'"{policy.key}" is to be made.'))
            if action is not None and action.kind is ActionKind.CREATE and policy.key.endswith(DEFAULT):
                found += _unknown_default(policy, landscape)
            after = policy.over(observed)
            reset, attempts = after.get(self.logon_failures_before_pin_reset), after.get(self.max_logon_attempts)
            if isinstance(reset, int) and isinstance(attempts, int) and reset >= attempts:
                detail = f"{policy.address} resets the PIN after {reset} failed logons, and locks after {attempts}."
                found.append(PIN_RESET.found(policy, detail))
        return (*found, *check_attributes(self, landscape))


def policy_argument(key: str, landscape: Landscape) -> Argument:
    """Return the argument for a policy: its GUID, or a ``NameOf`` if it does not exist yet."""
    observed = landscape.one(MailboxPolicy, key)
    if observed is not None and observed.name:
        return object_argument(observed, key)
    return NameOf(Address(MailboxPolicy.name, key), MailboxPolicyType.shown_as) if key.endswith(DEFAULT) else key


def _missing_defaults(landscape: Landscape, declared: set[str]) -> Iterator[Resource]:
    if not landscape.is_readable(MailboxPolicy):
        return
    policies = dict.fromkeys(landscape.written(UMMailbox).column(UMMailbox.policy))
    asked = {folded(key): key for key in policies if key and key.endswith(DEFAULT)}
    for name, key in sorted(asked.items()):
        plan = landscape.one(DialPlan, key.removesuffix(DEFAULT))
        if plan is None or name in declared:
            continue
        policy = Resource(Address(MailboxPolicy.name, f"{plan.key}{DEFAULT}"), {MailboxPolicy.dial_plan.name: plan.key})
        if landscape.one(MailboxPolicy, key) is None or policy.address in landscape.prior.resources:
            yield policy  # once it was made here it stays ours


def _english_name(plan: str) -> str:
    return f"{plan} Default Policy"


def _unknown_default(policy: Resource, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return the error that one of several policies may be the default policy that is to be made."""
    plan = policy.key.removesuffix(DEFAULT)
    policies = landscape.all(MailboxPolicy).values()
    own = [one for one in policies if folded(one.get(MailboxPolicy.dial_plan) or "") == folded(plan)]
    others = [one for one in own if one.key != policy.key and one.key not in landscape.written(MailboxPolicy)]
    if not others:
        return ()
    detail = f"{plan} has {listed(one.name or one.key for one in others)}."
    naming = (write("Set-UMMailboxPolicy", Identity=one.name or one.key, Name=_english_name(plan)) for one in others)
    commands = "".join(f"\n  {command}" for command in naming)
    remedy = f"Write the policy of the rows, or give the default policy its name again, with one of these:{commands}"
    return (UNKNOWN_DEFAULT.found(policy, detail, remedy),)


def _default_of(
    plan: str, policies: Sequence[Resource], declared: Container[str], prior: Resource | None
) -> Resource | None:
    """Return the default policy of a dial plan.

    It is the policy that the state knows as the default one, by its GUID. Otherwise it is, of those that are not
    declared, the policy with the English name, the only policy whose name begins with the name of the plan, or the
    only policy. The suffix is in the language of the server that made the dial plan (observed, not documented).
    """
    known = next((one for one in policies if prior is not None and prior.guid and one.guid == prior.guid), None)
    by_name = sorted((one for one in policies if one.key not in declared), key=lambda policy: policy.key)
    english = folded(_english_name(plan))
    named = next((one for one in by_name if folded(one.key) == english), None)
    if known is not None or named is not None:
        return known or named
    begun = [one for one in by_name if folded(one.key).startswith(folded(f"{plan} "))]
    if len(begun) == 1:
        return begun[0]
    return by_name[0] if len(by_name) == 1 else None
