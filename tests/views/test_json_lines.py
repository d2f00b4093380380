"""Every message is one ASCII line that its published schema knows."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from reconciler.model import events
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.events import ActionEnded, Event, Reported, Waiting
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.drift import DriftReport
from reconciler.plan.plan import Plan
from reconciler.views.json_lines import JsonLines, LogFile, level_of, redacted
from reconciler.views.messages import message_of, messages_of
from tests.support.example_drift import drifted
from tests.support.example_events import ONE_OF_EACH
from tests.support.paths import ROOT
from tests.support.plans import certificate_warning, contoso, nothing
from tests.support.strategies import diagnostics, plans, texts

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


posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


def now() -> datetime:
    return datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def records(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    assert content.isascii()
    return [json.loads(line) for line in content.splitlines()]


def test_every_event_is_one_line_that_parses_back(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "run.log", now=now)
    for event in ONE_OF_EACH:
        log(event)
    log.close()
    assert log.failure is None
    for event, record in zip(ONE_OF_EACH, records(tmp_path / "run.log"), strict=True):
        message = json.loads(json.dumps(message_of(event)))
        assert record.pop("time") == "2026-11-23T09:30:00.000+00:00"
        assert record.pop("level") == level_of(event)
        assert record.pop("event") == message.pop("type")
        assert record == message


@given(text=texts)
def test_any_text_stays_one_line(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "run.log"
    log = LogFile(path, now=now)
    log(Waiting(text, text))
    log.close()
    assert [record["reason"] for record in records(path)] == [text]


def test_quieter_level_leaves_out_what_is_below(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "run.log", now=now, level="warning")
    for event in ONE_OF_EACH:
        log(event)
    log.close()
    assert {record["level"] for record in records(tmp_path / "run.log")} == {"warning", "error"}
    with pytest.raises(ValueError, match="use one of: debug, info, warning, error"):
        LogFile(tmp_path / "other.log", now=now, level="loud")


def test_secrets_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "run.log", now=now, secrets=["hunter2", 'quo"te\n', ""])
    log.mask("later-secret")
    detail = 'hunter2 and hunter22 and quo"te\n and later-secret'
    log(ActionEnded("a hunter2 step", "um_mailbox/hunter2", "create", OutcomeKind.FAILED, detail=detail))
    log(Reported(certificate_warning()))
    log.close()
    content = (tmp_path / "run.log").read_text(encoding="ascii")
    assert "hunter2" not in content
    assert "quo" not in content
    assert "later-secret" not in content
    assert records(tmp_path / "run.log")[0]["detail"] == "[secret] and [secret]2 and [secret] and [secret]"


def test_redaction_reaches_lists_and_names() -> None:
    value = {"secret-name": ["x secret", ("secret", 1, None)]}
    assert redacted(value, ["secret"]) == {"[secret]-name": ["x [secret]", ["[secret]", 1, None]]}


def test_log_is_made_with_the_first_event_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    for _ in range(2):
        log = LogFile(path, now=now)
        log(ONE_OF_EACH[0])
        log.close()
    LogFile(tmp_path / "quiet.log", now=now).close()
    assert len(records(path)) == 2
    assert not (tmp_path / "quiet.log").exists()


@posix
def test_log_is_private(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text("", encoding="ascii")
    path.chmod(0o644)
    log = LogFile(path, now=now)
    log(ONE_OF_EACH[0])
    log.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("", encoding="ascii")
    (tmp_path / "run.log").symlink_to(target)
    log = LogFile(tmp_path / "run.log", now=now)
    log(ONE_OF_EACH[0])
    assert isinstance(log.failure, OSError)
    assert target.read_bytes() == b""


def test_log_that_cannot_be_written_fails_no_run(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "missing" / "run.log", now=now)
    for event in ONE_OF_EACH:
        log(event)
    log.close()
    assert isinstance(log.failure, FileNotFoundError)
