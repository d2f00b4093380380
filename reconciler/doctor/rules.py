"""Rules for a session: language, product, cmdlets, quotas, the replica of the directory.

``failed``: a plan cannot be made or would be refused. ``warning``: a plan can be made, but a problem may appear later.
So a missing cmdlet that reads is a failure, and a missing cmdlet that changes is a warning: operators may choose an
account that only plans. A fact that Windows hides from the account is not a problem.

Source of the limits: WinRM quotas (learn.microsoft.com/windows/win32/winrm/quotas).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.doctor.clocks import clock_finding
from reconciler.doctor.needs import Needs
from reconciler.model.abilities import Pinning
from reconciler.model.diagnostics import Diagnostic, SessionError, count, listed
from reconciler.model.findings import Check, Examined, Finding, failed, ok, skipped, unreported, warned
from reconciler.model.landscape import Settings
from reconciler.model.provider import Product, Provider


def judged(
    seen: Examined, needs: Needs, provider: Provider, settings: Settings, product: Product | None
) -> Iterator[Finding]:
    """Yield the findings about the session in the order of the checks; without a session, the skipped checks."""
    if seen.session is None:
        yield from _unjudged(seen, needs)
        return
    yield _language(seen)
    yield _product(seen, product)
    if identity := _identity(seen):
        yield identity
    if needs.reading:
        yield _reading(seen, needs.reading, provider)
    if needs.changing:
        yield _changing(seen, needs.changing, provider)
    for kind in needs.more:
        yield from kind.judged(seen, settings)
    yield clock_finding(seen)
    yield from _quotas(seen)


def _unjudged(seen: Examined, needs: Needs) -> Iterator[Finding]:
    """Yield the checks that need a session as skipped."""
    stop = seen.stopped_at
    why = f"needs {stop.check}" if stop else "needs a session"
    wanted: dict[str, bool] = {
        Check.PRODUCT: True,
        Check.READING: bool(needs.reading),
        Check.CHANGING: bool(needs.changing),
        **{check: True for kind in needs.more for check in kind.checks},
        Check.CLOCK: True,
        Check.QUOTAS: True,
    }
    for check, is_wanted in wanted.items():
        if is_wanted:
            yield skipped(check, why)


def _language(seen: Examined) -> Finding:
    language, far = seen.reported("Language"), seen.reported("FarLanguage")
    if not language:
        return unreported(Check.LANGUAGE, seen.place, "its PowerShell language mode")
    beyond = f"; {far} at the endpoint of the cmdlets" if far else ""
    if language == "FullLanguage":
        return ok(Check.LANGUAGE, f"{language}{beyond}")
    detail = f"PowerShell on {seen.place} runs in {language} mode. reconciler needs FullLanguage mode."
    remedy = "Exclude the account from the policy (AppLocker, WDAC) that constrains PowerShell on this host."
    return failed(Check.LANGUAGE, Diagnostic("PowerShell is constrained", detail, remedy))


def _product(seen: Examined, listed: Product | None) -> Finding:
    """Return the finding about the product: from the servers' own listing, otherwise from the session."""
    if listed is None:
        name = str(seen.about.get("product") or "").strip()
        return ok(Check.PRODUCT, name) if name else unreported(Check.PRODUCT, seen.place, "its product")
    if listed.is_proven:
        return ok(Check.PRODUCT, listed.name)
    detail = f"{listed.name}. reconciler knows this version, but applies are not proven for it."
    return warned(Check.PRODUCT, "Version is not proven", detail, "Use plan and drift only. Do not apply.")


def _identity(seen: Examined) -> Finding | None:
    """Return a warning where another host answers under this name, because start times come from that host."""
    actual, meant = str(seen.about.get("host") or "").rstrip(".").lower(), seen.host.lower()
    label = meant.partition(".")[0]
    is_name = any(character.isalpha() for character in label) and ":" not in meant and meant != "localhost"
    if seen.stands_in or not actual or not is_name or actual.partition(".")[0] == label:
        return None
    detail = (
        f"{actual} answers under the name {seen.host}. reconciler must read services and clocks on the host itself."
    )
    return warned(
        Check.IDENTITY, "Another host answers", detail, f"Write the name of the host itself:\n    host: {actual}"
    )


def _missing(seen: Examined, cmdlets: frozenset[str]) -> list[str] | None:
    """Return the cmdlets that the account may not call on the host; None where the host did not report them."""
    missing = seen.reported("Missing")
    if not isinstance(missing, list | tuple):
        return None
    names = {str(name).casefold() for name in missing}
    return sorted(cmdlet for cmdlet in cmdlets if cmdlet.casefold() in names)


def _reading(seen: Examined, cmdlets: frozenset[str], provider: Provider) -> Finding:
    missing = _missing(seen, cmdlets)
    if missing is None:
        return unreported(Check.READING, seen.place, "the cmdlets that the account may call")
    if not missing:
        return ok(Check.READING, f"all {len(cmdlets)} cmdlets that plan and drift need")
    detail = f"{_not_found(missing, cmdlets)}. A plan needs them to read."
    return failed(Check.READING, Diagnostic("Missing cmdlets for reading", detail, provider.reading))


