"""Objects that a task makes and that declarations of another type do not want are removed, and nothing is destroyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from reconciler.model.actions import ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.model.trimming import Surplus, Trimming
from reconciler.plan.build import build_plan
from reconciler.plan.decide import declared_digest
from reconciler.plan.drift import DriftKind, find_drift
from reconciler.plan.plan import DECLARED
from tests.support.boxes import Box, box


class Lid(Box, Trimming):
    """Lids come with boxes; the lid of a red box is surplus."""

    name: ClassVar[str] = "lid"
    section: ClassVar[str | None] = None
    after: ClassVar[tuple[str, ...]] = ("box",)

    def surplus(self, landscape: Landscape) -> Mapping[str, Surplus]:
        red = [one for one in landscape.wanted("box").values() if one.get("colour") == "red"]
        return {one.key: Surplus(f"{one.address} is red", box(one.key, colour="blue")) for one in red}


TYPES = (Box(), Lid())


def given(*remembered: Remembered, **colours: str) -> Landscape:
    boxes = Resources(box(key, colour=colour) for key, colour in colours.items())
    lids = Resources(Resource(Address("lid", key)) for key in colours)
    prior = Snapshot("default", resources={one.address: one for one in remembered})
    return Landscape(declared={"box": boxes}, observed={"box": boxes, "lid": lids}, prior=prior)


def test_only_what_is_surplus_is_removed_and_no_budget_is_needed() -> None:
    plan = build_plan(TYPES, given(a="red", b="blue"))
    (action,) = plan.actions()
    assert (action.kind, str(action.address), action.reasons) == (ActionKind.DELETE, "lid/a", ("box/a is red",))
    assert (action.destroyed, plan.destroys) == ((), 0)
    assert (action.commands, action.inverse) != ((), ())


def test_what_is_not_there_needs_no_removal() -> None:
    there = given(a="red")
    assert not list(build_plan(TYPES, there.with_observed("lid", Resources())).actions())


def test_what_was_managed_is_removed_once_and_counts() -> None:
    plan = build_plan(TYPES, given(Remembered(Address("lid", "a")), a="red"))
    (action,) = plan.actions()
    assert action.destroyed == (Address("lid", "a"),)


def test_drift_finds_it_and_offers_the_declaration_that_wants_it() -> None:
    there = given(a="red")
    applied = replace(there.prior, decisions={DECLARED: declared_digest(TYPES, there)})
    for prior, kind, accept in (
        (there.prior, DriftKind.PENDING, ""),
        (applied, DriftKind.DRIFTED, "boxes:\n  a:\n    colour: blue"),
    ):
        report = find_drift(TYPES, replace(there, prior=prior))
        (entry,) = [one for one in report.entries if one.address.type == "lid"]
        assert (entry.kind, str(entry.address), entry.accept) == (kind, "lid/a", accept)
