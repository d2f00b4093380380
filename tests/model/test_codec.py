"""A codec writes what a type says, reads it back, and refuses everything else in words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.model.actions import Action, Change
from reconciler.model.codec import Codec
from reconciler.model.commands import Argument, Command
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET
from reconciler.plan.plan import Plan, Source, Step
from reconciler.plan.saved import FORM
from tests.support import strategies
from tests.support.boxed import Box, Colour, Point
from tests.support.paths import ROOT


class Facts(TypedDict, total=False):
    os: str | None
    mode: Literal["stream", "batch"]


@dataclass(frozen=True, slots=True)
class Host:
    facts: Facts
    counts: Mapping[Colour, int]
    code: Annotated[str, ("pattern", "^[0-9a-f]*$")] = ""


LEAN, FULL = Codec({}), Codec({}, is_lean=False)

points = st.builds(Point, st.integers(), st.integers())
boxes = st.builds(
    Box,
    strategies.texts,
    points,
    st.sampled_from(Colour),
    st.integers(),
    st.booleans(),
    st.none() | strategies.texts,
    st.lists(points, max_size=2).map(tuple),
    st.dictionaries(strategies.texts, strategies.texts, max_size=2),
    strategies.attributes,
    strategies.maybe_unset,
)


@pytest.mark.parametrize("codec", [LEAN, FULL], ids=["lean", "full"])
@given(box=boxes)
def test_any_value_comes_back_equal(codec: Codec, box: Box) -> None:
    box = box if codec is LEAN else replace(box, value=None)
    plain = json.loads(json.dumps(codec.dump(box)))
    assert codec.load(Box, plain) == box
    assert codec.load(Box, plain).hidden == 7
    assert codec.dump(codec.load(Box, plain)) == codec.dump(box)


@given(box=boxes)
def test_what_is_written_fits_the_schema(box: Box) -> None:
    schema = {"$ref": "#/$defs/box", "$defs": LEAN.schemas(Box, about=lambda _: {})}
    assert Draft202012Validator(schema).is_valid(json.loads(json.dumps(LEAN.dump(box))))


def test_what_has_its_default_is_left_out_and_the_rest_keeps_its_order() -> None:
    assert LEAN.dump(Box("b", Point(3))) == {"name": "b", "at": {"x": 3}}
    assert list(LEAN.dump(Box("b", Point(3), Colour.BLUE, size=2))) == ["name", "at", "colour", "size"]
    assert FULL.dump(Point(3)) == {"x": 3, "y": 0}


def test_true_is_not_one_and_unset_is_not_null() -> None:
    for value in (True, 1, False, 0, None, "", (), (True, 1), UNSET):
        read = LEAN.load(
            Box, LEAN.dump(Box("b", Point(1), value=value, attributes={} if value is UNSET else {"a": value}))
        )
        assert repr(read.value) == repr(value)


SMALL = {"name": "b", "at": {"x": 3}, "size": 2, "corners": [{"x": 1, "y": 2}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "more is not a field of this version"),
        ({"hidden": 1}, "hidden is not a field of this version"),
        ({"colour": "green"}, "colour is not one of the known values"),
        ({"colour": 1}, "colour is not one of the known values"),
        ({"size": "2"}, "size is not a whole number"),
        ({"size": True}, "size is not a whole number"),
        ({"size": None}, "size is not a whole number"),
        ({"name": None}, "name is not text"),
        ({"is_open": 1}, "is_open is not true or false"),
        ({"corners": {}}, "corners is not a list"),
        ({"corners": [[1]]}, "corners.0 is not an object"),
        ({"corners": [{}]}, "corners.0.x is missing"),
        ({"corners": [{"x": 1, "y": "2"}]}, "corners.0.y is not a whole number"),
        ({"attributes": {"a": {"b": 1.5}}}, "attributes.a is not an attribute value"),
        ({"attributes": {"a": ["b", 1.5]}}, "attributes.a is not an attribute value"),
        ({"attributes": []}, "attributes is not an object"),
        ({"\x1b[2J": 1}, r"\x1b[2J is not a field"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(change: dict[str, Any], message: str) -> None:
    assert LEAN.load(Box, SMALL).corners == (Point(1, 2),)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        LEAN.load(Box, {**SMALL, **change})
    assert not re.search("pydantic|Box|int_type|dict|tuple|str|Traceback", str(caught.value))


@pytest.mark.parametrize("name", ["name", "at"])
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}"):
        LEAN.load(Box, {key: value for key, value in SMALL.items() if key != name})


@pytest.mark.parametrize("plain", [None, [], "x", 1, {"name": "\ud800"}])
def test_what_is_no_object_is_refused(plain: object) -> None:
    for codec in (LEAN, FULL):
        with pytest.raises(ValueError, match=r"object|missing"):
            codec.load(Box, plain)


@pytest.mark.parametrize("value", [1.5, ["list"], {"a": 1}, b"bytes", {1}])
def test_what_is_no_attribute_value_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="not an attribute value"):
        LEAN.dump(Box("b", Point(1), attributes={"a": value}))


def test_counts_have_a_field_for_each_kind_and_dictionaries_only_their_own() -> None:
    host = Host({"os": None, "mode": "batch"}, {Colour.RED: 1, Colour.BLUE: 0})
    assert FULL.dump(host) == {"facts": {"os": None, "mode": "batch"}, "counts": {"red": 1, "blue": 0}, "code": ""}
    schema = FULL.schemas(Host, about=lambda _: {"facts": "What it told."})["host"]["properties"]
    assert schema["facts"]["properties"]["mode"] == {"enum": ["stream", "batch"]}
    assert schema["facts"]["description"] == "What it told."
    assert schema["counts"]["required"] == ["red", "blue"]
    assert schema["code"] == {"type": "string", "pattern": "^[0-9a-f]*$"}


# --- every kind of value that a plan holds ---------------------------------------------------------------------------

KINDS: Mapping[Any, Any] = {
    Action: strategies.actions,
    Change: strategies.changes,
    Command: strategies.commands,
    Diagnostic: strategies.diagnostics,
    Obligation: strategies.obligations,
    Plan: strategies.plans,
    Position: strategies.positions,
    Resource: strategies.resources,
    Source: strategies.sources,
    Step: strategies.steps,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_kind_of_a_plan_is_written_alike_again(kind: Any, data: st.DataObject) -> None:
    plain = json.loads(json.dumps(FORM.dump(data.draw(KINDS[kind]))))
    assert json.loads(json.dumps(FORM.dump(FORM.load(kind, plain)))) == plain


@given(strategies.arguments)
def test_every_argument_comes_back_equal(argument: Argument) -> None:
    command = Command("Set-X", (("A", argument),))
    (read,) = FORM.load(Command, json.loads(json.dumps(FORM.dump(command)))).parameters
    assert read == ("A", argument)
    assert type(read[1]) is type(argument)


@pytest.mark.parametrize(
    "argument",
    [
        {"add": ["a"], "remove": [1]},
        {"guid": "g"},
        {"address": "x", "noun": "y"},
        {"other": 1},
        {"add": [], "noun": ""},
    ],
)
def test_what_is_no_argument_is_refused(argument: object) -> None:
    plain = FORM.dump(Command("Set-X"))
    with pytest.raises(ValueError, match="parameters"):
        FORM.load(Command, {**plain, "parameters": [["A", argument]]})


def test_what_does_the_work_is_loaded_with_the_first_value() -> None:
    code = "import sys, reconciler.views.messages, state.codec; print('pydantic_core' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
