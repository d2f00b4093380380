"""The table of a type: each attribute with its cmdlet parameter, its property and its parser.

It is made from the handles of the class that declares the attributes: their value types, their marks, and the
docstrings under them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin

from pydantic import BeforeValidator, Field

from providers.cmdlets.reference import Parameter, Setters
from providers.cmdlets.value_types import (
    Called,
    ChangedBy,
    Clearable,
    CreateOnly,
    Exclusive,
    Intent,
    Membership,
    Output,
    Param,
    Published,
    ReadOnly,
    References,
    Required,
    Sent,
    Unordered,
    Written,
    enumeration,
    find,
    limited,
    lower,
    object_name,
    pool_fqdn,
    sip_address,
    text,
)
from reconciler.model.attributes import Attr, Attribute, AttributeKind, AttributeRole, Declares
from reconciler.model.commands import Argument
from reconciler.model.resource_types import ResourceType
from reconciler.model.text_lists import TextLists
from reconciler.model.values import UNSET, Nested, Unset, Value


@dataclass(frozen=True, slots=True)
class Column:
    """One row of the table: the attribute, and the parser of its values from servers."""

    attribute: Attribute
    annotation: Any
    """The declared value type with its marks, and the values or limits of the reference."""
    normalise: Callable[[object], Value]
    argument: Callable[[Value], Argument]
    """Returns the argument of the cmdlets for a value."""
    changed_by: tuple[str, ...]
    """The cmdlets that change it instead of Set-<noun>."""
    is_clearable: bool
    is_required: bool

    def parse_default(self, said: str) -> Value:
        """Return the canonical value of a documented default, which may be ``none``."""
        return self.cleared if said == NONE else self.normalise(said)

    @property
    def cleared(self) -> Value:
        """The value of an attribute without a value."""
        empty: Mapping[AttributeKind, Value] = {AttributeKind.SCALAR: None, AttributeKind.NESTED: Nested()}
        return empty.get(self.attribute.kind, ())


NONE: Final = "none"
"""How documents say that a server has no value."""


class Tabled(Declares, ResourceType):
    """A resource type with the attributes that its class declares."""

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        kind, setters = type(self), self.setters
        return {name: _column(handle, partial(_doc_of, kind, name), setters) for name, handle in self.handles.items()}

    @property
    def setters(self) -> Setters | None:
        """The parameters that set its attributes; None if all attributes are only read."""
        return None

    @cached_property
    def _attributes(self) -> Mapping[str, Attribute]:
        return {name: column.attribute for name, column in self.columns.items()}

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return self._attributes


def _column(handle: Attr[Any], doc_of: Callable[[], str], setters: Setters | None) -> Column:
    value_type, marks = _taken_apart(handle.annotation)
    param, output, references = find(marks, Param), find(marks, Output), find(marks, References)
    exclusive, changed_by = find(marks, Exclusive), find(marks, ChangedBy)
    parameter = param.name if param else _pascal(handle.name)
    published = setters.find(parameter or (output.name if output else "")) if setters else None
    if published is not None and parameter:
        parameter = published.name
    role = _role(marks, parameter, setters)
    property_name = None if role is AttributeRole.INTENT else (output.name if output else parameter) or None
    called, written, sent = find(marks, Called), find(marks, Written), find(marks, Sent)
    annotation = _checked(handle, marks, published)
    attribute = Attribute(
        handle.name,
        doc_of=doc_of,
        kind=_kind(value_type, marks),
        role=role,
        parameter=(parameter or None) if role in (AttributeRole.MANAGED, AttributeRole.CREATE_ONLY) else None,
        output=property_name,
        references=references.kind.name if references else None,
        refers_by=references.by if references else "",
        holds=references is None or references.holds,
        exclusive=exclusive.scope if exclusive else "",
        is_born_with=exclusive is not None and exclusive.at_birth,
        called=called.names if called else (),
    )
    return Column(
        attribute,
        written.form if written else annotation,
        normaliser(annotation),
        argument=sent.argument if sent else _as_it_is,
        changed_by=changed_by.cmdlets if changed_by else (),
        is_clearable=find(marks, Clearable) is not None,
        is_required=find(marks, Required) is not None,
    )


def _as_it_is(value: Value) -> Argument:
    return value


def _taken_apart(annotation: Any) -> tuple[Any, Sequence[object]]:
    """Return a value type and its marks."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    value_type, *marks = get_args(annotation)
    return value_type, marks


def _role(marks: Sequence[object], parameter: str, setters: Setters | None) -> AttributeRole:
    if find(marks, Intent):
        return AttributeRole.INTENT
    if find(marks, ReadOnly) or setters is None:
        return AttributeRole.READ_ONLY
    if find(marks, CreateOnly) or (setters.is_only_create(parameter) and not find(marks, ChangedBy)):
        return AttributeRole.CREATE_ONLY
    return AttributeRole.MANAGED


def _checked(handle: Attr[Any], marks: Sequence[object], published: Parameter | None) -> Any:
    """Return the value type of a handle with the values and limits that the reference has for its parameter."""
    if find(marks, Published):
        if published is None or not published.values:
            raise TypeError(f'the reference lists no values for "{handle.name}"')
        return Annotated[handle.annotation, *enumeration(*published.values)]
    if find(marks, ReadOnly) or published is None or published.limits is None:
        return handle.annotation
    low, high = published.limits
    return Annotated[handle.annotation, limited(low, high) if str in handle.types else Field(ge=low, le=high)]


