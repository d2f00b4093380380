"""What happens, as JSON lines for machines: one object a line, in printable ASCII.

Every object says its format and its type, so that a reader can pass over what it does not know: within
``reconciler/1`` types and fields are only ever added. ``schemas/messages.schema.json`` holds them. The messages of
events are also what the log keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias, assert_never

from reconciler.doctor.report import HostReport, Report
from reconciler.model.actions import Action, Change
from reconciler.model.commands import Command
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.events import (
    ActionEnded,
    Event,
    Observed,
    Observing,
    Owed,
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    Told,
    Waiting,
)
from reconciler.model.findings import Finding, Status
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Unset, Value
from reconciler.plan.drift import AcceptedRow, DriftChange, DriftEntry, DriftKind, DriftReport
from reconciler.plan.plan import Plan
from reconciler.plan.saved import digest
from reconciler.views.text import to_json

FORMAT: Final = "reconciler/1"

Message: TypeAlias = Mapping[str, object]


class JsonLines:
    """Writes messages; ``write`` gets one whole line at a time. As a listener to events it never fails a run."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        try:
            self.send(message_of(event))
        except Exception:
            # A reader that went away must not stop an apply half way.
            return

    def send(self, message: Message) -> None:
        self._write(to_json({"format": FORMAT, **message}) + "\n")

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        for told in diagnostics:
            self.send(diagnostic_message(told))

    def plan(self, plan: Plan) -> None:
        for message in plan_messages(plan):
            self.send(message)

    def drift(self, report: DriftReport) -> None:
        for message in drift_messages(report):
            self.send(message)

    def doctor(self, report: Report) -> None:
        for message in doctor_messages(report):
            self.send(message)

    def end(self, exit_code: int) -> None:
        """Write the last line of every command's output."""
        self.send({"type": "end", "exit_code": exit_code})


def message_of(event: Event) -> Message:
    """Return the message of an event, without the format mark."""
    match event:
        case Observing(host, what, requests):
            return {"type": "observing", "host": host, "what": list(what), "requests": requests}
        case Observed(host, records, requests, seconds):
            counts = {"records": records, "requests": requests, "seconds": round(seconds, 3)}
            return {"type": "observed", "host": host, **counts}
        case RunStarted(run, environment, steps, actions):
            started = {"run": run, "environment": environment, "steps": steps, "actions": actions}
            return {"type": "run_started", **started}
        case StepStarted(step, stage, actions):
            return {"type": "step_started", "step": step, "stage": stage, "actions": actions}
        case Waiting(step, reason, waited):
            return {"type": "waiting", "step": step, "reason": reason, "seconds": waited}
        case Retrying(step, reason, attempt, delay_seconds):
            retry = {"attempt": attempt, "delay_seconds": round(delay_seconds, 3)}
            return {"type": "retrying", "step": step, "reason": reason, **retry}
        case ActionEnded():
            return _action_ended(event)
        case StepEnded():
            return _step_ended(event)
        case Owed(obligation, met):
            return {"type": "owed", **obligation_message(obligation), "met": met}
        case Told(diagnostic):
            return diagnostic_message(diagnostic)
        case RunEnded():
            return _run_ended(event)
    assert_never(event)


def _action_ended(event: ActionEnded) -> Message:
    return {
        "type": "action_ended",
        "step": event.step,
        "address": event.address,
        "kind": event.kind,
        "outcome": event.outcome.value,
        "adopted": event.adopted,
        "detail": event.detail,
        "sent": list(event.evidence.sent),
        "printed": event.evidence.printed,
        "read": list(event.evidence.read),
        "cause": event.evidence.cause,
    }


def _step_ended(event: StepEnded) -> Message:
    return {
        "type": "step_ended",
        "step": event.step,
        "stage": event.stage,
        "done": event.done,
        "failed": event.failed,
        "unknown": event.unknown,
        "blocked_by": event.blocked_by,
        "seconds": round(event.seconds, 3),
    }


def _run_ended(event: RunEnded) -> Message:
    return {
        "type": "run_ended",
        "run": event.run,
        "exit_code": event.exit_code,
        "done": event.done,
        "failed": event.failed,
        "blocked": event.blocked,
        "unknown": event.unknown,
        "left_out": event.left_out,
        "seconds": round(event.seconds, 3),
        "resume": event.resume,
    }


def diagnostic_message(told: Diagnostic) -> Message:
    return {
        "type": "diagnostic",
        "severity": told.severity.value,
        "code": told.code,
        "summary": told.summary,
        "detail": told.detail,
        "remedy": told.remedy,
        "address": told.address,
        "position": _position(told.position),
        "excerpt": told.excerpt,
        "leaves_out": told.leaves_out,
    }


