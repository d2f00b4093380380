"""What ``extensions`` prints."""

from __future__ import annotations

from reconciler.model.diagnostics import Position
from reconciler.model.numbers import NumberUse
from reconciler.plan.numbers import FreeNumber
from reconciler.views.numbers import render_free, render_uses


def test_free_numbers_stand_under_their_dial_plan_and_what_is_lacking_is_said() -> None:
    found = [FreeNumber("101", "A"), FreeNumber("102", "A"), FreeNumber("201", "B")]
    assert render_free(found, ["A", "B", "C"], 2).splitlines() == [
        "A:",
        "  101",
        "  102",
        "B:",
        "  201",
        "  Only 1 number free.",
        "C:",
        "  No number is free.",
    ]


def test_uses_are_columns_with_the_place_of_a_row() -> None:
    uses = [
        NumberUse("101", "A", "um_mailbox/alice", "declared", position=Position("users.csv", 7)),
        NumberUse("101", "", "lync_user/bob", "telephone tel:101"),
    ]
    assert render_uses(uses, "").splitlines() == [
        "101  A  um_mailbox/alice  declared (users.csv:7)",
        "101  -  lync_user/bob     telephone tel:101",
    ]
    assert render_uses([], "Nobody uses 101.") == "Nobody uses 101.\n"
