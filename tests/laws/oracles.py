"""Judges of what happened: each looks at one apply, or at all of them, and returns what broke a promise, in words.

They hold whatever went wrong, so every test of the laws asks all of them. They lean on nothing that the engine says
about itself: what was sent, what was durable by then, what the estate executed and what is there now. The promises are
those of RELIABILITY 3 (I1 to I16, D1 to D14).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from providers.estate.restart_pool import INTERRUPT, needed_to_stay_up
from providers.simulator.cmdlets.service_control import status
from reconciler.model.commands import Argument, Command, NameOf, Operation
from reconciler.model.events import StepEnded
from reconciler.model.resources import Resource
from reconciler.model.snapshot import StateChange
from tests.laws.truth import Truth, managed
from tests.support.estate_log import is_write
from tests.support.estate_sessions import plain
from tests.support.phone import lync_sees, why_unreachable
from tests.support.trial import US, Applied, Trial

UM_REREADS = 600.0
"""Seconds until UM goes by new settings of a dial plan."""

Line = Mapping[str, Any]
"""One line of the estate's log."""


# --- one apply -------------------------------------------------------------------------------------------------------


def violations(applied: Applied, trial: Trial) -> list[str]:
    """Return every promise that one apply broke, however it ended."""
    return [
        *_without_intent(applied, trial.store.journal),
        *_ids_reused(applied),
        *_before_their_needs(applied, trial),
        *_scripts_without_obligations(applied, trial),
        *_restarts_side_by_side(applied, trial),
        *_nothing_but_the_plan(applied),
    ]


def _without_intent(applied: Applied, journal: Sequence[StateChange]) -> Iterator[str]:
    """I1, I17: no write leaves before its intent is durable."""
    for sent in applied.doors.sent:
        durable = {intent.id for change in journal[: sent.commits] for intent in change.intents}
        if sent.request.id.rpartition(".")[0] not in durable:
            yield f"I1: {sent.request.command} was sent before its intent was durable"


def _ids_reused(applied: Applied) -> Iterator[str]:
    """I2, I3: an id stands for one command; only what certainly did nothing is sent again."""
    first: dict[str, Any] = {}
    for sent in applied.doors.sent:
        before = first.setdefault(sent.request.id, sent)
        if before is not sent and before.request.command != sent.request.command:
            yield f"I2: {sent.request.id} stands for two commands"
        if before is not sent and before.fate != "busy":
            yield f"I3: {sent.request.command} was sent again after {before.fate or 'an answer'}"


def _before_their_needs(applied: Applied, trial: Trial) -> Iterator[str]:
    """I12: a command leaves only after what its step needs was observed to be done."""
    if applied.plan is None:
        return
    steps = {step.id: step for step in applied.plan.steps}
    by_address = {action.address: step for step in applied.plan.steps for action in step.actions}
    intents = {intent.id: intent for change in trial.store.journal for intent in change.intents}
    for sent in applied.doors.sent:
        intent = intents.get(sent.request.id.rpartition(".")[0])
        step = by_address.get(intent.address) if intent else None
        if step is None:
            continue
        ended = [event for event in trial.events.events[applied.events : sent.events] if isinstance(event, StepEnded)]
        done = {event.step for event in ended if event.done == len(steps[event.step].actions)}
        over = {event.step for event in ended}
        lacking = [need for need in step.needs if need not in done] + [one for one in step.after if one not in over]
        if lacking:
            yield f"I12: {sent.request.command} was sent before {lacking}"


def _scripts_without_obligations(applied: Applied, trial: Trial) -> Iterator[str]:
    """D1, D8: before exchucutil every restart that it makes necessary and the lowering of outcalls are owed."""
    front_ends = [pool for pool in trial.world.lync.pools if pool.type != "director"]
    declared: Mapping[str, Resource] = trial.environment.declared.get("dial_plan", {})
    named = [one.get("pools") for one in declared.values()]
    hosts = {c.fqdn for pool in front_ends for c in pool.computers if _is_named(pool.fqdn, named)}
    plans = managed(trial)
    for sent in applied.doors.sent:
        if sent.request.command.operation is Operation.SCRIPT:
            owed = {(o.duty, o.subject) for change in trial.store.journal[: sent.commits] for o in change.owe}
            lacking = {("front-end-restart", host) for host in hosts} - owed
            lacking |= {("lower-outcalls", plan) for plan in plans} - owed
            if lacking:
                yield f"D1: exchucutil was sent before {sorted(map(str, lacking))} was owed"


def _is_named(pool: str, named: Sequence[object]) -> bool:
    return any(pools in (None, "all") or (isinstance(pools, tuple) and pool in pools) for pools in named)


