"""The rules by which a session is judged: language, product, cmdlets, second hop, quotas, domain controller.

``failed`` means that a plan cannot be made or would be refused, ``warning`` that one can be made and something may bite
later. So a cmdlet that reads and is missing fails, and one that only changes warns: an account that may only plan and
report drift is a choice, not a fault. What Windows does not let an account read is no fault either.

Source of the limits: WinRM quotas (learn.microsoft.com/windows/win32/winrm/quotas).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.doctor.clocks import clock_finding
from reconciler.doctor.needs import Needs
from reconciler.model.commands import Authentication, Connection
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import SessionError
from reconciler.model.findings import Check, Examined, Finding, failed, ok, skipped, untold, warned
from reconciler.model.resource_types import Product
from reconciler.model.words import count, listed


def judged(seen: Examined, needs: Needs, *, has_second_hop: bool, product: Product | None) -> Iterator[Finding]:
    """Yield what is to be said of the session, in the order of its checks; of none, what could not be looked at."""
    if seen.session is None:
        yield from _unjudged(seen, needs)
        return
    yield _language(seen)
    yield _product(seen, product)
    if identity := _identity(seen):
        yield identity
    if needs.reading:
        yield _reading(seen, needs.reading)
    if needs.changing:
        yield _changing(seen, needs.changing)
    if needs.script:
        yield _second_hop(seen, has_second_hop)
        yield _script(seen)
    yield clock_finding(seen)
    yield from _quotas(seen)


def _unjudged(seen: Examined, needs: Needs) -> Iterator[Finding]:
    """Yield what could not be looked at without a session."""
    stop = seen.stopped_at
    why = f"{stop.check.value} comes first" if stop else "there is no session"
    wanted = {
        Check.PRODUCT: True,
        Check.READING: bool(needs.reading),
        Check.CHANGING: bool(needs.changing),
        Check.SECOND_HOP: needs.script,
        Check.SCRIPT: needs.script,
        Check.CLOCK: True,
        Check.QUOTAS: True,
    }
    for check, is_wanted in wanted.items():
        if is_wanted:
            yield skipped(check, why)


def _language(seen: Examined) -> Finding:
    language, far = seen.told("Language"), seen.told("FarLanguage")
    if not language:
        return untold(Check.LANGUAGE, seen.place, "the language mode of its PowerShell")
    beyond = f"; {far} at Exchange's own endpoint" if far else ""
    if language == "FullLanguage":
        return ok(Check.LANGUAGE, f"{language}{beyond}")
    detail = f"{seen.place}: PowerShell runs in {language}, in which the runner does not work in full."
    remedy = "Exempt the account from the policy (AppLocker, WDAC) that constrains PowerShell on this host."
    return failed(Check.LANGUAGE, Diagnostic("Language mode is constrained", detail, remedy))


def _product(seen: Examined, listed: Product | None) -> Finding:
    """Return which product answers, as the servers' own listing has it; else as the session told."""
    if listed is None:
        told = str(seen.about.get("product") or "").strip()
        return ok(Check.PRODUCT, told) if told else untold(Check.PRODUCT, seen.place, "its product")
    if listed.is_proven:
        return ok(Check.PRODUCT, listed.name)
    detail = f"{listed.name}. This version is recognised, but no apply was proven for it."
    return warned(Check.PRODUCT, "Version is not proven", detail, "Plan and look for drift if you like; do not apply.")


def _identity(seen: Examined) -> Finding | None:
    """Return a warning where another host answers under this name: start times are those of the one that answers."""
    told, meant = str(seen.about.get("host") or "").rstrip(".").lower(), seen.host.lower()
    label = meant.partition(".")[0]
    is_name = any(character.isalpha() for character in label) and ":" not in meant and meant != "localhost"
    if seen.stands_in or not told or not is_name or told.partition(".")[0] == label:
        return None
    detail = f"{seen.host} is answered by {told}. Services and clocks are read on the host itself."
    return warned(Check.IDENTITY, "Another host answers", detail, f"Write the host's own name:\n    host: {told}")


def _missing(seen: Examined, cmdlets: frozenset[str]) -> list[str] | None:
    """Return which of the cmdlets the host does not have for the account; None where it did not tell."""
    told = seen.told("Missing")
    if not isinstance(told, list | tuple):
        return None
    names = {str(name).casefold() for name in told}
    return sorted(cmdlet for cmdlet in cmdlets if cmdlet.casefold() in names)


