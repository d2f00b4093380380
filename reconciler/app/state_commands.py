"""Mends the saved state by hand: what ``state show``, ``rm`` and ``mv`` do. Nothing here touches a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import ConfigurationError, StateError
from reconciler.model.ports import Lease
from reconciler.model.snapshot import Remembered, Run, Snapshot, StateChange


def remembered_at(snapshot: Snapshot, text: str) -> Remembered:
    """Return what the state keeps at the address ``text``, whatever its case.

    Raises:
        ConfigurationError: it is no address.
        StateError: nothing is remembered there.
    """
    found = snapshot.resources.get(_address(text))
    if found is None:
        close = get_close_matches(text, [str(one) for one in snapshot.resources if not one.names_a_person], n=3)
        remedy = f"Did you mean {', '.join(close)}?" if close else "See what is, with state list."
        raise StateError(Diagnostic("Not in the state", f"{text} is not remembered.", remedy))
    return found


def run_named(runs: Sequence[Run], text: str) -> Run:
    """Return the run whose id begins with ``text``.

    Raises:
        ConfigurationError: none does, or several do.
    """
    found = [run for run in runs if run.id == text] or [run for run in runs if text and run.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = "See what runs there were, with state history."
        raise ConfigurationError(Diagnostic("No such run", f"The id of no run begins with {text!r}.", remedy))
    named = ", ".join(run.id for run in found[:8])
    detail = f"The ids of {len(found)} runs begin with {text!r}: {named}."
    raise ConfigurationError(Diagnostic("Several such runs", detail, "Write more of the id."))


def forget(snapshot: Snapshot, lease: Lease, addresses: Sequence[str]) -> tuple[Address, ...]:
    """Take resources out of the state, all or none, and return their addresses."""
    found = tuple(remembered_at(snapshot, text).address for text in addresses)
    lease.commit(StateChange(forget=found))
    return found


def rename(snapshot: Snapshot, lease: Lease, source: str, destination: str) -> None:
    """Remember a resource under another address of the same type.

    Raises:
        StateError: the types differ, or something is remembered there.
    """
    known, address = remembered_at(snapshot, source), _address(destination)
    if address.type != known.address.type:
        detail = f"{known.address} cannot become {address}: the types differ."
        raise StateError(Diagnostic("Not the same type", detail, "Name an address of the same type."))
    if address in snapshot.resources and address != known.address:
        raise StateError(Diagnostic("Address is taken", f"{address} is remembered already.", "Forget it first."))
    lease.commit(StateChange(remember=(replace(known, address=address),), forget=(known.address,)))


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise ConfigurationError(Diagnostic("Not an address", f"{error}.")) from None
