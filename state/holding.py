"""The holder of an environment's lease: whether its run is alive, and the messages about it.

On the same machine the lock file decides: a byte of it is taken while the holder is alive. Clocks do not count there,
because they may be set. For a holder on another machine only the time of the store's clock decides.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reconciler.model.diagnostics import Diagnostic, Locked
from reconciler.model.snapshot import short_run
from state.machine import Leased

if TYPE_CHECKING:
    from state.ledger import Ledger

LEASE_SECONDS: Final = 60.0
"""The time that others wait for a holder that no longer renews its lease."""


def held_by(ledger: Ledger) -> tuple[Leased, str] | None:
    """Return the lease of a run that is or may be alive, and why it is not free; None if the lease is free."""
    with ledger.reading() as saved:
        held = saved and ledger.leased(*saved)
        why = why_held(ledger, held, ledger.database.now(saved[0])) if saved and held else ""
        return (held, why) if held and why else None


def why_held(ledger: Ledger, held: Leased, now: float) -> str:
    """Return the sentence that explains why a lease is not free; empty if it is free.

    A taken byte of the lock file counts regardless of clocks, which may have been set between two processes that share
    a file. On a server its own clock decides.
    """
    lives = ledger.lives(held)
    if lives is False or not (held.expires > now or (lives and ledger.database.host_lock is not None)):
        return ""
    return why_kept(held, lives=bool(lives), now=now)


def why_kept(held: Leased, *, lives: bool, now: float) -> str:
    """Return the sentence that explains why a lease is not free."""
    if held.expires <= now:
        return f"Its lease ended at {_time(held.expires)}, but its process still exists: it may be suspended."
    return f"{'It is running; its' if lives else 'Its'} lease ends at {_time(held.expires)} unless it is renewed."


def locked(environment: str, held: Leased, why: str) -> Locked:
    """Return the error that another run holds the lease."""
    pid = held.holder.pid
    return Locked(
        Diagnostic(
            "Locked by another run",
            f"{_who(held)} has been changing environment {environment} since {_second(held.holder.started)}. {why}",
            "Wait until it ends, which frees the lock: at once on the same machine, within "
            f"{LEASE_SECONDS:.0f} s on another one. To stop it as Ctrl-C does, even if it is suspended, run on "
            f"{held.holder.host}:\n\n    kill -INT {pid}; kill -CONT {pid}",
        )
    )


def may_live(ledger: Ledger, held: Leased, now: float) -> bool:
    """Return True if a holder is or may be alive: on another machine, if it renewed its lease a moment ago.

    A lease that ends too far in the future was taken before the clock was set back, and does not count.
    """
    lives = ledger.lives(held)
    return bool(lives) or (lives is None and now < held.expires <= now + LEASE_SECONDS)


def living(environment: str, held: Leased) -> Locked:
    """Return the error that another run cannot remove the lock of a running run."""
    return Locked(
        Diagnostic(
            "Lock of a living run",
            f"{_who(held)} holds the lock of environment {environment}. It is running, or was running "
            f"less than {LEASE_SECONDS:.0f} s ago, and could send more commands. Its lock was not removed.",
            f"End its process, which frees the lock. Run on {held.holder.host}:\n\n"
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
        return "an impossible time"


def _second(time: str) -> str:
    """Return a time to the second; return another text unchanged."""
    try:
        return datetime.fromisoformat(time).isoformat(timespec="seconds")
    except ValueError:
        return time
