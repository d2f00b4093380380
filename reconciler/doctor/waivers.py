"""Checks the waivers of the files: one that has ended is an error of every plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.model.diagnostics import count
from reconciler.model.findings import Check, Finding, failed, ok
from reconciler.model.waivers import Waiver, over


def waiver_findings(waivers: Sequence[Waiver], now: datetime) -> Iterator[Finding]:
    """Yield a finding for each waiver that has ended, or one that says when the next one ends."""
    ended = over(waivers, now)
    for one in ended:
        yield failed(Check.WAIVERS, one)
    if waivers and not ended:
        first = min(waivers, key=lambda one: one.until)
        yield ok(Check.WAIVERS, f"{count(len(waivers), 'waiver')}; the next ends with {first.until} (UTC)")
