"""The time left: exact where the pace is even, and never of the wrong size because of a wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.events import StepOutline
from reconciler.views.pace import Pace

ROLL = tuple(
    StepOutline(f"run service_restart/fe{n}", n, 1, 1200.0 if n < 3 else 0.0, (f"run service_restart/fe{n - 1}",))
    for n in (1, 2, 3)
)


def test_nothing_is_said_before_anything_was_seen() -> None:
    pace = Pace(ROLL)
    assert pace.left(0.0) is None
    pace.started(ROLL[0].id, 0.0)
    assert pace.left(5.0) is None


def test_planned_waits_and_the_pace_of_the_kind_make_the_time_left() -> None:
    pace = Pace(ROLL)
    pace.started(ROLL[0].id, 0.0)
    pace.acted(ROLL[0].id)
    pace.waits(ROLL[0].id, 1200.0, 60.0)
    pace.ended(ROLL[0].id, 1260.0)
    pace.started(ROLL[1].id, 1260.0)
    assert pace.left(1260.0) == pytest.approx(60 + 1200 + 60)
    assert pace.left(1300.0) == pytest.approx(20 + 1200 + 60)
    pace.acted(ROLL[1].id)
    pace.waits(ROLL[1].id, 1200.0, 1320.0)
    assert pace.left(2514.0) == pytest.approx(6 + 60)
    pace.ended(ROLL[1].id, 2520.0)
    pace.started(ROLL[2].id, 2520.0)
    assert pace.left(2574.0) == pytest.approx(6)


def test_slow_restarts_say_nothing_of_quick_mailboxes() -> None:
    users = StepOutline("create um_mailbox Redmond/default", 2, 1000, 0.0, (ROLL[2].id,))
    pace = Pace((ROLL[2], users))
    pace.started(ROLL[2].id, 0.0)
    pace.acted(ROLL[2].id)
    pace.ended(ROLL[2].id, 300.0)
    pace.started(users.id, 300.0)
    for _ in range(100):
        pace.acted(users.id)
    assert pace.left(305.0) == pytest.approx(45.0)


def test_steps_side_by_side_take_as_long_as_the_longest() -> None:
    pace = Pace(
        (StepOutline("run a/1", 1, 1), StepOutline("run a/2", 1, 1), StepOutline("run b/1", 2, 1, 0, ("run a/1",)))
    )
    pace.started("run a/1", 0.0)
    pace.started("run a/2", 0.0)
    pace.acted("run a/2")
    pace.ended("run a/2", 10.0)
    assert pace.left(10.0) == pytest.approx(10.0)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9), st.integers(0, 500)), min_size=1, max_size=6))
def test_an_even_chain_is_estimated_exactly_once_its_kinds_were_seen(chain: list[tuple[int, int, int]]) -> None:
    """Twice the same chain: in the second half every kind has been seen, so the time left is that which passes."""
    twice = [*chain, *chain]
    outline = tuple(
        StepOutline(
            f"run kind{n % len(chain)}/{n}", n, size, float(settle), (f"run kind{(n - 1) % len(chain)}/{n - 1}",)
        )
        for n, (size, _, settle) in enumerate(twice)
    )
    pace, now, half = Pace(outline), 0.0, sum(size * each + settle for size, each, settle in chain)
    for n, (size, each, settle) in enumerate(twice):
        step = outline[n].id
        pace.started(step, now)
        if n >= len(chain):
            assert pace.left(now) == pytest.approx(2 * half - now)
        for _ in range(size):
            now += each
            pace.acted(step)
        pace.waits(step, settle, now)
        if n >= len(chain):
            assert pace.left(now) == pytest.approx(2 * half - now)
        now += settle
        pace.ended(step, now)
    assert pace.left(now) == 0.0
