"""The header of a CSV file: places of cells, and what is wrong with a column."""

from __future__ import annotations

import pytest

from reconciler.config.csv_columns import Columns
from reconciler.config.csv_header import CsvTable, ignored_columns, read_header
from reconciler.config.source_text import Mistakes, SourceText, decode

COLUMNS = Columns(("identity", "extension"), ("identity",), {"identity": ("Mail",)})


def header(text: str, columns: Columns = COLUMNS) -> tuple[CsvTable, list[str]]:
    source, found = decode("u.csv", text.encode(), remedy=""), Mistakes("u.csv")
    assert isinstance(source, SourceText)
    table, _ = read_header(source, columns, found)
    assert table is not None
    return table, [one.summary for one in found.diagnostics()]


def test_a_cell_is_found_by_the_attribute_that_its_column_means() -> None:
    table, found = header('Office;Mail;extension\n"a;b";alice;1\n')
    assert found == []
    assert (table.delimiter, table.columns) == (";", ("", "identity", "extension"))
    assert [str(table.position(2, name)) for name in ("identity", "extension", "wave")] == [
        "u.csv:2:7",
        "u.csv:2:13",
        "u.csv:2:1",
    ]


@pytest.mark.parametrize(
    ("text", "summaries"),
    [
        ("identity,,x\n", ["Column without name"]),
        ("identity,Office,Office\n", ["Duplicate column"]),
        ("identity,extention\n", ["Unknown column"]),
        ("extension\n", ["Missing column"]),
    ],
)
def test_what_is_wrong_with_a_header_is_said(text: str, summaries: list[str]) -> None:
    assert header(text)[1] == summaries


def test_two_columns_that_the_environment_gives_one_meaning_are_refused() -> None:
    both = Columns(COLUMNS.known, ("identity",), named={"a": "extension", "b": "extension"})
    assert header("identity,a,b\n", both)[1] == ["Duplicate column"]


def test_columns_without_a_meaning_are_one_note() -> None:
    table, _ = header("Mail,Office,Phone\n")
    note = ignored_columns(table, COLUMNS)
    assert note is not None
    assert not note.is_error
    assert "Office and Phone" in note.detail
    assert ignored_columns(header("Mail,extension\n")[0], COLUMNS) is None
