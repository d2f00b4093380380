"""Decides which secrets may be used, and for which hosts, by settings from outside the repository.

The author of a pull request writes the files that a pipeline plans. These settings are not in those files:

* *Pinned connections*: a file of the operator, given with ``--connections``. It replaces the connections of the
  environment, which are then an error. It also lists the hosts that may receive each secret. A host that is discovered
  in the directory receives a secret only if it is on that list.
* *Named secrets*: RECONCILER_SECRETS lists the references that may be used, each with its hosts where they are limited.
* Without both, the connections in the repository are trusted, with two limits: a secret file must lie in the
  repository, and the variables of reconciler itself are never passwords of a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.config.connections import (
    ConnectionConfig,
    SecretReference,
    expect_mapping,
    parse_connections,
    unknown_key,
)
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.model.commands import HostPatterns
from reconciler.model.diagnostics import Diagnostic, did_you_mean, has_errors, in_order
from reconciler.model.provider import Provider
from reconciler.model.values import EMPTY

SECTIONS = ("connections", "secrets")
"""The sections of a file of pinned connections."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """Connections from outside the repository; relative file names in them start in the folder of ``file``."""

    file: str
    connections: Mapping[str, ConnectionConfig] = field(default_factory=lambda: EMPTY)
    simulator: str | None = None
    """The world file that replaces all servers."""
    world_within: str | None = None
    """The name of the world file within the environment's directory, where it lies there."""
    hosts: Mapping[SecretReference, HostPatterns] = field(default_factory=lambda: EMPTY)
    """The approved hosts of each secret in the section ``secrets``."""

    def approved(self, reference: SecretReference, config: ConnectionConfig) -> HostPatterns:
        """Return the hosts that may receive a secret of ``config``: the listed ones, or those of its own domain."""
        return self.hosts.get(reference) or HostPatterns.around([config.host, *config.hosts])


@dataclass(frozen=True, slots=True)
class Trust:
    """The settings that decide whether a secret is read, and which hosts may receive it."""

    pinned: Pinned | None = None
    named: Mapping[SecretReference, HostPatterns | None] | None = None
    """The secrets in RECONCILER_SECRETS with their hosts (None: any host); None: the variable is not set."""
    own: frozenset[str] = frozenset()
    """Variables that reconciler itself uses, such as the key that signs plans."""

    def approved(self, reference: SecretReference, config: ConnectionConfig) -> tuple[HostPatterns, ...]:
        """Return the lists of approved hosts; a host must be on each list to receive the secret."""
        pinned = self.pinned.approved(reference, config) if self.pinned else None
        named = self.named.get(reference) if self.named is not None else None
        return tuple(one for one in (pinned, named) if one is not None)

    def refusal(self, reference: SecretReference, *, is_outside: bool) -> Diagnostic | None:
        """Return why a secret may not be read; ``is_outside``: it is a file outside the environment's repository."""
        if self.named is not None and reference not in self.named:
            listed = ", ".join(sorted(map(str, self.named))) or "none"
            detail = f"RECONCILER_SECRETS does not list {reference}. It lists: {listed}."
            remedy = "Correct the reference. If this environment may use the secret, add it to RECONCILER_SECRETS."
            return _refused(reference, detail, remedy)
        if self.pinned is not None or self.named is not None:
            return None
        if reference.scheme == "env" and reference.name in self.own:
            detail = f"{reference} is a setting of reconciler itself. It is not the password of a server."
            return _refused(reference, detail, "Keep the password in another variable.")
        if is_outside:
            detail = f"{reference} is a file outside the repository of this environment. Anyone who can change the "
            detail += "repository could have any file of this machine sent to a server."
            remedy = f"If this environment may use the secret, add it to RECONCILER_SECRETS:\n\n    {reference}"
            return _refused(reference, detail, remedy)
        return None


def _refused(reference: SecretReference, detail: str, remedy: str) -> Diagnostic:
    return Diagnostic("Secret not approved", detail, remedy, position=reference.position)


def refusals(
    trust: Trust, config: ConnectionConfig, is_outside: Callable[[SecretReference], bool]
) -> Iterator[Diagnostic]:
    """Yield an error for each secret of a connection that may not be read, or not be sent to one of its hosts."""
    for host in (config.host, *config.hosts):
        for reference in config.for_host(host).secrets:
            refusal = trust.refusal(reference, is_outside=is_outside(reference))
            refusal = refusal or not_approved(reference, host, trust.approved(reference, config))
            if refusal is not None:
                yield refusal


