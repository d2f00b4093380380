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
    """The files of an environment's directory: bytes by relative name (with ``/``), and the files not opened."""

    contents: Mapping[str, bytes]
    refused: Mapping[str, Diagnostic] = field(default_factory=lambda: EMPTY)
    """Why a file was not opened, by name."""
    prefix: str = ""
    """Prefix of each name in positions, so that users can open the file from their working directory."""


def is_read(name: str) -> bool:
    """True where a file with this relative name is part of an environment."""
    return name.lower().endswith((YAML, CSV)) and not any(part.startswith(".") for part in name.split("/"))
