"""The types of attributes in words."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.views.schema_words import words

NUMBER = {"type": "string", "pattern": r"^(?:\+[1-9][0-9]{1,14})$"}
FILE = {"type": "string", "pattern": r"^(?:.*\.([wW][aA][vV]|[wW][mM][aA]))$"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (NUMBER, "list of E.164 numbers, such as `+14255550100`"),
        (FILE, "list of names of a .wav or .wma file"),
        ({"type": "string", "format": "hostname"}, "list of FQDNs"),
        ({"type": "string", "maxLength": 64}, "list of texts, at most 64 characters"),
        ({"type": "string", "pattern": "^(?:x|y)$"}, "list of texts that match `^(?:x|y)$`"),
        ({"type": "string", "pattern": "^[0-9]{1,20}$"}, "list of 1 to 20 digits"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "list of whole numbers, 1 to 9"),
        ({"type": "object"}, "list of mappings"),
        ({"type": "array", "items": NUMBER}, "list of lists of E.164 numbers, such as `+14255550100`"),
        ({"enum": ["a", "b"]}, "list of `a`, `b`"),
        ({"type": "boolean"}, "list of true or false"),
        ({"$ref": "#/$defs/Holiday"}, "list of Holiday"),
    ],
)
def test_the_kind_of_the_elements_of_a_list_is_in_the_plural(item: dict[str, Any], expected: str) -> None:
    assert words({"type": "array", "items": item}) == expected
