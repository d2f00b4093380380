"""The text of a file counts lines as editors do, and shows what is wrong with it without showing too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.source_text import (
    MAX_ERRORS,
    Mistakes,
    SourceText,
    decode,
    has_unseen,
    is_read,
    limited,
)
from reconciler.model.diagnostics import Diagnostic, Position

lines = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8), min_size=1, max_size=5)


def decoded(content: bytes) -> SourceText:
    text = decode("a.yaml", content, remedy="Save it as UTF-8.")
    assert isinstance(text, SourceText)
    return text


# --- places ----------------------------------------------------------------------------------------------------------


@given(lines, st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_end_as_in_every_editor(parts: list[str], end: str) -> None:
    text = SourceText("a.yaml", end.join(parts))
    assert [text.line(number) for number in range(1, len(parts) + 1)] == parts
    assert (text.line(0), text.line(len(parts) + 1)) == ("", "")


@given(lines)
def test_a_place_leads_back_to_its_character(parts: list[str]) -> None:
    whole = "\n".join(parts)
    text = SourceText("a.yaml", whole)
    for index, character in enumerate(whole):
        place = text.position(index)
        assert (text.line(place.line) + "\n")[place.column - 1] == character


def test_a_mistake_is_shown_with_its_line_unless_its_place_is_too_far_to_the_right() -> None:
    text = SourceText("a.yaml", f"environment: x\n{' ' * 300}y")
    near, far = text.diagnostic(13, "Wrong", "It is."), text.diagnostic(len(text.text) - 1, "Wrong", "It is.")
    assert (near.position, near.excerpt) == (Position("a.yaml", 1, 14), "environment: x")
    assert (far.position, far.excerpt) == (Position("a.yaml", 2, 301), None)


# --- bytes -----------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8")))
def test_utf_8_is_read_with_and_without_its_mark(text: str) -> None:
    assert decoded(text.encode("utf-8-sig")).text == text
    if not text.startswith("\ufeff") and "\x00" not in text[:4]:
        assert decoded(text.encode("utf-8")).text == text


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("name: Zürich\n".encode("utf-16"), 1),
        ("name: Zürich\n".encode("utf-32"), 1),
        ("one: 1\nname: Zürich\n".encode("cp1252"), 2),
        (b"\xef\xbb\xbfone: 1\r\ntwo: \xff", 2),
        (b"\xe2\x82", 1),
    ],
)
def test_another_encoding_is_refused_at_its_first_byte(content: bytes, line: int) -> None:
    told = decode("a.yaml", content, remedy="Save it as UTF-8.")
    assert isinstance(told, Diagnostic)
    assert told.position is not None
    assert (told.position.line, told.remedy) == (line, "Save it as UTF-8.")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e", "\u2028", "\ufeff"])
def test_a_character_that_no_editor_shows_is_reported_with_its_place(character: str) -> None:
    (told,) = SourceText("a.yaml", f"one: 1\ntwo: 2{character}\n").unseen()
    assert (str(told.position), has_unseen(f"2{character}")) == ("a.yaml:2:7", True)
    assert f"U+{ord(character):04X}" in told.detail


def test_tabs_and_letters_of_any_script_are_seen() -> None:
    assert SourceText("a.yaml", "\tname: हिंदी 日本語\r\n").unseen() == ()
    assert not has_unseen("\tZürich")


# --- many mistakes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, MAX_ERRORS, MAX_ERRORS + 1, 3 * MAX_ERRORS])
def test_beyond_a_limit_mistakes_are_counted_and_not_made(number: int) -> None:
    made: list[int] = []

    def make(one: int) -> Diagnostic:
        made.append(one)
        return Diagnostic("Wrong", str(one))

    mistakes = Mistakes("a.yaml")
    for one in range(number):
        mistakes.add(lambda one=one: make(one))  # type: ignore[misc]  # mypy cannot infer the type of the default
    told = mistakes.diagnostics()
    assert made == list(range(min(number, MAX_ERRORS)))
    assert len(told) == min(number, MAX_ERRORS + 1)
    assert bool(mistakes) is bool(number)
    assert told == tuple(limited((Diagnostic("Wrong", str(one)) for one in range(number)), "a.yaml"))
    if number > MAX_ERRORS:
        assert f"{number - MAX_ERRORS}" in told[-1].detail


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.yaml", True),
        ("deep/er/A.YAML", True),
        ("users.CSV", True),
        ("a.yml", False),
        ("README.md", False),
        (".a.yaml", False),
        (".git/a.yaml", False),
        ("deep/.hidden/a.yaml", False),
        ("yaml", False),
    ],
)
def test_yaml_and_csv_outside_of_dot_directories_are_read(name: str, expected: bool) -> None:
    assert is_read(name) is expected
