"""A doctor's report as text and as JSON lines."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.cmdlets.products import LYNC
from reconciler.doctor.needs import Needs
from reconciler.doctor.report import HostReport, Report
from reconciler.model.findings import Check, Finding, Status
from reconciler.views.doctor import render_doctor
from reconciler.views.json_lines import JsonLines
from reconciler.views.style import Style
from reconciler.views.text import width
from tests.support.example_examined import in_order, reported, troubled, unreachable
from tests.views.test_json_lines import messages

LONG = "-in-a-datacenter-with-a-very-long-name.emea.corp"
STYLE = Style(width=100)


def lines(report: Report, style: Style = STYLE, **options: bool) -> list[str]:
    return render_doctor(report, style, **options).splitlines()  # type: ignore[arg-type]  # options are flags alone


def test_entry_points_are_shown_in_full_and_others_in_a_line() -> None:
    text = render_doctor(troubled(), STYLE)
    entry, behind = text.split("Hosts discovered through lync")
    assert "entry point of exchange" in entry
    assert "  ok       logon       in order" in entry
    assert "fe2.contoso.com:5986  PowerShell 4.0, remote, stream, 12.3 s to load" in behind
    assert behind.count("fe2.contoso.com") == 1


def test_what_is_amiss_on_a_host_stands_under_it_with_its_remedy() -> None:
    text = render_doctor(troubled(), STYLE)
    place = text.index("warning  quotas")
    assert text.index("failed   fe3.contoso.com:5986") < place < text.index("Doctor:")
    assert "MaxMemoryPerShellMB is 150" in text[place:]
    assert "  winrm set winrm/config/winrs '@{MaxMemoryPerShellMB=\"1024\"}'\n" in text[place:]


def test_steps_not_taken_are_one_line() -> None:
    (line,) = (one for one in lines(troubled(), in_full=True) if "skipped  tls" in one)
    assert "tls, winrm, logon, shell, powershell" in line
    assert render_doctor(troubled(), STYLE, in_full=True).count("port comes first") == 1


def test_of_many_hosts_that_fail_alike_the_steps_not_taken_are_left_out_and_the_remedy_is_shown_once() -> None:
    names = [f"ex{number}.contoso.com" for number in range(1, 4)]
    hosts = tuple(reported(unreachable(name), Needs(), is_entry=False) for name in names)
    text = render_doctor(Report("contoso", (), hosts), STYLE)
    assert "skipped  " not in text
    assert text.count("failed   port") == 3
    assert text.count("winrm quickconfig") == 1
    assert text.count("See the remedy for ex1.contoso.com.") == 2
    assert render_doctor(Report("contoso", (), hosts), STYLE, in_full=True).count("winrm quickconfig") == 3


def test_a_host_where_nothing_failed_tells_what_was_skipped() -> None:
    refused = Finding(Check.LOGON, Status.SKIPPED, "the credential was refused twice at other hosts")
    host = HostReport(LYNC.connection, "fe2.contoso.com", "fe2.contoso.com:5986", False, (refused,))
    assert "skipped  logon: the credential was refused twice" in render_doctor(Report("x", (), (host,)), STYLE)


def test_a_long_command_begins_further_left_and_stays_whole() -> None:
    text = render_doctor(troubled(), Style(width=76)).splitlines()
    (command,) = (line for line in text if "winrm set" in line)
    assert width(command) == 76
    assert command.strip() in render_doctor(troubled(), STYLE)


def test_in_full_every_host_has_all_its_lines() -> None:
    text = render_doctor(troubled(), STYLE, in_full=True)
    assert text.count("ok       logon       in order") == 4
    assert "fe2.contoso.com:5986  discovered through lync" in text
    assert "Behind" not in text


def test_the_end_counts_and_says_how_to_go_on() -> None:
    *_, last = lines(troubled())
    assert last == "Doctor: 5 hosts examined, 3 failed, 1 warning, 8 skipped, 44 ok."
    *_, counted, _, _, _, further = render_doctor(in_order(), STYLE, plan="reconciler plan estate").splitlines()
    assert counted.startswith("Doctor: 1 host examined, ")
    assert further.endswith("reconciler plan estate")


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("in_full", [False, True])
@pytest.mark.parametrize("long", ["", LONG])
def test_no_line_is_wider_than_the_terminal_but_commands_and_names(columns: int, in_full: bool, long: str) -> None:
    for line in lines(troubled(long), Style(width=columns), in_full=in_full):
        is_whole = "winrm" in line or "w32tm" in line or (long and long in line)
        assert width(line) <= columns or is_whole, line


def test_colour_changes_no_character() -> None:
    plain = render_doctor(troubled(), Style(width=80))
    painted = render_doctor(troubled(), Style(width=80, color=True))
    assert "\x1b[31m\x1b[1mfailed\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


def test_a_summary_of_nothing_at_all() -> None:
    assert lines(Report("empty", (), ()))[-5:] == [
        "Doctor: 0 hosts examined.",
        "",
        "The servers are ready for a plan:",
        "",
        "    reconciler plan",
    ]


texts = st.text(max_size=40)
findings = st.builds(Finding, st.sampled_from(Check), st.sampled_from(Status), texts, texts, texts)
hosts = st.builds(
    HostReport,
    st.sampled_from(["exchange", "lync"]),
    texts,
    texts,
    st.booleans(),
    st.lists(findings, max_size=4).map(tuple),
    st.just({"powershell": "4.0\x1b[2J", "mode": "stream", "load_ms": 3}),
)
reports = st.builds(Report, texts, st.lists(findings, max_size=2).map(tuple), st.lists(hosts, max_size=3).map(tuple))


@settings(max_examples=60)
@given(reports, st.booleans(), st.booleans())
def test_no_answer_of_a_server_reaches_a_terminal_raw(report: Report, in_full: bool, unicode: bool) -> None:
    text = render_doctor(report, Style(width=80, unicode=unicode), in_full=in_full)
    assert text.replace("\n", "").isprintable()
    assert unicode or text.isascii()


# --- JSON ------------------------------------------------------------------------------------------------------------


def told(report: Report) -> list[dict[str, object]]:
    written: list[str] = []
    JsonLines(written.append).tell(report)
    return messages(written)


@settings(max_examples=60)
@given(reports)
def test_every_report_is_messages_of_the_schema(report: Report) -> None:
    *_, last = told(report)
    assert last["type"] == "doctor_summary"


def test_findings_follow_their_host() -> None:
    found = told(troubled())
    report = troubled()
    assert [message["type"] for message in found[:4]] == [
        "doctor_finding",
        "doctor_finding",
        "doctor_host",
        "doctor_finding",
    ]
    assert found[0]["host"] is None
    assert found[2]["host"] == found[3]["host"] == "ex1.contoso.com"
    assert found[2]["entry"] is True
    facts = found[2]["facts"]
    assert isinstance(facts, dict)
    assert (facts["powershell"], facts["load_ms"], facts["clock_ahead_seconds"]) == ("4.0", 12345, 0.005)
    counts = {status.value: report.count(status) for status in Status}
    assert found[-1] == {
        "format": "reconciler/1",
        "type": "doctor_summary",
        "environment": "contoso",
        "hosts": 5,
        "counts": counts,
    }


def test_a_host_out_of_reach_has_no_facts() -> None:
    *_, last = (message for message in told(troubled()) if message["type"] == "doctor_host")
    assert (last["status"], last["facts"]) == ("failed", {})


def test_what_a_hostile_host_tells_keeps_to_the_schema() -> None:
    report = in_order()
    (host,) = report.hosts
    odd = replace(host, facts={**host.facts, "powershell": "\u202e\x1b", "quotas": {"\x1b": 1}})
    told(replace(report, hosts=(odd,)))