def _changing(seen: Examined, cmdlets: frozenset[str], provider: Provider) -> Finding:
    missing = _missing(seen, cmdlets)
    if missing is None:
        return unreported(Check.CHANGING, seen.place, "the cmdlets that the account may call")
    if not missing:
        return ok(Check.CHANGING, f"all {len(cmdlets)} cmdlets that apply needs")
    detail = f"{_not_found(missing, cmdlets)}. plan and drift work. An apply that needs them fails."
    return warned(Check.CHANGING, "Missing cmdlets for changes", detail, provider.changing)


def _not_found(missing: Sequence[str], cmdlets: frozenset[str]) -> str:
    return f"{len(missing)} of {count(len(cmdlets), 'cmdlet')} not found: {listed(missing, 4)}"


# --- quotas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of remote shells, and the smallest value that works."""

    name: str
    least: int
    why: str
    setting: str
    recommended: int

    @property
    def remedy(self) -> str:
        return f"On the host, in PowerShell:\n    winrm set {self.setting} '@{{{self.name}=\"{self.recommended}\"}}'"


LIMITS: Final = (
    Limit("MaxMemoryPerShellMB", 512, "MB for PowerShell with a management shell", "winrm/config/winrs", 1024),
    Limit("MaxShellsPerUser", 3, "shells of one account", "winrm/config/winrs", 30),
    Limit("MaxProcessesPerShell", 5, "processes of one shell", "winrm/config/winrs", 25),
    Limit("MaxConcurrentUsers", 2, "accounts at the same time", "winrm/config/winrs", 10),
    Limit("IdleTimeout", 60_000, "ms before the server ends an idle shell", "winrm/config/winrs", 7_200_000),
    Limit("MaxEnvelopeSizekb", 150, "kB for one message", "winrm/config", 500),
)
"""The needs of a run on one host, with a reserve."""


def _quotas(seen: Examined) -> Iterator[Finding]:
    values = limits(seen)
    if values is None:
        yield _unread_quotas(seen)
        return
    low = [limit for limit in LIMITS if values.get(limit.name, limit.least) < limit.least]
    for limit in low:
        detail = f"{limit.name} is {values[limit.name]}. A run needs at least {limit.least} {limit.why}."
        yield warned(Check.QUOTAS, "Low limits for remote shells", detail, limit.remedy)
    if not low:
        memory, shells = values.get("MaxMemoryPerShellMB"), values.get("MaxShellsPerUser")
        parts = [f"{memory} MB per shell" if memory else "", f"{shells} shells per account" if shells else ""]
        yield ok(Check.QUOTAS, ", ".join(part for part in parts if part) or "no low limit")


def limits(seen: Examined) -> Mapping[str, int] | None:
    """Return the readable limits by their Windows names; None where the account may read none."""
    quotas = seen.reported("Quotas")
    if not isinstance(quotas, Mapping):
        return None
    return {str(n): value for n, value in quotas.items() if isinstance(value, int) and not isinstance(value, bool)}


def _unread_quotas(seen: Examined) -> Finding:
    """Return the finding about unreadable limits: only administrators can read them, and 2008 R2 has a low default."""
    if not str(seen.about.get("ps") or "").startswith(("1.", "2.")):
        return ok(Check.QUOTAS, "this account may not read them, which is normal")
    detail = "This account may not read the limits. This Windows version allows 150 MB per shell by default."
    return warned(Check.QUOTAS, "Unknown limits for remote shells", detail, LIMITS[0].remedy)


# --- findings from reads ---------------------------------------------------------------------------------------------


def hosts_finding(connection: str, hosts: Iterable[str], unread: Sequence[Diagnostic]) -> Finding:
    """Return the finding about the hosts discovered through an entry point."""
    if unread:
        first = unread[0]
        detail = f"The hosts of {connection} cannot be discovered. {first.detail}"
        return failed(Check.HOSTS, Diagnostic(first.summary, detail, first.remedy))
    names = sorted(set(hosts))
    shown = f": {listed(names, 6)}" if names else ""
    return ok(Check.HOSTS, f"{count(len(names), 'host')} discovered{shown}")


def replica_finding(
    replicas: Pinning, provider: Provider, remembered: str | None, listed: Sequence[str], answer: SessionError | None
) -> tuple[Finding, str | None]:
    """Return the finding about the replica of the directory in use, and its name.

    ``answer``: the error of a read through it, if the read failed.
    """
    check, called = replicas.checked_as, replicas.called
    pinned = remembered if remembered in listed or not listed else min(listed)
    if pinned is None:
        return ok(check, "none is set; the servers choose one"), None
    if answer is not None:
        detail = f"All reads and writes use {pinned}, and a read through it failed. {_detail(answer)}"
        remedy = f"Repair the {called}. If {provider.product} no longer lists it, a plan chooses the first listed one."
        return failed(check, Diagnostic(f"{called.capitalize()} does not answer", detail, remedy)), pinned
    if remembered and remembered != pinned:
        detail = f"The last apply used {remembered}, which {provider.product} no longer lists."
        return warned(check, f"{called.capitalize()} is gone", f"{detail} The next plan will use {pinned}."), pinned
    how = "used by the last apply" if remembered else "the first in the list; the first apply saves the choice"
    return ok(check, f"{pinned} answers; {how}"), pinned


def _detail(error: SessionError) -> str:
    return error.diagnostics[0].detail if error.diagnostics else str(error)
