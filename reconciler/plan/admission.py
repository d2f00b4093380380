"""Whether a plan may be applied: what forbids it, and whether a saved one still belongs here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import PlanError, ReconcilerError, Refused
from reconciler.model.landscape import Landscape
from reconciler.model.snapshot import Run, Snapshot
from reconciler.model.words import listed
from reconciler.plan.binding import is_made_over, moved_on
from reconciler.plan.budgets import Budgets
from reconciler.plan.checks import unreadable
from reconciler.plan.commits import Gap, Source
from reconciler.plan.plan import Plan
from reconciler.plan.rules import UNREADABLE
from reconciler.plan.saved import SavedPlan

USED: Final = "Saved plan already used"
STALE: Final = "Saved plan is stale"
"""The summaries of why a saved plan is not applied any more."""
_REMEDY = "Make the plan again, and save it with plan --out."


def admit(plan: Plan, budgets: Budgets, prior: Snapshot, *, strict: bool = False) -> None:
    """Let a plan pass that nothing forbids.

    Args:
        prior: what is remembered before it.
        strict: a plan that leaves something out is forbidden too.

    Raises:
        ReconcilerError: something it needs could not be read, or what was asked for names nothing.
        Refused: a check against the world, or a budget, forbids it.
    """
    errors = [told for told in plan.diagnostics if told.forbids or (strict and told.is_error)]
    if any(told.code in (None, UNREADABLE.code) for told in errors):
        raise ReconcilerError(*errors)
    exceeded = budgets.exceeded(plan, prior)
    if errors or exceeded:
        raise Refused(*errors, *exceeded)


def admit_saved(saved: SavedPlan, snapshot: Snapshot, environment: str, *, is_used: bool) -> None:
    """Let a saved plan pass that was made for this environment and this state, and of which nothing was sent.

    Raises:
        PlanError: it was not, or it was used. Nothing was written.
    """
    if is_used:
        detail = f"The plan {saved.digest[:12]} was applied before; a saved plan is applied once."
        raise PlanError(Diagnostic(USED, detail, _REMEDY))
    told = [*_misplaced(saved.plan, snapshot, environment)] or [*_moved_on(saved.plan, snapshot)]
    if told:
        raise PlanError(*told)


def _misplaced(plan: Plan, snapshot: Snapshot, environment: str) -> Iterator[Diagnostic]:
    if plan.environment != environment:
        detail = f'It was made for the environment "{plan.environment}"; this one is "{environment}".'
        yield Diagnostic("Plan of another environment", detail, _REMEDY)
    if not is_made_over(plan, snapshot):
        detail = f"It was made over the state {plan.lineage or 'none'}; this one is {snapshot.lineage or 'none'}."
        yield Diagnostic("Plan of another state", detail, _REMEDY)


def _moved_on(plan: Plan, snapshot: Snapshot) -> Iterator[Diagnostic]:
    sent = {action.address for action in plan.actions()}
    moved = [str(address) for address in moved_on(plan, snapshot) if address in sent]
    if moved:
        detail = (
            f"Since it was made, the state learned something else about what it acts upon: {listed(moved)}. "
            f"Its serial was {plan.serial} then, and is {snapshot.serial} now."
        )
        yield Diagnostic(STALE, detail, _REMEDY)


def admit_readable(plan: Plan, landscape: Landscape) -> None:
    """Let a saved plan pass whose objects can be read: nobody else asked before it is carried out.

    Raises:
        ReconcilerError: a whole type that it acts upon cannot be read.
    """
    types = {action.address.type for action in plan.actions()}
    unread = {one: told for one, told in landscape.unreadable.items() if one.key == "*" and one.type in types}
    if unread:
        raise ReconcilerError(*unreadable(replace(landscape, unreadable=unread)))


# --- commits ---------------------------------------------------------------------------------------------------------


def unknown_commit(source: Source) -> Diagnostic | None:
    """Return the objection to files whose commit Git does not tell; None where it does, and where there is no Git."""
    if source.trouble is None:
        return None
    detail = f"Whether these files are older than what was applied last is not known. {source.trouble.reason}"
    return Diagnostic("Git gives no answer", detail, _ways(source.trouble.remedy))


def commit_objection(plan: Plan, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return why a plan may not follow the run ``applied``; None where its files lack nothing that was applied then."""
    told = _compared(plan.source, applied, gap)
    if told is None:
        return None
    takes_back = f"\nThis plan can take them back: {listed(_effects(plan))}." if gap.trouble is None else ""
    return replace(told, detail=f"{told.detail}{takes_back}", remedy=_ways(told.remedy))


def commit_warning(source: Source, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return that files may be older than the servers they are compared with; None where they lack nothing."""
    told = _compared(source, applied, gap)
    if told is None:
        return None
    means = "\nWhat differs from these files may be what was applied since." if gap.trouble is None else ""
    return replace(told, detail=f"{told.detail}{means}", severity=Severity.WARNING)


def _compared(source: Source, applied: Run, gap: Gap) -> Diagnostic | None:
    """Return what files lack of the run ``applied``, or why that is not known; None where they lack nothing."""
    when = f"Commit {(applied.commit or '')[:12]} was applied last, by run {applied.id} at {applied.started[:19]}"
    files = f"The files are of {source}" if source.commit else "The files are of no commit"
    if gap.trouble is not None:
        detail = f"{files}. {when}. Whether the files lack changes of it is not known. {gap.trouble.reason}"
        return Diagnostic("Git cannot compare commits", detail, gap.trouble.remedy)
    if not gap.commits:
        return None
    summary = "Commit beside the last applied" if gap.is_parallel else "Older commit than the last applied"
    detail = f"{files}. {when}; it has changes to this environment that the files lack:\n\n"
    return Diagnostic(summary, detail + "".join(f"    {line}\n" for line in _some(gap.commits)), gap.remedy)


def _ways(remedy: str) -> str:
    """Return the remedy, and the way past the guard; a new plan of the same files would meet it again."""
    wanted = "If these files are to be applied all the same, give apply --allow-older."
    return f"{remedy}\n\n{wanted}" if remedy else wanted


def _some(commits: Sequence[str], limit: int = 8) -> list[str]:
    more = len(commits) - limit
    return [*commits[:limit], *([f"and {more} more"] if more > 0 else [])]


def _effects(plan: Plan) -> list[str]:
    """Return what a plan does, in words, by object and attribute."""
    actions = (*plan.actions(), *plan.forgotten, *plan.adopted)
    attributes = (", ".join(change.attribute for change in action.changes) for action in actions)
    return [
        f"{action.kind.value} {action.address}" + (f" ({names})" if names else "")
        for action, names in zip(actions, attributes, strict=True)
    ]
