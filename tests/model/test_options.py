"""Options of an environment: their texts, their values and their defaults."""

from __future__ import annotations

import pytest

from reconciler.model.landscape import Settings
from reconciler.model.options import DURATION_SCHEMA, Key, Option, Section, parse_duration

PAUSE = Option("breaks.pause", Key(parse_duration, DURATION_SCHEMA, "How long a break is."), 60)
LOUD = Option("breaks.loud", Key(lambda text: text == "yes", {"enum": ["yes", "no"]}, "Whether it is loud."), False)


def test_an_option_has_its_default_where_the_files_do_not_set_it() -> None:
    assert Settings().option(PAUSE) == 60
    settings = Settings(options=PAUSE.of(0) | LOUD.of(True))
    assert (settings.option(PAUSE), settings.option(LOUD)) == (0, True)


def test_a_section_has_its_options_by_the_keys_of_the_files() -> None:
    assert Section("breaks", "When to rest.", (PAUSE, LOUD)).keys == {"pause": PAUSE.key, "loud": LOUD.key}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("20m", 1200), ("1h", 3600), ("1h30m", 5400), ("24h", 86_400), ("1h0m5s", 3605)],
)
def test_duration_is_read_in_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "20", "20 m", "-1s", "1.5h", "20M", "1d", "25h", "30m1h", "٣s", "9999999s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)
