"""Patterns for the hosts that may receive a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_*-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class HostPatterns:
    """Host patterns: ``*.contoso.com`` is every host of the domain, ``ex*.contoso.com`` only names with ex."""

    patterns: tuple[str, ...]

    def __contains__(self, host: object) -> bool:
        name = str(host).casefold().rstrip(".")
        return any(_fits(name, pattern) for pattern in self.patterns)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> HostPatterns:
        """Return the patterns in ``texts``.

        Raises:
            ValueError: there is none, or one is not a host name or has no domain after its ``*``. The message does not
                repeat the text, because it may be the secret itself.
        """
        patterns = tuple(text.strip().casefold().rstrip(".") for text in texts)
        if not patterns:
            raise ValueError("names no host")
        for pattern in patterns:
            if not _PATTERN.fullmatch(pattern):
                raise ValueError("names something that is not a host")
            if "*" in pattern and pattern.rpartition("*")[2].count(".") < 1:
                raise ValueError('names no domain after a "*"')
        return cls(patterns)

    @classmethod
    def around(cls, hosts: Iterable[str]) -> HostPatterns:
        """Return these hosts and all hosts of their domains; an IP address or a short name adds only itself."""
        names = [host.casefold() for host in hosts]
        domains = [name.partition(".")[2] for name in names if not name.replace(".", "").isdigit() and ":" not in name]
        return cls(tuple(dict.fromkeys([*names, *(f"*.{domain}" for domain in domains if "." in domain)])))


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) >= len(pattern)
    pieces = (re.escape(piece) for piece in pattern.split("*"))
    return re.fullmatch("[^.]*".join(pieces), name) is not None
