"""Reads the servers: one listing per resource type and scope, with only the properties that are compared.

The types are read in rounds, because some reads depend on earlier ones (the services of each Front End depend on the
pools). The reads of a round for one host are one message, or shares where several sessions answer them sooner
(``shares``). So the number of messages of a plan does not depend on the number of users. Objects that could not be read
are unreadable, not absent.

The steps of a run share one landscape: every step sees the reads of all steps.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.model.abilities import Entering
from reconciler.model.commands import Command, Endpoint
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError, TransientError
from reconciler.model.events import Observed, Observing, Retrying
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Clock, Emit, Random, Request, Scheduler, Session, Sessions
from reconciler.model.resource_types import Diagnosed, ResourceType, Task
from reconciler.model.resources import Address, Resources
from reconciler.model.server_abilities import Gathering
from reconciler.run.retry import Result, Retry
from reconciler.run.shares import Asked, Paces, dealt, next_share

_LOOK_SECONDS = 0.05
"""How often it is looked whether another session of a host is open."""

Keys = Mapping[str, frozenset[str] | None]
"""The keys to read by type; None for all."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads resources through sessions."""

    types: Sequence[ResourceType]
    sessions: Sessions
    retry: Retry
    clock: Clock
    random: Random
    emit: Emit
    scheduler: Scheduler | None = None
    """Runs the reads of different hosts, and of several sessions of a host, in parallel, where there is one."""
    paces: Paces = field(default_factory=Paces)

    def observe(
        self, landscape: Landscape, only: Keys | None = None, known: Mapping[Command, Result] | None = None
    ) -> Landscape:
        """Return the landscape with new reads.

        Args:
            only: limits them to some types and keys.
            known: results of reads that were just sent, which are not sent again.
        """
        asked: dict[str, frozenset[str] | None] = {kind.name: None for kind in self.types} if only is None else {**only}
        waiting = [kind for kind in self.types if kind.name in asked]
        while waiting:
            ready = _ready(waiting)
            landscape = self._round(ready, landscape, asked, known or {})
            waiting = [kind for kind in waiting if kind not in ready]
        return replace(landscape, now=self.clock.now())

    def first_reads(self, landscape: Landscape, only: Keys) -> tuple[Command, ...]:
        """Return the commands of the first round of ``observe``."""
        ready = _ready([kind for kind in self.types if kind.name in only])
        return tuple(command for kind in ready for command in kind.queries(landscape, only[kind.name]))

    def arrive(
        self, landscape: Landscape, replicas: ResourceType, early: Sequence[ResourceType] = ()
    ) -> tuple[Landscape, frozenset[str]]:
        """Read the replicas and the hosts, and use as entry points those that can be; return what is known then.

        All are one round, in which ``early`` types are read too. The names are those of the types that were read.
        """
        hosts = [kind for kind in self.types if isinstance(kind, Entering)]
        known = frozenset(kind.name for kind in (replicas, *hosts, *early))
        landscape = self.observe(landscape, dict.fromkeys(sorted(known)))
        for kind in hosts:
            self.sessions.enter(kind.enters, kind.entries(landscape))
        return landscape, known

    def early(self, landscape: Landscape) -> Sequence[ResourceType]:
        """Return the types that others are read after, on connections whose entry point ``arrive`` does not change.

        Sessions take 10 to 20 seconds to open. Thus those of the connection open beside the first one of all, and those
        to the hosts that the types name a round earlier.
        """
        needed = {name for kind in self.types for name in kind.reads_after}
        entered = {kind.enters for kind in self.types if isinstance(kind, Entering)}
        return [
            kind
            for kind in self.types
            if kind.name in needed
            and not kind.reads_after
            and not entered.intersection(query.endpoint.connection for query in kind.queries(landscape))
        ]

    def _round(
        self, ready: Sequence[ResourceType], landscape: Landscape, asked: Keys, known: Mapping[Command, Result]
    ) -> Landscape:
        queries = {kind.name: self._queries(kind, landscape, asked[kind.name]) for kind in ready}
        wanted = [command for commands in queries.values() for command in commands]
        answers = {**known, **self.ask([command for command in wanted if command not in known])}
        for gathering in (kind for kind in ready if isinstance(kind, Gathering)):
            queries[gathering.name], singly = self._apart(gathering, queries[gathering.name], answers, landscape)
            answers |= singly
        wanted = [command for commands in queries.values() for command in commands]
        after, left = landscape, Counter(wanted)
        for kind in ready:
            found, unreadable = kind.read([(command, answers[command]) for command in queries[kind.name]], landscape)
            unreadable = (*unreadable, *_without_hosts(kind, landscape))
            left.subtract(queries[kind.name])
            for command in queries[kind.name]:  # a listing of many users is large
                if not left[command]:
                    answers.pop(command, None)
            keys = asked[kind.name]
            is_narrowed = keys is not None and queries[kind.name] != tuple(kind.queries(landscape))
            after = put(kind.name, found, unreadable, after, keys if is_narrowed else None)
        return after

    def _apart(
        self,
        kind: Gathering,
        commands: tuple[Command, ...],
        answers: Mapping[Command, Result],
        landscape: Landscape,
    ) -> tuple[tuple[Command, ...], dict[Command, Result]]:
        """Read singly what listings leave open; return the reads and the new results."""
        singly = {one: kind.apart(one, answers[one], landscape) for one in commands}
        if not any(singly.values()):
            return commands, {}
        kept = {one: () if isinstance(answers[one], PermanentError) and singly[one] else (one,) for one in commands}
        reads = tuple(each for one in commands for each in (*kept[one], *singly[one]))
        return reads, self.ask([each for some in singly.values() for each in some])

    def _queries(self, kind: ResourceType, landscape: Landscape, keys: frozenset[str] | None) -> tuple[Command, ...]:
        """Return the reads of a type, without those that no host offers: then it has no objects."""
        hosts = [one for one in self.types if isinstance(one, Entering)]
        return tuple(one for one in kind.queries(landscape, keys) if all(host.offers(one, landscape) for host in hosts))

    def check(self, commands: Sequence[Command], most: int) -> dict[Command, Result]:
        """Return the result of each read, over at most so many sessions; a read takes a server as long as a write."""
        return self.ask(commands, self.paces.of_checks(most))

    def ask(self, commands: Sequence[Command], paces: Paces | None = None) -> dict[Command, Result]:
        """Return the result of each read; ``paces``: where it takes another time than a listing."""
        by_endpoint: dict[Endpoint, list[Command]] = {}
        for command in dict.fromkeys(commands):
            by_endpoint.setdefault(command.endpoint, []).append(command)
        results: dict[Command, Result] = {}
        paces = paces or self.paces
        if self.scheduler is None:
            for asked in (Asked(endpoint, those, paces) for endpoint, those in by_endpoint.items()):
                self._run(asked, self._begun(asked, asked.left), results)
                self._end_share(asked, results)
        else:
            every = [Asked(endpoint, dealt(those), paces) for endpoint, those in by_endpoint.items()]
            self._share_out(every, self.scheduler, results)
        return results

    def _share_out(self, every: Sequence[Asked], scheduler: Scheduler, results: dict[Command, Result]) -> None:
        """Read hosts in parallel, each over several sessions where that pays."""
        # A single host is read on another thread too: Python raises Ctrl-C in the main thread, where it could interrupt
        # a message and leave an unknown shell on the server.
        running: dict[str, Asked] = {}
        while True:
            for asked in every:
                while size := next_share(asked, self.sessions):
                    key = f"{asked.endpoint} #{asked.taken}"
                    running[key] = asked
                    scheduler.submit(key, partial(self._run, asked, self._begun(asked, size), results))
            if not running:
                return
            for key in scheduler.wait(_LOOK_SECONDS if any(asked.left for asked in every) else None):
                self._end_share(running.pop(key), results)

    def _begun(self, asked: Asked, size: int) -> Sequence[Command]:
        """Return the next share of the reads of a host."""
        if not asked.taken:
            asked.began = self.clock.monotonic()
            cmdlets = tuple(command.cmdlet for command in asked.commands)
            self.emit(Observing(str(asked.endpoint), cmdlets, len(cmdlets)))
        return asked.take(size)

    def _end_share(self, asked: Asked, results: Mapping[Command, Result]) -> None:
        asked.under_way -= 1
        if asked.is_over:
            replies = (results[command] for command in asked.commands)
            records = sum(len(reply.records) for reply in replies if not isinstance(reply, SessionError))
            seconds = self.clock.monotonic() - asked.began
            self.emit(Observed(str(asked.endpoint), records, len(asked.commands), seconds))

    def _run(self, asked: Asked, commands: Sequence[Command], results: dict[Command, Result]) -> None:
        """Send one share, and add its results."""
        endpoint, is_repeated = asked.endpoint, False
        requests = [Request(self.random.identifier(), command) for command in commands]

        def on_retry(error: TransientError, attempt: int, seconds: float) -> None:
            nonlocal is_repeated
            is_repeated = True
            self.emit(Retrying(f"read {endpoint}", str(error), attempt, seconds))

        opened: list[tuple[Session, float]] = []

        def open_session() -> Session:
            session = self.sessions.open(endpoint)
            opened.append((session, session.opening_seconds))
            return session

        began = self.clock.monotonic()
        found = self.retry.invoke(open_session, requests, on_retry)
        if not is_repeated and not all(isinstance(result, SessionError) for result in found):
            ((session, opening_before),) = opened
            opening = 0.0 if opening_before else session.opening_seconds
            asked.paces.note(endpoint, len(found), self.clock.monotonic() - began - opening)
        results.update(zip(commands, found, strict=True))


