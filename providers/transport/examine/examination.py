"""Examines one host: the way to a session step by step, and the facts that the session reports.

The sessions are the same as in a run, with the same pool, budget of logons and messages. So a plan has the same
problems as this examination. A watcher between the channel and its library notes how far the session came. The only
command is the runner's probe, which reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from providers.transport.examine.watching import Trace, Watcher, failed_step
from providers.transport.session.endings import Endings
from providers.transport.session.pool import STANDING, WinRMSession, WinRMSessions
from providers.transport.settings import Adapter, ConnectionSettings, SessionMode, Target, target_of
from providers.transport.wsman.logons import LogonBudget, LogonsUsedUp
from providers.transport.wsman.reaching import glimpse, reach
from providers.transport.wsman.shell import Output
from providers.transport.wsman.winrs import WinRS, connect
from reconciler.model.commands import Authentication, Command, Endpoint, Operation, Reply
from reconciler.model.diagnostics import Diagnostic, SessionError
from reconciler.model.findings import Ahead, Check, Examined, Finding, Status, failed, ok, skipped, warned
from reconciler.model.ports import Clock, Request
from reconciler.model.values import Record

STEPS: Final = (
    Check.NAME,
    Check.PORT,
    Check.TLS,
    Check.WINRM,
    Check.LOGON,
    Check.SHELL,
    Check.POWERSHELL,
    Check.LANGUAGE,
    Check.ADAPTER,
)
"""The way to a session. After a failed step the rest is skipped."""
_PROBE: Final = "Test-ReconcilerSession"
_UNCONSTRAIN: Final = (
    "Exempt the account, or its scripts, from the policy (AppLocker, WDAC) that constrains PowerShell on this host."
)


# --- the examination -------------------------------------------------------------------------------------------------


class Examiner:
    """Examines each host once and keeps its session for later reads. Implements the port. Thread-safe."""

    def __init__(
        self,
        connections: Iterable[ConnectionSettings],
        *,
        allow: Iterable[str],
        clock: Clock,
        identifier: Callable[[], str],
        connect: Callable[[Target, LogonBudget], WinRS] = connect,
    ) -> None:
        settings = list(connections)
        cmdlets = frozenset(allow)
        self._settings = {one.connection: one for one in settings}
        self._cmdlets = tuple(sorted(cmdlets - {*STANDING}))
        self._clock, self._identifier, self._connect = clock, identifier, connect
        self._traces: dict[tuple[str, str], Trace] = {}
        self._sessions = WinRMSessions(settings, allow=cmdlets, clock=clock, connect=self._watched)

    @property
    def sessions(self) -> WinRMSessions:
        return self._sessions

    def close(self) -> None:
        self._sessions.close()

    def _watched(self, target: Target, budget: LogonBudget) -> WinRS:
        protocol = self._connect(target, budget)
        return Watcher(protocol, self._traces[target.settings.connection, target.name])

    def examine(self, endpoint: Endpoint, *, directory: bool) -> Examined:
        """Return the findings of one host. With ``directory``, also check that it reaches a domain controller.

        A fault of the host is a finding, not an exception.
        """
        settings = self._settings[endpoint.connection]
        host = (settings.host if endpoint.host is None else endpoint.host).strip().rstrip(".").lower()
        try:
            target = target_of(settings, endpoint.host)
        except SessionError as error:
            unsafe = failed(Check.TLS, error.diagnostics[0])
            return Examined(endpoint, host, host, settings.auth, findings=_with_skipped((unsafe,)))
        is_simulated = target.settings.via is not None
        seen = Examined(endpoint, target.name or host, target.place, target.settings.auth, stands_in=is_simulated)
        way = reach(target, self._clock.now())
        if way[-1].status is Status.FAILED:
            return replace(seen, findings=_with_skipped(way))
        self._traces[target.settings.connection, target.name] = trace = Trace()
        began = self._clock.now()
        try:
            session = self._sessions.open(endpoint)
            (result,) = session.invoke([self._probe(endpoint, self._cmdlets, directory=directory)])
        except SessionError as error:
            return replace(seen, findings=_with_skipped((*way, *_stopped(error, trace, target))))
        seen = replace(
            seen, findings=(*way, *_opened(session, target, trace)), about=session.about, mode=_mode(session)
        )
        if isinstance(result, SessionError):
            return replace(seen, findings=(*seen.findings, failed(Check.SESSION, result.diagnostics[0])))
        return self._with_answer(seen, session, result, began)

    def _probe(self, endpoint: Endpoint, cmdlets: Sequence[str], *, directory: bool) -> Request:
        asked = (("Cmdlets", tuple(cmdlets)), ("Directory", directory))
        command = Command(_PROBE, asked, endpoint=endpoint, writes=False, operation=Operation.PROBE)
        return Request(self._identifier(), command)

    def _with_answer(self, seen: Examined, session: WinRMSession, result: Reply, began: datetime) -> Examined:
        """Return the facts from the session, with the difference of the clocks.

        The first answer includes the start of PowerShell, so the clock is read again when answers are quick.
        """
        record, ended = _record(result), self._clock.now()
        if record is None:
            diagnostic = Diagnostic("Unexpected answer", f"{seen.place} reported no session.", _SAME_VERSION)
            return replace(seen, findings=(*seen.findings, failed(Check.SESSION, diagnostic)))
        ahead = _ahead(record, began, ended)
        if session.mode is not SessionMode.BATCH:
            began = self._clock.now()
            try:
                (again,) = session.invoke([self._probe(seen.endpoint, self._cmdlets[:1], directory=False)])
            except SessionError:
                again = SessionError()
            closer = None if isinstance(again, SessionError) else _record(again)
            ahead = (_ahead(closer, began, self._clock.now()) if closer else None) or ahead
        return replace(seen, session=record, ahead=ahead)


_SAME_VERSION: Final = "This is a bug in reconciler, or a security product that changes scripts. Report it."


def _record(reply: Reply) -> Record | None:
    return reply.records[0] if len(reply.records) == 1 else None


def _mode(session: WinRMSession) -> str:
    return "batch" if session.mode is SessionMode.BATCH else "stream"


def _ahead(record: Record, began: datetime, ended: datetime) -> Ahead | None:
    """Return how far the host's clock is ahead; the host read it between ``began`` and ``ended`` of ours."""
    try:
        clock = datetime.fromisoformat(str(record.get("Clock")))
    except ValueError:
        return None
    clock = clock.replace(tzinfo=UTC) if clock.tzinfo is None else clock
    return Ahead((clock - ended).total_seconds(), (clock - began).total_seconds())


