"""What of connections and secrets is decided outside the repository, so that a branch of a stranger decides none of it.

Whoever opens a pull request writes the files that a pipeline plans. Three things stand outside of them:

* *Pinned connections*: a file of the operator's, named by ``--connections``. It is used instead of the environment's
  connections, which are then an error, and says which hosts each secret may be shown to. A host that is discovered in
  the directory is asked for like any other, and gets no secret unless it is approved.
* *Named secrets*: RECONCILER_SECRETS lists the references that may be used at all, each with its hosts where they
  are limited.
* Without either, connections are trusted as the rest of the repository is, within bounds: a file is read as a secret
  only within the repository, and what this program's own variables hold is no password of a server.
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
from reconciler.config.source_text import did_you_mean
from reconciler.config.yaml_reader import Node, read_yaml
from reconciler.model.approved_hosts import HostPatterns
from reconciler.model.commands import Connection
from reconciler.model.diagnostics import Diagnostic, has_errors, in_order
from reconciler.model.values import EMPTY

SECTIONS = ("connections", "secrets")
"""Of a file of pinned connections."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """Connections that stand outside the repository; names of files in them start beside ``file``."""

    file: str
    connections: Mapping[Connection, ConnectionConfig] = field(default_factory=lambda: EMPTY)
    simulator: str | None = None
    """The world file that stands for all servers."""
    world_within: str | None = None
    """The name of that file in the environment's directory, where it lies there."""
    hosts: Mapping[SecretReference, HostPatterns] = field(default_factory=lambda: EMPTY)
    """By secret that ``secrets`` names, the hosts approved for it."""

    def approved(self, reference: SecretReference, config: ConnectionConfig) -> HostPatterns:
        """Return the hosts to which a secret of ``config`` may go: those named, or those of its own domain."""
        return self.hosts.get(reference) or HostPatterns.around([config.host, *config.hosts])


@dataclass(frozen=True, slots=True)
class Trust:
    """By what it is decided whether a secret is fetched, and which host it is shown to."""

    pinned: Pinned | None = None
    named: Mapping[SecretReference, HostPatterns | None] | None = None
    """The secrets that RECONCILER_SECRETS names, with their hosts (None: any); None: it is not set."""
    own: frozenset[str] = frozenset()
    """Variables that hold what this program itself needs, such as the key that signs plans."""

    def approved(self, reference: SecretReference, config: ConnectionConfig) -> tuple[HostPatterns, ...]:
        """Return the lists of hosts in each of which a host must be that the secret goes to."""
        pinned = self.pinned.approved(reference, config) if self.pinned else None
        named = self.named.get(reference) if self.named is not None else None
        return tuple(one for one in (pinned, named) if one is not None)

    def refusal(self, reference: SecretReference, *, is_outside: bool) -> Diagnostic | None:
        """Return why a secret is not fetched; ``is_outside``: it is a file outside the environment's repository."""
        if self.named is not None and reference not in self.named:
            listed = ", ".join(sorted(map(str, self.named))) or "none"
            detail = f"{reference} is not among the secrets that RECONCILER_SECRETS names: {listed}."
            remedy = "Correct the reference. If this secret may be used here, add it to RECONCILER_SECRETS."
            return _refused(reference, detail, remedy)
        if self.pinned is not None or self.named is not None:
            return None
        if reference.scheme == "env" and reference.name in self.own:
            detail = f"{reference} holds what reconciler itself needs; it is no password of a server."
            return _refused(reference, detail, "Keep the password in a variable of its own.")
        if is_outside:
            detail = f"{reference} is a file outside the repository of this environment, where anybody who may write"
            detail += " its files could have any file of this machine sent to a server."
            remedy = f"If this secret may be used here, say so in the variable RECONCILER_SECRETS:\n\n    {reference}"
            return _refused(reference, detail, remedy)
        return None


def _refused(reference: SecretReference, detail: str, remedy: str) -> Diagnostic:
    return Diagnostic("Secret not approved", detail, remedy, position=reference.position)


def refusals(
    trust: Trust, config: ConnectionConfig, is_outside: Callable[[SecretReference], bool]
) -> Iterator[Diagnostic]:
    """Yield why the secrets of a connection may not be fetched, or not go to the hosts that it names."""
    for host in (config.host, *config.hosts):
        for reference in config.for_host(host).secrets:
            told = trust.refusal(reference, is_outside=is_outside(reference))
            told = told or not_approved(reference, host, trust.approved(reference, config))
            if told is not None:
                yield told


