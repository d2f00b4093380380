"""No data reaches an output raw, whatever it holds."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.commands import Delta, write
from reconciler.views.text import command_line, escape, hang, lines, pad, shorten, to_json, width, wrap
from tests.support.cli import little
from tests.support.strategies import texts

DRAWN_AS_NOTHING = "\u034f\u115f\u1160\u3164\ufe0f\uffa0\u2800\U000e0041\u180e"
every_character = st.text(st.characters(exclude_categories=()), max_size=30)


def is_harmless(text: str) -> bool:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return not any(unicodedata.category(c) in hidden or c in DRAWN_AS_NOTHING for c in text)


@given(every_character | texts)
@example("\x1b]0;owned\x07\x9b2J\r\u202e\u2066\u200b\ufeff" + DRAWN_AS_NOTHING)
def test_escaped_text_is_harmless_and_on_one_line(text: str) -> None:
    shown = escape(text)
    assert is_harmless(shown)
    assert len(shown.splitlines()) <= 1


def test_no_character_at_all_passes_that_is_not_drawn() -> None:
    """Every character of the basic plane, and the planes of tags and private use, in blocks."""
    for start in (*range(0, 0x3000, 256), *range(0xA000, 0x11000, 256), *range(0xE0000, 0xE1000, 256), 0x10FF00):
        assert is_harmless(escape("".join(map(chr, range(start, start + 256)))))


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


def test_names_of_people_stay_readable() -> None:
    assert escape("Zoë Müller-Łukasz, 山田\u00a0太郎") == "Zoë Müller-Łukasz, 山田\u00a0太郎"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1bb", "a\\x1bb"), ("a\r\n\tb", "a\\r\\n\\tb"), ("\u202e", "\\u202e"), ("\U000e0041", "\\U000e0041")],
)
def test_escaped_characters_are_named(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    "line",
    ["::set-output name=a::b", "  ::error::x", "x ##vso[task.x]y", "##[command]rm", "###[x]", "##teamcity[y]"],
)
def test_no_line_is_a_command_to_a_pipeline(line: str) -> None:
    text = lines(["before", line])
    for shown in text.splitlines():
        assert not shown.lstrip().startswith("::")
        assert "##[" not in shown
        assert "##vso[" not in shown
        assert "##teamcity[" not in shown


def test_lines_leave_other_colons_and_hashes() -> None:
    assert lines(["address: ::1", "# a comment", "## heading"]) == "address: ::1\n# a comment\n## heading\n"


@given(texts | every_character)
def test_json_is_printable_ascii_and_parses_back(text: str) -> None:
    shown = to_json({"text": text})
    assert shown.isascii()
    assert shown.isprintable()
    assert json.loads(shown) == {"text": text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")}


@given(every_character, st.integers(4, 40))
def test_shortened_text_fits(text: str, columns: int) -> None:
    shown = shorten(escape(text), columns)
    assert width(shown) <= columns
    assert shown == escape(text) or shown.endswith("...")


@given(every_character, st.integers(1, 40))
def test_wrapped_text_keeps_its_words_and_fits_where_they_do(text: str, columns: int) -> None:
    shown = escape(text)
    wrapped = wrap(shown, columns)
    assert " ".join(" ".join(wrapped).split()) == " ".join(shown.split())
    assert all(width(line) <= columns or " " not in line.strip() for line in wrapped)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("a: ", ["a: one two three"]),
        ("numbers: ", ["numbers: one two", "         three"]),
        ("a_long_name: ", ["a_long_name:", "  one two three"]),
    ],
)
def test_a_value_stays_in_its_column_if_there_is_room(head: str, expected: list[str]) -> None:
    assert hang(head, "one two three", 20, indent=2) == expected


def test_width_counts_columns() -> None:
    assert (width("abc"), width("日本"), width("e\u0301")) == (3, 4, 1)
    assert pad("日", 4) == "日  "


NOW = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1)


@given(st.lists(NAMES), NAMES)
def test_a_shell_reads_the_words_that_were_meant(words: list[str], directory: str) -> None:
    path, *rest = shlex.split(command_line("plan", Path(directory), *words))[2:]
    assert (Path(path), rest) == (Path(directory), words)
    assert not path.startswith("-")


@pytest.mark.parametrize("name", ["-it's; $HOME"])
def test_a_saved_plan_is_applied_by_the_line_that_is_shown(name: str, tmp_path: Path) -> None:
    estate = little(tmp_path / "env")
    planned = estate.run("plan", f"--out={name}", "--exclude=um_mailbox", "--exclude=exchucutil").has(0)
    line = planned.out.rstrip().splitlines()[-1].strip().replace("reconciler apply", "reconciler show", 1)
    place = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    shell = ["sh", "-c", line]
    shown = subprocess.run(shell, cwd=estate.directory, env=place, capture_output=True, text=True, check=False)
    assert (shown.returncode, "Plan: " in shown.stdout) == (0, True), (line, shown.stderr)


def test_values_inside_a_hashtable_are_always_quoted() -> None:
    command = write("Set-UMService", DialPlans=Delta(("Berlin", "O'Hare"), ("Old",)))
    assert str(command) == "Set-UMService -DialPlans @{Add='Berlin','O''Hare';Remove='Old'}"
