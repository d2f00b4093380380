"""Checks clocks: each host against this machine, and the hosts against each other.

A plan corrects start times by the difference of the clocks, so it tolerates one. Kerberos does not: a difference of
five minutes fails where a connection logs on with tickets. Sources: RFC 4120 and the default policy of a domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic, count, listed
from reconciler.model.findings import Ahead, Check, Examined, Finding, failed, ok, unreported, warned

KERBEROS_SECONDS: Final = 300.0
NOTABLE_SECONDS: Final = 60.0
_BY_TICKET: Final = frozenset({Authentication.KERBEROS, Authentication.CREDSSP})


def clock_finding(seen: Examined) -> Finding:
    """Return the finding about the clock of a host against this machine's."""
    if seen.ahead is None:
        return unreported(Check.CLOCK, seen.place, "its time")
    how = _difference(seen.ahead)
    distance = abs(seen.ahead.certain)
    if distance < NOTABLE_SECONDS:
        return ok(Check.CLOCK, how)
    remedy = "Correct the wrong clock. On a member of the domain:\n    w32tm /resync"
    if distance < KERBEROS_SECONDS:
        detail = f"{how}. reconciler corrects start times by this difference. Kerberos fails from five minutes on."
        return warned(Check.CLOCK, "Clocks differ", detail, remedy)
    detail = f"{how}. Kerberos allows at most five minutes."
    if seen.auth in _BY_TICKET:
        return failed(Check.CLOCK, Diagnostic("Clocks differ", detail, remedy))
    return warned(Check.CLOCK, "Clocks differ", detail, remedy)


def _difference(ahead: Ahead) -> str:
    """Return the difference of a clock, as precise as it is known."""
    if abs(ahead.certain) < 1.0:
        slack = max(abs(ahead.low), abs(ahead.high))
        return f"equal to this machine's within {_span(slack)}"
    return f"{_span(abs(ahead.middle))} {'ahead of' if ahead.middle > 0 else 'behind'} this machine's"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clocks_finding(examined: Iterable[Examined]) -> Finding | None:
    """Return the finding about the clocks of the hosts against each other; None for fewer than two known clocks."""
    hosts = [seen for seen in examined if seen.ahead is not None]
    known = [(seen.ahead, seen.host) for seen in hosts if seen.ahead is not None]
    if len(known) < 2:
        return None
    apart = max(ahead.low for ahead, _ in known) - min(ahead.high for ahead, _ in known)
    if apart < NOTABLE_SECONDS:
        return ok(Check.CLOCKS, f"the clocks of {count(len(known), 'host')} differ by less than a minute")
    detail = f"{listed(_outliers(known), 4)}."
    remedy = "Synchronise all hosts with the domain:\n    w32tm /resync /rediscover"
    if apart >= KERBEROS_SECONDS:
        detail += " From five minutes on, hosts refuse each other's Kerberos tickets."
        if any(seen.auth in _BY_TICKET for seen in hosts):
            return failed(Check.CLOCKS, Diagnostic("Clocks differ", detail, remedy))
    return warned(Check.CLOCKS, "Clocks differ", detail, remedy)


def _outliers(known: Sequence[tuple[Ahead, str]]) -> Iterator[str]:
    """Yield the clocks that differ and by how much: from each other for two hosts, from the median for more."""
    ordered = sorted(known, key=lambda one: (one[0].middle, one[1]))
    if len(ordered) == 2:
        (behind, first), (ahead, last) = ordered
        yield f"{last} is {_span(ahead.middle - behind.middle)} ahead of {first}"
        return
    usual = ordered[len(ordered) // 2][0].middle
    for ahead, host in sorted(known, key=lambda one: one[1]):
        off = ahead.middle - usual
        if abs(off) >= NOTABLE_SECONDS:
            yield f"{host} is {_span(abs(off))} {'ahead of' if off > 0 else 'behind'} most other hosts"
