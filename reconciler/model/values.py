"""The values that flow through the pipeline: addresses, resources, commands and what they return.

Everything here is frozen and plain. A value of an attribute is canonical from the moment it is read: one parser per
attribute turns what users write, what servers answer and what the snapshot keeps into the same Python value, so that
the rest of the pipeline compares with ``==`` and never strips, lowers or converts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | None"
"""A canonical attribute value. Sets are sorted tuples; ``None`` means *cleared on purpose* (YAML ``null``)."""

Record: TypeAlias = Mapping[str, Any]
"""One object as a cmdlet returned it, flattened to JSON by the runner: property name to value."""


class Unset(Enum):
    """The value of an attribute nobody wrote: not sent, not compared. It differs from ``None`` and from any default."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


def items(value: object) -> tuple[str, ...]:
    """Return the elements of a value that is a tuple, as texts; empty for any other."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def texts(value: object) -> tuple[str, ...]:
    """Return the elements of a value, or a text alone, as texts; empty for anything else."""
    return (value,) if isinstance(value, str) else items(value)


# --- names -----------------------------------------------------------------------------------------------------------

_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
"""Each katakana to its hiragana."""
_LOOSE_MARKS: Final = (range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x3099, 0x309B))
"""Combining marks that only accent a letter. In other scripts a mark is a vowel, which tells words apart."""


def folded(name: str) -> str:
    """Return the form that two names share where the directory takes them for one.

    Active Directory compares names without regard to case, accents, width and kind of kana, so that two objects of a
    container cannot differ in these alone. Blanks at the ends are no part of a name. Sources: MS-ADTS 3.1.1.2.2.4.13
    and 6.5.1 (NORM_IGNORECASE, NORM_IGNORENONSPACE, NORM_IGNOREWIDTH, NORM_IGNOREKANATYPE).
    """
    if name.isascii():
        return name.strip().lower()
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", name) if not any(ord(c) in marks for marks in _LOOSE_MARKS)
    )
    return unicodedata.normalize("NFKD", plain.translate(_KATAKANA).casefold()).strip()
