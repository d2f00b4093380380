"""The CSV reader takes what spreadsheets write and refuses what they broke."""

import csv
import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.csv_columns import Columns
from reconciler.config.csv_reader import CsvRow, read_csv
from reconciler.model.diagnostics import Diagnostic

COLUMNS = Columns(("identity", "extension", "wave"), required=("identity",))


def rows(text: str | bytes) -> list[dict[str, str]]:
    """Return the rows of a text that has no mistakes."""
    read, found = read_csv("u.csv", text if isinstance(text, bytes) else text.encode(), COLUMNS)
    assert found == ()
    return [dict(row.values) for row in read]


def mistakes(text: str | bytes) -> list[tuple[str, str]]:
    _, found = read_csv("u.csv", text if isinstance(text, bytes) else text.encode(), COLUMNS)
    return [(one.summary, str(one.position)) for one in found]


def only(text: str) -> tuple[CsvRow, tuple[Diagnostic, ...]]:
    (row,), found = read_csv("u.csv", text.encode(), COLUMNS)
    return row, found


ALICE = {"identity": "alice@contoso.com", "extension": "0042"}


# --- what is accepted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_spreadsheet_dialect_is_read_alike(delimiter: str, line_end: str, mark: str) -> None:
    lines = ["identity,extension,wave", "alice@contoso.com,0042,", 'bob@contoso.com,"0043",1', ""]
    text = mark + line_end.join(lines).replace(",", delimiter)
    assert rows(text) == [ALICE, {"identity": "bob@contoso.com", "extension": "0043", "wave": "1"}]


def test_delimiter_named_in_the_first_line_is_used() -> None:
    text = "sep=;\r\nidentity;extension\r\nalice@contoso.com;0042\r\n"
    assert rows(text) == [ALICE]


def test_delimiter_is_the_one_that_finds_known_columns() -> None:
    read, _ = read_csv("u.csv", b"identity;a,b,c;extension\nx;y;1\n", COLUMNS)
    assert dict(read[0].values) == {"identity": "x", "extension": "1"}


def test_header_of_one_column_needs_no_delimiter() -> None:
    assert rows("identity\nalice@contoso.com\n") == [{"identity": "alice@contoso.com"}]


def test_leading_zeros_stay() -> None:
    assert rows("identity,extension\nx,0042\ny,00\n")[0]["extension"] == "0042"


def test_empty_cell_is_not_written() -> None:
    assert rows("identity,extension\nx,\ny, \n") == [{"identity": "x"}, {"identity": "y"}]


def test_empty_rows_and_empty_cells_beyond_the_header_are_left_out() -> None:
    assert rows("identity,extension,,\nx,1,,\n,,,\n\ny,2\n  \n") == [
        {"identity": "x", "extension": "1"},
        {"identity": "y", "extension": "2"},
    ]


def test_blanks_around_cells_and_names_are_left_out() -> None:
    assert rows(" identity , extension\n  x , 1 \n") == [{"identity": "x", "extension": "1"}]


def test_quoted_cell_holds_delimiters_and_quotes() -> None:
    assert rows('identity,wave\n"a,b","say ""1"""\n') == [{"identity": "a,b", "wave": 'say "1"'}]


@pytest.mark.parametrize("cell", ["1E5", "E+11", "4,2555", "1e+", "a1.2E+3"])
def test_cell_that_only_resembles_a_damaged_number_is_text(cell: str) -> None:
    assert rows(f'identity,wave\nx,"{cell}"\n')[0]["wave"] == cell


