"""Decides whether a plan may be applied, and whether a saved plan still fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from reconciler.model.diagnostics import Diagnostic, PlanError, ReconcilerError, Refused, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.snapshot import Run, Snapshot
from reconciler.plan.budgets import Budgets
from reconciler.plan.checks import unreadable
from reconciler.plan.plan import Gap, Plan, Source, is_made_over, moved_on
from reconciler.plan.rules import UNREADABLE
from reconciler.plan.saved import SavedPlan

USED: Final = "Saved plan already used"
STALE: Final = "Saved plan is stale"
"""The summaries for a saved plan that can no longer be applied."""
_REMEDY = "Make a new plan, and save it with plan --out."


def admit(plan: Plan, budgets: Budgets, prior: Snapshot, *, strict: bool = False) -> None:
    """Raise where a plan may not be applied.

    Args:
        prior: the state before the plan.
        strict: also refuse a plan that leaves resources out.

    Raises:
        ReconcilerError: needed objects could not be read, or the selection names unknown resources.
        Refused: a check or a budget forbids the plan.
    """
    errors = [one for one in plan.diagnostics if one.forbids or (strict and one.is_error)]
    if any(one.code in (None, UNREADABLE.code) for one in errors):
        raise ReconcilerError(*errors)
    exceeded = budgets.exceeded(plan, prior)
    if errors or exceeded:
        raise Refused(*errors, *exceeded)


def admit_saved(saved: SavedPlan, snapshot: Snapshot, environment: str, *, is_used: bool) -> None:
    """Raise where a saved plan belongs to another environment or state, or was used.

    Raises:
        PlanError: the plan cannot be applied. Nothing was written.
    """
    if is_used:
        detail = f"The plan {saved.digest[:12]} was applied before. A saved plan can be applied once."
        raise PlanError(Diagnostic(USED, detail, _REMEDY))
    errors = [*_misplaced(saved.plan, snapshot, environment)] or [*_moved_on(saved.plan, snapshot)]
    if errors:
        raise PlanError(*errors)


def _misplaced(plan: Plan, snapshot: Snapshot, environment: str) -> Iterator[Diagnostic]:
    if plan.environment != environment:
        detail = f'The plan is for the environment "{plan.environment}". This environment is "{environment}".'
        yield Diagnostic("Plan of another environment", detail, _REMEDY)
    if not is_made_over(plan, snapshot):
        detail = f"The plan is for the state {plan.lineage or 'none'}. This state is {snapshot.lineage or 'none'}."
        yield Diagnostic("Plan of another state", detail, _REMEDY)


def _moved_on(plan: Plan, snapshot: Snapshot) -> Iterator[Diagnostic]:
    sent = {action.address for action in plan.actions()}
    moved = [str(address) for address in moved_on(plan, snapshot) if address in sent]
    if moved:
        detail = (
            f"The saved state of objects in the plan has changed since the plan was made: {listed(moved)}. "
            f"The serial of the state was {plan.serial} and is {snapshot.serial} now."
        )
        yield Diagnostic(STALE, detail, _REMEDY)


def admit_readable(plan: Plan, landscape: Landscape) -> None:
    """Raise where the objects of a saved plan cannot be read; no other check does this for a saved plan.

    Raises:
        ReconcilerError: a whole type in the plan cannot be read.
    """
    types = {action.address.type for action in plan.actions()}
    unread = {one: why for one, why in landscape.unreadable.items() if one.key == "*" and one.type in types}
    if unread:
        raise ReconcilerError(*unreadable(replace(landscape, unreadable=unread)))


# --- commits ---------------------------------------------------------------------------------------------------------


def unknown_commit(source: Source) -> Diagnostic | None:
    """Return an error where Git cannot say which commit the files belong to."""
    if source.trouble is None:
        return None
    detail = f"reconciler cannot check whether these files are older than the last apply. {source.trouble.reason}"
    return Diagnostic("Git gives no answer", detail, _ways(source.trouble.remedy))


def commit_objection(plan: Plan, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return an error where the files of a plan may lack changes of the run ``applied``."""
    found = _compared(plan.source, applied, gap)
    if found is None:
        return None
    undone = f"\nThis plan can undo them: {listed(_effects(plan))}." if gap.trouble is None else ""
    return replace(found, detail=f"{found.detail}{undone}", remedy=_ways(found.remedy))


def commit_warning(source: Source, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return a warning where the files may lack changes of the run ``applied``."""
    found = _compared(source, applied, gap)
    if found is None:
        return None
    means = "\nThe reported differences may be these changes." if gap.trouble is None else ""
    return replace(found, detail=f"{found.detail}{means}", severity=Severity.WARNING)


def _compared(source: Source, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return the changes of the run ``applied`` that the files lack, or why they are unknown; None without any."""
    when = f"Run {applied.id} applied commit {(applied.commit or '')[:12]} last, at {applied.started[:19]}"
    files = f"The files belong to {source}" if source.commit else "The files belong to no commit"
    if gap.trouble is not None:
        detail = f"{files}. {when}. Git cannot say whether the files have its changes. {gap.trouble.reason}"
        return Diagnostic("Git cannot compare commits", detail, gap.trouble.remedy)
    if not gap.commits:
        return None
    summary = "Commit parallel to the last applied" if gap.is_parallel else "Older commit than the last applied"
    detail = f"{files}. {when}. The files lack these changes of it to this environment:\n\n"
    return Diagnostic(summary, detail + "".join(f"    {line}\n" for line in _some(gap.commits)), gap.remedy)


def _ways(remedy: str) -> str:
    """Return the remedy with the option that skips the guard."""
    wanted = "To apply these files anyway, give apply the option --allow-older."
    return f"{remedy}\n\n{wanted}" if remedy else wanted


def _some(commits: Sequence[str], limit: int = 8) -> list[str]:
    more = len(commits) - limit
    return [*commits[:limit], *([f"and {more} more"] if more > 0 else [])]


def _effects(plan: Plan) -> list[str]:
    """Return the actions of a plan as texts, with their attributes."""
    actions = (*plan.actions(), *plan.forgotten, *plan.adopted)
    attributes = (", ".join(change.attribute for change in action.changes) for action in actions)
    return [
        f"{action.kind.value} {action.address}" + (f" ({names})" if names else "")
        for action, names in zip(actions, attributes, strict=True)
    ]
