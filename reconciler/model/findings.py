"""What an examination of the servers finds: one line for each thing a first-time operator needs, as values.

The transport finds what can be seen on the way to a session, the core judges what the session told; both say it in
these words, and the views show them. Nothing here is about plans: ``doctor`` changes nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.commands import Authentication, Endpoint
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.values import EMPTY, Record


class Status(Enum):
    OK = "ok"
    WARNING = "warning"
    """A plan can be made; something may bite later."""
    FAILED = "failed"
    """A plan cannot be made, or would be refused."""
    SKIPPED = "skipped"
    """Not looked at, because a step before it failed."""


class Check(Enum):
    """What is looked at, in the order in which it is told."""

    STATE = "state"
    CONNECTIONS = "connection"
    """Whether those that the resource types need are declared."""
    CLOCKS = "clocks"
    """The hosts' clocks against each other."""
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
    """Which Exchange or Lync Server answers, and whether it is one that applies were proven for."""
    SESSION = "session"
    """Whether the session could be asked about itself."""
    IDENTITY = "identity"
    """Whether the host that answers is the one that was meant."""
    READING = "reading"
    """Cmdlets that plan and drift call."""
    CHANGING = "changing"
    """Cmdlets that only apply calls."""
    SECOND_HOP = "second hop"
    SCRIPT = "exchucutil"
    CLOCK = "clock"
    QUOTAS = "quotas"
    HOSTS = "hosts"
    """What was discovered behind an entry point."""
    CONTROLLER = "controller"
    """The domain controller that everything is read from and written to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: Check
    status: Status
    detail: str = ""
    """What is so, with the value."""
    remedy: str = ""
    """What to do now; only where something is to be done."""
    summary: str = ""
    """Constant words to recognise and search; the same as in a plan that fails for this reason."""


def ok(check: Check, detail: str = "") -> Finding:
    return Finding(check, Status.OK, detail)


def warned(check: Check, summary: str, detail: str, remedy: str = "") -> Finding:
    return Finding(check, Status.WARNING, detail, remedy, summary)


def failed(check: Check, told: Diagnostic) -> Finding:
    return Finding(check, Status.FAILED, told.detail, told.remedy, told.summary)


def skipped(check: Check, detail: str) -> Finding:
    return Finding(check, Status.SKIPPED, detail)


def untold(check: Check, place: str, what: str) -> Finding:
    """Return that a host did not tell ``what``: nothing is taken for in order that nobody said."""
    remedy = "Run doctor again. If it stays so, report it with the output of doctor --json."
    return warned(check, "Host did not tell", f"{place} did not tell {what}.", remedy)


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many seconds a host's clock is ahead of this machine's: no less than ``low``, no more than ``high``.

    The host reads its clock at some moment between the question and the answer, so the answer is a span.
    """

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def certain(self) -> float:
        """The part of the difference that cannot be the time a message took; 0.0 where there may be none."""
        return self.low if self.low > 0 else self.high if self.high < 0 else 0.0


@dataclass(frozen=True, slots=True)
class Examined:
    """What was seen of one host, and what its session told; not judged yet."""

    endpoint: Endpoint
    host: str
    """FQDN as it is configured or was discovered."""
    place: str
    """The host for people, with its port: ``ex1.contoso.com:5986``."""
    auth: Authentication
    stands_in: bool = False
    """One listener stands for every host of a simulated estate, so that who answers says nothing."""
    findings: tuple[Finding, ...] = ()
    """Of the way to the session, in order; the first that failed ends it."""
    about: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    """What the runner told when it was ready: ps, os, product, culture, host, adapter, load_ms."""
    mode: str = ""
    """``stream`` or ``batch``; '' where no session came about."""
    session: Record | None = None
    """What the session told of itself; None where it could not be asked."""
    ahead: Ahead | None = None

    def told(self, key: str) -> object:
        """Return what the session told under ``key``; None where it told nothing."""
        return None if self.session is None else self.session.get(key)

    @property
    def is_open(self) -> bool:
        return self.session is not None

    @property
    def stopped_at(self) -> Finding | None:
        """The step that failed and ended the examination."""
        return next((finding for finding in self.findings if finding.status is Status.FAILED), None)
