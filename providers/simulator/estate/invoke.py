"""A cmdlet line run as another administrator would, past the engine: how drift comes into a simulated world."""

from __future__ import annotations

from providers.simulator.answers import Result
from providers.simulator.estate.estate import Estate
from providers.simulator.invocation.cmdlet_line import Line, LineError, parse_line, parse_pipeline
from providers.simulator.invocation.listing import format_list

EXAMPLE = "Set-UMIPGateway -Identity '1:1' -OutcallsAllowed $true"


def invoke_line(estate: Estate, text: str, user: str = "CONTOSO\\Administrator", host: str | None = None) -> Result:
    """Run a line on ``host``, or on the first host that has its cmdlet, as another administrator would.

    Raises:
        LineError: the line cannot be read, or names no host there is.
        CmdletError: the cmdlet ended with an error.
    """
    return _run(estate, parse_line(text), user, host)


def invoke_text(estate: Estate, text: str, user: str = "CONTOSO\\Administrator", host: str | None = None) -> str:
    """Run a line, which may choose properties, and return what a console would show.

    Raises:
        LineError, CmdletError: as ``invoke_line``.
    """
    line, chosen = parse_pipeline(text)
    result = _run(estate, line, user, host)
    return format_list(result.records, chosen) + result.output


def _run(estate: Estate, line: Line, user: str, host: str | None) -> Result:
    cmdlet, named, positional = line
    where = (host or estate.host_for(cmdlet)).lower()
    if where not in estate.hosts():
        raise LineError(f"there is no host {where}; there are {', '.join(estate.hosts())}")
    arguments = estate.with_positions(where, cmdlet, named, positional)
    if cmdlet.lower().endswith(".ps1"):
        return estate.call(where, "script", cmdlet, arguments, (), user)
    return estate.call(where, "invoke", cmdlet, arguments, ("*",), user)
