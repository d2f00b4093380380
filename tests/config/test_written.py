"""Values as files write them: the readers return the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.written import as_cell, as_comment, as_read, as_yaml
from reconciler.config.yaml_reader import read_yaml
from reconciler.model.values import Value

SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)


@given(SCALARS | st.lists(SCALARS, max_size=3).map(tuple))
def test_yaml_reads_back(value: Value) -> None:
    root, found = read_yaml("a.yaml", f"key: {as_yaml(value)}\n".encode())
    assert found == ()
    assert root is not None
    assert root.value == {"key": as_read(value)}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (5, "5"), ("0042", "0042"), (("1", "2"), "1; 2")],
)
def test_cells(value: Value, text: str) -> None:
    assert as_cell(value, "; ") == text


@given(st.text())
def test_a_comment_has_only_lines_of_comment(text: str) -> None:
    for line in as_comment(text, "  "):
        assert line.startswith("  # ")
        assert line.isprintable()
