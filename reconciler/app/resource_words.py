"""The words of the resource types that there are, for the views."""

from __future__ import annotations

from functools import cache

from providers.catalogue import resource_types
from reconciler.model.vocabulary import Vocabulary


@cache
def vocabulary() -> Vocabulary:
    """Return what the resource types call their obligations and impacts."""
    return Vocabulary.of(resource_types())