def _kind(value_type: Any, marks: Sequence[object]) -> AttributeKind:
    if get_origin(value_type) is not tuple:
        return AttributeKind.NESTED if value_type is Nested else AttributeKind.SCALAR
    if find(marks, Membership):
        return AttributeKind.MEMBERSHIP
    return AttributeKind.SET if find(marks, Unordered) else AttributeKind.LIST


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_SCALARS: Final = (str, int, Nested, type(None))


def normaliser(annotation: Any) -> Callable[[object], Value]:
    """Return the lenient half of a value type: its BeforeValidators in order; for a tuple they apply to each item."""
    value_type, marks = _taken_apart(annotation)
    steps = [mark.func for mark in marks if isinstance(mark, BeforeValidator)]
    if get_origin(value_type) is tuple:
        item = normaliser(get_args(value_type)[0])
        is_set = any(isinstance(mark, Unordered | Membership) for mark in marks)
        return lambda value: _many(value, item, is_set=is_set)

    def normalise(value: object) -> Value:
        for step in steps:
            value = step(value)  # type: ignore[call-arg]  # only functions of the value alone are used
        return value if isinstance(value, _SCALARS) else str(value)

    return normalise


def _many(value: object, item: Callable[[object], Value], *, is_set: bool) -> Value:
    """Return a multi-valued property as a tuple; PowerShell 2.0 may return a single element without its list."""
    if value is None:
        return ()
    items = [*map(item, value if isinstance(value, (list, tuple)) else (value,))]
    return tuple(sorted(set(items), key=str)) if is_set else tuple(items)


# --- whole columns ---------------------------------------------------------------------------------------------------

ColumnNormaliser: TypeAlias = "Callable[[Sequence[object]], Sequence[Value | Unset]]"
"""Returns the canonical values of a column; UNSET stays UNSET."""

_KEEPING_TEXT: Final = frozenset({text, lower, sip_address, object_name, pool_fqdn})
"""Normalisers that return a text for a text; after one of these, ``text`` changes nothing."""


def column_normaliser(annotation: Any) -> ColumnNormaliser:
    """Return ``normaliser`` for whole columns: it normalises repeated texts once, and texts without other cases."""
    value_type, marks = _taken_apart(annotation)
    one = normaliser(annotation)
    if get_origin(value_type) is tuple:
        is_set = any(isinstance(mark, Unordered | Membership) for mark in marks)
        is_plain = is_set and _of_text(get_args(value_type)[0]) == []
        several = partial(_several, one=one) if is_plain else one
        return lambda values: TextLists.of(value if value is UNSET else several(value) for value in values)
    steps = _of_text(annotation)

    def normalise(values: Sequence[object]) -> list[Value | Unset]:
        if set(map(type, values)) != {str}:
            places = list(map(id, values))
            of_place = {
                place: value if isinstance(value, Unset) else one(value)
                for place, value in dict(zip(places, values, strict=True)).items()
            }
            return list(map(of_place.__getitem__, places))
        texts: list[str] = values  # type: ignore[assignment]  # they are of this type and no other
        if len(distinct := set(texts)) * 2 < len(texts):
            known = {value: one(value) for value in distinct}
            return [known[value] for value in texts]
        if steps is None:
            return list(map(one, texts))
        for step in steps:
            texts = list(map(step, texts))
        return list(texts)

    return normalise


def _of_text(annotation: Any) -> list[Callable[[Any], Any]] | None:
    """Return the steps that a text needs; None where a step may return another kind of value."""
    _, marks = _taken_apart(annotation)
    steps: list[Any] = [mark.func for mark in marks if isinstance(mark, BeforeValidator)]
    return [step for step in steps if step is not text] if _KEEPING_TEXT.issuperset(steps) else None


def _several(value: object, *, one: Callable[[object], Value]) -> Value:
    """Return a set of texts that need no other form."""
    if not isinstance(value, list) or set(map(type, value)) != {str}:
        return one(value)
    return tuple(value) if len(value) == 1 else tuple(sorted(set(value)))


# --- documentation ---------------------------------------------------------------------------------------------------


def declaring(kind: type[Declares]) -> Sequence[type]:
    """Return the classes that declare the attributes of a type: the class itself and its bases, nearest first."""
    return [base for base in kind.__mro__ if any(isinstance(member, Attr) for member in vars(base).values())]


def _doc_of(kind: type[Declares], name: str) -> str:
    """Return the docstring under an attribute of a type or of one of its bases; '' without one."""
    known = (_docs_in(base.__module__).get(base.__name__, {}) for base in declaring(kind))
    return next((docs[name] for docs in known if name in docs), "")


@cache
def _docs_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings under the attributes of each class of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        node.name: {
            name: inspect.cleandoc(text) for above, below in pairwise(node.body) for name, text in _doc(above, below)
        }
        for node in _classes(tree)
    }


def _classes(node: ast.AST) -> Iterator[ast.ClassDef]:
    """Yield the classes below ``node``, without a look into expressions."""
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.ClassDef):
            yield below
        if isinstance(below, ast.stmt):
            yield from _classes(below)


def _doc(above: ast.stmt, below: ast.stmt) -> Sequence[tuple[str, str]]:
    match above, below:
        case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
            return ((name, text),)
        case _:
            return ()
