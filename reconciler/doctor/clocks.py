"""The rules by which clocks are judged: each host's against this machine's, and the hosts' against each other.

Start times are told by a host's own clock and corrected by how far it is off, so a plan can bear a difference. Kerberos
cannot: more than five minutes fail where a connection logs on by tickets. Sources: RFC 4120 and the domain's default
policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.findings import Ahead, Check, Examined, Finding, failed, ok, untold, warned
from reconciler.model.words import count, listed

KERBEROS_SECONDS: Final = 300.0
NOTABLE_SECONDS: Final = 60.0
_BY_TICKET: Final = frozenset({Authentication.KERBEROS, Authentication.CREDSSP})


def clock_finding(seen: Examined) -> Finding:
    """Return how far a host's clock is from this machine's."""
    if seen.ahead is None:
        return untold(Check.CLOCK, seen.place, "its time")
    how = _difference(seen.ahead)
    distance = abs(seen.ahead.certain)
    if distance < NOTABLE_SECONDS:
        return ok(Check.CLOCK, how)
    remedy = "Correct the clock that is wrong; on a member of the domain:\n    w32tm /resync"
    if distance < KERBEROS_SECONDS:
        detail = f"{how}. Start times are corrected by it; Kerberos refuses from five minutes on."
        return warned(Check.CLOCK, "Clocks differ", detail, remedy)
    detail = f"{how}: more than the five minutes that Kerberos allows."
    if seen.auth in _BY_TICKET:
        return failed(Check.CLOCK, Diagnostic("Clocks differ", detail, remedy))
    return warned(Check.CLOCK, "Clocks differ", detail, remedy)


def _difference(ahead: Ahead) -> str:
    """Return how far a clock is off, as exactly as it is known."""
    if abs(ahead.certain) < 1.0:
        slack = max(abs(ahead.low), abs(ahead.high))
        return f"as this machine's, within {_span(slack)}"
    return f"{_span(abs(ahead.middle))} {'ahead of' if ahead.middle > 0 else 'behind'} this machine's"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clocks_finding(examined: Iterable[Examined]) -> Finding | None:
    """Return how far the hosts' clocks are apart from each other; None where fewer than two are known."""
    hosts = [seen for seen in examined if seen.ahead is not None]
    known = [(seen.ahead, seen.host) for seen in hosts if seen.ahead is not None]
    if len(known) < 2:
        return None
    apart = max(ahead.low for ahead, _ in known) - min(ahead.high for ahead, _ in known)
    if apart < NOTABLE_SECONDS:
        return ok(Check.CLOCKS, f"of {count(len(known), 'host')} no two differ by more than a minute")
    detail = f"{listed(_outliers(known), 4)}."
    remedy = "Have all hosts take their time from the domain:\n    w32tm /resync /rediscover"
    if apart >= KERBEROS_SECONDS:
        detail += " Beyond five minutes, hosts do not accept each other's Kerberos tickets."
        if any(seen.auth in _BY_TICKET for seen in hosts):
            return failed(Check.CLOCKS, Diagnostic("Clocks differ", detail, remedy))
    return warned(Check.CLOCKS, "Clocks differ", detail, remedy)


def _outliers(known: Sequence[tuple[Ahead, str]]) -> Iterator[str]:
    """Yield which clocks stand apart, and by how much: of two from each other, of several from most."""
    ordered = sorted(known, key=lambda one: (one[0].middle, one[1]))
    if len(ordered) == 2:
        (behind, first), (ahead, last) = ordered
        yield f"{last} is {_span(ahead.middle - behind.middle)} ahead of {first}"
        return
    usual = ordered[len(ordered) // 2][0].middle
    for ahead, host in sorted(known, key=lambda one: one[1]):
        off = ahead.middle - usual
        if abs(off) >= NOTABLE_SECONDS:
            yield f"{host} is {_span(abs(off))} {'ahead of' if off > 0 else 'behind'} most of the others"
