"""Watches an estate at every instant: after each single write of ours it looks at what is there by then.

The promises are D6 to D8, D9 and I13 of RELIABILITY 3: outgoing calls always have a way, which is one at rest; what
is nobody's business of ours stays as it is; and nothing ends that nobody asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from providers.estate.outcalls import LOWER_OUTCALLS
from providers.simulator.world.directory import Entry, View
from reconciler.model.landscape import NO_RESOURCES
from tests.laws.joined import assigned, lync_dial_plans, mail_of, wanted_certificates, wanted_grants
from tests.laws.truth import Truth, managed
from tests.laws.wave_order import WaveOrder
from tests.support.edited import SECTIONS, Edit, Key
from tests.support.estate_log import is_write
from tests.support.trial import US, Trial

KINDS: Final = {
    "UMDialPlan": "dial_plans",
    "UMMailboxPolicy": "mailbox_policies",
    "UMAutoAttendant": "auto_attendants",
    "UMIPGateway": "",
    "CsDialPlan": "lync_dial_plans",
}
"""What does not end by itself, and the section that asks for its end."""


@dataclass
class Instants:
    """The watch over one history. Call ``begin`` before each apply."""

    trial: Trial
    broken: list[str] = field(default_factory=list)
    writes: int = 0
    _ours: set[str] = field(default_factory=set)
    """Rows that were ever declared: their users are no strangers."""

    def __post_init__(self) -> None:
        self.trial.after_write = self

    # --- one apply ---------------------------------------------------------------------------------------------------

    def begin(self, edit: Edit) -> None:
        """Take what is there by now as the beginning of an apply of ``edit``."""
        self._edit = edit
        self._asked = self._asked_for()
        environment = self.trial.environment
        rows = [each.get("um_mailbox", NO_RESOURCES) for each in (environment.declared, environment.ended)]
        self._ours |= {key.casefold() for each in rows for key in each}
        self._strangers = dict(self._foreign())
        self._there = dict(self._lasting())
        self._users = set(self._enabled_users())
        self._calls = self._outcalls()
        self._most = {plan: len(enabled) + 1 for plan, (enabled, _) in self._calls.items()}
        self._bound = self._foreign_bindings()
        self._order = WaveOrder(self.trial)
        self._granted = lync_dial_plans(self.trial)
        self._assigned = assigned(self.trial)

    def _asked_for(self) -> set[Key]:
        """Return what may end: ended, replaced, destroyed, or ours and declared no more."""
        environment = self.trial.environment
        asked = {
            (SECTIONS[one.address.type], one.key.casefold())
            for each in environment.ended.values()
            for one in each.values()
        }
        asked |= {(section, key.casefold()) for section, key in (*self._edit.destroys, *self._edit.replaces)}
        for known in self.trial.store.resources.values():
            address = known.address
            if address.type in SECTIONS and address.key not in environment.declared.get(address.type, {}):
                asked.add((SECTIONS[address.type], address.key.casefold()))
        plans = {key for section, key in asked if section == "dial_plans"}
        return asked | {("mailbox_policies", f"{plan} default policy") for plan in plans}

    def __call__(self) -> None:
        """Look, after a write of ours."""
        last = next(line for line in reversed(self.trial.estate.log()) if is_write(line))
        if last["user"] != US:
            return
        self.writes += 1
        self._order.look()
        said = f"{last['cmdlet']} {dict(last['parameters'])}"
        self.broken += [f"{what} by {said} in {self._edit.name}" for what in self._found(str(last["cmdlet"]))]

    def _found(self, cmdlet: str) -> Iterator[str]:
        yield from self._calls_without_way(cmdlet)
        now = dict(self._foreign())
        for name, before in self._strangers.items():
            if now.get(name) != before:
                yield f"I13: {name} was changed"
        self._strangers = {name: now[name] for name in self._strangers if name in now}
        there = dict(self._lasting())
        for guid, (section, name) in self._there.items():
            if guid not in there and (section, name) not in self._asked:
                yield f"I14: {section} {name} was removed"
        self._there = there
        users = set(self._enabled_users())
        for user in sorted(self._users - users):
            if ("mailboxes", user) not in self._asked and user not in self._declared_rows():
                yield f"I14: {user} was disabled"
        self._users = users
        bound = self._foreign_bindings()
        if not self._bound <= bound:
            yield f"D9: {sorted(self._bound - bound)} is bound no more"
        self._bound = bound
        yield from self._joined_otherwise()

    def _joined_otherwise(self) -> Iterator[str]:
        """Yield each user and each service that got what the files do not say."""
        grants, wanted = lync_dial_plans(self.trial), wanted_grants(self.trial)
        for user, plan in grants.items():
            if plan != self._granted.get(user) and (plan or "").casefold() != wanted.get(user):
                yield f"I13: {user} was granted {plan}"
        there, certificates = assigned(self.trial), wanted_certificates(self.trial)
        for service in there.keys() | self._assigned.keys():
            if there.get(service) not in (self._assigned.get(service), certificates.get(service)):
                yield f"I13: {service} was given {there.get(service)}"
        self._granted, self._assigned = grants, there

    def _declared_rows(self) -> set[str]:
        return {key.casefold() for key in self.trial.environment.declared.get("um_mailbox", {})}

    # --- outgoing calls ----------------------------------------------------------------------------------------------

    def _outcalls(self) -> dict[str, tuple[set[str], set[str]]]:
        """Return, of each dial plan whose gateways we manage, those with outgoing calls and all that are linked."""
        truth = Truth(self.trial.estate)
        return {plan: (set(truth.enabled(plan)), set(truth.linked(plan))) for plan in managed(self.trial)}

    def _calls_without_way(self, cmdlet: str) -> Iterator[str]:
        before, self._calls = self._calls, self._outcalls()
        owed = {o.subject.casefold() for o in self.trial.store.read().obligations if o.duty == LOWER_OUTCALLS.name}
        for plan, (enabled, linked) in self._calls.items():
            was, was_linked = before.get(plan, (set(), set()))
            if cmdlet == "exchucutil.ps1":
                self._most[plan] = len(enabled) + 1
            elif was and linked and not enabled:
                yield f"D6: {plan} lost its last way out"
            elif was_linked and len(enabled) > len(was):
                self._most[plan] = self._most.get(plan, 1) + len(linked - was_linked)
                if len(enabled) > self._most[plan]:
                    yield f"D8: {plan} has {len(enabled)} ways out, {self._most[plan]} at most"
            if len(enabled) > max(1, len(was)) and plan.casefold() not in owed:
                yield f"D8: {plan} got {len(enabled)} ways out, and to lower them is not owed"

    def at_rest(self) -> Iterator[str]:
        """Yield what is wrong once an apply has ended well (D7)."""
        directors = {pool.fqdn for pool in self.trial.world.lync.pools if pool.type == "director"}
        solved = {one.subject for one in self.trial.store.read().obligations}
        for plan, (enabled, linked) in self._outcalls().items():
            if linked and len(enabled) != 1:
                yield f"D7: {plan} has the ways out {sorted(enabled)} of {sorted(linked)}"
            if len(linked) > 1 and directors & enabled:
                yield f"D7: {plan} calls out through a Director"
        yield from self._order.broken()
        if solved:
            yield f"I15: owed after success: {sorted(solved)}"

    # --- what is there -----------------------------------------------------------------------------------------------

    def _view(self) -> View:
        return Truth(self.trial.estate).view

    def _foreign(self) -> Iterator[tuple[str, str]]:
        """Yield each object of strangers with its whole content; users are strangers while nobody declared them."""
        view = self._view()
        for kind in ("UMDialPlan", "UMMailboxPolicy", "UMAutoAttendant", "UMIPGateway", "UMHuntGroup", "CsDialPlan"):
            for entry in view.of(kind):
                is_linked_by_script = kind == "UMHuntGroup" and "OtherPBX" not in entry.dn
                if entry.name.removeprefix("Tag:").startswith("Other") and not is_linked_by_script:
                    yield f"{kind} {entry.dn}", _content(entry)
        for entry in view.of("User"):
            if mail_of(entry) not in self._ours:
                yield f"User {entry.dn}", _content(entry)

    def _lasting(self) -> Iterator[tuple[str, Key]]:
        view = self._view()
        for kind, section in KINDS.items():
            for entry in view.of(kind):
                yield entry.guid, (section, entry.name.casefold().removeprefix("tag:"))

    def _enabled_users(self) -> Iterator[str]:
        for entry in self._view().of("User"):
            if entry.properties.get("UMMailboxPolicy"):
                yield mail_of(entry)

    def _foreign_bindings(self) -> set[str]:
        view = self._view()
        return {
            f"{server.name} {plan.name}"
            for kind in ("UMServer", "UMCallRouter")
            for server in view.of(kind)
            for reference in server.properties.get("DialPlans") or ()
            if (plan := view.follow(reference)) is not None and plan.name.startswith("Other")
        }


def _content(entry: Entry) -> str:
    return json.dumps({"name": entry.name, **entry.properties}, sort_keys=True, default=str)
