"""Values of attributes and their forms: as they compare, and as JSON.

Everything here is frozen and plain. A value is canonical from the moment it is read: one parser per attribute makes the
same Python value of the text of a user, the reply of a server and the saved state. So the rest of the pipeline compares
with ``==`` and never strips, lowers or converts. As JSON, equal values have equal bytes, and a value without a plain
JSON form is refused.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any, Final, NoReturn, TypeAlias

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | Nested | None"
"""A canonical attribute value. Sets are sorted tuples; ``None`` means *cleared on purpose* (YAML ``null``)."""


class Nested(dict[str, Value]):
    """Nested values by name, such as business hours by day.

    It never changes, so it has a hash. The order of the names is for readers: it does not count when values compare.
    """

    def __hash__(self) -> int:  # type: ignore[override]  # a dictionary has none, because it may change
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[Nested], tuple[dict[str, Value]]]:
        return Nested, (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("an attribute value never changes")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


Record: TypeAlias = Mapping[str, Any]
"""One object that a cmdlet returned, flattened to JSON by the runner: values by property name."""


class Unset(Enum):
    """The value of an attribute that nobody wrote: not sent, not compared.

    It differs from ``None`` and from every default.
    """

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


def items(value: object) -> tuple[str, ...]:
    """Return the elements of a tuple as texts; empty for any other value."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def texts(value: object) -> tuple[str, ...]:
    """Return the elements of a tuple, or a single text, as texts; empty for any other value."""
    return (value,) if isinstance(value, str) else items(value)


def leaves(value: object) -> Iterator[str]:
    """Yield every text in a value, names of nested values included."""
    match value:
        case str():
            yield value
        case tuple():
            for item in value:
                yield from leaves(item)
        case Nested():
            for name, item in value.items():
                yield name
                yield from leaves(item)


# --- names -----------------------------------------------------------------------------------------------------------

_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
"""Each katakana to its hiragana."""
_LOOSE_MARKS: Final = (range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x3099, 0x309B))
"""Combining marks that only accent a letter. In other scripts a mark is a vowel and distinguishes words."""


def folded(name: str) -> str:
    """Return the folded form of a name: equal for names that the directory treats as equal.

    Active Directory ignores case, accents, width and kind of kana when it compares names. So two objects of a container
    cannot differ only in these. Blanks at the ends do not belong to a name. Sources: MS-ADTS 3.1.1.2.2.4.13 and 6.5.1
    (NORM_IGNORECASE, NORM_IGNORENONSPACE, NORM_IGNOREWIDTH, NORM_IGNOREKANATYPE).
    """
    if name.isascii():
        plain = name.strip().lower()
        return name if plain == name else plain  # not a second text for each of ten thousand names
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", name) if not any(ord(c) in marks for marks in _LOOSE_MARKS)
    )
    return unicodedata.normalize("NFKD", plain.translate(_KATAKANA).casefold()).strip()


Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

# Types whose limits stand in the published schemas.
Digest: TypeAlias = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
"""A SHA-256 in hex."""
Fingerprint: TypeAlias = Annotated[str, ("pattern", "^[0-9a-f]{16}$")]
"""The first 16 hexadecimal digits of a SHA-256."""
Seconds: TypeAlias = Annotated[float, ("minimum", 0)]

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical(plain: Any) -> str:
    """Return the canonical text of a JSON value: sorted keys, no spaces, ASCII."""
    return _ENCODER.encode(plain)


def sha256(plain: Any) -> Digest:
    """Return the SHA-256 of the canonical text of a JSON value, in hex."""
    return hashlib.sha256(canonical(plain).encode("ascii")).hexdigest()


def fingerprint(attributes: Mapping[str, Value] | None) -> Digest:
    """Return the SHA-256, in hex, of the attributes of an object; None (the object is absent) has its own."""
    return sha256(None if attributes is None else plain_attributes(attributes))


def plain_value(value: object) -> Any:
    """Return a canonical value as plain JSON. Any other value is refused, above all secrets and fractions."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, Nested):
        return {name: plain_value(item) for name, item in value.items()}
    raise ValueError(f"a {type(value).__name__} is no attribute value")


def plain_attributes(attributes: Mapping[str, Value]) -> dict[str, Any]:
    """Return attributes as plain JSON, sorted by name."""
    return {name: plain_value(attributes[name]) for name in sorted(attributes)}


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, has too many levels or a fraction.
    """
    try:
        return _decode(text)
    except RecursionError as error:
        raise ValueError("it has too many levels") from error


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a whole number")


_decode: Final = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode


def shown(value: object) -> str:
    """Return text of a file for a message, without control characters that a terminal would execute."""
    return value[:80].encode("unicode_escape").decode() if isinstance(value, str) else "nothing"
