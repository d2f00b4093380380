"""What the products say, in the languages a host may have: the engine must never judge by any of these words.

``languages/`` holds one file a language, texts by key. Wording follows the products where it is published (DOMAIN 9.1)
and is otherwise ours. What a language lacks is said in English, as on a server without the language pack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_LANGUAGES = Path(__file__).with_name("languages")


@cache
def _texts(language: str) -> Mapping[str, str]:
    english: dict[str, str] = json.loads((_LANGUAGES / "en.json").read_text(encoding="utf-8"))
    own = next(_LANGUAGES.glob(f"{language}.json"), None)
    return {**english, **json.loads(own.read_text(encoding="utf-8"))} if own else english


def told(key: str, culture: str, /, **values: object) -> str:
    """Return the text ``key`` in the language of ``culture`` (``de-DE``), filled with ``values``."""
    return _texts(culture[:2].lower())[key].format(**values)
