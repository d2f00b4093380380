"""The reference of world files: the keys of each model in ``providers/simulator/world``."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from providers.simulator.wire.faults import KINDS, Rule
from providers.simulator.world.schema import World
from providers.simulator.world.value_types import WorldModel
from reconciler.views.reference import first_sentence
from reconciler.views.schema_words import words
from tests.docs.markdown import code_marks, table

_HEAD: Final = ("key", "meaning", "type and limits", "if left out")


def _reference() -> str:
    """Return every model, the world first, the others in the order of their names."""
    models = sorted(_below(WorldModel), key=lambda one: (one is not World, one.__name__))
    return "\n\n".join(map(_model, models))


def _below(model: type[WorldModel]) -> Iterator[type[WorldModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def _model(model: type[WorldModel]) -> str:
    (base,) = model.__bases__
    inherited = f" It also has the keys of {_link(base.__name__)}." if base is not WorldModel else ""
    documents = dict(_documents(model))
    own = {name: field for name, field in model.model_fields.items() if name in inspect.get_annotations(model)}
    rows = ((f"`{name}`", documents.get(name, ""), *_value(field)) for name, field in own.items())
    said = first_sentence(model.__doc__)
    assert said, f"{model.__name__} has no docstring"
    return "\n\n".join([f"### {model.__name__}", code_marks(said) + inherited, *([table(_HEAD, rows)] if own else [])])


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _value(field: FieldInfo) -> tuple[str, str]:
    """Return type and default of a field."""
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    limits = words(adapter.json_schema(mode="validation"), link=_link, with_null=False)
    if field.is_required():
        return limits, "required"
    default = adapter.dump_python(field.default, mode="json")
    return limits, _shown(default)


def _shown(default: object) -> str:
    return "" if default in (None, [], {}, "") else f"`{_written(default)}`"


def _written(default: object) -> str:
    """Return a default as YAML has it."""
    match default:
        case dict():
            return "{" + ", ".join(f"{name}: {_written(value)}" for name, value in default.items()) + "}"
        case list():
            return "[" + ", ".join(map(_written, default)) + "]"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}s"  # every fraction of a world is a duration
        case _:
            return str(default)


def _documents(model: type) -> Iterator[tuple[str, str]]:
    """Yield the names of the fields that a class declares itself, each with the docstring under it."""
    (declared,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(declared, ast.ClassDef)
    for field, after in zip(declared.body, declared.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                yield name, inspect.cleandoc(text)


def _message_faults() -> str:
    """Return the keys of a fault that strikes messages on the wire."""
    documents = dict(_documents(Rule))
    rows = (
        (
            f"`{field.name}`",
            documents.get(field.name, ""),
            "" if field.default in (False, None, "") else f"`{field.default}`",
        )
        for field in dataclasses.fields(Rule)
    )
    return f"`kind` is one of {', '.join(f'`{kind}`' for kind in KINDS)}.\n\n" + table(_HEAD[:2] + _HEAD[3:], rows)


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {"world-file": _reference, "message-faults": _message_faults}
