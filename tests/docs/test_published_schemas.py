"""The published schemas are those of the types that are written, and say what their fields mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from reconciler.model import events
from reconciler.model.shapes import Schema
from reconciler.views.messages import MESSAGES
from tests.docs.published_schemas import SCHEMAS, messages_schema, schema_text


@pytest.mark.parametrize(("path", "schema"), SCHEMAS.items(), ids=lambda value: getattr(value, "name", ""))
def test_schema_is_what_the_types_say(path: Path, schema: Callable[[], Schema]) -> None:
    made = schema()
    Draft202012Validator.check_schema(made)
    assert path.read_text("utf-8") == schema_text(made), "run make docs"


def test_every_event_has_a_message() -> None:
    assert set(get_args(events.Event)) - {events.Reported} <= MESSAGES.keys()
    assert len(messages_schema()["oneOf"]) == len(MESSAGES)


def test_every_message_says_what_it_is() -> None:
    definitions = messages_schema()["$defs"]
    told = [one["$ref"].rpartition("/")[2] for one in messages_schema()["oneOf"]]
    assert [name for name in told if not definitions[name].get("description")] == []


def test_no_object_takes_more_than_it_names() -> None:
    for schema in SCHEMAS.values():
        assert all(
            one["additionalProperties"] is False
            for one in objects(schema())
            if one.get("type") == "object" and "properties" in one
        )


def objects(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects(inner)


def test_schema_is_json_of_ascii() -> None:
    for path in SCHEMAS:
        assert json.loads(path.read_text("ascii"))["$schema"]
