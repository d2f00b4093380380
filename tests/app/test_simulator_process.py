"""While the simulator starts, this process loads what it will need."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.app.simulator_process import start_simulator
from reconciler.model.diagnostics import ReconcilerError


def test_the_time_of_the_start_is_used(tmp_path: Path) -> None:
    done: list[str] = []
    with pytest.raises(ReconcilerError) as caught:
        start_simulator(tmp_path / "none.yaml", tmp_path / "world.json", tmp_path, lambda: done.append("loaded"))
    assert done == ["loaded"]
    assert caught.value.diagnostics[0].summary == "Simulator did not start"
