"""Whether a plan may be applied: what forbids it, and whether a saved one still belongs here."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.budgets import Budgets
from reconciler.diagnostics import Diagnostic
from reconciler.errors import PlanError, ReconcilerError, Refused
from reconciler.plan import Plan
from reconciler.plan_file import SavedPlan
from reconciler.snapshot import Snapshot

_REMEDY = "Make a new plan."


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
    if any(told.code in (None, "UM101") for told in errors):
        raise ReconcilerError(*errors)
    exceeded = budgets.exceeded(plan, prior)
    if errors or exceeded:
        raise Refused(*errors, *exceeded)


def admit_saved(saved: SavedPlan, snapshot: Snapshot, environment: str, *, newer_commit: str | None) -> None:
    """Let a saved plan pass that was made for this environment and this state.

    Args:
        newer_commit: the commit applied last, where it is newer than the plan's.

    Raises:
        PlanError: it was not, or the state or the commit has moved on. Nothing was written.
    """
    told = [*_misplaced(saved.plan, snapshot, environment)]
    if newer_commit is not None:
        made = (saved.plan.commit or "")[:12]
        detail = f"It was made at commit {made}; {newer_commit[:12]}, which is newer, was applied since."
        told.append(Diagnostic("Older commit than the last applied", detail, _REMEDY))
    if told:
        raise PlanError(*told)


def used(saved: SavedPlan) -> PlanError:
    """Return the error that a saved plan was applied before."""
    detail = f"The plan {saved.digest[:12]} was applied before; a saved plan is applied once."
    return PlanError(Diagnostic("Saved plan already used", detail, _REMEDY))


def _misplaced(plan: Plan, snapshot: Snapshot, environment: str) -> Iterator[Diagnostic]:
    if plan.environment != environment:
        detail = f'It was made for the environment "{plan.environment}"; this one is "{environment}".'
        yield Diagnostic("Plan of another environment", detail, _REMEDY)
    if plan.lineage != snapshot.lineage:
        detail = f"It was made over the state {plan.lineage or 'none'}; this one is {snapshot.lineage or 'none'}."
        yield Diagnostic("Plan of another state", detail, _REMEDY)
    elif plan.serial != snapshot.serial:
        detail = f"The state had serial {plan.serial} when it was made, and has {snapshot.serial} now."
        yield Diagnostic("Saved plan is stale", detail, _REMEDY)
