"""Checksums of rows and digests of lines: equal rows have equal ones in every store."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256


def checksum(*parts: str | int | None) -> int:
    """Return a checksum of ``parts``: 64 bits as a signed number."""
    text = "\n".join([part if isinstance(part, str) else str(part) for part in parts])
    digest = blake2b(text.encode("ascii"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def digest_of(lines: Iterable[str]) -> str:
    return sha256("\n".join(lines).encode("ascii")).hexdigest()