def _restarts_side_by_side(applied: Applied, trial: Trial) -> Iterator[str]:
    """D4: a Front End is stopped only while every other one of its pool that we stopped runs again."""
    pools = {computer.fqdn: pool for pool in trial.world.lync.pools for computer in pool.computers}
    down: dict[str, datetime | None] = {}
    for line in applied.ours:
        host, pool = line["host"], pools.get(line["host"])
        if pool is None or line["error"] or line["parameters"].get("Name") != "RTCSRV":
            continue
        at = datetime.fromisoformat(line["at"])
        if line["cmdlet"] == "Stop-CsWindowsService":
            others = [one.fqdn for one in pool.computers if one.fqdn != host and _is_down(one.fqdn, at, down)]
            if others:
                yield f"D4: {host} was stopped while {others} did not run"
            down[host] = None
        elif line["cmdlet"] == "Start-CsWindowsService":
            down[host] = at + timedelta(seconds=pool.start_time)


def _is_down(host: str, at: datetime, down: Mapping[str, datetime | None]) -> bool:
    """True where a Front End was stopped and is not up at ``at``; ``down`` tells when each will be, or None."""
    return host in down and ((up := down[host]) is None or at < up)


def _nothing_but_the_plan(applied: Applied) -> Iterator[str]:
    """I10: what was executed is part of what the plan shows, and nothing twice."""
    if applied.plan is None:
        if applied.ours:
            yield f"I10: {applied.ours} was sent without a plan"
        return
    planned = Counter(
        _shape(command)
        for action in applied.plan.actions()
        for command in (*action.commands, *(back for taken in action.takes_from for back in taken.returns))
    )
    done = Counter((line["cmdlet"], frozenset(line["parameters"]) - {"DomainController"}) for line in applied.ours)
    for shape, count in (done - planned).items():
        yield f"I10: {shape} was executed {count} times more often than planned"


def _shape(command: Command) -> tuple[str, frozenset[str]]:
    return command.cmdlet, frozenset(name for name, _ in command.parameters) - {"DomainController"}


# --- everything that ever happened -----------------------------------------------------------------------------------


def duplicates(trial: Trial) -> list[str]:
    """I4, I5, D3: nothing is made twice, exchucutil runs once, no Front End is restarted for nothing."""
    lines = [line for line in trial.estate.log() if is_write(line) and not line["error"]]
    return [*_made_twice(line for line in lines if line["user"] == US), *_restarted_for_nothing(lines)]


def _made_twice(lines: Iterable[Line]) -> Iterator[str]:
    there: set[tuple[str, str]] = set()
    scripts = 0
    for line in lines:
        verb, _, noun = line["cmdlet"].partition("-")
        arguments = line["parameters"]
        if line["cmdlet"] == "exchucutil.ps1":
            scripts += 1
            if scripts > 1:
                yield "exchucutil ran twice"
        elif verb in ("New", "Enable") and noun != "UMAutoAttendant":
            name = (noun, f"{arguments.get('UMIPGateway', '')}/{arguments.get('Name') or arguments.get('Identity')}")
            if name in there:
                yield f"{name} was made twice"
            there.add(name)
        elif verb in ("Remove", "Disable"):
            there = {one for one in there if one[0] != noun}


def _restarted_for_nothing(lines: Iterable[Line]) -> Iterator[str]:
    """D3: a Front End is started only where a link was made since it last was; then there is something to learn."""
    links = 0
    learned: dict[str, int] = {}
    for line in lines:
        host = line["host"]
        if line["cmdlet"] in ("exchucutil.ps1", "New-UMHuntGroup"):
            links += 1
        elif line["cmdlet"] == "Start-CsWindowsService" and line["parameters"].get("Name") == "RTCSRV":
            if learned.get(host, 0) == links:
                yield f"{host} was restarted for nothing"
            learned[host] = links


# --- at rest ---------------------------------------------------------------------------------------------------------


def unrest(trial: Trial) -> list[str]:
    """D1, D7, I15: after success nothing is owed, nothing is open, and each dial plan has one gateway for outcalls."""
    snapshot, truth = trial.store.read(), Truth(trial.estate)
    found = [f"{len(snapshot.open_intents)} intents are open"] if snapshot.open_intents else []
    found += [f"owed: {owed}" for owed in snapshot.obligations]
    directors = {pool.fqdn for pool in trial.world.lync.pools if pool.type == "director"}
    for plan in managed(trial):
        linked, enabled = truth.linked(plan), truth.enabled(plan)
        if linked and len(enabled) != 1:
            found.append(f"D7: {plan} has the outcall gateways {enabled}")
        if len(linked) > 1 and directors.intersection(enabled):
            found.append(f"D7: {plan} calls out through a Director")
    return [*found, *left_down(trial), *unseen_links(trial), *_unanswered(trial)]


def left_down(trial: Trial) -> Iterator[str]:
    """Say which services do not run though they did, and nobody but us stopped them: what we stop, we start again."""
    by_others = {
        line["host"] for line in trial.estate.log() if line["user"] != US and line["cmdlet"].startswith("Stop-")
    }
    pools = {c.fqdn: pool.fqdn for pool in trial.world.lync.pools for c in pool.computers}
    theirs = {pools.get(host, host) for host in by_others}
    for name in Truth(trial.estate).down():
        host = name.partition("/")[0]
        if name in trial.ran and pools.get(host, host) not in theirs:
            yield f"{name} ran, and does not run any more"


