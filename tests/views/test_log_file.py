"""Every event is one line of the log that parses back, in a private file, without secrets, and never a failed run."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reconciler.model.events import ActionEnded, Reported, Waiting
from reconciler.model.snapshot import OutcomeKind
from reconciler.views.log_file import LogFile, level_of, redacted
from reconciler.views.messages import message_of
from tests.support.example_events import ONE_OF_EACH
from tests.support.plans import certificate_warning
from tests.support.strategies import texts

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
