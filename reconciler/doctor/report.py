"""The report of ``doctor``: each host with its findings, and the findings about the environment.

An examination collects facts (``model.findings.Examined``), ``rules`` turn facts into findings, and this module builds
the report from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, TypedDict

from reconciler.doctor.needs import Needs
from reconciler.doctor.rules import judged, limits
from reconciler.model.findings import Check, Examined, Finding, Status
from reconciler.model.landscape import Settings
from reconciler.model.provider import Product, Provider


class Facts(TypedDict, total=False):
    """The facts that a host reported about itself."""

    powershell: str | None
    os: str | None
    product: str | None
    culture: str | None
    adapter: str | None
    mode: Annotated[str, ("enum", ("stream", "batch"))]
    load_ms: float | None
    user: str | None
    language: str | None
    clock_ahead_seconds: float | None
    """Against this machine's clock."""
    quotas: Mapping[str, object] | None
    """Limits of remote shells, by their names in Windows; null where the account may not read them."""


@dataclass(frozen=True, slots=True)
class HostReport:
    """One host with its findings."""

    connection: str
    host: str
    place: str
    is_entry: bool
    findings: tuple[Finding, ...]
    facts: Facts = field(default_factory=lambda: Facts())
    """The facts that its session reported; empty without a session."""

    @property
    def status(self) -> Status:
        """The gravest of its findings: failed, skipped, warning, ok."""
        return worst(self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """The report of ``doctor``."""

    environment: str
    findings: tuple[Finding, ...]
    """Findings about the whole environment."""
    hosts: tuple[HostReport, ...]

    @property
    def examined(self) -> int:
        """The number of examined hosts."""
        return len(self.hosts)

    @property
    def counts(self) -> Mapping[Status, int]:
        """The number of findings of each status."""
        return {status: self.count(status) for status in Status}

    def count(self, status: Status) -> int:
        every = (*self.findings, *(finding for host in self.hosts for finding in host.findings))
        return sum(finding.status is status for finding in every)

    def exit_code(self) -> int:
        return 1 if self.count(Status.FAILED) else 0


_GRAVITY: Final = (Status.FAILED, Status.SKIPPED, Status.WARNING, Status.OK)


def worst(findings: Iterable[Finding]) -> Status:
    """Return the worst status. Skipped is worse than a warning: the logon to such a host was not tried."""
    found = {finding.status for finding in findings}
    return next((status for status in _GRAVITY if status in found), Status.OK)


def host_report(
    seen: Examined,
    needs: Needs,
    *,
    provider: Provider,
    is_entry: bool,
    settings: Settings,
    product: Product | None = None,
    more: Iterable[Finding] = (),
) -> HostReport:
    """Return the report of one host.

    Args:
        provider: the family of resource types that its connection serves.
        product: the product of the host in the servers' own listing.
        more: further findings, such as the hosts discovered through it.
    """
    findings = [*seen.findings, *judged(seen, needs, provider, settings, product)]
    place: dict[str, int] = {check: number for number, check in enumerate(Check)}
    findings.sort(key=lambda finding: place.get(finding.check, place[Check.SECOND_HOP]))
    return HostReport(seen.endpoint.connection, seen.host, seen.place, is_entry, (*findings, *more), _facts(seen))


def _facts(seen: Examined) -> Facts:
    if not seen.about:
        return {}
    about = seen.about
    return {
        "powershell": _text(about.get("ps")),
        "os": _text(about.get("os")),
        "product": _text(about.get("product")),
        "culture": _text(about.get("culture")),
        "adapter": _text(about.get("adapter")),
        "mode": seen.mode,
        "load_ms": _amount(about.get("load_ms")),
        "user": _text(seen.reported("User")),
        "language": _text(seen.reported("Language")),
        "clock_ahead_seconds": None if seen.ahead is None else round(seen.ahead.middle, 3),
        "quotas": limits(seen),
    }


def _amount(value: object) -> float | None:
    """Return ``value`` where it is a plausible number of milliseconds, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1e12 else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
