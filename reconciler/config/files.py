"""The files of an environment as values: names and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.values import EMPTY

YAML = ".yaml"
CSV = ".csv"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of an environment's directory: name relative to it, with ``/``, to bytes; and those not opened."""

    contents: Mapping[str, bytes]
    refused: Mapping[str, Diagnostic] = field(default_factory=lambda: EMPTY)
    """By name, why a file that would be read is not."""
    prefix: str = ""
    """What stands before each name where a place in it is shown: places are seen from where the user stands."""


def is_read(name: str) -> bool:
    """True where a file of that name, relative to the directory, is part of an environment."""
    return name.lower().endswith((YAML, CSV)) and not any(part.startswith(".") for part in name.split("/"))
