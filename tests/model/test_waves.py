"""A wave that says nothing about failures allows none."""

from __future__ import annotations

from reconciler.model.waves import Wave


def test_no_user_of_a_wave_may_fail_unless_it_says_so() -> None:
    assert Wave("pilot").max_failures.within(1_000) == 0
