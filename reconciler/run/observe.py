"""Reads the world: one listing per resource type and scope, with only the properties that are compared.

The types are read in rounds, since some ask according to what others told (the services of each Front End, once the
pools are known). All reads of a round that go to one host travel together, so a plan costs a fixed number of messages
whatever the number of users. What could not be read is kept as unreadable, which is not absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reconciler.model.addresses import Address
from reconciler.model.commands import Command, Endpoint
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import TransientError
from reconciler.model.events import Observed, Observing, Retrying
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Clock, Emit, Random, Request, Scheduler, Sessions
from reconciler.model.resource_types import Diagnosed, ResourceType, Task
from reconciler.model.resources import Resource, Resources
from reconciler.run.retry import Result, Retry

Keys = Mapping[str, frozenset[str] | None]
"""By type, the keys to read; None for all."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs."""

    types: Sequence[ResourceType]
    sessions: Sessions
    retry: Retry
    clock: Clock
    random: Random
    emit: Emit
    scheduler: Scheduler | None = None
    """Reads of different hosts run side by side where there is one."""

    def observe(self, landscape: Landscape, only: Keys | None = None) -> Landscape:
        """Return the landscape with what was read; ``only`` narrows it to some types, and these to some keys."""
        asked: dict[str, frozenset[str] | None] = {kind.name: None for kind in self.types} if only is None else {**only}
        waiting = [kind for kind in self.types if kind.name in asked]
        while waiting:
            pending = {kind.name for kind in waiting}
            ready = [kind for kind in waiting if not pending.intersection(kind.reads_after)]
            landscape = self._round(ready, landscape, asked)
            waiting = [kind for kind in waiting if kind not in ready]
        return landscape

    def _round(self, ready: Sequence[ResourceType], landscape: Landscape, asked: Keys) -> Landscape:
        queries = {kind.name: tuple(kind.queries(landscape, asked[kind.name])) for kind in ready}
        answers = self.ask([command for commands in queries.values() for command in commands])
        after = landscape
        for kind in ready:
            found = kind.observe([(command, answers[command]) for command in queries[kind.name]], landscape)
            found = (*found, *_in_the_dark(kind, landscape))
            keys = asked[kind.name]
            is_narrowed = keys is not None and queries[kind.name] != tuple(kind.queries(landscape))
            after = put(kind.name, found, after, keys if is_narrowed else None)
        return after

    def ask(self, commands: Sequence[Command]) -> dict[Command, Result]:
        """Return what came of each read; those to one host travel in one batch, the hosts side by side."""
        by_endpoint: dict[Endpoint, list[Command]] = {}
        for command in dict.fromkeys(commands):
            by_endpoint.setdefault(command.endpoint, []).append(command)
        results: dict[Command, Result] = {}

        def job(endpoint: Endpoint) -> None:
            results.update(self._ask_one(endpoint, by_endpoint[endpoint]))

        # Also one host alone is asked on another thread: a Ctrl-C, which Python raises in the main one, shall not cut a
        # message in two and leave a shell behind that nobody knows.
        if self.scheduler is None:
            for endpoint in by_endpoint:
                job(endpoint)
            return results
        for endpoint in by_endpoint:
            self.scheduler.submit(str(endpoint), partial(job, endpoint))
        left = len(by_endpoint)
        while left:
            left -= len(self.scheduler.wait())
        return results

    def _ask_one(self, endpoint: Endpoint, commands: Sequence[Command]) -> dict[Command, Result]:
        requests = [Request(self.random.identifier(), command) for command in commands]
        self.emit(Observing(str(endpoint), tuple(command.cmdlet for command in commands), len(requests)))
        began = self.clock.monotonic()

        def on_retry(error: TransientError, attempt: int, seconds: float) -> None:
            self.emit(Retrying(f"read {endpoint}", str(error), attempt, seconds))

        records = 0
        try:
            results = self.retry.invoke(lambda: self.sessions.open(endpoint), requests, on_retry)
            records = sum(len(result.records) for result in results if not isinstance(result, Exception))
        finally:
            self.emit(Observed(str(endpoint), records, len(requests), self.clock.monotonic() - began))
        return dict(zip(commands, results, strict=True))


def _in_the_dark(kind: ResourceType, landscape: Landscape) -> Iterator[Diagnosed]:
    """Yield that a type cannot be read as a whole where what tells it whom to ask cannot: it would seem to be gone."""
    for name in kind.reads_after:
        told = landscape.unreadable.get(Address(name, "*"))
        if told is not None:
            yield Diagnosed(Address(kind.name, "*"), told)
            return


def unread(kind: ResourceType, address: Address, landscape: Landscape) -> Address | None:
    """Return what was not read and would be needed to tell whether an action on ``address`` took effect, or None.

    A task is told by what it makes, so the types it refreshes count as well: what cannot be read is not there, and
    not absent either.
    """
    if not landscape.is_readable(kind.name, address.key):
        return address
    made = kind.refreshes if isinstance(kind, Task) else ()
    return next((Address(name, "*") for name in made if not landscape.is_readable(name)), None)


def put(
    type_name: str, found: Sequence[Resource | Diagnosed], landscape: Landscape, keys: frozenset[str] | None
) -> Landscape:
    """Return the landscape with what was found of a type; ``keys``: only these were asked for, the rest stands.

    Of a read that was asked for some keys and failed, these cannot be read, and not the whole type: nothing that is
    read by key later would take that mark away.
    """
    resources = [one for one in found if isinstance(one, Resource)]
    unreadable: dict[Address, Diagnostic] = {}
    for one in found:
        if isinstance(one, Diagnosed):
            is_of_all = keys is not None and one.address.key == "*"
            addresses = [Address(type_name, key) for key in keys or ()] if is_of_all else [one.address]
            unreadable |= dict.fromkeys(addresses, one.diagnostic)
    still = {
        address: told
        for address, told in landscape.unreadable.items()
        if address.type != type_name or (keys is not None and address.key not in keys)
    }
    everything = Resources(resources)
    if keys is not None:
        everything = landscape.all(type_name).replaced(resources, keys - {one.key for one in resources})
    after = landscape.with_observed(type_name, everything)
    marks = {address: by for address, by in after.predicted_by.items() if address.type != type_name}
    return replace(after, unreadable={**still, **unreadable}, predicted_by=marks)
