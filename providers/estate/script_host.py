"""Whether exchucutil can run on the Exchange entry point: the script is there, and it can use the account elsewhere."""

from __future__ import annotations

from typing import Final

from providers.cmdlets.products import EXCHANGE
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Check, Examined, Finding, failed, ok, warned
from reconciler.model.landscape import Settings

SCRIPT: Final = "exchucutil"
"""The check that the script is there."""

_UNREACHABLE: Final = "exchucutil cannot reach the directory"
_DELEGATE: Final = (
    "For the connection to Exchange use auth: credssp, or auth: kerberos with delegate: true where the account and the "
    "host are allowed to delegate. Or run exchucutil.ps1 on the server yourself."
)


def second_hop(seen: Examined, settings: Settings) -> Finding:
    """Return a finding: can the script log on to a domain controller with the account?"""
    is_configured = settings.has_second_hop(EXCHANGE.connection)
    reaches, server, auth = seen.reported("DirectoryOk"), seen.reported("DirectoryServer"), seen.auth
    error = seen.reported("DirectoryError")
    reason = f" ({error})" if error else ""
    if reaches is False:
        carries = is_configured and auth in (Authentication.KERBEROS, Authentication.CREDSSP)
        but = f" although auth is {auth.value}" if carries else f": auth is {auth.value}"
        detail = (
            f"{seen.place} cannot reach the directory with this account{reason}{but}. exchucutil needs the directory."
        )
        return failed(Check.SECOND_HOP, Diagnostic(_UNREACHABLE, detail, _DELEGATE))
    if not is_configured:
        but = f", although {server} answers." if reaches else "."
        detail = f"With auth: {auth.value}, a host usually cannot log on to other servers. A plan with exchucutil "
        return failed(Check.SECOND_HOP, Diagnostic(_UNREACHABLE, f"{detail}is refused{but}", _DELEGATE))
    if reaches is None:
        detail = f"With auth: {auth.value}, a host can usually reach the directory, but the check gave no answer"
        summary = "exchucutil possibly cannot reach the directory"
        return warned(Check.SECOND_HOP, summary, f"{detail}{reason}.", _DELEGATE)
    return ok(Check.SECOND_HOP, f"the account can reach the directory{f' at {server}' if server else ''}")


def script(seen: Examined) -> Finding:
    """Return a finding: is the script in the Scripts folder?"""
    if seen.reported("Script") is True:
        return ok(SCRIPT, "exchucutil.ps1 is in the Scripts folder")
    detail = (
        f"The Scripts folder of Exchange on {seen.place} has no exchucutil.ps1. The script runs on the entry point."
    )
    remedy = "As host: of the connection, write an Exchange server that has the Unified Messaging tools."
    return failed(SCRIPT, Diagnostic("exchucutil not found", detail, remedy))