def not_approved(reference: SecretReference, host: str, approved: Sequence[HostPatterns]) -> Diagnostic | None:
    """Return why ``host`` may not receive the secret; None where it may."""
    if all(host in hosts for hosts in approved):
        return None
    detail = f"The host {host} is not approved for the secret {reference}."
    remedy = (
        "If the host may receive it, add the host to this secret in the pinned connections or in RECONCILER_SECRETS."
    )
    return _refused(reference, detail, remedy)


# --- RECONCILER_SECRETS ----------------------------------------------------------------------------------------------


def parse_named(text: str) -> Mapping[SecretReference, HostPatterns | None]:
    """Return the secrets in ``NAME, file:PATH=*.contoso.com|ex1.fabrikam.com`` with their hosts.

    Raises:
        ValueError: an entry is not a reference, or its hosts are invalid; the message does not repeat it.
    """
    named: dict[SecretReference, HostPatterns | None] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in re.split(r"[,\n]", text))), 1):
        reference, _, hosts = entry.partition("=")
        try:
            named[_reference(reference.strip())] = HostPatterns.parse(hosts.split("|")) if hosts else None
        except ValueError as error:
            # The message hides the entry: it may be NAME=PASSWORD.
            raise ValueError(f"entry {number} {error}") from None
    return named


def _reference(text: str) -> SecretReference:
    """Return ``text`` as a reference; a name without a scheme is a variable."""
    return SecretReference.parse(text if ":" in text else f"env:{text}")


# --- the file of pinned connections ----------------------------------------------------------------------------------


def parse_pinned(
    file: str, content: bytes, providers: Mapping[str, Provider]
) -> tuple[Pinned | None, tuple[Diagnostic, ...]]:
    """Return the connections in a file of pinned connections (None where there are errors) and the diagnostics."""
    root, errors = read_yaml(file, content)
    found = [*errors]
    sections = _sections(root, providers, found) if root is not None else {}
    parts = dict(sections["connections"].items()) if "connections" in sections else {}
    connections, simulator = parse_connections(parts, providers, found)
    hosts = _approvals(sections["secrets"], found) if "secrets" in sections else {}
    pinned = Pinned(file, connections, simulator, hosts=hosts)
    if "secrets" in sections and not has_errors(found):
        found += _unapproved(pinned)
    ordered = in_order(found)
    return (None if has_errors(ordered) else pinned), ordered


def _sections(root: Node, providers: Mapping[str, Provider], found: list[Diagnostic]) -> Mapping[str, Node]:
    if not expect_mapping(root, "a file of pinned connections", found):
        return {}
    sections: dict[str, Node] = {}
    for name, node in root.items():
        if name not in SECTIONS:
            found.append(unknown_key(node, name, "a file of pinned connections", SECTIONS))
        elif expect_mapping(node, name, found):
            sections[name] = node
    if "connections" not in sections and not has_errors(found):
        names = " and ".join(f"{name}:" for name in providers)
        remedy = f"Write connections: with {names} below it, as in the files of an environment."
        found.append(root.diagnostic("Missing key", "The file has no connections.", remedy))
    return sections


def _approvals(section: Node, found: list[Diagnostic]) -> Mapping[SecretReference, HostPatterns]:
    hosts: dict[SecretReference, HostPatterns] = {}
    for name, node in section.items():
        patterns = [one.value for one in node.elements()] if isinstance(node.value, list) else [node.value]
        try:
            hosts[_reference(name)] = HostPatterns.parse([one for one in patterns if isinstance(one, str)])
        except ValueError as error:
            remedy = 'Write a reference and the hosts that may receive it:\n\n    env:PASSWORD: ["*.contoso.com"]'
            found.append(node.diagnostic("Invalid value", f'An entry of "secrets" {error}.', remedy, on_key=True))
    return hosts


def _unapproved(pinned: Pinned) -> list[Diagnostic]:
    """Return an error for each secret of a connection that is missing in the section ``secrets``."""
    known = list(map(str, pinned.hosts))
    return [
        _refused(
            reference,
            f'A connection uses {reference}, but "secrets" does not list the hosts that may receive it.',
            did_you_mean(str(reference), known, otherwise=f'Or add it:\n\n    {reference}: ["*.contoso.com"]'),
        )
        for config in pinned.connections.values()
        for reference in config.secrets
        if reference not in pinned.hosts
    ]
