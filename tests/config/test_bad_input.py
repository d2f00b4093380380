"""Every kind of mistake in a configuration has a message with its place, its value and what to do.

A case is a directory ``cases/bad_input/<case>``: ``input`` is the environment (an empty one where it is missing),
``expected.yaml`` the list of all diagnostics, complete and in order. A new case needs no code.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.app.declared import read_files
from reconciler.config.environment import load
from reconciler.model.diagnostics import Diagnostic
from tests.support.example_types import EXAMPLE_TYPES
from tests.support.paths import ROOT

CASES = ROOT / "tests" / "cases" / "bad_input"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
CANARY = "canary"
"""Part of every secret that a case writes where a reference belongs."""


def found_in(case: str, empty: Path) -> tuple[Diagnostic, ...]:
    directory = CASES / case / "input"
    environment, diagnostics = load(read_files(directory if directory.exists() else empty), EXAMPLE_TYPES)
    assert (environment is None) == any(one.is_error for one in diagnostics)
    return diagnostics


def as_written(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic in the form of ``expected.yaml``."""
    places = {
        "at": str(diagnostic.position) if diagnostic.position else None,
        "address": diagnostic.address,
    }
    return {
        diagnostic.severity.value: diagnostic.summary,
        **{key: value for key, value in places.items() if value is not None},
        "detail": diagnostic.detail,
        "remedy": diagnostic.remedy,
    }


@pytest.mark.parametrize("case", NAMES)
def test_mistakes_are_reported_as_expected(case: str, tmp_path: Path) -> None:
    expected = yaml.safe_load((CASES / case / "expected.yaml").read_text(encoding="utf-8"))
    assert [as_written(diagnostic) for diagnostic in found_in(case, tmp_path)] == expected


@pytest.mark.parametrize("case", NAMES)
def test_a_mistake_has_a_reason_and_a_remedy(case: str, tmp_path: Path) -> None:
    diagnostics = found_in(case, tmp_path)
    assert diagnostics
    for diagnostic in diagnostics:
        assert diagnostic.detail.endswith((".", '".'))
        assert diagnostic.remedy


@pytest.mark.parametrize("case", [name for name in NAMES if name != "empty_directory"])
def test_a_mistake_has_a_place_and_its_line(case: str, tmp_path: Path) -> None:
    for diagnostic in found_in(case, tmp_path):
        position = diagnostic.position
        assert position is not None
        if diagnostic.excerpt is not None and "***" not in diagnostic.excerpt:
            assert 1 <= position.column <= len(diagnostic.excerpt) + 1


@pytest.mark.parametrize("case", NAMES)
def test_no_secret_is_repeated(case: str, tmp_path: Path) -> None:
    assert all(CANARY not in repr(diagnostic) for diagnostic in found_in(case, tmp_path))


def test_secrets_in_place_of_references_are_among_the_cases() -> None:
    holding = [path for path in CASES.glob("*/input/*") if CANARY.encode() in path.read_bytes()]
    assert len(holding) >= 8
