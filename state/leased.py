"""The row of the lease of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.model.ports import Holder
from state import codec


@dataclass(frozen=True, slots=True)
class Leased:
    """The row of a lease, in force or ended."""

    epoch: int
    holder: Holder
    machine: str
    process: str | None
    expires: float
    """By the store's clock, in seconds since 1970."""

    def values(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "holder": codec.encode(self.holder),
            "machine": codec.escape(self.machine),
            "process": None if self.process is None else codec.escape(self.process),
            "expires": self.expires,
        }
