"""The report of doctor is as grave as its gravest finding, and shows whatever a host says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.doctor.report import Report, worst
from reconciler.model.findings import Check, Finding, Status
from reconciler.views.doctor import render_doctor
from reconciler.views.json_lines import JsonLines
from reconciler.views.style import Style
from tests.support.example_examined import reported, seen, troubled
from tests.views.test_json_lines import messages


def test_a_report_fails_where_anything_failed() -> None:
    report = troubled()
    assert report.exit_code() == 1
    assert report.count(Status.FAILED) == 3, "the port, one clock, and the clocks against each other"
    assert [host.status for host in report.hosts] == [Status.OK, Status.OK, Status.OK, Status.FAILED, Status.FAILED]
    warned = Report("x", (), (reported(seen(Quotas={"MaxShellsPerUser": 1})),))
    assert (warned.exit_code(), warned.count(Status.WARNING)) == (0, 1)


def test_a_host_that_was_not_tried_is_not_in_order() -> None:
    assert worst([Finding(Check.NAME, Status.OK), Finding(Check.LOGON, Status.SKIPPED)]) is Status.SKIPPED
    assert worst([]) is Status.OK


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
several = st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=8), scalars, max_size=3)
values = scalars | several | st.lists(several, max_size=2)
KEYS = ("Language", "FarLanguage", "Missing", "Quotas", "DirectoryOk", "DirectoryServer", "Script", "User")
told = st.dictionaries(st.sampled_from(KEYS), values)


@given(told, st.dictionaries(st.sampled_from(["ps", "os", "host", "load_ms", "adapter", "product"]), values))
def test_whatever_a_session_tells_is_judged_and_shown(session: dict[str, Any], about: dict[str, Any]) -> None:
    """A host may be of another version, or hostile: what it says is data of any shape."""
    one = replace(seen(), session=session, about=about)
    report = Report("contoso", (), (reported(one),))
    text = render_doctor(report, Style(width=80))
    assert text.replace("\n", "").isprintable()
    written: list[str] = []
    JsonLines(written.append).tell(report)
    messages(written)