_ROLES: Final = {
    Connection.EXCHANGE: {
        Check.READING: "Add the account to the role group View-Only Organization Management, or to those that change.",
        Check.CHANGING: (
            "For applies, add the account to the role groups UM Management and Server Management; exchucutil takes"
            " Organization Management."
        ),
    },
    Connection.LYNC: {
        Check.READING: "Add the account to CsViewOnlyAdministrator, or to the groups that change.",
        Check.CHANGING: "For applies, add the account to CsVoiceAdministrator and CsServerAdministrator.",
    },
}


def _reading(seen: Examined, cmdlets: frozenset[str]) -> Finding:
    missing = _missing(seen, cmdlets)
    if missing is None:
        return untold(Check.READING, seen.place, "which cmdlets the account may call")
    if not missing:
        return ok(Check.READING, f"all {len(cmdlets)} cmdlets that plan and drift call")
    detail = f"{_not_found(missing, cmdlets)}. A plan cannot read what they tell."
    told = Diagnostic("Cmdlets that read are missing", detail, _ROLES[seen.endpoint.connection][Check.READING])
    return failed(Check.READING, told)


def _changing(seen: Examined, cmdlets: frozenset[str]) -> Finding:
    missing = _missing(seen, cmdlets)
    if missing is None:
        return untold(Check.CHANGING, seen.place, "which cmdlets the account may call")
    if not missing:
        return ok(Check.CHANGING, f"all {len(cmdlets)} cmdlets that apply may call")
    detail = f"{_not_found(missing, cmdlets)}. Plan and drift work, an apply that needs them fails."
    remedy = _ROLES[seen.endpoint.connection][Check.CHANGING]
    return warned(Check.CHANGING, "Cmdlets that change are missing", detail, remedy)


def _not_found(missing: Sequence[str], cmdlets: frozenset[str]) -> str:
    return f"{len(missing)} of {count(len(cmdlets), 'cmdlet')} not found: {listed(missing, 4)}"


# --- exchucutil ------------------------------------------------------------------------------------------------------

_DELEGATE: Final = (
    "Use auth: credssp, or auth: kerberos with delegate: true and an account and a host that may delegate, for the "
    "connection to Exchange; or run the script there by hand."
)


def _second_hop(seen: Examined, is_configured: bool) -> Finding:
    reaches, server = seen.told("DirectoryOk"), seen.told("DirectoryServer")
    if reaches is False:
        error = seen.told("DirectoryError")
        reason = f" ({error})" if error else ""
        carries = is_configured and seen.auth in (Authentication.KERBEROS, Authentication.CREDSSP)
        but = f" although auth is {seen.auth.value}" if carries else f": auth is {seen.auth.value}"
        detail = f"{seen.place} cannot bind the directory as the account{reason}{but}. exchucutil has to."
        return failed(Check.SECOND_HOP, Diagnostic("exchucutil cannot reach the directory", detail, _DELEGATE))
    if not is_configured:
        detail = (
            f"auth {seen.auth.value} is not known to carry the logon on, so a plan that needs exchucutil is refused"
            + (f", though {server} answers." if reaches else ".")
        )
        return failed(Check.SECOND_HOP, Diagnostic("exchucutil cannot reach the directory", detail, _DELEGATE))
    if reaches is None:
        error = seen.told("DirectoryError")
        reason = f" ({error})" if error else ""
        detail = f"auth {seen.auth.value} may carry the logon on; whether it does could not be told{reason}."
        return warned(Check.SECOND_HOP, "exchucutil may not reach the directory", detail, _DELEGATE)
    return ok(Check.SECOND_HOP, f"the directory answers the account{f' at {server}' if server else ''}")


def _script(seen: Examined) -> Finding:
    if seen.told("Script") is True:
        return ok(Check.SCRIPT, "exchucutil.ps1 is in the Scripts folder")
    detail = f"{seen.place} has no exchucutil.ps1 in the Scripts folder of Exchange; it runs at the entry point."
    remedy = "Name an Exchange server as host: of the connection that has it, with the Unified Messaging tools."
    return failed(Check.SCRIPT, Diagnostic("exchucutil is not there", detail, remedy))


# --- quotas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of remote shells, and from where on it bites."""

    name: str
    least: int
    why: str
    setting: str
    recommended: int

    @property
    def remedy(self) -> str:
        return f"On the host, in PowerShell:\n    winrm set {self.setting} '@{{{self.name}=\"{self.recommended}\"}}'"