def _ready(waiting: Sequence[ResourceType]) -> list[ResourceType]:
    """Return the types that are read after none of the others."""
    pending = {kind.name for kind in waiting}
    return [kind for kind in waiting if not pending.intersection(kind.reads_after)]


def _without_hosts(kind: ResourceType, landscape: Landscape) -> Iterator[Diagnosed]:
    """Mark a type unreadable when the type that lists its hosts is unreadable; otherwise its resources look deleted."""
    for name in kind.reads_after:
        why = landscape.unreadable.get(Address(name, "*"))
        if why is not None:
            yield Diagnosed(Address(kind.name, "*"), why)
            return


def unread(kind: ResourceType, address: Address, landscape: Landscape) -> Address | None:
    """Return an unreadable object that is needed to observe the effect of an action on ``address``, or None.

    The effect of a task is the objects that it creates, so the types that it refreshes count too.
    """
    if not landscape.is_readable(kind.name, address.key):
        return address
    made = kind.refreshes if isinstance(kind, Task) else ()
    return next((Address(name, "*") for name in made if not landscape.is_readable(name)), None)


def put(
    type_name: str,
    found: Resources,
    unreadable: Sequence[Diagnosed],
    landscape: Landscape,
    keys: frozenset[str] | None,
) -> Landscape:
    """Return the landscape with the resources found for a type; ``keys``: only these were read, others are unchanged.

    If a read of some keys fails, only these keys become unreadable and not the whole type, because a later read by key
    could not make a whole type readable again.
    """
    marked: dict[Address, Diagnostic] = {}
    for one in unreadable:
        is_of_all = keys is not None and one.address.key == "*"
        addresses = [Address(type_name, key) for key in keys or ()] if is_of_all else [one.address]
        marked |= dict.fromkeys(addresses, one.diagnostic)
    still = {
        address: why
        for address, why in landscape.unreadable.items()
        if address.type != type_name or (keys is not None and address.key not in keys)
    }
    if keys is not None:
        found = landscape.all(type_name).replaced(found.values(), keys - set(found))
    after = landscape.with_observed(type_name, found)
    marks = {address: by for address, by in after.predicted_by.items() if address.type != type_name}
    return replace(after, unreadable={**still, **marked}, predicted_by=marks)