def unseen_links(trial: Trial) -> Iterator[str]:
    """Say which Front End does not know the link of its pool to a dial plan: it would find no voice mail."""
    truth = Truth(trial.estate)
    for pool in trial.world.lync.pools:
        for computer in pool.computers if pool.type != "director" else ():
            seen = lync_sees(trial.estate, computer.fqdn)
            for plan in trial.environment.declared.get("dial_plan", {}):
                is_there = pool.fqdn in truth.linked(plan)
                if is_there and (pool.fqdn, plan) not in seen:
                    yield f"{computer.fqdn} has not learned of {plan}"


def _unanswered(trial: Trial) -> Iterator[str]:
    """Say whose voice mail does not answer, of those whose dial plan was given to servers: what it is all for."""
    plans: Mapping[str, Resource] = trial.environment.declared.get("dial_plan", {})
    served = {name for name, plan in plans.items() if plan.get("servers") == "all"}
    trial.clock.sleep(UM_REREADS)
    for row in trial.environment.declared.get("um_mailbox", {}).values():
        if row.get("dial_plan") in served and (why := why_unreachable(trial.estate, row.key)):
            yield f"{row.key} cannot be called: {why}"


def executed(applied: Applied) -> list[tuple[str, str, str]]:
    """Return what the estate executed for us, as (host, command, arguments), in order of text."""
    always = dict(applied.plan.always) if applied.plan else {}
    return sorted((line["host"], line["cmdlet"], _told(line["parameters"], always)) for line in applied.ours)


def planned(applied: Applied, trial: Trial) -> list[tuple[str, str, str]]:
    """Return what the plan showed, in the same form; names that only an apply knows are filled in.

    An object that an earlier step makes may come out as desired by itself, such as a default policy: nothing is sent
    for it.
    """
    assert applied.plan is not None
    assert applied.account is not None
    after = trial.look()
    by_itself = {end.action.address for end in applied.account.ended if end.was_there and end.action.predicted_by}

    def named(value: Argument) -> object:
        if not isinstance(value, NameOf):
            return plain(value)
        known = after.one(value.address.type, value.address.key)
        return (known.name or known.key) if known else f"<{value}>"

    return sorted(
        (
            applied.doors.open(command.endpoint).host,
            command.cmdlet,
            _told({name: named(value) for name, value in command.parameters}, {}),
        )
        for action in applied.plan.actions()
        for command in action.commands
        if action.address not in by_itself
    )


def _told(parameters: Mapping[str, object], always: Mapping[str, str]) -> str:
    return repr(sorted((name, value) for name, value in parameters.items() if always.get(name) != value))


# --- between any two writes ------------------------------------------------------------------------------------------


@dataclass
class PoolWatch:
    """D4: watches that no Front End is stopped by us while its pool could not do without it."""

    trial: Trial
    broken: list[str] = field(default_factory=list)
    _ours: set[str] = field(default_factory=set)
    """Front Ends that we stopped."""

    def __post_init__(self) -> None:
        self.trial.after_write = self

    def __call__(self) -> None:
        lines = self.trial.estate.log()
        last = next((line for line in reversed(lines) if is_write(line) and line["user"] == US), None)
        if last is None or last["cmdlet"] != "Stop-CsWindowsService" or last["error"]:
            return
        host = last["host"]
        pool = next(pool for pool in self.trial.world.lync.pools if host in {one.fqdn for one in pool.computers})
        others = {c.fqdn: self._status(c.fqdn) for c in pool.computers if c.fqdn != host}
        running = [one for one, status in others.items() if status == "Running"]
        moving = {one: s for one, s in others.items() if s != "Running" and (s != "Stopped" or one in self._ours)}
        if moving:
            self.broken.append(f"D4: {host} was stopped while {moving}")
        has_quorum = pool.type == "enterprise" and self.trial.world.lync_release(pool) != "l2010"
        if running and has_quorum and len(running) < needed_to_stay_up(len(pool.computers)):
            self.broken.append(f"D4: {host} was stopped while only {running} ran")
        if not running and not self.trial.environment.settings.option(INTERRUPT):
            self.broken.append(f"D4: {host} was stopped as the only one that ran")
        self._ours.add(host)

    def _status(self, host: str) -> str:
        holdings = self.trial.estate.holdings
        return status(holdings, host, holdings.services[host]["rtcsrv"], self.trial.clock.now())


@dataclass
class OutcallWatch:
    """D6: watches that no write of ours leaves a dial plan without a gateway for outgoing calls."""

    trial: Trial
    broken: list[str] = field(default_factory=list)
    _before: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = self._counts()
        self.trial.after_write = self

    def __call__(self) -> None:
        after = self._counts()
        last = next((line for line in reversed(self.trial.estate.log()) if is_write(line)), None)
        if last is not None and last["cmdlet"] != "exchucutil.ps1":
            self.broken += [
                f"D6: {plan} lost its last outcall gateway by {last['cmdlet']} {last['parameters']}"
                for plan, count in after.items()
                if not count and self._before.get(plan)
            ]
        self._before = after

    def _counts(self) -> dict[str, int]:
        truth = Truth(self.trial.estate)
        return {plan: len(truth.enabled(plan)) for plan in self.trial.environment.declared.get("dial_plan", {})}
