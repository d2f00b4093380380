"""Reads pinned connections and RECONCILER_SECRETS, and reads the secrets that they approve."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from providers.catalogue import resource_types
from reconciler.app.secret_references import fetch
from reconciler.app.surroundings import is_within, repository_of
from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import Environment
from reconciler.config.trust import Pinned, Trust, parse_named, parse_pinned, refusals
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Position
from reconciler.model.resource_types import providers_of

MAX_BYTES: Final = 1024 * 1024
"""Limit for a file of connections or certificates; all public authorities together have 300 KB."""

_VARIABLE: Final = "RECONCILER_SECRETS"


def read_pinned(path: Path, directory: Path) -> tuple[Pinned, tuple[Diagnostic, ...]]:
    """Return the pinned connections in ``path`` for the environment in ``directory``, with warnings.

    Raises:
        ConfigurationError: the file cannot be read, has errors, or lies in the repository of the environment.
    """
    # A link in the repository counts too: the authors of the repository decide where it leads.
    if any(is_within(one.absolute(), repository_of(directory)) for one in (path, path.parent)):
        detail = f"{path} lies in the repository of the environment, so the authors of the repository control it."
        remedy = "Keep the file outside the repository, for example as a secure file of the pipeline."
        raise ConfigurationError(Diagnostic("Connections file in the repository", detail, remedy))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        detail = f"The connections file {path} cannot be read: {error.strerror}."
        raise ConfigurationError(Diagnostic("File cannot be read", detail, "Correct the path.")) from error
    if len(content) > MAX_BYTES:
        detail = f"The connections file {path} has more than {MAX_BYTES:,} bytes."
        raise ConfigurationError(Diagnostic("File too large", detail, "Correct the path."))
    pinned, found = parse_pinned(str(path), content, providers_of(resource_types()))
    if pinned is None:
        raise ConfigurationError(*found)
    return (_with_world(pinned, path.absolute().parent, directory) if pinned.simulator else pinned), found


def _with_world(pinned: Pinned, start: Path, directory: Path) -> Pinned:
    world = start / (pinned.simulator or "")
    if not world.is_file():
        detail = f"The connections file names the world file {world}, which does not exist."
        remedy = "Correct the path. A relative path starts in the folder of the connections file."
        raise ConfigurationError(Diagnostic("Missing file", detail, remedy, position=Position(pinned.file)))
    resolved, root = world.resolve(), directory.resolve()
    within = resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else None
    return replace(pinned, simulator=str(world), world_within=within)


def trust_of(environment: Environment, variables: Mapping[str, str]) -> Trust:
    """Return the settings that decide which secrets an environment may use.

    Raises:
        ConfigurationError: RECONCILER_SECRETS is invalid.
    """
    text = variables.get(_VARIABLE)
    try:
        named = parse_named(text) if text is not None else None
    except ValueError as error:
        remedy = "Write references with commas between them. Add hosts to limit a reference:\n\n"
        remedy += f"    {_VARIABLE}='env:SERVICE_PASSWORD=*.contoso.com|ex1.fabrikam.com, file:/run/secrets/key'"
        raise ConfigurationError(Diagnostic("Invalid value", f"{_VARIABLE}: {error}.", remedy)) from None
    ours = {name: value for name, value in variables.items() if name.startswith("RECONCILER_")}
    referenced = {value.removeprefix("env:") for value in ours.values() if value.startswith("env:")}
    return Trust(environment.pinned, named, frozenset({*ours, *referenced, "PGPASSWORD"}))


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of an environment's connections."""

    trust: Trust
    directory: Path
    """The directory of the environment."""
    mask: Callable[[str], None]
    """Receives every secret, so that the log can hide it."""

    @property
    def start(self) -> Path:
        """The directory in which relative file names of the connections start."""
        return Path(self.trust.pinned.file).absolute().parent if self.trust.pinned else self.directory

    def admit(self, config: ConnectionConfig) -> None:
        """Raise ConfigurationError where the connection may not use a secret, or has an invalid certificate file."""
        errors = [*refusals(self.trust, config, self._is_outside)]
        if not errors and self.trust.pinned is None:
            alone = (config, *(config.for_host(host) for host in config.hosts))
            names = (name for one in alone for name in (one.ca, one.certificate, one.certificate_key) if name)
            errors = [unfit for name in dict.fromkeys(names) if (unfit := self._unfit(name)) is not None]
        if errors:
            raise ConfigurationError(*dict.fromkeys(errors))

    def fetch(self, reference: SecretReference) -> str:
        """Return a secret of a connection that ``admit`` accepted."""
        secret = fetch(reference, self.start)
        self.mask(secret)
        return secret

    def _is_outside(self, reference: SecretReference) -> bool:
        path = (self.start / reference.name).absolute()
        return reference.scheme == "file" and not is_within(path, repository_of(self.directory))

    def _unfit(self, name: str) -> Diagnostic | None:
        """Return why a certificate file must not be opened; a missing one is reported when it is opened."""
        try:
            status = os.stat(self.start / name)
        except OSError:
            return None
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES:
            return None
        detail = f"A certificate file must be a regular file of at most {MAX_BYTES:,} bytes. {name} is not."
        return Diagnostic("Not a regular file", detail, "Correct the path in the connections.")
