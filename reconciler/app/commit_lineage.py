"""The guard over commits: no plan follows a commit whose changes its files lack, unless that is wanted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.app.git import gap_between
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import PlanError
from reconciler.model.ports import StateStore
from reconciler.plan.admission import commit_objection, commit_warning, unknown_commit
from reconciler.plan.commits import Source
from reconciler.plan.plan import Plan


def objection_to(plan: Plan, directory: Path, store: StateStore) -> Diagnostic | None:
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
    return commit_objection(plan, applied, gap_between(directory, source.commit, applied.commit))


def warnings_of(source: Source, directory: Path, store: StateStore) -> tuple[Diagnostic, ...]:
    """Return what to warn of who compares servers with files that may be older than what was applied last."""
    if not source.has_git:
        return ()
    if (unknown := unknown_commit(source)) is not None:
        return (replace(unknown, severity=Severity.WARNING),)
    applied = store.last_changing_run()
    if applied is None or applied.commit is None or applied.commit == source.commit:
        return ()
    told = commit_warning(source, applied, gap_between(directory, source.commit, applied.commit))
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
