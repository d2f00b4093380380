"""Shares: limits that users write as a number or as a percentage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Share:
    """A number, or a percentage of all."""

    number: int
    is_percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Share:
        """Return the share in ``text``: ``25`` or ``10%``.

        Raises:
            ValueError: it is neither, or above 100%.
        """
        match = re.fullmatch(r"(\d{1,9})(%?)", text, re.ASCII)
        if match is None or (match[2] and int(match[1]) > 100):
            raise ValueError("is not a number, such as 25, or a percentage, such as 10%")
        return cls(int(match[1]), bool(match[2]))

    def of(self, total: int) -> int:
        """Return the share of ``total``, rounded up."""
        return -(-total * self.number // 100) if self.is_percent else self.number

    def within(self, total: int) -> int:
        """Return the share of ``total``, rounded down: one more would be above it."""
        return total * self.number // 100 if self.is_percent else self.number

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percent else str(self.number)


TENTH: Final = Share(10, is_percent=True)
ALL: Final = Share(100, is_percent=True)
