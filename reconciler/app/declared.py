"""What an environment declares, and what it may declare."""

from __future__ import annotations

import json
from importlib.resources import files as package_files
from pathlib import Path

from providers.catalogue import resource_types
from reconciler.app.trusted import read_pinned
from reconciler.diagnostics import Diagnostic
from reconciler.environment import Environment, load
from reconciler.environment_files import prefix_of, read_files
from reconciler.errors import ConfigurationError
from reconciler.schema import json_schema


def check(directory: Path, connections: Path | None = None) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """Return the environment of ``directory`` and its warnings; ``connections`` is a file that pins them.

    Raises:
        ConfigurationError: with everything that is wrong.
    """
    pinned, before = read_pinned(connections, directory) if connections is not None else (None, ())
    files = read_files(directory, prefix=prefix_of(directory))
    environment, told = load(files, resource_types(), pinned=pinned)
    if environment is None:
        raise ConfigurationError(*before, *told)
    return environment, (*before, *told)


def schema_text(which: str) -> str:
    """Return a published JSON Schema: ``environment``, ``messages`` or ``plan``."""
    if which == "environment":
        return json.dumps(json_schema(resource_types()), indent=2) + "\n"
    return (package_files("reconciler") / "schemas" / f"{which}.schema.json").read_text(encoding="utf-8")
