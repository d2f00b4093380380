"""The words of all resource types, for the views and for checking the obligations in the state."""

from __future__ import annotations

from functools import cache

from providers.catalogue import resource_types
from reconciler.model.abilities import Vocabulary
from reconciler.model.diagnostics import Diagnostic, StateError
from reconciler.model.snapshot import Snapshot


@cache
def vocabulary() -> Vocabulary:
    """Return the names and texts of the obligations and impacts of the resource types."""
    return Vocabulary.of(resource_types())


def refuse_unknown_duties(prior: Snapshot) -> Snapshot:
    """Return the saved state if every open obligation has a known kind.

    Otherwise no plan could ever fulfil all of them.

    Raises:
        StateError: no resource type declares the kind of an open obligation.
    """
    unknown = next((owed for owed in prior.obligations if owed.duty not in vocabulary().duties), None)
    if unknown is None:
        return prior
    detail = f'The saved state holds an obligation of the kind "{unknown.duty}" for {unknown.subject}. '
    detail += "This version of reconciler has no such kind."
    raise StateError(
        Diagnostic("State of a newer version", detail, "Use the version of reconciler that wrote it, or a newer one.")
    )
