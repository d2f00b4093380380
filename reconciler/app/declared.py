"""What an environment declares, and what it may declare."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from providers.catalogue import resource_types
from reconciler.diagnostics import Diagnostic
from reconciler.environment import Environment, load
from reconciler.environment_files import read_files
from reconciler.errors import ConfigurationError
from reconciler.schema import json_schema


def check(directory: Path) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """Return the environment of ``directory`` and its warnings.

    Raises:
        ConfigurationError: with everything that is wrong.
    """
    environment, told = load(read_files(directory), resource_types())
    if environment is None:
        raise ConfigurationError(*told)
    return environment, told


def schema_text(which: str) -> str:
    """Return a published JSON Schema: ``environment``, ``messages`` or ``plan``."""
    if which == "environment":
        return json.dumps(json_schema(resource_types()), indent=2) + "\n"
    return (files("reconciler") / "schemas" / f"{which}.schema.json").read_text(encoding="utf-8")
