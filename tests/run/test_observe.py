"""What a read that failed leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.resources.um_mailbox import UMMailboxType
from reconciler.model.commands import ObjectId, ObjectIds, Reply
from reconciler.model.diagnostics import Diagnostic, NotFound, PermanentError, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.ports import Request
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.run.observe import Keys, SharedLandscape
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions


def test_a_mailbox_that_could_not_be_read_once_leaves_the_others_readable() -> None:
    denied = [True]

    def answer(request: Request) -> Reply | SessionError:
        key = str(dict(request.command.parameters)["Identity"])
        if key == "a@contoso.com" and denied:
            return PermanentError(Diagnostic("Access denied", "It may not be read."))
        return Reply(({"PrimarySmtpAddress": key, "Name": key},))

    def read(landscape: Landscape, *keys: str) -> Landscape:
        return reader.observe(landscape, {"um_mailbox": frozenset(keys)})

    reader = Engine((UMMailboxType(),), FunctionSessions(answer)).reader
    first = read(Landscape(), "a@contoso.com")
    assert not first.is_readable("um_mailbox", "a@contoso.com"), "which is not absent"
    other = read(first, "b@contoso.com")
    assert other.is_readable("um_mailbox", "b@contoso.com")
    assert list(other.all("um_mailbox")) == ["b@contoso.com"]
    assert not other.is_readable("um_mailbox", "a@contoso.com")
    denied.clear()
    assert read(other, "a@contoso.com").is_readable("um_mailbox", "a@contoso.com")


GUIDS = {f"user{number}@contoso.com": f"0f8fad5b-d9cb-469f-a165-{number:012}" for number in range(150)}
THERE = {
    guid: key.replace("user", "user" if number % 3 else "renamed")
    for number, (key, guid) in enumerate(GUIDS.items())
    if number % 5
}
"""The enabled mailboxes with their primary addresses: every fifth one is not enabled, every third one was renamed."""


@pytest.mark.parametrize("how", ["shown", "refused", "empty"])
@pytest.mark.parametrize("size", [1, 2, 60, 61, 150])
def test_mailboxes_are_listed_by_guid_and_singly_where_a_listing_is_refused_or_hides_them(size: int, how: str) -> None:
    singly = 0

    def answer(request: Request) -> Reply | SessionError:
        whom = request.command.argument("Identity") or request.command.argument("Filter")
        if isinstance(whom, ObjectIds) and how == "refused":
            return PermanentError(Diagnostic("InvalidFilterException", "It is too long."))
        ids = whom.ids if isinstance(whom, ObjectIds) else [whom]
        guids = [one.guid for one in ids if isinstance(one, ObjectId) and one.guid in THERE]
        if isinstance(whom, ObjectIds) and how == "empty":
            return Reply()
        nonlocal singly
        singly += not isinstance(whom, ObjectIds)
        if isinstance(whom, ObjectId) and not guids:
            return NotFound(Diagnostic("Not found", "There is none."))
        return Reply(tuple({"PrimarySmtpAddress": THERE[guid], "Guid": guid} for guid in guids))

    sessions, keys = FunctionSessions(answer), frozenset(list(GUIDS)[:size])
    mailboxes = Resources(Resource(Address("mailbox", key), {}, guid=guid) for key, guid in GUIDS.items())
    known = [key for key in keys if GUIDS[key] in THERE]
    before = Resources(Resource(Address("um_mailbox", key), {}, guid=GUIDS[key]) for key in known)
    landscape = Landscape().with_observed("mailbox", mailboxes).with_observed("um_mailbox", before)
    found = Engine((UMMailboxType(),), sessions).reader.observe(landscape, {"um_mailbox": keys})
    assert found.is_readable("um_mailbox")
    assert set(found.all("um_mailbox")) == set(known)
    assert len(sessions.sent) - singly == (0 if size == 1 else -(-size // 60))
    assert singly == (size if size == 1 else {"shown": 0, "empty": len(known), "refused": size}[how])


def test_a_mailbox_that_a_listing_no_longer_shows_is_gone_only_if_its_own_read_says_so() -> None:
    """After a crash nothing was read yet: then the state knows it."""
    sent: list[object] = []

    def answer(request: Request) -> Reply | SessionError:
        sent.append(request.command.argument("Identity"))
        return Reply() if request.command.argument("Filter") else NotFound(Diagnostic("Not found", "There is none."))

    mailboxes = Resources(Resource(Address("mailbox", key), {}, guid=guid) for key, guid in GUIDS.items())
    addresses = [Address("um_mailbox", key) for key in list(GUIDS)[:3]]
    remembered = Snapshot("x", resources={addresses[0]: Remembered(addresses[0])})
    landscape = Landscape(prior=remembered).with_observed("mailbox", mailboxes)
    keys = frozenset(one.key for one in addresses)
    found = Engine((UMMailboxType(),), FunctionSessions(answer)).reader.observe(landscape, {"um_mailbox": keys})
    assert sent == [None, ObjectId(GUIDS[addresses[0].key], addresses[0].key)]
    assert not found.all("um_mailbox")


Observe = Callable[[Landscape, Keys], Landscape]


def listed(landscape: Landscape, **boxes: int) -> Landscape:
    """Return the landscape with these boxes, by name and size, and no others."""
    found = [Resource(Address("box", name), {"size": size}) for name, size in boxes.items()]
    return landscape.with_observed("box", Resources(found))


def sizes(landscape: Landscape) -> dict[str, object]:
    return {key: one.get("size") for key, one in landscape.all("box").items()}


def overtaken(world: SharedLandscape, listing: Observe, by: Observe, keys: frozenset[str] | None) -> Observe:
    """Return a read that was answered before another one began, and ends after it."""

    def observe(landscape: Landscape, only: Keys) -> Landscape:
        found = listing(landscape, only)
        world.read(by, {"box": keys})
        return found

    return observe


@pytest.mark.parametrize("ours", [frozenset("a"), None], ids=["one key", "all"])
def test_an_older_listing_does_not_undo_what_another_step_made_and_read(ours: frozenset[str] | None) -> None:
    world = SharedLandscape(listed(Landscape(), b=1, c=1))
    slow = overtaken(
        world,
        lambda known, _: listed(known, a=1, b=1, c=1),
        lambda known, _: listed(known, b=2, d=1),
        frozenset("bcd"),
    )
    assert sizes(world.read(slow, {"box": ours})) == {"a": 1, "b": 2, "d": 1}
    assert sizes(world.landscape) == {"a": 1, "b": 2, "d": 1}


def test_of_a_whole_listing_that_was_read_meanwhile_only_our_own_keys_are_replaced() -> None:
    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    slow = overtaken(world, lambda known, _: listed(known, a=2, b=1), lambda known, _: listed(known, a=1, b=2), None)
    assert sizes(world.read(slow, {"box": frozenset("a")})) == {"a": 2, "b": 2}


def test_what_others_found_unreadable_meanwhile_stays_so() -> None:
    told = Diagnostic("Access denied", "It may not be read.")

    def unreadable(landscape: Landscape, _: Keys) -> Landscape:
        return Landscape(observed=landscape.observed, unreadable={Address("box", "b"): told})

    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    slow = overtaken(world, lambda known, _: listed(known, a=2, b=2), unreadable, frozenset("b"))
    after = world.read(slow, {"box": frozenset("a")})
    assert not after.is_readable("box", "b")
    assert sizes(after) == {"a": 2, "b": 1}
    assert world.read(lambda _, __: listed(Landscape(), b=2), {"box": frozenset("b")}).is_readable("box", "b")


TOLD = Diagnostic("Access denied", "It may not be read.")


def failed(landscape: Landscape, _: Keys) -> Landscape:
    """Return what a read leaves that was answered by an error: nothing of the type is known."""
    return replace(landscape.with_observed("box", Resources()), unreadable={Address("box", "*"): TOLD})


def both(landscape: Landscape, _: Keys) -> Landscape:
    return replace(listed(landscape, a=1, b=1), unreadable={})


def test_what_could_not_be_read_is_not_absent_where_another_step_listed_it_meanwhile() -> None:
    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    after = world.read(overtaken(world, failed, both, None), {"box": frozenset("a")})
    assert not after.is_readable("box", "a")
    assert after.is_readable("box", "b")


def test_what_others_could_not_read_is_not_absent_in_our_listing() -> None:
    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    after = world.read(overtaken(world, both, failed, frozenset("b")), {"box": None})
    assert not after.is_readable("box", "b")
    assert after.is_readable("box", "a")


def test_a_step_that_read_its_own_keys_knows_them_although_another_could_not_list_the_type() -> None:
    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    after = world.read(overtaken(world, both, failed, None), {"box": frozenset("a")})
    assert after.is_readable("box", "a")
    assert sizes(after) == {"a": 1, "b": 1}


def test_a_listing_that_nobody_overtook_is_taken_over_whole() -> None:
    world = SharedLandscape(listed(Landscape(), a=1, b=1))
    after = world.read(lambda known, _: listed(known, a=2, c=1), {"box": frozenset("a")})
    assert sizes(after) == {"a": 2, "c": 1}, "what else it tells is the newest there is"


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)), st.frozensets(st.sampled_from("abcd")))
def test_each_step_sees_its_own_keys_as_it_read_them(found: dict[str, int], ours: frozenset[str]) -> None:
    world = SharedLandscape(listed(Landscape(), a=10, b=10))
    slow = overtaken(world, lambda known, _: listed(known, **found), lambda known, _: listed(known, a=11), None)
    after = sizes(world.read(slow, {"box": ours}))
    assert {key: size for key, size in after.items() if key in ours} == {
        key: size for key, size in found.items() if key in ours
    }
