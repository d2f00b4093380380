"""The saved state for machines and for people: every message is of the schema, and a run is named by how it begins."""

from __future__ import annotations

import pytest
from hypothesis import given

from reconciler.app.state_commands import run_named
from reconciler.model.diagnostics import ConfigurationError
from reconciler.model.snapshot import Audit, Run, Snapshot
from reconciler.views.json_lines import JsonLines
from reconciler.views.messages import Tellable
from reconciler.views.state import render_audit, render_history, render_run
from reconciler.views.style import Style
from tests.support.state_support import intent, mailbox, snapshots
from tests.views.test_json_lines import messages

RUN = Run(
    "1f9b288c166c1fc3a5f09f6ed2", "2026-11-28T11:56:49.123456+00:00", "kim", "ops1", exit_code=3, done=2, blocked=87
)


def sent(*values: Tellable) -> list[dict[str, object]]:
    written: list[str] = []
    JsonLines(written.append).tell(*values)
    return messages(written)


def test_state_is_shown_with_its_content() -> None:
    known = mailbox(1)
    snapshot = Snapshot("contoso", "lineage", 3, {known.address: known}, open_intents=(intent("op1"),))
    resource, summary = sent(snapshot)
    assert resource["address"] == "um_mailbox/user00001@contoso.com"
    assert resource["attributes"] == dict(known.attributes)
    assert (summary["resources"], summary["serial"]) == (1, 3)


@given(snapshots())
def test_any_state_is_lines_of_the_schema(snapshot: Snapshot) -> None:
    assert len(sent(snapshot)) == len(snapshot.resources) + 1


def test_runs_and_audit_are_lines_of_the_schema() -> None:
    run, audit = sent(RUN, Audit(7, "a" * 64))
    assert (run["run"], run["started"]) == (RUN.id, RUN.started)
    assert audit["head"] == "a" * 64


def test_people_read_times_to_the_second_and_short_ids() -> None:
    told = render_history([RUN], Style())
    assert "2026-11-28T11:56:49Z  1f9b288c  " in told
    assert RUN.id in render_run(RUN, Style())
    assert f"2 entries, head {'a' * 64}" in render_audit(Audit(2, "a" * 64), Style())


def test_a_run_is_named_by_how_its_id_begins() -> None:
    other = Run("1f9bffff", "", "", "")
    assert run_named([RUN, other], "1f9b2") is RUN
    assert run_named([RUN, other], RUN.id) is RUN
    for text, why in (("1f9b", "Ambiguous run"), ("2", "Unknown run"), ("", "Unknown run")):
        with pytest.raises(ConfigurationError, match=why):
            run_named([RUN, other], text)
