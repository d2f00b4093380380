"""A doctor report as text: entry points in full, one line for each discovered host, and its problems below it.

Each line begins with its status, and the remedy is below its problem. Skipped checks share one line. Where several
hosts have the same problem, a long remedy is shown once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from reconciler.doctor.report import HostReport, Report
from reconciler.model.diagnostics import count
from reconciler.model.findings import Check, Finding, Status
from reconciler.views.style import Style, sentence
from reconciler.views.text import lines, pad, width, wrap

_LOOKS: Final = {
    Status.OK: ("green",),
    Status.WARNING: ("yellow", "bold"),
    Status.FAILED: ("red", "bold"),
    Status.SKIPPED: ("dim",),
}
_STATUS_WIDTH: Final = max(len(status.value) for status in Status)
_CHECK_WIDTH: Final = max(len(check) for check in Check)
_INSET: Final = "  "
_SHORT_REMEDY: Final = 60
"""A remedy up to this length is repeated for each host."""


def render_doctor(report: Report, style: Style, *, plan: str = "reconciler plan", in_full: bool = False) -> str:
    """Return the report as text; ``plan``: the command that plans; ``in_full``: every check of every host."""
    blocks = [[style.paint(f"Doctor for {style.show(report.environment)}", "bold")]]
    if report.findings:
        blocks[0] += [line for finding in report.findings for line in _finding(finding, style, _INSET)]
    for host in report.hosts:
        if host.is_entry or in_full:
            blocks.append([*_titled(host, style), *_findings(host.findings, style, _INSET)])
    for connection in dict.fromkeys(host.connection for host in report.hosts):
        others = [host for host in report.hosts if host.connection == connection and not host.is_entry]
        if others and not in_full:
            blocks.append([style.paint(f"Hosts discovered through {connection}", "bold"), *_others(others, style)])
    blocks.append(list(_summary(report, style, plan)))
    return lines(line for index, block in enumerate(blocks) for line in ([""] if index else []) + block)


def _titled(host: HostReport, style: Style) -> Iterator[str]:
    place = style.show(host.place)
    entry = f"entry point of {host.connection}" if host.is_entry else f"discovered through {host.connection}"
    yield f"{style.paint(place, 'bold')}  {style.paint(entry, 'dim')}"


# --- hosts in one line -----------------------------------------------------------------------------------------------


def _others(hosts: Sequence[HostReport], style: Style) -> Iterator[str]:
    """Yield a line for each host, with its problems below it."""
    places = {host.place: style.show(host.place) for host in hosts}
    room = max(width(place) for place in places.values())
    first_hosts: dict[str, str] = {}
    for host in hosts:
        place, brief = places[host.place], _brief(host, style)
        head = f"{_INSET}{_status(host.status, style)}  "
        start = len(_INSET) + _STATUS_WIDTH + 2
        if brief and start + room + 2 + width(brief) <= style.width:
            yield f"{head}{pad(place, room)}  {style.paint(brief, 'dim')}"
        else:
            yield f"{head}{place}"
            yield from (
                f"{' ' * start}{style.paint(line, 'dim')}" for line in wrap(brief, style.width - start) if brief
            )
        yield from _findings(_problems(host, first_hosts), style, _INSET * 3)


def _problems(host: HostReport, first_hosts: dict[str, str]) -> Iterator[Finding]:
    """Yield the problems of one host; ``first_hosts``: the host that first showed each remedy.

    Skipped checks matter only where no check failed: then another host refused the credential.
    """
    hidden = {Status.OK, Status.SKIPPED} if host.status is Status.FAILED else {Status.OK}
    for finding in host.findings:
        if finding.status in hidden:
            continue
        first = first_hosts.setdefault(finding.remedy, host.host)
        is_shown = first != host.host and len(finding.remedy) > _SHORT_REMEDY
        yield replace(finding, remedy=f"See the remedy for {first}.") if is_shown else finding


def _brief(host: HostReport, style: Style) -> str:
    facts = host.facts
    if not facts:
        return ""
    load = facts.get("load_ms")
    parts = [
        f"PowerShell {facts.get('powershell') or '?'}",
        str(facts.get("adapter") or ""),
        str(facts.get("mode") or ""),
        f"{load / 1000:.1f} s to load" if isinstance(load, int | float) else "",
    ]
    return style.show(", ".join(part for part in parts if part))


# --- findings --------------------------------------------------------------------------------------------------------


def _findings(findings: Iterable[Finding], style: Style, inset: str) -> Iterator[str]:
    """Yield the findings; skipped checks come last, grouped by reason."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status is Status.SKIPPED:
            reasons.setdefault(finding.detail, []).append(finding.check)
        else:
            yield from _finding(finding, style, inset)
    for reason, checks in reasons.items():
        head = f"{inset}{_status(Status.SKIPPED, style)}  "
        start = len(inset) + _STATUS_WIDTH + 2
        text = wrap(style.show(f"{', '.join(checks)}: {reason}"), style.width - start)
        for index, line in enumerate(text):
            yield f"{head if index == 0 else ' ' * start}{style.paint(line, 'dim')}"


def _finding(finding: Finding, style: Style, inset: str) -> Iterator[str]:
    head = f"{inset}{_status(finding.status, style)}  {pad(finding.check, _CHECK_WIDTH)}  "
    start = len(inset) + _STATUS_WIDTH + 2 + _CHECK_WIDTH + 2
    room = max(20, style.width - start)
    margin = " " * start
    for line in wrap(style.show(finding.summary), room) if finding.summary else ():
        yield head + style.paint(line, "bold")
        head = margin
    for line in wrap(style.show(finding.detail), room) if finding.detail or not finding.summary else []:
        yield f"{head}{line}".rstrip()
        head = margin
    yield from _remedy(finding.remedy, start, style)


def _remedy(remedy: str, start: int, style: Style) -> Iterator[str]:
    """Yield the remedy: wrapped sentences, and commands to copy on one line, further left where they are long."""
    room = max(20, style.width - start)
    for line in remedy.split("\n") if remedy else ():
        if line.startswith(" "):
            command = style.show(line.strip())
            left = max(len(_INSET), min(start + 2, style.width - width(command)))
            yield " " * left + style.paint(command, "cyan")
        else:
            yield from (" " * start + style.paint(part, "cyan") for part in wrap(style.show(line), room))


def _status(status: Status, style: Style) -> str:
    return style.paint(status.value, *_LOOKS[status]) + " " * (_STATUS_WIDTH - len(status.value))


# --- summary ---------------------------------------------------------------------------------------------------------


def _summary(report: Report, style: Style, plan: str) -> Iterator[str]:
    numbers = {status: report.count(status) for status in Status}
    words = {
        Status.FAILED: f"{numbers[Status.FAILED]:,} failed",
        Status.WARNING: count(numbers[Status.WARNING], "warning"),
        Status.SKIPPED: f"{numbers[Status.SKIPPED]:,} skipped",
        Status.OK: f"{numbers[Status.OK]:,} ok",
    }
    parts = [(word, _LOOKS[status][0]) for status, word in words.items() if numbers[status]]
    yield from sentence("Doctor:", [(f"{count(len(report.hosts), 'host')} examined", ""), *parts], style)
    if report.exit_code() == 0:
        yield from ["", "The servers are ready for a plan:", "", f"    {style.show(plan)}"]
