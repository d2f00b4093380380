"""Values as JSON, and back: one codec, derived from the types of the values.

The fields of a type are declared once, in the type. The codec derives from it how to write and read a value, and the
published schema. A ``Codec`` reads and writes one output, such as saved plans. It has a small table (``shapes``) of the
types that this output does not write field by field; other types need no entry.

Reading is strict: it refuses an unknown field and a field of another type. Otherwise a value that was read in part
would be written back without the rest. An error names the place and the problem in words; it never shows the value.

``forms`` makes the form (reader, writer and JSON Schema) of each type, and ``pydantic_core`` does the work. Both are
imported with the first value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reconciler.model.shapes import About, Leaf, Record, Schema
from reconciler.model.values import shown

if TYPE_CHECKING:
    from pydantic_core import SchemaSerializer, SchemaValidator

    from reconciler.model.forms import Forms

Kind = TypeVar("Kind")


class Codec:
    """Reads and writes the values of one output."""

    def __init__(self, shapes: Mapping[Any, Leaf | Record], *, is_lean: bool = True) -> None:
        """Make the codec of an output.

        Args:
            shapes: the types that it does not write field by field.
            is_lean: leaves out fields that have their default, and reads an object without them.
        """
        self._shapes, self._is_lean = shapes, is_lean
        self._validator = cache(self._new_validator)
        self._serializer = cache(self._new_serializer)

    def dump(self, value: object) -> Any:
        """Return a value as plain JSON: dictionaries, tuples, texts, numbers.

        Raises:
            ValueError: a value in it has no JSON form.
        """
        return self._dump(type(value), value)

    def dump_all(self, values: Sequence[object]) -> Sequence[Any]:
        """Return each of some values of one type as plain JSON; a call of ``pydantic_core`` costs as much as a value.

        Raises:
            ValueError: a value in it has no JSON form.
        """
        if not values:
            return ()
        kind: Any = type(values[0])
        found: Sequence[Any] = self._dump(tuple[kind, ...], tuple(values))
        return found

    def load(self, kind: type[Kind], plain: object) -> Kind:
        """Return the value of ``kind`` that ``dump`` was given.

        Raises:
            ValueError: it is not of this form.
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
        forms = self._forms(about)
        for kind in kinds:
            forms.of(kind)
        return dict(sorted(forms.definitions.items()))

    def _dump(self, kind: Any, value: object) -> Any:
        try:
            return self._serializer(kind).to_python(value, exclude_defaults=True, warnings="error")
        except ValueError as error:  # its own words show the value
            raise ValueError(str(error.__cause__ or "it holds a value that is not an attribute value")) from None

    def _new_validator(self, kind: Any) -> SchemaValidator:
        from pydantic_core import SchemaValidator
        from pydantic_core.core_schema import CoreConfig

        return SchemaValidator(self._forms().core_of(kind), CoreConfig(hide_input_in_errors=True))

    def _new_serializer(self, kind: Any) -> SchemaSerializer:
        from pydantic_core import SchemaSerializer

        return SchemaSerializer(self._forms().core_of(kind))

    def _forms(self, about: About = lambda _: {}) -> Forms:
        from reconciler.model.forms import Forms

        return Forms(self._shapes, about, is_lean=self._is_lean)


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
    "value": "is not an attribute value",
}


def _in_words(error: ValueError) -> str:
    from pydantic_core import ValidationError

    assert isinstance(error, ValidationError)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(shown(str(part)) for part in first["loc"]) or "it"
    if first["type"] == "value_error":
        return f"{place}: {first['ctx']['error']}"
    return f"{place} {_WORDS.get(first['type'], 'is not one of the known values')}"
