"""The findings of ``doctor``: one value for each check of a host.

The transport makes findings while it opens a session; ``doctor`` makes findings from the facts that the session
reports. The views show both. ``doctor`` changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from reconciler.model.commands import Authentication, Endpoint
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.values import EMPTY, Record


class Status(Enum):
    OK = "ok"
    WARNING = "warning"
    """A plan can be made; a problem may appear later."""
    FAILED = "failed"
    """A plan cannot be made, or will be refused."""
    SKIPPED = "skipped"
    """Not checked, because an earlier check failed."""


class Check(StrEnum):
    """The checks of the engine, in the order of the report. Resource types add their own after ``SECOND_HOP``."""

    STATE = "state"
    CONNECTIONS = "connection"
    """The connections that the resource types need are declared."""
    CLOCKS = "clocks"
    """The clocks of the hosts agree with each other."""
    WAIVERS = "waivers"
    """No waiver has ended."""
    NAME = "name"
    PORT = "port"
    TLS = "tls"
    WINRM = "winrm"
    LOGON = "logon"
    SHELL = "shell"
    POWERSHELL = "powershell"
    LANGUAGE = "language"
    ADAPTER = "adapter"
    PRODUCT = "product"
    """The product and version of the server, and whether applies were proven for it."""
    SESSION = "session"
    """The session reports facts about itself."""
    IDENTITY = "identity"
    """The host that answers is the configured host."""
    READING = "reading"
    """Cmdlets that plan and drift call."""
    CHANGING = "changing"
    """Cmdlets that only apply calls."""
    SECOND_HOP = "second hop"
    """A process on the host can use the account on other servers."""
    CLOCK = "clock"
    QUOTAS = "quotas"
    HOSTS = "hosts"
    """The hosts discovered through an entry point. The check of the chosen replica of the directory follows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    """What was looked at, such as ``logon``. Resource types have checks of their own."""
    status: Status
    detail: str = ""
    """The observed fact, with its value."""
    remedy: str = ""
    """What to do now, where there is something to do."""
    summary: str = ""
    """Constant words for recognising and searching; a plan that fails for the same reason shows the same words."""


def ok(check: str, detail: str = "") -> Finding:
    return Finding(check, Status.OK, detail)


def warned(check: str, summary: str, detail: str, remedy: str = "") -> Finding:
    return Finding(check, Status.WARNING, detail, remedy, summary)


def failed(check: str, error: Diagnostic) -> Finding:
    return Finding(check, Status.FAILED, error.detail, error.remedy, error.summary)


def skipped(check: str, detail: str) -> Finding:
    return Finding(check, Status.SKIPPED, detail)


def unreported(check: str, place: str, what: str) -> Finding:
    """Return a warning that the host did not report ``what``. Missing information never counts as OK."""
    remedy = "Run doctor again. If the warning appears again, report it with the output of doctor --json."
    return warned(check, "Missing information", f"{place} did not report {what}.", remedy)


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many seconds the clock of a host is ahead of this machine's: between ``low`` and ``high``.

    The host reads its clock at an unknown moment between the request and the reply.
    """

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def certain(self) -> float:
        """The part of the difference that message times cannot explain; 0.0 where they can explain all of it."""
        return self.low if self.low > 0 else self.high if self.high < 0 else 0.0


@dataclass(frozen=True, slots=True)
class Examined:
    """The facts about one host and its session, before ``doctor`` judges them."""

    endpoint: Endpoint
    host: str
    """The configured or discovered FQDN."""
    place: str
    """The host with its port, for people: ``ex1.contoso.com:5986``."""
    auth: Authentication
    stands_in: bool = False
    """True for a simulated estate: one listener answers for every host, so the name that answers proves nothing."""
    findings: tuple[Finding, ...] = ()
    """The findings while opening the session, in order; the first failure ends them."""
    about: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    """The facts from the runner when it was ready: ps, os, product, culture, host, adapter, load_ms."""
    mode: str = ""
    """``stream`` or ``batch``; empty without a session."""
    session: Record | None = None
    """The facts that the session reported about itself; None without a session."""
    ahead: Ahead | None = None

    def reported(self, key: str) -> object:
        """Return the fact ``key`` that the session reported, or None."""
        return None if self.session is None else self.session.get(key)

    @property
    def is_open(self) -> bool:
        return self.session is not None

    @property
    def stopped_at(self) -> Finding | None:
        """The failed check that ended the examination."""
        return next((finding for finding in self.findings if finding.status is Status.FAILED), None)
