"""Makes the events about the steps and actions of a run, and the error about a mistake of the program."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.diagnostics import Diagnostic, ReconcilerError
from reconciler.model.events import ActionEnded, StepEnded, StepOutline
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.plan import Step
from reconciler.run.sent import Ended


def outline_of(steps: Sequence[Step]) -> tuple[StepOutline, ...]:
    """Return what is known of the steps before they begin."""
    needed = {need for step in steps for need in step.needs}
    return tuple(
        StepOutline(
            step.id,
            step.stage,
            len(step.actions),
            max(action.settle_seconds for action in step.actions) if step.id in needed else 0,
            (*step.needs, *step.after),
        )
        for step in steps
    )


def action_ended(step: Step, end: Ended) -> ActionEnded:
    """Return the event about the end of an action."""
    action = end.action
    return ActionEnded(
        step.id, str(action.address), action.kind.value, end.outcome, end.was_there, end.detail, end.evidence
    )


def step_ended(step: Step, ended: Sequence[Ended], seconds: float) -> StepEnded:
    """Return the event about the end of a step, with the numbers of its actions."""
    kinds = [end.outcome for end in ended]
    return StepEnded(
        step.id,
        step.stage,
        done=kinds.count(OutcomeKind.DONE),
        failed=kinds.count(OutcomeKind.FAILED) + kinds.count(OutcomeKind.NOT_RUN),
        unknown=kinds.count(OutcomeKind.UNKNOWN),
        seconds=seconds,
    )


def bug(error: BaseException | None) -> ReconcilerError:
    """Return the error about a mistake of the program, without values, which could be secrets."""
    return ReconcilerError(
        Diagnostic(
            "Internal error",
            f"This is a bug in reconciler: {type(error).__name__} at {_where(error)}.",
            "Nothing more was sent. Report it with the log file of this run.",
        )
    )


def _where(error: BaseException | None) -> str:
    """Return file and line of the innermost frame, without values, which could be secrets."""
    trace = error.__traceback__ if error else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
