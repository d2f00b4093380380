"""A plan takes as much more work as there are more users: each user is read once, compared once, and nothing twice.

Work is counted in calls (``tests.support.effort``), so that a busy machine fails nothing.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.numerous import Numerous
from providers.estate.people import sites_of_users
from providers.estate.topology import voice_users_by_pool
from providers.schema.exchange import UMMailbox
from providers.schema.exchange_facts import Mailbox
from reconciler.app import Ports, open_workspace
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.commands import Reply
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Resource, Resources
from reconciler.model.snapshot import Remembered
from reconciler.model.values import Value
from reconciler.plan.build import build_plan
from reconciler.plan.effects import compare
from reconciler.plan.plan import Plan
from tests.bench.child import sessions_of
from tests.bench.generate import write_environment
from tests.support.effort import calls, effort

FEW, MANY = 100, 1_000
DIFFERING = 10


@dataclass(frozen=True)
class Estate:
    """An environment of a number of users, and what was read of its servers before the first apply."""

    files: Files
    types: tuple[ResourceType, ...]
    landscape: Landscape
    requests: int

    def load(self) -> object:
        return load(self.files, self.types)

    def plan(self) -> Plan:
        return build_plan(self.types, self.landscape)

    @property
    def records(self) -> list[dict[str, object]]:
        """Its mailboxes, as Get-UMMailbox lists them."""
        rows = self.landscape.declared[UMMailbox.name].values()
        return [{"PrimarySmtpAddress": row.key, "Extensions": list(row.get(UMMailbox.extension))} for row in rows]


@cache
def estate(users: int) -> Estate:
    with TemporaryDirectory() as place:
        directory = Path(place) / "environment"
        write_environment(directory, users, seed=1)
        files = Files({path.name: path.read_bytes() for path in directory.iterdir() if path.name != "world.yaml"})
        sessions = sessions_of(directory)
        with open_workspace(directory, Ports(sessions=lambda _: sessions)) as workspace:
            return Estate(files, workspace.types, workspace.look(), len(sessions.requests))


@cache
def applied(users: int, differing: int = 0) -> Estate:
    """Return the estate after its users were applied; ``differing`` of them have another extension by now."""
    given = estate(users)
    kind = next(kind for kind in given.types if isinstance(kind, CmdletResource) and kind.name == UMMailbox.name)
    rows = kind.derive(given.landscape)
    prior = {row.address: Remembered(row.address, _managed(kind, row), guid=row.key) for row in rows}
    observed = [replace(row, guid=row.key) for row in rows]
    observed[:differing] = [row.having(UMMailbox.extension, ("9" * 6,)) for row in observed[:differing]]
    landscape = given.landscape.with_observed(kind.name, Resources(observed))
    mailboxes = landscape.all(Mailbox)
    addresses = [_addresses(observed_row) for observed_row in map(landscape.all(kind).get, mailboxes)]
    landscape = landscape.with_observed(Mailbox.name, mailboxes.with_column(Mailbox.addresses, addresses))
    landscape = replace(landscape, prior=replace(landscape.prior, resources=prior))
    return replace(given, landscape=landscape)


def _addresses(row: Resource | None) -> tuple[str, ...]:
    """Return the addresses that Exchange gives a mailbox when it enables it."""
    if row is None:
        return ()
    context = f"phone-context={row.get(UMMailbox.dial_plan)}.contoso.com"
    extensions = row.get(UMMailbox.extension) or ()
    return (f"EUM:{row.get(UMMailbox.sip_address)};{context}", *(f"eum:{one};{context}" for one in extensions))


def _managed(kind: ResourceType, row: Resource) -> dict[str, Value]:
    return {name: value for name, value in row.attributes.items() if kind.attributes[name].is_compared}


WORK: dict[str, tuple[Callable[[int], Callable[[], object]], int]] = {
    "loading": (lambda users: estate(users).load, 250),
    "planning of new users": (lambda users: estate(users).plan, 820),
    "planning of users as they are": (lambda users: applied(users).plan, 340),
}
"""The work for a number of users, and how many calls it may take for each user."""


@pytest.mark.parametrize("kind", WORK)
def test_each_user_takes_the_same_work_however_many_there_are(kind: str) -> None:
    work, most = WORK[kind]
    few, many = effort(work(FEW)), effort(work(MANY))
    assert many - few < most * (MANY - FEW)


def test_the_servers_are_asked_as_often_for_many_users_as_for_few() -> None:
    assert estate(FEW).requests == estate(MANY).requests


@pytest.mark.parametrize("users", [FEW, MANY])
def test_only_rows_that_differ_are_compared_attribute_by_attribute(users: int) -> None:
    (same,) = calls(applied(users).plan, compare)
    (some,) = calls(applied(users, DIFFERING).plan, compare)
    assert some - same == DIFFERING
    assert same < FEW, "of the structure alone, which is new"


@pytest.mark.parametrize("fact", [voice_users_by_pool, sites_of_users])
def test_what_follows_from_all_users_is_found_once(fact: Callable[[Landscape], object]) -> None:
    read = estate(MANY).landscape
    landscape = Landscape(declared=read.declared, observed=read.observed)
    first, again = effort(lambda: fact(landscape)), effort(lambda: fact(landscape))
    later = effort(lambda: fact(landscape.with_desired("dial_plan", landscape.wanted("dial_plan"))))
    assert max(again, later) < 400 < MANY < first


def test_a_record_becomes_a_resource_in_few_steps() -> None:
    given = estate(MANY)
    kind = next(kind for kind in given.types if kind.name == UMMailbox.name)
    answers = [(kind.queries(given.landscape)[0], Reply(tuple(given.records)))]
    assert effort(lambda: kind.read(answers, given.landscape)) < 40 * MANY


def test_few_bytes_are_held_for_each_user() -> None:
    """What is declared and what was listed is kept by column; objects would need twice as many."""
    # Python's own table of texts grows in large steps: at most one of two measurements has such a step.
    few, many = (min(held(estate(users), called) for called in ("some", "more")) for users in (FEW, MANY))
    assert (many - few) / (MANY - FEW) < 800


def held(given: Estate, called: str) -> int:
    """Return the bytes held by what is declared and by the listings of users, as they come over the wire."""
    world = {"world.yaml": b"world: bench\nexchange: {}\nlync: {}\n"}
    types = {kind.name: kind for kind in given.types}
    # Under other names: equal texts are one object, and those of the estate are held already.
    files = Files(
        {name: text.replace(b"user", called.encode()) for name, text in {**given.files.contents, **world}.items()}
    )
    files = Files({name.replace("user", called): text for name, text in files.contents.items()})
    listings = {name: json.dumps(_records(types[name], given)) for name in (UMMailbox.name, "mailbox", "lync_user")}
    listings = {name: text.replace("user", called).replace("-", called[0]) for name, text in listings.items()}
    load(files, given.types)  # what is kept for every environment is made by now
    tracemalloc.start()
    try:
        kept: list[object] = [load(files, given.types)]
        for name, text in listings.items():
            (command,) = types[name].queries(given.landscape)
            kept.append(types[name].read([(command, Reply(tuple(json.loads(text))))], given.landscape))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _records(kind: ResourceType, given: Estate) -> list[dict[str, object]]:
    """Return the listing of a type: every declared mailbox, and what was read of others."""
    assert isinstance(kind, Numerous)
    rows = given.landscape.all(kind.name) or given.landscape.declared[kind.name]
    return [
        {kind.key_output: row.key, "Guid": row.guid or f"{place:036}"}
        | {str(kind.attributes[name].output): value for name, value in row.attributes.items()}
        for place, row in enumerate(rows.values())
    ]


def test_removals_walk_through_the_state_once() -> None:
    """A removal waits for what depended on it. That is looked up, not searched for."""
    given = applied(MANY)
    gone = replace(given.landscape, declared={**given.landscape.declared, UMMailbox.name: Resources()})
    ending = [row for place, row in enumerate(given.landscape.declared[UMMailbox.name].values()) if place < MANY // 2]
    few = replace(gone, ended={UMMailbox.name: Resources(ending[:1])})
    many = replace(gone, ended={UMMailbox.name: Resources(ending)})
    work = effort(lambda: build_plan(given.types, many)) - effort(lambda: build_plan(given.types, few))
    assert work < 700 * len(ending)
