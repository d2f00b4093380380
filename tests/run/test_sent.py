"""One action under way: its commands leave one after the other, and what went wrong first ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind, Change, Taken
from reconciler.model.commands import NameOf, ObjectId, Reply, write
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, PermanentError, SessionError, Unreachable
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Intent, OutcomeKind
from reconciler.run.sent import CutShort, Ended, Sent, foregone, given_up, named, not_looked_at
from tests.support.boxes import Box, box

A, GATEWAY = Address("box", "a"), Address("ip_gateway", "pool1.contoso.com")
FIRST, SECOND = write("Set-Box", Step=1), write("Set-Box", Step=2)
BACK = write("Set-Box", Step=0)
UPDATE = Action(A, ActionKind.UPDATE, commands=(FIRST, SECOND))
TAKING = replace(UPDATE, takes_from=(Taken(Address("box", "b"), returns=(BACK,)),))
REFUSED = PermanentError(Diagnostic("Refused"))
LOST = AmbiguousOutcome(Diagnostic("No answer"))
AWAY = Unreachable(Diagnostic("No answer"))


def sent(action: Action = UPDATE) -> Sent:
    return Sent(action, Intent("op1", "run1", A, "update", "", "ex1", ""), action.commands)


def test_a_command_that_succeeds_lets_the_next_one_leave() -> None:
    one = sent()
    one.note(Reply(output="ran\n", warnings=("slow",)), 5.0, goes_on=False)
    assert (one.turn, one.since, one.error, one.has_next, one.has_begun) == (1, 5.0, None, True, False)
    one.note(Reply(), 6.0, goes_on=False)
    assert (one.turn, one.has_next, one.has_begun) == (2, False, True)
    assert one.printed == ["ran", "Warning: slow"]
    assert one.evidence().sent == (str(FIRST), str(SECOND))


@pytest.mark.parametrize("error", [REFUSED, LOST, AWAY])
@pytest.mark.parametrize("goes_on", [False, True])
def test_an_error_ends_the_action_unless_its_type_looks_between(error: SessionError, goes_on: bool) -> None:
    one = sent()
    one.note(error, 0.0, goes_on=goes_on)
    assert (one.error, one.is_over, one.has_next) == (error, not goes_on, goes_on)
    assert one.is_in_doubt is (error is LOST)


def test_the_first_error_is_kept() -> None:
    one = sent()
    one.note(REFUSED, 0.0, goes_on=True)
    one.note(AWAY, 0.0, goes_on=True)
    assert one.error is REFUSED


@pytest.mark.parametrize(("error", "gives_back"), [(REFUSED, True), (LOST, False), (AWAY, False)])
def test_what_was_taken_is_given_back_where_its_new_holder_is_refused_for_certain(
    error: SessionError, gives_back: bool
) -> None:
    one = sent(TAKING)
    one.note(Reply(), 0.0, goes_on=False)
    one.note(error, 0.0, goes_on=False)
    assert (one.has_next, one.commands[2:]) == ((True, (BACK,)) if gives_back else (False, ()))


def test_nothing_is_given_back_before_anything_was_taken() -> None:
    one = sent(TAKING)
    one.note(REFUSED, 0.0, goes_on=False)
    assert not one.has_next


def test_looks_that_read_the_same_are_counted() -> None:
    one = sent()
    for read in (("size is 1",), ("size is 1",), ("size is 2",)):
        one.look(read)
    assert (one.times, one.was_seen, one.evidence().read) == (1, False, ("size is 2",))
    one.look(())
    one.look(("size is 1",))
    assert one.was_seen, "it was seen once, and is gone again"


# --- ends ------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_stopped_leaves_what_may_have_happened_unknown() -> None:
    before, after = sent(), sent()
    after.is_on_its_way = True
    assert (not_looked_at(before).outcome, not_looked_at(before).is_unsent) == (OutcomeKind.NOT_RUN, True)
    assert (not_looked_at(after).outcome, not_looked_at(after).is_unsent) == (OutcomeKind.UNKNOWN, False)


def test_only_what_was_seen_is_done_when_nobody_waits_any_longer() -> None:
    done = Ended(UPDATE, OutcomeKind.DONE)
    assert given_up(done) is done
    assert given_up(Ended(UPDATE, OutcomeKind.FAILED)).outcome is OutcomeKind.UNKNOWN
    assert CutShort(iter([done])).ended == [done]


@pytest.mark.parametrize(
    ("end", "sent_nothing"),
    [
        (Ended(UPDATE, OutcomeKind.DONE), False),
        (Ended(UPDATE, OutcomeKind.DONE, was_there=True), True),
        (Ended(UPDATE, OutcomeKind.NOT_RUN, is_stale=True), True),
        (Ended(UPDATE, OutcomeKind.NOT_RUN, is_unsent=True), True),
    ],
)
def test_an_end_says_whether_anything_was_sent(end: Ended, sent_nothing: bool) -> None:
    assert end.sent_nothing is sent_nothing


# --- names that a plan leaves open -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "name"),
    [(Resource(GATEWAY, name="1:1"), "1:1"), (Resource(GATEWAY), GATEWAY.key)],
)
def test_an_open_name_is_that_of_the_object_that_is_there_now(found: Resource, name: str) -> None:
    command = write("Set-UMIPGateway", Identity=NameOf(GATEWAY, "gateway"), Server=ObjectId("1", "ex1"))
    landscape = Landscape(observed={GATEWAY.type: Resources([found])})
    assert named(command, landscape).parameters == (("Identity", name), ("Server", ObjectId("1", "ex1")))


def test_a_name_that_nobody_brought_stays_open() -> None:
    command = write("Set-UMIPGateway", Identity=NameOf(GATEWAY, "gateway"))
    assert named(command, Landscape()) == command
    assert named(FIRST, Landscape()) is FIRST


LID = Address("lid", "a")
RESIZE = Action(A, ActionKind.UPDATE, (Change("size", 1, 2),), expects={"size": 1}, expects_after={"size": 2})
TAKING_FROM_LID = replace(RESIZE, takes_from=(Taken(LID, {"colour": "red"}),))


def seen(size: int = 1, **more: Resources) -> Landscape:
    return Landscape(observed={"box": Resources([box("a", size=size)]), **more})


def lid(colour: str) -> Resources:
    return Resources([Resource(LID, {"colour": colour, "size": 5})])


@pytest.mark.parametrize(
    ("action", "landscape"),
    [
        (RESIZE, seen()),
        (TAKING_FROM_LID, seen(lid=lid("red"))),
        (replace(RESIZE, commands=(write("Set-Box", Lid=NameOf(LID, "lid")),)), seen(lid=lid("blue"))),
    ],
)
def test_an_action_begins_where_everything_is_as_the_plan_saw_it(action: Action, landscape: Landscape) -> None:
    assert foregone(Box(), action, landscape) is None


def test_an_effect_that_is_there_already_is_done_without_a_command() -> None:
    ended = foregone(Box(), RESIZE, seen(size=2))
    assert ended is not None
    assert (ended.outcome, ended.was_there, ended.sent_nothing) == (OutcomeKind.DONE, True, True)


@pytest.mark.parametrize(
    ("action", "landscape", "is_stale", "about"),
    [
        (RESIZE, seen(size=7), True, "size"),
        (RESIZE, Landscape(), True, ""),
        (RESIZE, replace(seen(), unreadable={A: Diagnostic("No answer")}), False, ""),
        (TAKING_FROM_LID, seen(lid=lid("blue")), True, "lid/a"),
        (TAKING_FROM_LID, seen(), True, "lid/a"),
        (TAKING_FROM_LID, replace(seen(lid=lid("red")), unreadable={LID: Diagnostic("No answer")}), False, "lid/a"),
        (replace(RESIZE, commands=(write("Set-Box", Lid=NameOf(LID, "lid")),)), seen(), False, "lid/a"),
    ],
    ids=["changed", "gone", "unreadable", "holder changed", "holder gone", "holder unreadable", "not brought"],
)
def test_an_action_does_not_run_where_something_is_otherwise(
    action: Action, landscape: Landscape, is_stale: bool, about: str
) -> None:
    ended = foregone(Box(), action, landscape)
    assert ended is not None
    assert (ended.outcome, ended.is_stale) == (OutcomeKind.NOT_RUN, is_stale)
    assert about in ended.detail