def plan_messages(plan: Plan) -> Iterator[Message]:
    """Yield a plan as messages: diagnostics, actions in the order of the plan, the summary last."""
    for told in plan.diagnostics:
        yield diagnostic_message(told)
    for step in plan.steps:
        for action in step.actions:
            yield _planned_action(action, step=step.id, stage=step.stage)
    for action in (*plan.adopted, *plan.forgotten):
        yield _planned_action(action, step=None, stage=None)
    yield _plan_summary(plan)


def _planned_action(action: Action, *, step: str | None, stage: int | None) -> Message:
    return {
        "type": "planned_action",
        "address": str(action.address),
        "kind": action.kind.value,
        "step": step,
        "stage": stage,
        "wave": action.wave,
        "changes": [_change(change) for change in action.changes],
        "commands": [_command(command) for command in action.commands],
        "reasons": list(action.reasons),
        "needs": [str(address) for address in action.needs],
        "predicted_by": None if action.predicted_by is None else str(action.predicted_by),
        "settle_seconds": action.settle_seconds,
        "destroys": len(action.destroyed),
        "destroyed": [str(address) for address in action.destroyed],
    }


def _command(command: Command) -> Message:
    told = {"text": str(command), "on": str(command.endpoint)}
    return {**told, "names": dict(command.named)} if command.named else told


def _change(change: Change) -> Message:
    return {"attribute": change.attribute, **_told(before=change.before, after=change.after)}


def _told(**values: Value | Unset) -> Message:
    """Return the values that are there: one that nobody set is left out, one cleared on purpose is null."""
    return {name: plain(value) for name, value in values.items() if not isinstance(value, Unset)}


def plain(value: Value) -> object:
    """Return a value as JSON has it."""
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def _plan_summary(plan: Plan) -> Message:
    numbers = Counter(action.kind.value for action in plan.actions())
    kinds = ("create", "update", "replace", "delete", "run")
    return {
        "type": "plan_summary",
        "environment": plan.environment,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "commit": plan.commit,
        "uncommitted": list(plan.source.uncommitted),
        "git": plan.source.answer,
        "digest": digest(plan),
        "has_changes": plan.has_changes,
        "actions": {kind: numbers[kind] for kind in kinds},
        "adopted": len(plan.adopted),
        "forgotten": len(plan.forgotten),
        "unchanged": plan.unchanged,
        "asked": plan.asked,
        "passed_over": plan.passed_over,
        **plan.impact,
        "left_out": list(plan.left_out),
        "obligations": [obligation_message(owed) for owed in plan.obligations],
    }


def obligation_message(owed: Obligation) -> Message:
    """Return an obligation as it stands within messages."""
    return {"duty": owed.duty, "subject": owed.subject, "since": owed.since}


def _position(place: Position | None) -> Message | None:
    return None if place is None else {"file": place.file, "line": place.line, "column": place.column}


def drift_messages(report: DriftReport) -> Iterator[Message]:
    """Yield a drift report as messages, the summary last."""
    for entry in report.entries:
        yield _drift_entry(entry)
    yield {
        "type": "drift_summary",
        "environment": report.environment,
        "counts": {kind.value: report.count(kind) for kind in DriftKind},
        "in_order": report.in_order,
    }


def _drift_entry(entry: DriftEntry) -> Message:
    return {
        "type": "drift_entry",
        "address": str(entry.address),
        "kind": entry.kind.value,
        "severity": entry.severity.value,
        "reason": entry.reason,
        "changes": [_drift_change(change) for change in entry.changes],
        "revert": entry.revert,
        "accept": entry.accept,
        "accept_row": None if entry.row is None else _accepted_row(entry.row),
        "position": _position(entry.position),
        "diagnostic": None if entry.diagnostic is None else diagnostic_message(entry.diagnostic),
    }


def _accepted_row(row: AcceptedRow) -> Message:
    return {"position": _position(row.position), "columns": list(row.columns), "text": row.text}


def _drift_change(change: DriftChange) -> Message:
    values = _told(desired=change.desired, last_applied=change.last_applied, observed=change.observed)
    return {"attribute": change.attribute, **values}


def doctor_messages(report: Report) -> Iterator[Message]:
    """Yield a doctor's report as messages: the environment's findings, each host with its own, the summary last."""
    for finding in report.findings:
        yield _finding(finding, None)
    for host in report.hosts:
        yield {
            "type": "doctor_host",
            "connection": host.connection.value,
            "host": host.host,
            "place": host.place,
            "entry": host.is_entry,
            "status": host.status.value,
            "facts": dict(host.facts),
        }
        for finding in host.findings:
            yield _finding(finding, host)
    yield {
        "type": "doctor_summary",
        "environment": report.environment,
        "hosts": len(report.hosts),
        "counts": {status.value: report.count(status) for status in Status},
    }


def _finding(finding: Finding, host: HostReport | None) -> Message:
    return {
        "type": "doctor_finding",
        "connection": host.connection.value if host else None,
        "host": host.host if host else None,
        "check": finding.check.value,
        "status": finding.status.value,
        "summary": finding.summary,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }
