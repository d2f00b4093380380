"""Exports the estate of a trial, as the command does, and opens the files as another operator's environment."""

from __future__ import annotations

from collections.abc import Mapping

from providers.estate.restart_pool import RESTARTS
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.export.connections import options_text
from reconciler.export.export import Export, export
from reconciler.export.extend import extend
from reconciler.export.render import Head
from reconciler.plan.drift import DriftKind, find_drift
from tests.support.fakes import MemoryStore
from tests.support.trial import Trial, types


def exported(trial: Trial, *, in_full: bool = False) -> Export:
    """Return the export of the estate."""
    landscape = trial.survey()
    return export(
        types(), landscape, Head("test", options=options_text(landscape.settings, [RESTARTS])), in_full=in_full
    )


def extended(trial: Trial, contents: Mapping[str, bytes]) -> Export:
    """Return the export of what drift calls unmanaged, into files that declare the trial's environment."""
    landscape = trial.look()
    found = find_drift(types(), landscape).entries
    only = {entry.address for entry in found if entry.kind is DriftKind.UNMANAGED}
    return extend(types(), landscape, Files(contents), only)


def reopened(trial: Trial, made: Export, store: MemoryStore | None = None) -> None:
    """Let the trial go on with the exported files; without ``store`` with an empty state."""
    environment, found = load(Files(made.contents), types())
    assert environment is not None, found
    trial.environment, trial.store = environment, MemoryStore() if store is None else store