# --- findings --------------------------------------------------------------------------------------------------------


def _with_skipped(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, and the steps after the last one as skipped."""
    last = findings[-1]
    left = STEPS[STEPS.index(last.check) + 1 :]
    return (*findings, *(skipped(check, f"{last.check} comes first") for check in left))


_NO_LOGON: Final = skipped(Check.WINRM, "it needs a logon")


def _before(step: Check, target: Target, trace: Trace) -> tuple[Finding, ...]:
    """Return the steps from the service on that passed before ``step`` failed."""
    passed = (
        ok(Check.WINRM, "the service answers") if trace.speaks_http else _NO_LOGON,
        ok(Check.LOGON, _logon(target)),
        ok(Check.SHELL, "a shell can be opened"),
        ok(Check.POWERSHELL, "it starts"),
        ok(Check.LANGUAGE, "the runner was read"),
    )
    place = STEPS.index(step)
    return tuple(finding for finding in passed if STEPS.index(finding.check) < place)


def _logon(target: Target) -> str:
    settings = target.settings
    if settings.auth is Authentication.CERTIFICATE:
        return f"certificate {settings.certificate}"
    who = settings.user or "the owner of the ticket"
    return f"{settings.auth.value} as {who}"


def _stopped(error: SessionError, trace: Trace, target: Target) -> tuple[Finding, ...]:
    """Return the steps from the service on; the last one failed."""
    if isinstance(error.__cause__, LogonsUsedUp):
        detail = "the credential was refused twice on other hosts; a third time may lock the account"
        return (_NO_LOGON, skipped(Check.LOGON, detail))
    step = failed_step(error, trace)
    if step is Check.POWERSHELL and trace.exit_code is not None:
        last = Output(stderr=bytes(trace.stderr), done=True, exit_code=trace.exit_code)
        error = Endings(target.place, target.secrets).ended(last, was_ready=False)
    diagnostic = error.diagnostics[0] if error.diagnostics else Diagnostic("Session failed", str(error))
    if step is Check.LANGUAGE:
        detail = f"{target.place}: PowerShell runs in {trace.language} mode, and the runner cannot work in this mode."
        diagnostic = Diagnostic("Language mode is constrained", detail, _UNCONSTRAIN)
    if step is Check.WINRM and not target.settings.tls and glimpse(target) is not None:
        diagnostic = Diagnostic(diagnostic.summary, f"{target.place} speaks TLS.", 'Write "tls: true" for this host.')
    return (*_before(step, target, trace), failed(step, diagnostic))


def _opened(session: WinRMSession, target: Target, trace: Trace) -> tuple[Finding, ...]:
    """Return the steps from the service on; all of them passed."""
    return (*_before(Check.POWERSHELL, target, trace), _powershell(session), _adapter(session, target))


def _adapter(session: WinRMSession, target: Target) -> Finding:
    """Return the finding about the source of the cmdlets.

    The snap-in is the only source on Exchange 2007, and unsupported later.
    """
    adapter, product = str(session.about.get("adapter") or "?"), str(session.about.get("product") or "")
    detail = adapter if target.settings.adapter is Adapter.AUTO else f"{adapter}, as configured"
    if adapter != Adapter.SNAPIN.value or product.startswith("Version 8."):
        return ok(Check.ADAPTER, detail)
    detail += ". Microsoft does not support it from Exchange 2010 on: it bypasses roles and the admin audit log."
    remedy = "Write adapter: remote for this connection, unless the server's own endpoint cannot be used."
    return warned(Check.ADAPTER, "Unsupported source of the cmdlets", detail, remedy)


def _powershell(session: WinRMSession) -> Finding:
    about = session.about
    version = str(about.get("ps") or "?")
    load = about.get("load_ms")
    took = f", loaded in {load / 1000:.1f} s" if isinstance(load, int | float) and 0 <= load < 1e12 else ""
    detail = f"{version} on {_system(str(about.get('os') or ''))}, culture {about.get('culture') or '?'}"
    if session.mode is not SessionMode.BATCH:
        return ok(Check.POWERSHELL, f"{detail}, stream mode{took}")
    detail += f", batch mode{took}"
    if version.startswith(("1.", "2.")):
        return ok(Check.POWERSHELL, f"{detail}; this version does not stream, so each call starts PowerShell again")
    remedy = (
        "It works, but each call starts PowerShell again. Either the host holds standard input back, or PowerShell "
        "took too long to start."
    )
    return warned(Check.POWERSHELL, "Input does not stream", f"{detail}.", remedy)


_SYSTEMS: Final = {
    "5.2.": "Windows Server 2003",
    "6.0.": "Windows Server 2008",
    "6.1.": "Windows Server 2008 R2",
    "6.2.": "Windows Server 2012",
    "6.3.": "Windows Server 2012 R2",
    "10.0.14393.": "Windows Server 2016",
    "10.0.17763.": "Windows Server 2019",
    "10.0.20348.": "Windows Server 2022",
}
"""By the beginning of the version that the runner reports."""


def _system(version: str) -> str:
    name = next((name for begin, name in _SYSTEMS.items() if f"{version}.".startswith(begin)), None)
    return f"{name} ({version})" if name else version or "an unknown system"
