"""The log of a simulated estate: one line for each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_write(line: Mapping[str, Any]) -> bool:
    """True for a line that may have changed something."""
    if line["operation"] == "service" or line["parameters"].get("ValidateOnly"):
        return False
    return not str(line["cmdlet"]).casefold().startswith(("get-", "test-"))
