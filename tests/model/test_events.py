"""Every event is a frozen value of one closed union, so that each view can answer all of them."""

from __future__ import annotations

import dataclasses
import inspect
from typing import get_args

import pytest

from reconciler.model import events
from reconciler.model.events import NO_EVIDENCE, ActionEnded, Event, Evidence
from reconciler.model.snapshot import OutcomeKind

PARTS = {"Evidence", "StepOutline"}
"""What events hold."""


def test_the_union_holds_every_event_of_the_module() -> None:
    classes = inspect.getmembers(events, lambda one: inspect.isclass(one) and one.__module__ == events.__name__)
    assert {kind.__name__ for kind in get_args(Event)} == {name for name, _ in classes} - PARTS


@pytest.mark.parametrize("kind", get_args(Event))
def test_an_event_cannot_be_changed(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # of every dataclass


def test_an_action_that_came_out_as_planned_has_no_evidence() -> None:
    ended = ActionEnded("create box/a", "box/a", "create", OutcomeKind.DONE)
    assert ended.evidence is NO_EVIDENCE
    assert Evidence() == NO_EVIDENCE