@dataclass(frozen=True, slots=True)
class Reading:
    """A read that has begun."""

    only: Keys
    landscape: Landscape
    """What was known before it."""
    begun: int
    """How many reads had ended before it."""


class SharedLandscape:
    """The landscape, updated by every read of every step. Thread-safe.

    Steps read in parallel, so the listing of one step may be older than a read of another step. If other steps have
    read a key meanwhile, their result is kept.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self._learned: list[Keys] = []
        """The keys of each read, in the order in which the reads ended."""
        self._lock = threading.Lock()

    @property
    def landscape(self) -> Landscape:
        with self._lock:
            return self._landscape

    def read(self, observe: Callable[[Landscape, Keys], Landscape], only: Keys) -> Landscape:
        """Add the resources that ``observe`` reads, and return the whole landscape."""
        reading = self.begin(only)
        return self.end(reading, observe(reading.landscape, only))

    def begin(self, only: Keys) -> Reading:
        """Begin a read of these keys."""
        with self._lock:
            return Reading(only, self._landscape, len(self._learned))

    def end(self, reading: Reading, found: Landscape) -> Landscape:
        """Add the resources of a read that is in ``found``, and return the whole landscape."""
        with self._lock:
            meanwhile = self._learned[reading.begun :]
            for type_name, keys in reading.only.items():
                theirs = [each[type_name] for each in meanwhile if type_name in each]
                newest = _newest(type_name, self._landscape, theirs, found, keys)
                self._landscape = _taken(type_name, newest, of=self._landscape)
            self._learned.append(reading.only)
            return self._landscape


def _newest(
    type_name: str,
    known: Landscape,
    theirs: Sequence[frozenset[str] | None],
    found: Landscape,
    ours: frozenset[str] | None,
) -> Landscape:
    """Return the newest state of a type: ``found`` for our keys, ``known`` for keys that others read meanwhile.

    Our keys are the fewer ones: they are added to what is known, unless a failed listing of another step is in it.
    """
    if not theirs:
        return found
    if ours is not None and known.is_readable(type_name) and (None in theirs or found.is_readable(type_name)):
        return _with_keys(type_name, known, ours, of=found)
    others = {key for keys in theirs if keys is not None for key in keys}
    return _with_keys(type_name, found, others - (ours or frozenset()), of=known)


def _with_keys(type_name: str, landscape: Landscape, keys: Iterable[str], *, of: Landscape) -> Landscape:
    """Return ``landscape`` with the given keys of a type taken from another landscape.

    Where the type is unreadable there, each key is marked unreadable; otherwise it would look absent.
    """
    taken = frozenset(keys)
    if not taken:
        return landscape
    there = [one for key in taken if (one := of.one(type_name, key)) is not None]
    unreadable = {a: why for a, why in landscape.unreadable.items() if a.type != type_name or a.key not in taken}
    if (of_all := of.unreadable.get(Address(type_name, "*"))) is not None:
        unreadable |= {Address(type_name, key): of_all for key in taken}
    unreadable |= {a: why for a, why in of.unreadable.items() if a.type == type_name and a.key in taken}
    resources = landscape.all(type_name).replaced(there, taken - {one.key for one in there})
    return replace(landscape.with_observed(type_name, resources), unreadable=unreadable)


def _taken(type_name: str, found: Landscape, *, of: Landscape) -> Landscape:
    """Return the landscape ``of`` a run with all resources of one type replaced."""
    unreadable = {a: why for a, why in of.unreadable.items() if a.type != type_name}
    unreadable |= {a: why for a, why in found.unreadable.items() if a.type == type_name}
    return replace(of.with_observed(type_name, found.all(type_name)), unreadable=unreadable)
