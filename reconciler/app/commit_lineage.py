"""The guard over commits: no plan follows a commit whose changes its files lack, unless that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import PlanError
from reconciler.model.ports import StateStore
from reconciler.plan.admission import commit_objection, commit_warning, unknown_commit
from reconciler.plan.commits import Gap, Source
from reconciler.plan.plan import Plan

GapOf = Callable[[str | None, str], Gap]
"""Returns what files of one commit lack of another; None: they are of no commit."""


def objection_to(plan: Plan, gap: GapOf, store: StateStore) -> Diagnostic | None:
    """Return why the plan may not be applied after what was applied last; None where it may.

    A plan that does nothing takes nothing back, and without Git nobody knows of commits.
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
    """Return what to warn of who compares servers with files that may be older than what was applied last."""
    if not source.has_git:
        return ()
    if (unknown := unknown_commit(source)) is not None:
        return (replace(unknown, severity=Severity.WARNING),)
    applied = store.last_changing_run()
    if applied is None or applied.commit is None or applied.commit == source.commit:
        return ()
    told = commit_warning(source, applied, gap(source.commit, applied.commit))
    return () if told is None else (told,)


def with_warning(plan: Plan, objection: Diagnostic | None) -> Plan:
    """Return the plan with the objection as a warning of it, if there is one."""
    if objection is None:
        return plan
    return replace(plan, diagnostics=(*plan.diagnostics, replace(objection, severity=Severity.WARNING)))


def refuse_unless(allowed: bool, objection: Diagnostic | None) -> None:
    """Raise PlanError with the objection, if there is one, unless older files are allowed."""
    if objection is not None and not allowed:
        raise PlanError(objection)
