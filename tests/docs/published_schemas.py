"""The JSON Schemas of messages and of saved plans, made from the types that are written: ``reconciler/schemas``.

What a field means is the docstring under the attribute, or of the property.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from reconciler.model.shapes import Schema
from reconciler.plan import saved
from reconciler.views import json_lines, messages
from tests.support.paths import ROOT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": "string"}
_MARK: Final[Schema] = {
    "const": json_lines.FORMAT,
    "description": "Format and its version; within a version types and fields are only added.",
}


@cache
def about(kind: Any) -> Mapping[str, str]:
    """Return what a class says of itself (under '') and of its fields and properties."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(declared, ast.ClassDef)
    return {"": _paragraph(ast.get_docstring(declared)), **dict(_fields(declared))}


def _fields(declared: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for one, following in zip(declared.body, [*declared.body[1:], None], strict=True):
        match one, following:
            case ast.FunctionDef(name=name), _:
                yield name, _paragraph(ast.get_docstring(one))
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                yield name, _paragraph(inspect.cleandoc(text))


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split()).replace("``", "`")


def messages_schema() -> Schema:
    """Return the schema of a line of JSON lines."""
    forms = messages.FORM.schemas(*messages.MESSAGES, about=about)
    told = {name for name, form in forms.items() if "const" in form.get("properties", {}).get("type", {})}
    nested = json.loads(json.dumps(forms).replace('"#/$defs/diagnostic"', '"#/$defs/nested_diagnostic"'))
    definitions = {
        **nested,
        **{name: _marked(nested[name]) for name in told},
        "nested_diagnostic": nested["diagnostic"],
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:reconciler:messages:1",
        "title": "Messages of reconciler, one JSON object a line",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in sorted(told)],
        "$defs": dict(sorted(definitions.items())),
    }


def _marked(form: Schema) -> Schema:
    properties = {"format": _MARK, **form["properties"]}
    return {**form, "properties": properties, "required": ["format", *form["required"]]}


def plan_schema() -> Schema:
    """Return the schema of a saved plan."""
    forms = saved.FORM.schemas(saved.SavedPlan, about=about)
    plan = forms.pop("saved_plan")
    digest = {**_TEXT, "pattern": "^[0-9a-f]{64}$"}
    head = {"format": {"const": saved.FORMAT}, "tool_version": _TEXT}
    seal = {
        "key_id": {**_TEXT, "pattern": "^[0-9a-f]{16}$", "description": "Tells keys apart and tells nothing of them."},
        "signature": {**digest, "description": "HMAC-SHA256 over the bytes of the file that precede this field."},
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:reconciler:plan:3",
        "title": "A saved plan of reconciler",
        **plan,
        "properties": {**head, **plan["properties"], **seal},
        "required": [*head, *plan["required"], *seal],
        "$defs": forms,
    }


SCHEMAS: Final[Mapping[Path, Callable[[], Schema]]] = {
    ROOT / "reconciler/schemas/messages.schema.json": messages_schema,
    ROOT / "reconciler/schemas/plan.schema.json": plan_schema,
}


def schema_text(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"