def not_approved(reference: SecretReference, host: str, approved: Sequence[HostPatterns]) -> Diagnostic | None:
    """Return why the secret does not go to ``host``; None where it may."""
    if all(host in hosts for hosts in approved):
        return None
    detail = f"{reference} is not approved for {host}."
    remedy = "If the host may have it, add it to the hosts of this secret in the pinned connections, or in"
    return _refused(reference, detail, f"{remedy} RECONCILER_SECRETS.")


# --- RECONCILER_SECRETS ----------------------------------------------------------------------------------------------


def parse_named(text: str) -> Mapping[SecretReference, HostPatterns | None]:
    """Return the secrets that ``NAME, file:PATH=*.contoso.com|ex1.fabrikam.com`` names, with their hosts.

    Raises:
        ValueError: an entry is no reference, or its hosts are none; the message does not repeat it.
    """
    named: dict[SecretReference, HostPatterns | None] = {}
    for number, entry in enumerate(filter(None, (part.strip() for part in re.split(r"[,\n]", text))), 1):
        reference, _, hosts = entry.partition("=")
        try:
            named[_reference(reference.strip())] = HostPatterns.parse(hosts.split("|")) if hosts else None
        except ValueError as error:
            # The entry itself is not shown: somebody may have written NAME=PASSWORD.
            raise ValueError(f"entry {number} {error}") from None
    return named


def _reference(text: str) -> SecretReference:
    """Return the reference that ``text`` writes; a name alone is that of a variable."""
    return SecretReference.parse(text if ":" in text else f"env:{text}")


# --- the file of pinned connections ----------------------------------------------------------------------------------


def parse_pinned(file: str, content: bytes) -> tuple[Pinned | None, tuple[Diagnostic, ...]]:
    """Return the connections that a file pins, and what is told about it; None where there are errors."""
    root, told = read_yaml(file, content)
    found = [*told]
    sections = _sections(root, found) if root is not None else {}
    parts = dict(sections["connections"].items()) if "connections" in sections else {}
    connections, simulator = parse_connections(parts, found)
    hosts = _approvals(sections["secrets"], found) if "secrets" in sections else {}
    pinned = Pinned(file, connections, simulator, hosts=hosts)
    if "secrets" in sections and not has_errors(found):
        found += _unapproved(pinned)
    ordered = in_order(found)
    return (None if has_errors(ordered) else pinned), ordered


def _sections(root: Node, found: list[Diagnostic]) -> Mapping[str, Node]:
    if not expect_mapping(root, "a file of pinned connections", found):
        return {}
    sections: dict[str, Node] = {}
    for name, node in root.items():
        if name not in SECTIONS:
            found.append(unknown_key(node, name, "a file of pinned connections", SECTIONS))
        elif expect_mapping(node, name, found):
            sections[name] = node
    if "connections" not in sections and not has_errors(found):
        remedy = "Write connections: and below it exchange: and lync:, as in the files of an environment."
        found.append(root.diagnostic("Missing key", "The file pins no connections.", remedy))
    return sections


def _approvals(section: Node, found: list[Diagnostic]) -> Mapping[SecretReference, HostPatterns]:
    hosts: dict[SecretReference, HostPatterns] = {}
    for name, node in section.items():
        patterns = [one.value for one in node.elements()] if isinstance(node.value, list) else [node.value]
        try:
            hosts[_reference(name)] = HostPatterns.parse([one for one in patterns if isinstance(one, str)])
        except ValueError as error:
            remedy = 'Write a reference and the hosts that it may go to:\n\n    env:UM_PASSWORD: ["*.contoso.com"]'
            found.append(node.diagnostic("Invalid value", f'An entry of "secrets" {error}.', remedy, on_key=True))
    return hosts


def _unapproved(pinned: Pinned) -> list[Diagnostic]:
    """Return an error for each secret of a connection that ``secrets``, where it is written, does not name."""
    known = list(map(str, pinned.hosts))
    return [
        _refused(
            reference,
            f'{reference} is used by a connection, and "secrets" does not say which hosts it may go to.',
            did_you_mean(str(reference), known, otherwise=f'Or add it:\n\n    {reference}: ["*.contoso.com"]'),
        )
        for config in pinned.connections.values()
        for reference in config.secrets
        if reference not in pinned.hosts
    ]
