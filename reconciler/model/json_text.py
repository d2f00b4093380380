"""JSON as text: equal values have equal bytes, and values without a JSON form are refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NoReturn, TypeAlias

from reconciler.model.values import Value

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

# Types whose limits stand in the published schemas.
Digest: TypeAlias = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
"""A SHA-256 in hex."""
Fingerprint: TypeAlias = Annotated[str, ("pattern", "^[0-9a-f]{16}$")]
"""The first 16 hexadecimal digits of a SHA-256."""
Seconds: TypeAlias = Annotated[float, ("minimum", 0)]

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical(plain: Any) -> str:
    """Return the one text of a JSON value: sorted keys, no spaces, ASCII."""
    return _ENCODER.encode(plain)


def sha256(plain: Any) -> Digest:
    """Return the SHA-256 of a JSON value's one text, in hex."""
    return hashlib.sha256(canonical(plain).encode("ascii")).hexdigest()


def fingerprint(attributes: Mapping[str, Value] | None) -> Digest:
    """Return the SHA-256, in hex, of the attributes of an object; None (the object is absent) has its own."""
    return sha256(None if attributes is None else plain_attributes(attributes))


def plain_value(value: object) -> Any:
    """Return a canonical value as JSON has it; anything else is refused, above all secrets and fractions."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    raise ValueError(f"a {type(value).__name__} is no attribute value")


def plain_attributes(attributes: Mapping[str, Value]) -> dict[str, Any]:
    """Return attributes as JSON has them, in the order of their names."""
    return {name: plain_value(attributes[name]) for name in sorted(attributes)}


def parse(text: str, *, refuses_repeats: bool = False) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, has too many levels or a fraction, or (``refuses_repeats``) repeats a field.
    """
    try:
        return (_decode_unrepeated if refuses_repeats else _decode)(text)
    except RecursionError as error:
        raise ValueError("it has too many levels") from error


def _without_repeats(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("one object has the same field twice")
    return fields


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a whole number")


_decode: Final = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode
_decode_unrepeated: Final = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_float=_refuse_number, parse_constant=_refuse_number
).decode


def shown(value: object) -> str:
    """Return text of a file for a message, without control characters that a terminal would execute."""
    return value[:80].encode("unicode_escape").decode() if isinstance(value, str) else "nothing"
