"""Guards against older files: refuses a plan whose files lack changes of the commit applied last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.diagnostics import Diagnostic, PlanError, Severity
from reconciler.model.ports import StateStore
from reconciler.plan.admission import commit_objection, commit_warning, unknown_commit
from reconciler.plan.plan import Gap, Plan, Source

GapOf = Callable[[str | None, str], Gap]
"""Returns the changes of another commit that the files lack; None: the files belong to no commit."""


def objection_to(plan: Plan, gap: GapOf, store: StateStore) -> Diagnostic | None:
    """Return why the plan may not follow the last apply; None where it may.

    A plan without effects cannot undo changes. Without Git there are no commits to compare.
    """
    source = plan.source
    if not plan.has_effects or not source.has_git:
        return None
    unknown = unknown_commit(source)
    applied = None if unknown else store.last_changing_run()
    if applied is None or applied.commit is None or applied.commit == source.commit:
        return unknown
    return commit_objection(plan, applied, gap(source.commit, applied.commit))


def warnings_of(source: Source, gap: GapOf, store: StateStore) -> tuple[Diagnostic, ...]:
    """Return a warning where the files may be older than the commit applied last."""
    if not source.has_git:
        return ()
    if (unknown := unknown_commit(source)) is not None:
        return (replace(unknown, severity=Severity.WARNING),)
    applied = store.last_changing_run()
    if applied is None or applied.commit is None or applied.commit == source.commit:
        return ()
    warning = commit_warning(source, applied, gap(source.commit, applied.commit))
    return () if warning is None else (warning,)


def with_warning(plan: Plan, objection: Diagnostic | None) -> Plan:
    """Return the plan with the objection, if there is one, as a warning."""
    if objection is None:
        return plan
    return replace(plan, diagnostics=(*plan.diagnostics, replace(objection, severity=Severity.WARNING)))


def refuse_unless(allowed: bool, objection: Diagnostic | None) -> None:
    """Raise the objection, if there is one, as PlanError, unless older files are allowed."""
    if objection is not None and not allowed:
        raise PlanError(objection)