LIMITS: Final = (
    Limit("MaxMemoryPerShellMB", 512, "MB for PowerShell with a management shell in it", "winrm/config/winrs", 1024),
    Limit("MaxShellsPerUser", 3, "shells of this account, with those others may have open", "winrm/config/winrs", 30),
    Limit("MaxProcessesPerShell", 5, "processes in a shell", "winrm/config/winrs", 25),
    Limit("MaxConcurrentUsers", 2, "accounts at a time", "winrm/config/winrs", 10),
    Limit("IdleTimeout", 60_000, "ms until a shell that waits is ended", "winrm/config/winrs", 7_200_000),
    Limit("MaxEnvelopeSizekb", 150, "kB a message", "winrm/config", 500),
)
"""What a run takes on a host, with some room."""


def _quotas(seen: Examined) -> Iterator[Finding]:
    values = limits(seen)
    if values is None:
        yield _unread_quotas(seen)
        return
    biting = [limit for limit in LIMITS if values.get(limit.name, limit.least) < limit.least]
    for limit in biting:
        detail = f"{limit.name} is {values[limit.name]}: too few {limit.why}."
        yield warned(Check.QUOTAS, "Remote shells are narrowly limited", detail, limit.remedy)
    if not biting:
        memory, shells = values.get("MaxMemoryPerShellMB"), values.get("MaxShellsPerUser")
        told = [f"{memory} MB a shell" if memory else "", f"{shells} shells an account" if shells else ""]
        yield ok(Check.QUOTAS, ", ".join(part for part in told if part) or "none that bites")


def limits(seen: Examined) -> Mapping[str, int] | None:
    """Return the limits that could be read, by their names in Windows; None where none may be."""
    told = seen.told("Quotas")
    if not isinstance(told, Mapping):
        return None
    return {str(n): value for n, value in told.items() if isinstance(value, int) and not isinstance(value, bool)}


def _unread_quotas(seen: Examined) -> Finding:
    """Windows shows them to administrators; on 2008 R2 the one for memory is known to be too small."""
    if not str(seen.about.get("ps") or "").startswith(("1.", "2.")):
        return ok(Check.QUOTAS, "not shown to this account, which is usual")
    detail = "They are not shown to this account; this Windows allows 150 MB a shell unless somebody raised it."
    return warned(Check.QUOTAS, "Limits of remote shells are not known", detail, LIMITS[0].remedy)


# --- what is found by reading ----------------------------------------------------------------------------------------


def hosts_finding(connection: Connection, hosts: Iterable[str], unread: Sequence[Diagnostic]) -> Finding:
    """Return what was discovered behind an entry point, or why nothing was."""
    if unread:
        first = unread[0]
        detail = f"The hosts behind {connection.value} are not known. {first.detail}"
        return failed(Check.HOSTS, Diagnostic(first.summary, detail, first.remedy))
    names = sorted(set(hosts))
    shown = f": {listed(names, 6)}" if names else ""
    return ok(Check.HOSTS, f"{count(len(names), 'host')} discovered{shown}")


def controller_finding(
    remembered: str | None, listed: Sequence[str], answer: SessionError | None
) -> tuple[Finding, str | None]:
    """Return what is to be said of the pinned domain controller, and which one it is.

    ``answer``: why a read through it failed, if it did.
    """
    pinned = remembered if remembered in listed or not listed else min(listed)
    if pinned is None:
        return ok(Check.CONTROLLER, "none is told; the servers choose"), None
    if answer is not None:
        detail = f"{pinned} is where everything is read, and a read through it failed. {_detail(answer)}"
        remedy = "Bring it up, or have another one chosen: a plan takes the first that Exchange lists."
        return failed(Check.CONTROLLER, Diagnostic("Domain controller does not answer", detail, remedy)), pinned
    if remembered and remembered != pinned:
        detail = f"The state remembers {remembered}, which is no longer listed; a plan will choose {pinned}."
        return warned(Check.CONTROLLER, "Domain controller is gone", detail), pinned
    how = "remembered by the state" if remembered else "the first that is listed; a first apply will remember it"
    return ok(Check.CONTROLLER, f"{pinned} answers; {how}"), pinned


def _detail(error: SessionError) -> str:
    return error.diagnostics[0].detail if error.diagnostics else str(error)
