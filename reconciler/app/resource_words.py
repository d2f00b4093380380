"""The words of the resource types that there are: for the views, and to know what the state speaks of."""

from __future__ import annotations

from functools import cache

from providers.catalogue import resource_types
from reconciler.model.abilities import Vocabulary
from reconciler.model.diagnostics import Diagnostic, StateError
from reconciler.model.snapshot import Snapshot


@cache
def vocabulary() -> Vocabulary:
    """Return what the resource types call their obligations and impacts."""
    return Vocabulary.of(resource_types())


def refuse_unknown_duties(prior: Snapshot) -> Snapshot:
    """Return the saved state; a plan over an obligation that nobody can fulfil would never come to an end.

    Raises:
        StateError: no resource type declares the kind of an open obligation.
    """
    unknown = next((owed for owed in prior.obligations if owed.duty not in vocabulary().duties), None)
    if unknown is None:
        return prior
    detail = f'The saved state holds an obligation of the kind "{unknown.duty}" for {unknown.subject}. '
    detail += "This version of reconciler does not know the kind."
    raise StateError(
        Diagnostic("State of a newer version", detail, "Use the version of reconciler that wrote it, or a newer one.")
    )
