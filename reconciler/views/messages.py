"""The messages of JSON lines: the values that programs receive, and their fields.

Within ``reconciler/1`` messages and fields are only ever added. ``schemas/messages.schema.json`` is made from this
table and the types in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, TypeAlias

from reconciler.doctor.report import HostReport, Report
from reconciler.export.declaration import LeftOut
from reconciler.export.describe import Pending
from reconciler.export.export import Export
from reconciler.model.actions import Action, Change
from reconciler.model.codec import Codec
from reconciler.model.commands import Command, Endpoint
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.events import (
    ActionEnded,
    Event,
    Observed,
    Observing,
    Owed,
    Reported,
    Retrying,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    Waiting,
    WaveEnded,
)
from reconciler.model.findings import Finding
from reconciler.model.nested import Part
from reconciler.model.numbers import NumberUse
from reconciler.model.resources import Address
from reconciler.model.shapes import Leaf, Record
from reconciler.model.snapshot import Audit, Intent, Remembered, Run, Snapshot
from reconciler.model.values import Digest
from reconciler.model.waivers import Waived
from reconciler.plan.drift import DriftChange, DriftEntry, DriftReport
from reconciler.plan.numbers import FreeNumber
from reconciler.plan.plan import Plan
from reconciler.plan.saved import digest

Message: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of a plan, in the order of the plan."""

    action: Action
    step: str | None = None
    """Id of its step; null where nothing is sent (adopt, forget)."""
    stage: Annotated[int | None, ("minimum", 1)] = None
    done_in_wave: str | None = None
    """The wave in which it is done, where the plan has waves: later than ``wave`` if it depends on a user there."""

    @property
    def destroys(self) -> int:
        """Number of deleted objects that count for ``--max-destroy``."""
        return len(self.action.destroyed)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Number of actions of each kind."""

    create: int
    update: int
    replace: int
    delete: int
    run: int


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """The summary of a plan; its last message."""

    plan: Plan

    @property
    def digest(self) -> Digest:
        """Identity of the plan: SHA-256 of its body."""
        return digest(self.plan)

    @property
    def actions(self) -> Kinds:
        numbers = Counter(action.kind.value for action in self.plan.actions())
        return Kinds(*(numbers[kind] for kind in Kinds.__slots__))

    @property
    def adopted(self) -> int:
        """Existing objects that become managed without a command."""
        return len(self.plan.adopted)

    @property
    def forgotten(self) -> int:
        """Resources that are no longer managed and stay unchanged."""
        return len(self.plan.forgotten)

    @property
    def restarts(self) -> int:
        """Number of restarted services."""
        return self.plan.impact.get("restarts", 0)

    @property
    def users(self) -> int:
        """Users whose voice mail is switched on, off or changed."""
        return self.plan.impact.get("users", 0)

    @property
    def interrupted_users(self) -> int:
        """Users on pools whose Front Ends are restarted."""
        return self.plan.impact.get("interrupted_users", 0)


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One check of ``doctor``."""

    finding: Finding
    connection: str | None = None
    """Null for a finding about the whole environment."""
    host: str | None = None


@dataclass(frozen=True, slots=True)
class StateSummary:
    """The summary of the saved state."""

    state: Snapshot

    @property
    def resources(self) -> int:
        """Number of managed resources."""
        return len(self.state.resources)

    @property
    def decisions(self) -> Mapping[str, str]:
        """Choices made once and kept, such as ``dial_plan/Redmond:site``."""
        return dict(sorted(self.state.decisions.items()))


@dataclass(frozen=True, slots=True)
class End:
    """The last line of a command's output."""

    exit_code: int


def _message(fields: str = "", name: str = "") -> Record:
    return Record(fields, name, is_tagged=True)


