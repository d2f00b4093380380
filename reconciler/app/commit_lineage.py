"""The guard over commits: no plan follows a commit whose changes its files lack, unless that is wanted."""

from __future__ import annotations

from pathlib import Path

from reconciler.admission import commit_objection, unknown_commit
from reconciler.diagnostics import Diagnostic
from reconciler.git import gap_between
from reconciler.plan import Plan
from reconciler.ports import StateStore


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
