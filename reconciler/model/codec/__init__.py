"""Values as JSON, and back: one codec, derived from the types of the values.

The fields of a type are declared once, in the type. The codec derives from it how to write and read a value, and the
published schema. A ``Codec`` reads and writes one output, such as saved plans. It has a small table (``shapes``) of the
types that this output does not write field by field; other types need no entry.

Reading is strict: it refuses a missing or unknown field and a field of another type. Otherwise a value that was read in
part would be written back without the rest. An error names the place and the problem in words.

``shapes`` has the entries of these tables, ``derivation`` makes a ``Form`` (reader, writer and JSON Schema) for each
type, and ``pydantic_core`` does the work. It is imported with the first value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reconciler.model.codec.shapes import Leaf, Record, Row, Schema, Shape
from reconciler.model.values import shown

if TYPE_CHECKING:
    from pydantic_core import SchemaSerializer, SchemaValidator

    from reconciler.model.codec.forms import About, Form

__all__ = ["Codec", "Leaf", "Record", "Row", "Schema"]

Kind = TypeVar("Kind")


class Codec:
    """Reads and writes the values of one output."""

    def __init__(self, shapes: Mapping[Any, Shape]) -> None:
        """Make the codec of an output; ``shapes`` are the types that it does not write field by field."""
        self._shapes = shapes
        self._validator = cache(self._new_validator)
        self._serializer = cache(self._new_serializer)

    def dump(self, value: object) -> Any:
        """Return a value as plain JSON: dictionaries, lists, texts, numbers.

        Raises:
            ValueError: the value holds something that may not be written.
        """
        try:
            kind: Any = type(value)
            return self._serializer(kind).to_python(value, by_alias=True, exclude_defaults=True)
        except ValueError as error:
            raise ValueError(str(error.__cause__ or error)) from None

    def load(self, kind: type[Kind], plain: object) -> Kind:
        """Return the value of ``kind`` that ``dump`` was given.

        Raises:
            ValueError: ``plain`` does not have the form of ``kind``.
        """
        try:
            key: Any = kind
            value: Kind = self._validator(key).validate_python(plain)
        except ValueError as error:
            raise ValueError(_in_words(error)) from None
        except RecursionError as error:
            raise ValueError("it has too many levels") from error
        return value

    def prepare(self, *kinds: type) -> None:
        """Build the readers and writers of these types now. Otherwise the first value of each type waits for it."""
        for kind in kinds:
            key: Any = kind
            self._serializer(key)
            self._validator(key)

    def schemas(self, *kinds: type, about: About) -> dict[str, Schema]:
        """Return the JSON Schema of each of these types, and of every type within them, by name."""
        from reconciler.model.codec.derivation import Derivation

        derivation = Derivation(self._shapes, about)
        for kind in kinds:
            derivation.of(kind)
        return dict(sorted(derivation.definitions.items()))

    def _new_validator(self, kind: Any) -> SchemaValidator:
        from pydantic_core import SchemaValidator
        from pydantic_core.core_schema import CoreConfig

        return SchemaValidator(self._form(kind).read, CoreConfig(hide_input_in_errors=True))

    def _new_serializer(self, kind: Any) -> SchemaSerializer:
        from pydantic_core import SchemaSerializer

        return SchemaSerializer(self._form(kind).write)

    def _form(self, kind: type) -> Form:
        from reconciler.model.codec.derivation import Derivation

        return Derivation(self._shapes, lambda _: {}).of(kind)


_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this version",
    "string_type": "is not text",
    "string_unicode": "has a name that is not text",
    "int_type": "is not a whole number",
    "bool_type": "is not true or false",
    "unexpected_keyword_argument": "is not a field of this version",
    "dataclass_type": "is not an object",
    "dict_type": "is not an object",
    "tuple_type": "is not a list",
    "too_short": "is a list of another length",
    "too_long": "is a list of another length",
}


def _in_words(error: ValueError) -> str:
    from pydantic_core import ValidationError

    assert isinstance(error, ValidationError)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(shown(str(part)) for part in first["loc"]) or "it"
    if first["type"] == "value_error":
        return f"{place}: {first['ctx']['error']}"
    return f"{place} {_WORDS.get(first['type'], 'is not one of the known values')}"
