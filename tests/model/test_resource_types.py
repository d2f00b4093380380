"""What a resource type does without saying anything: it reads nothing, wants what is declared, and forbids nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Position, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule, declared_types, placed
from reconciler.model.resources import Address, Resource
from tests.support.boxes import TYPES, Box, Mark, Restart, Stamp, box, declared
from tests.support.example_types import EXAMPLE_TYPES, ExamplePool

RULE = Rule("UM099", "Wrong box", "A box must be right.", "Make it right.", "Box manual.", leaves_out=True)
A = Resource(Address("box", "a"), position=Position("boxes.yaml", 3, 5))


def test_a_finding_says_of_the_case_what_the_rule_says_in_general() -> None:
    told = RULE.found(A, "It is left.")
    assert (told.code, told.summary, told.detail, told.remedy) == ("UM099", RULE.summary, "It is left.", RULE.remedy)
    assert (told.address, told.position, told.severity) == ("box/a", A.position, Severity.ERROR)
    assert RULE.found(A, "It is left.", "Turn it.").remedy == "Turn it."


@pytest.mark.parametrize("about", [A.address, None])
def test_what_is_not_declared_has_no_place(about: Address | None) -> None:
    assert RULE.found(about, "It is left.").position is None


@pytest.mark.parametrize(
    ("rule", "about", "severity", "leaves_out"),
    [
        (RULE, A, None, True),
        (RULE, A, Severity.WARNING, False),
        (RULE, None, None, False),
        (replace(RULE, leaves_out=False), A, None, False),
    ],
)
def test_only_an_error_about_one_resource_leaves_it_out(
    rule: Rule, about: Resource | None, severity: Severity | None, leaves_out: bool
) -> None:
    assert rule.found(about, "It is left.", severity=severity).leaves_out is leaves_out


def test_a_resource_is_named_with_its_place_where_it_has_one() -> None:
    assert placed(A) == "box/a (boxes.yaml:3)"
    assert placed(replace(A, position=None)) == "box/a"


SEEN = Landscape(declared=declared(box("a"), box("b")))


def test_what_is_declared_is_desired() -> None:
    assert Box().derive(SEEN) == (box("a"), box("b"))
    assert Box().derive(Landscape()) == ()


def test_only_types_with_a_section_are_declared() -> None:
    assert [kind.name for kind in declared_types(TYPES)] == ["box"]
    assert ExamplePool.name not in [kind.name for kind in declared_types(EXAMPLE_TYPES)]


def test_a_type_that_says_nothing_reads_checks_and_calls_nothing() -> None:
    pool = ExamplePool()
    assert (pool.queries(SEEN), pool.observe((), SEEN), pool.check(SEEN), pool.products(SEEN)) == ((), (), (), {})
    assert (pool.cmdlets, pool.is_replicated, pool.after, pool.rules) == (frozenset(), False, (), ())


def test_a_managed_type_forgets_nothing_and_is_implied_by_nothing_unless_it_says_so() -> None:
    one = box("a")
    said = [Box().is_forgotten(one, SEEN), Box().is_implied(one, SEEN), Box().is_written_whole(one, "tags")]
    assert said == [False, False, False]
    assert (Box().needs(one, SEEN), Box().check_declared(SEEN)) == ((), ())


def test_a_task_is_ready_at_once_and_has_nothing_under_way_unless_it_says_so() -> None:
    action = Action(box("a").address, ActionKind.RUN)
    for task in (Stamp(), Restart()):
        assert (task.waits_for(action, SEEN), task.is_ready(action, (), SEEN), task.under_way(action, SEEN)) == (
            (),
            None,
            None,
        )


def test_a_fact_is_neither_made_nor_run() -> None:
    assert not hasattr(Mark(), "create")
    assert not hasattr(Mark(), "due")
