"""The tests mirror the packages, so that the tests of a module are found by its name."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT

CORE = ("model", "config", "plan", "doctor", "export", "run")
"""The packages without a door to the outside, and the one that carries plans out."""
MODULES = [
    path.relative_to(ROOT / "reconciler")
    for package in CORE
    for path in sorted((ROOT / "reconciler" / package).rglob("*.py"))
    if path.name != "__init__.py"
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_module_of_the_core_has_a_test_file_of_its_name(module: object) -> None:
    path = ROOT / "tests" / str(module)
    mirrored = path.with_name(f"test_{path.name}")
    assert mirrored.exists()
    assert "def test_" in mirrored.read_text("utf-8")
