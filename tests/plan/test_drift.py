"""Drift over the world of boxes: who changed what since the last apply, and both ways out."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError
from reconciler.model.ports import Request
from reconciler.model.resources import Resources
from reconciler.plan.drift import DriftEntry, DriftKind, DriftReport, find_drift
from tests.support.boxes import TYPES, BoxWorld, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions

WANTED = declared(box("a", size=1), box("b", size=2))


def applied() -> tuple[BoxWorld, Engine]:
    world = BoxWorld()
    engine = Engine(TYPES, FunctionSessions(world.answer))
    assert engine.apply(WANTED).exit_code() == 0
    return world, engine


def drift(engine: Engine, wanted: Mapping[str, Resources] = WANTED) -> DriftReport:
    return find_drift(engine.types, engine.look(wanted))


def only(report: DriftReport) -> DriftEntry:
    (entry,) = report.entries
    return entry


def test_nothing_differs_after_an_apply() -> None:
    _, engine = applied()
    report = drift(engine)
    assert (report.entries, report.in_order, report.exit_code()) == ((), 2, 0)


def test_change_on_the_server_is_drift_with_both_ways_out() -> None:
    world, engine = applied()
    world.boxes["a"]["Size"] = 9
    report = drift(engine)
    entry = only(report)
    assert (entry.kind, str(entry.address), report.exit_code()) == (DriftKind.DRIFTED, "box/a", 2)
    (change,) = entry.changes
    assert (change.desired, change.last_applied, change.observed) == (1, 1, 9)
    assert entry.revert == "--target box/a"
    assert entry.accept == "boxes:\n  a:\n    size: 9"


def test_change_in_the_configuration_is_pending() -> None:
    _, engine = applied()
    report = drift(engine, declared(box("a", size=5), box("b", size=2)))
    assert (only(report).kind, report.exit_code()) == (DriftKind.PENDING, 0)


def test_changes_on_both_sides_are_a_conflict_unless_they_agree() -> None:
    world, engine = applied()
    wanted = declared(box("a", size=5), box("b", size=2))
    world.boxes["a"]["Size"] = 9
    assert only(drift(engine, wanted)).kind is DriftKind.CONFLICT
    world.boxes["a"]["Size"] = 5
    assert drift(engine, wanted).exit_code() == 0


def test_object_removed_on_the_server_is_drift() -> None:
    world, engine = applied()
    del world.boxes["b"]
    entry = only(drift(engine))
    assert (entry.kind, entry.reason) == (DriftKind.DRIFTED, "removed on the server")


def test_task_made_due_by_somebody_else_is_drift() -> None:
    world, engine = applied()
    world.marks.clear()
    found = {str(entry.address): entry.kind for entry in drift(engine).entries}
    assert found == {"stamp/all": DriftKind.DRIFTED}  # one entry for it and the restart that follows


def test_stranger_is_unmanaged_and_harmless() -> None:
    world, engine = applied()
    world.boxes["theirs"] = {}
    world.marks.add("theirs")
    report = drift(engine)
    assert (only(report).kind, report.exit_code()) == (DriftKind.UNMANAGED, 0)


def test_unreadable_is_reported_and_never_taken_for_removed() -> None:
    world, engine = applied()

    def refusing(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "Get-Box":
            return PermanentError(Diagnostic("Access denied", "The account may not read boxes."))
        return world.answer(request)

    report = drift(Engine(TYPES, FunctionSessions(refusing), engine.store))
    assert ({entry.kind for entry in report.entries}, report.exit_code()) == ({DriftKind.UNREADABLE}, 1)
