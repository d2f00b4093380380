"""Who holds the lease of an environment, whether it lives, and what is said of it.

On one machine the system tells: a byte of the lock file is taken while its holder lives, whatever a clock says, since
clocks may be set between two processes. Of a holder on another machine only time tells, by the clock of the store.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import Locked
from reconciler.model.snapshot import short_run
from state.leased import Leased

if TYPE_CHECKING:
    from state.ledger import Ledger

LEASE_SECONDS: Final = 60.0
"""How long a holder that says nothing more keeps others waiting."""


def held_by(ledger: Ledger) -> tuple[Leased, str] | None:
    """Return the lease of a run that is alive or may be, and why it is not free; None where the lease is free."""
    with ledger.reading() as saved:
        held = saved and ledger.leased(*saved)
        why = why_held(ledger, held, ledger.database.now(saved[0])) if saved and held else ""
        return (held, why) if held and why else None


def why_held(ledger: Ledger, held: Leased, now: float) -> str:
    """Return the sentence that says why a lease is not free; empty where it is.

    A byte of the lock file that is taken counts while its holder lives, whatever a clock says: the clocks of two
    processes that share a file may have been set between them. On a server its own clock decides.
    """
    lives = ledger.lives(held)
    if lives is False or not (held.expires > now or (lives and ledger.database.host_lock is not None)):
        return ""
    return why_kept(held, lives=bool(lives), now=now)


def why_kept(held: Leased, *, lives: bool, now: float) -> str:
    """Return the sentence that says why a lease which is not free is kept."""
    if held.expires <= now:
        return f"Its lease ended at {_time(held.expires)}, but it lives: its process may have been suspended."
    return f"{'It lives; its' if lives else 'Its'} lease ends at {_time(held.expires)} unless it renews it."


def locked(environment: str, held: Leased, why: str) -> Locked:
    """Return the error that another run holds the lease."""
    pid = held.holder.pid
    return Locked(
        Diagnostic(
            "Locked by another run",
            f"{_who(held)} changes environment {environment} since {_second(held.holder.started)}. {why}",
            "Wait until it has ended: that frees the lock by itself, at once on the same machine and within "
            f"{LEASE_SECONDS:.0f} s on another one. To stop it as Ctrl-C does, also where it was suspended, on "
            f"{held.holder.host}:\n\n    kill -INT {pid}; kill -CONT {pid}",
        )
    )


def may_live(ledger: Ledger, held: Leased, now: float) -> bool:
    """Return whether a holder lives, or may: one elsewhere had renewed its lease a moment ago.

    A lease that ends later than any can was taken before the clock was set back, and says nothing.
    """
    lives = ledger.lives(held)
    return bool(lives) or (lives is None and now < held.expires <= now + LEASE_SECONDS)


def living(environment: str, held: Leased) -> Locked:
    """Return the error that the lock of a run that lives is not ended by another."""
    return Locked(
        Diagnostic(
            "Lock of a living run",
            f"{_who(held)} holds the lock of environment {environment}. It lives, or did less than "
            f"{LEASE_SECONDS:.0f} s ago, and would go on with what it has begun: its lock was not ended.",
            f"End its process, which frees the lock by itself, on {held.holder.host}:\n\n"
            f"    kill -INT {held.holder.pid}; kill -CONT {held.holder.pid}",
        )
    )


def _who(held: Leased) -> str:
    who = held.holder
    return f"Run {short_run(who.run)} ({who.operation}) of {who.user} on {who.host}, process {who.pid},"


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return "a time that cannot be"


def _second(told: str) -> str:
    """Return a time to the second, as people read it; as it was told where it is none."""
    try:
        return datetime.fromisoformat(told).isoformat(timespec="seconds")
    except ValueError:
        return told
