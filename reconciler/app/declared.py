"""Loads the declarations of an environment, and prints the published JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files as package_files
from pathlib import Path

from providers.catalogue import resource_types
from reconciler.app.files import prefix_of, read_files
from reconciler.app.trusted import read_pinned
from reconciler.config.environment import Environment, load
from reconciler.config.schema import json_schema
from reconciler.config.source_text import Files
from reconciler.config.trust import Pinned
from reconciler.model.diagnostics import ConfigurationError, Diagnostic
from reconciler.model.values import EMPTY


@dataclass(frozen=True, slots=True)
class Declared:
    """The environment that the files of a directory declare, and the files."""

    environment: Environment
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings."""
    files: Files = field(default_factory=lambda: Files(EMPTY))
    """The files that were loaded."""
    pinned: Pinned | None = None

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The files that were loaded, by name relative to the directory."""
        return self.files.contents

    def loaded(self, files: Files) -> Environment | None:
        """Return the environment that other files would declare; None where they have errors."""
        return load(files, resource_types(), pinned=self.pinned)[0]


def declared_in(directory: Path, connections: Path | None = None) -> Declared:
    """Return the declarations in ``directory``; ``connections`` is a file of pinned connections.

    Raises:
        ConfigurationError: the files have errors; it holds all of them.
    """
    pinned, before = read_pinned(connections, directory) if connections is not None else (None, ())
    files = read_files(directory, prefix=prefix_of(directory))
    environment, found = load(files, resource_types(), pinned=pinned, is_reached=True)
    if environment is None:
        raise ConfigurationError(*before, *found)
    return Declared(environment, (*before, *found), files, pinned)


def check(directory: Path, connections: Path | None = None) -> tuple[Environment, tuple[Diagnostic, ...]]:
    """Return the environment of ``directory`` and its warnings. Raises as ``declared_in`` does."""
    declared = declared_in(directory, connections)
    return declared.environment, declared.diagnostics


def schema_text(which: str) -> str:
    """Return a published JSON Schema: ``environment``, ``messages`` or ``plan``."""
    if which == "environment":
        return json.dumps(json_schema(resource_types()), indent=2) + "\n"
    return (package_files("reconciler") / "schemas" / f"{which}.schema.json").read_text(encoding="utf-8")