MESSAGES: Final[Mapping[type, Record]] = {
    Diagnostic: _message("severity code summary detail remedy address position excerpt leaves_out"),
    PlannedAction: _message(
        "action.address action.kind step stage action.wave action.changes action.commands action.reasons action.needs"
        " action.predicted_by action.settle_seconds destroys action.destroyed done_in_wave?"
    ),
    PlanSummary: _message(
        "plan.environment plan.lineage plan.serial plan.commit plan.source.uncommitted git=plan.source.answer digest"
        " plan.has_changes actions adopted forgotten plan.unchanged plan.asked plan.passed_over restarts users"
        " interrupted_users plan.destroys plan.left_out plan.obligations waves=plan.gates?"
    ),
    Waived: _message("waiver.code waiver.on waiver.until waiver.reason waiver.position findings"),
    Observing: _message(),
    Observed: _message(),
    RunStarted: _message("run environment steps actions"),
    StepStarted: _message(),
    Waiting: _message(),
    Retrying: _message(),
    ActionEnded: _message(
        "step address kind outcome adopted detail evidence.sent evidence.printed evidence.read evidence.cause"
    ),
    StepEnded: _message(),
    WaveEnded: _message("wave users failed max_failures passed reason left_out?"),
    Owed: _message("obligation.duty obligation.subject obligation.since met"),
    RunEnded: _message("run exit_code done failed blocked unknown left_out seconds resume"),
    DriftEntry: _message("address kind severity reason changes revert accept accept_row=row position diagnostic"),
    DriftReport: _message("environment counts in_order", "drift_summary"),
    LeftOut: _message("address reason detail", "export_left_out"),
    Pending: _message("about reason", "export_pending"),
    Export: _message("files declared left_out=omitted", "export_summary"),
    DoctorFinding: _message(
        "connection host finding.check finding.status finding.summary finding.detail finding.remedy"
    ),
    HostReport: _message("connection host place entry=is_entry status facts", "doctor_host"),
    Report: _message("environment hosts=examined counts", "doctor_summary"),
    Remembered: _message("address name guid attributes needs", "state_resource"),
    StateSummary: _message(
        "state.environment state.lineage state.serial resources state.obligations state.open_intents decisions"
    ),
    Run: _message(
        "run=id started ended user host commit uncommitted allowed_older plan_digest exit_code done failed blocked"
    ),
    Audit: _message(),
    NumberUse: _message("number range holder how position", "extension_use"),
    FreeNumber: _message("number range", "free_extension"),
    End: _message(),
}

FORM: Final = Codec(
    {
        **MESSAGES,
        Change: Record("attribute before? after? parts?"),
        Command: Record("text on=endpoint names=named?"),
        DriftChange: Record("attribute desired? last_applied? observed? parts?"),
        Intent: Record("run address kind command host expires"),
        Part: Record("path before? after?"),
        Address: Leaf({"type": "string"}, str),
        Endpoint: Leaf({"type": "string"}, str),
        int: Leaf({"type": "integer", "minimum": 0}),
        date: Leaf({"type": "string", "format": "date"}, date.isoformat),
        # In the order in which they are known, not sorted.
        Mapping[str, str]: Leaf({"type": "object", "additionalProperties": {"type": "string"}}, dict),
        Mapping[str, object]: Leaf({"type": "object"}, dict),
        float: Leaf({"type": "number"}, lambda seconds: round(seconds, 3)),
    },
    is_lean=False,
)


Tellable: TypeAlias = (
    Event
    | Diagnostic
    | Plan
    | DriftReport
    | Export
    | Report
    | Snapshot
    | Remembered
    | Run
    | Audit
    | NumberUse
    | FreeNumber
    | Waived
    | End
)


def messages_of(value: Tellable) -> Iterator[Message]:
    """Yield all messages of a value, without the format mark; the summary comes last."""
    return map(message_of, _parts(value))


def message_of(value: object) -> Message:
    """Return the single message of a value, without the format mark."""
    found = value.diagnostic if isinstance(value, Reported) else value
    if type(found) not in MESSAGES:
        raise TypeError(f"{type(found).__name__} is no message")
    message: Message = FORM.dump(found)
    return message


def _parts(value: Tellable) -> Iterator[object]:
    match value:
        case Plan():
            yield from (*value.diagnostics, *value.waived)
            yield from (
                PlannedAction(action, step.id, step.stage, step.wave if value.gates and action.is_of_users else None)
                for step in value.steps
                for action in step.actions
            )
            yield from map(PlannedAction, (*value.adopted, *value.forgotten))
            yield PlanSummary(value)
        case DriftReport():
            yield from (*value.diagnostics, *value.waived, *value.entries, value)
        case Export():
            yield from (*value.description.left_out, *value.description.pending, value)
        case Report():
            yield from map(DoctorFinding, value.findings)
            for host in value.hosts:
                yield host
                yield from (DoctorFinding(finding, host.connection, host.host) for finding in host.findings)
            yield value
        case Snapshot():
            yield from (value.resources[address] for address in sorted(value.resources))
            yield StateSummary(value)
        case _:
            yield value
