"""Connections and secrets as far as they may be trusted: reads what stands outside the repository, and fetches."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.app.secret_references import fetch
from reconciler.app.surroundings import is_within, repository_of
from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import Environment
from reconciler.config.trust import Pinned, Trust, parse_named, parse_pinned, refusals
from reconciler.model.diagnostics import Diagnostic, Position
from reconciler.model.errors import ConfigurationError

MAX_BYTES: Final = 1024 * 1024
"""Of a file of pinned connections, and of one with certificates: all authorities of the world have 300 KB."""

_VARIABLE: Final = "RECONCILER_SECRETS"


def read_pinned(path: Path, directory: Path) -> tuple[Pinned, tuple[Diagnostic, ...]]:
    """Return the connections that the file at ``path`` pins for the environment in ``directory``, and warnings.

    Raises:
        ConfigurationError: it cannot be read, is wrong, or lies in the repository of the environment.
    """
    # A link in the repository too: whoever writes there decides where it leads.
    if any(is_within(one.absolute(), repository_of(directory)) for one in (path, path.parent)):
        detail = f"{path} lies in the repository of the environment, so that whoever writes there decides it."
        remedy = "Keep the file elsewhere, such as in a secure file of the pipeline, and name it there."
        raise ConfigurationError(Diagnostic("Connections of the repository", detail, remedy))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        detail = f"The file of pinned connections {path} cannot be read: {error.strerror}."
        raise ConfigurationError(Diagnostic("File cannot be read", detail, "Correct its name.")) from error
    if len(content) > MAX_BYTES:
        detail = f"The file of pinned connections {path} has more than {MAX_BYTES:,} bytes."
        raise ConfigurationError(Diagnostic("File too large", detail, "Name the right file."))
    pinned, told = parse_pinned(str(path), content)
    if pinned is None:
        raise ConfigurationError(*told)
    return (_with_world(pinned, path.absolute().parent, directory) if pinned.simulator else pinned), told


def _with_world(pinned: Pinned, start: Path, directory: Path) -> Pinned:
    world = start / (pinned.simulator or "")
    if not world.is_file():
        detail = f"The world file {world} that the pinned connections name does not exist."
        remedy = "Correct its name, which starts beside the file of pinned connections."
        raise ConfigurationError(Diagnostic("Missing file", detail, remedy, position=Position(pinned.file)))
    resolved, root = world.resolve(), directory.resolve()
    within = resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else None
    return replace(pinned, simulator=str(world), world_within=within)


def trust_of(environment: Environment, variables: Mapping[str, str]) -> Trust:
    """Return what decides about the secrets of an environment.

    Raises:
        ConfigurationError: RECONCILER_SECRETS is wrong.
    """
    text = variables.get(_VARIABLE)
    try:
        named = parse_named(text) if text is not None else None
    except ValueError as error:
        remedy = "Write references, divided by commas, each with its hosts if they are limited:\n\n"
        remedy += f"    {_VARIABLE}='env:UM_PASSWORD=*.contoso.com|ex1.fabrikam.com, file:/run/secrets/um'"
        raise ConfigurationError(Diagnostic("Invalid value", f"{_VARIABLE}: {error}.", remedy)) from None
    ours = {name: value for name, value in variables.items() if name.startswith("RECONCILER_")}
    told = {value.removeprefix("env:") for value in ours.values() if value.startswith("env:")}
    return Trust(environment.pinned, named, frozenset({*ours, *told, "PGPASSWORD"}))


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of an environment's connections."""

    trust: Trust
    directory: Path
    """Of the environment."""
    mask: Callable[[str], None]
    """Is told every secret that is fetched."""

    @property
    def start(self) -> Path:
        """Where the names of files in the connections start."""
        return Path(self.trust.pinned.file).absolute().parent if self.trust.pinned else self.directory

    def admit(self, config: ConnectionConfig) -> None:
        """Raise ConfigurationError where a secret of the connection may not be used, or a file of it is none."""
        told = [*refusals(self.trust, config, self._is_outside)]
        if not told and self.trust.pinned is None:
            alone = (config, *(config.for_host(host) for host in config.hosts))
            names = (name for one in alone for name in (one.ca, one.certificate, one.certificate_key) if name)
            told = [unfit for name in dict.fromkeys(names) if (unfit := self._unfit(name)) is not None]
        if told:
            raise ConfigurationError(*dict.fromkeys(told))

    def fetch(self, reference: SecretReference) -> str:
        """Return the secret, which ``admit`` let pass."""
        secret = fetch(reference, self.start)
        self.mask(secret)
        return secret

    def _is_outside(self, reference: SecretReference) -> bool:
        path = (self.start / reference.name).absolute()
        return reference.scheme == "file" and not is_within(path, repository_of(self.directory))

    def _unfit(self, name: str) -> Diagnostic | None:
        """Return why a file with certificates is not opened; one that is not there is told by who opens it."""
        try:
            status = os.stat(self.start / name)
        except OSError:
            return None
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES:
            return None
        detail = f"{name} is no regular file of at most {MAX_BYTES:,} bytes, as one with certificates is."
        return Diagnostic("Not a regular file", detail, "Correct the name in the connections.")
