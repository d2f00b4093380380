"""The families of resource types, and the products that their servers run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.values import EMPTY


@dataclass(frozen=True, slots=True)
class Provider:
    """A family of resource types: those of one product, whose servers one connection reaches."""

    name: str
    """The key of its connection in the files: ``exchange``."""
    product: str
    """Its name in messages."""
    example: str
    """The FQDN of an entry point, for messages."""
    adapters: tuple[str, ...]
    """The ways to reach its cmdlets on a host; the first is the default."""
    reading: str
    """What to do where the account may not call the cmdlets that read."""
    changing: str
    """What to do where the account may not call the cmdlets that change."""
    spelt: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """The words in names of its types that sentences spell in another way: ``UM`` for ``um``."""


@dataclass(frozen=True, slots=True)
class Product:
    """The product on a host, by its usual name."""

    name: str
    is_proven: bool
    """True if applies were proven for this version."""
