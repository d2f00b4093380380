"""Every message is one ASCII line that its published schema knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from reconciler.model import events
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.events import Event
from reconciler.plan.drift import DriftReport
from reconciler.plan.plan import Plan
from reconciler.views.json_lines import JsonLines
from reconciler.views.messages import message_of, messages_of
from tests.support.example_drift import drifted
from tests.support.example_events import ONE_OF_EACH
from tests.support.paths import ROOT
from tests.support.plans import contoso, nothing
from tests.support.strategies import diagnostics, plans

SCHEMA = json.loads((ROOT / "reconciler/schemas/messages.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
BY_TYPE = {
    name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    for name, definition in SCHEMA["$defs"].items()
    if "format" in definition.get("properties", {})
}


def messages(written: Iterable[str]) -> list[dict[str, Any]]:
    """Return what was written, each line checked against the schema of its type."""
    told = []
    for line in written:
        assert line.endswith("\n")
        assert line[:-1].isascii()
        assert line[:-1].isprintable()
        message = json.loads(line)
        BY_TYPE[message["type"]].validate(message)
        told.append(message)
    return told


def test_schema_is_one_and_has_every_event() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(events.Event))
    assert sorted(one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]) == sorted(BY_TYPE)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_every_event_is_a_message_of_the_schema(event: Event) -> None:
    written: list[str] = []
    JsonLines(written.append)(event)
    (message,) = messages(written)
    assert message["format"] == "reconciler/1"
    VALIDATOR.validate(message)


def test_unknown_event_is_no_message() -> None:
    with pytest.raises(TypeError, match="no message"):
        message_of("something else")


@pytest.mark.parametrize("plan", [contoso(), nothing()], ids=["contoso", "nothing"])
def test_plan_ends_with_its_summary(plan: Plan) -> None:
    written: list[str] = []
    output = JsonLines(written.append)
    output.tell(plan)
    output.end(0)
    told = messages(written)
    assert [message["type"] for message in told[-2:]] == ["plan_summary", "end"]
    planned = [message for message in told if message["type"] == "planned_action"]
    assert len(planned) == sum(1 for _ in plan.actions()) + len(plan.adopted) + len(plan.forgotten)


def test_change_tells_unset_from_cleared() -> None:
    written: list[str] = []
    JsonLines(written.append).tell(contoso())
    changes = {
        (message["address"], change["attribute"]): change
        for message in messages(written)
        if message["type"] == "planned_action"
        for change in message["changes"]
    }
    assert changes["dial_plan/Redmond", "country_code"] == {"attribute": "country_code", "after": "1"}
    cleared: Mapping[str, Any] = changes["mailbox_policy/Redmond/default", "allow_fax"]
    assert cleared == {"attribute": "allow_fax", "before": True, "after": None}


@given(plans)
@settings(max_examples=40)
def test_any_plan_is_lines_of_the_schema(plan: Plan) -> None:
    written: list[str] = []
    JsonLines(written.append).tell(plan)
    messages(written)


@given(diagnostics)
def test_any_diagnostic_is_a_line_of_the_schema(told: Diagnostic) -> None:
    written: list[str] = []
    JsonLines(written.append).tell(told)
    assert len(messages(written)) == 1


@pytest.mark.parametrize("report", [drifted(), DriftReport("contoso", (), 7)], ids=["drifted", "none"])
def test_drift_report_is_lines_of_the_schema(report: DriftReport) -> None:
    written: list[str] = []
    JsonLines(written.append).tell(report)
    told = messages(written)
    assert [message["type"] for message in told[:-1]] == ["drift_entry"] * len(report.entries)
    assert told[-1]["in_order"] == report.in_order
    assert [message["type"] for message in messages_of(report)] == [message["type"] for message in told]


def test_reader_that_went_away_fails_no_run() -> None:
    def closed(_: str) -> None:
        raise BrokenPipeError

    JsonLines(closed)(ONE_OF_EACH[0])
