"""The messages of the products, in the languages of hosts. The engine must never decide by these words.

``languages/`` has one file a language, with the texts by key. Published wording is used (DOMAIN 9.1), otherwise our
own. A text that a language lacks is in English, as on a server without the language pack.
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


def product_text(key: str, culture: str, /, **values: object) -> str:
    """Return the text ``key`` in the language of ``culture`` (``de-DE``), filled with ``values``."""
    return _texts(culture[:2].lower())[key].format(**values)