CELLS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=10).filter(
    lambda cell: "E" not in cell.upper() and "#" not in cell
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_what_csv_writes_is_read_back(table: list[tuple[str, str, str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([("identity", "extension", "wave"), *table])
    assert [tuple(row.values()) for row in rows(text.getvalue())] == table


@given(st.lists(st.text(alphabet=string.digits, min_size=1, max_size=20), min_size=1, max_size=20))
def test_numbers_never_change_digits(numbers: list[str]) -> None:
    text = "identity\n" + "\n".join(numbers)
    assert [row["identity"] for row in rows(text)] == numbers


# --- places ----------------------------------------------------------------------------------------------------------


def test_row_knows_the_line_and_column_of_its_cells() -> None:
    row, found = only('\n\nidentity;wave;extension\n\n"alice;contoso";  1;0042\n')
    assert found == ()
    assert str(row.position()) == "u.csv:5:1"
    assert str(row.position(("wave",))) == "u.csv:5:19"
    assert str(row.position(("extension", 0), on_key=True)) == "u.csv:5:21"
    assert str(row.position(("site",))) == "u.csv:5:1"


def test_line_is_right_below_rows_with_line_breaks() -> None:
    found = mistakes('identity,wave\na,"1\n\n2"\nb,1,2\nc,"3\n4"\n')
    assert found == [
        ("Line break in value", "u.csv:2:1"),
        ("Wrong number of values", "u.csv:5:5"),
        ("Line break in value", "u.csv:6:1"),
    ]


def test_line_of_a_file_with_columns_for_secrets_is_not_shown() -> None:
    _, found = read_csv("u.csv", b"identity,password\nx,canary,1\n", COLUMNS)
    assert [one.excerpt for one in found] == [None, None]


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["4,2555E+10", "1.23E+11", "1E+11", "4.2555E+010", "-1,2e-5"])
def test_number_that_a_spreadsheet_damaged_is_refused(cell: str) -> None:
    assert mistakes(f"identity;extension\nx;{cell}\n") == [("Number changed by a spreadsheet", "u.csv:2:3")]


def test_all_mistakes_are_reported_at_once() -> None:
    text = "identity,extension,wave,wave\nx,1,1,1,1\ny,1\nz,1.5E+10,#REF!,1\n"
    assert mistakes(text) == [
        ("Duplicate column", "u.csv:1:25"),
        ("Wrong number of values", "u.csv:2:9"),
        ("Wrong number of values", "u.csv:3:1"),
        ("Number changed by a spreadsheet", "u.csv:4:3"),
        ("Spreadsheet error value", "u.csv:4:11"),
    ]


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "\n \n", "sep=;\n"])
def test_file_without_text_is_refused(text: str) -> None:
    assert [summary for summary, _ in mistakes(text)] == ["Empty file"]


def test_invalid_byte_is_reported_with_line_and_likely_character() -> None:
    _, found = read_csv("u.csv", b"\xef\xbb\xbfidentity,wave\r\nzo\xeb,1\r\n", COLUMNS)
    assert [str(one.position) for one in found] == ["u.csv:2:3"]
    assert "0xEB in line 2" in found[0].detail
    assert '"ë"' in found[0].detail
    assert "CSV UTF-8" in found[0].remedy


def test_quote_left_open_is_reported_where_it_opens() -> None:
    assert mistakes('identity,wave\nx,1\n"y,1\nz,1\n') == [("Unclosed quote", "u.csv:3:1")]


def test_many_mistakes_are_reported_up_to_a_limit() -> None:
    _, found = read_csv("u.csv", b"identity,wave\n" + b"x\n" * 250, COLUMNS)
    assert len(found) == 101
    assert found[-1].detail == "u.csv has 150 more errors."


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read, found = read_csv("u.csv", content, COLUMNS)
    assert read or found


@given(st.text(alphabet="identy,;\t\"\r\n'=x", max_size=60))
def test_any_punctuation_is_read_or_refused(text: str) -> None:
    read, found = read_csv("u.csv", ("identity,wave\n" + text).encode(), COLUMNS)
    assert read or found
    assert all(one.position is not None and one.remedy for one in found)


def test_truncation_anywhere_never_fails() -> None:
    content = '\ufeffidentity;wave\r\n"zoë@contoso.com";1\r\n'.encode()
    for length in range(len(content)):
        read, found = read_csv("u.csv", content[:length], COLUMNS)
        assert read or found
