"""The matrix of Exchange and Lync versions: each row is applied, damaged by hand in every attribute, and repaired."""

from __future__ import annotations

import pytest

from reconciler.model.resources import Address
from reconciler.plan.drift import DriftKind, DriftReport
from tests.support.damage import damage_all
from tests.support.matrix import EXCHANGE, Cell, cells
from tests.support.trial import Trial, environment_of

_DIFFERING = (DriftKind.DRIFTED, DriftKind.CONFLICT, DriftKind.UNREADABLE)


def _applied(cell: Cell) -> Trial:
    trial = Trial(cell.world, environment_of(cell.sections))
    applied = trial.apply(max_destroy=1)
    assert applied.exit_code == 0, applied.told()
    return trial


def _differing(report: DriftReport) -> dict[Address, set[str]]:
    """Return the attributes that differ by address, without tasks that are due because of them."""
    entries = [entry for entry in report.entries if entry.kind in _DIFFERING]
    return {entry.address: {one.attribute for one in entry.changes} for entry in entries if entry.changes}


def _rests(trial: Trial) -> bool:
    return not trial.plan().steps and not any(entry.kind in _DIFFERING for entry in trial.drift().entries)


@pytest.mark.parametrize("cell", [cell for row in EXCHANGE for cell in cells(row)], ids=str)
def test_an_apply_comes_to_rest_and_damage_by_hand_is_found_and_repaired(cell: Cell) -> None:
    trial = _applied(cell)
    assert _rests(trial)
    damaged = damage_all(trial)
    assert _differing(trial.drift()) == damaged
    repaired = trial.apply(max_destroy=1)
    assert repaired.exit_code == 0, repaired.told()
    assert _rests(trial)
