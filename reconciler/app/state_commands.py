"""Reads and edits the saved state for ``state show``, ``rm`` and ``mv``. Never connects to a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from reconciler.model.diagnostics import ConfigurationError, Diagnostic, StateError, listed
from reconciler.model.ports import Lease
from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered, Run, Snapshot, StateChange


def remembered_at(snapshot: Snapshot, text: str) -> Remembered:
    """Return the saved resource at the address ``text``; upper and lower case are equal.

    Raises:
        ConfigurationError: ``text`` is not an address.
        StateError: the state has no such resource.
    """
    found = snapshot.resources.get(_address(text))
    if found is None:
        close = get_close_matches(text, [str(one) for one in snapshot.resources if not one.names_a_person], n=3)
        remedy = f"Did you mean {', '.join(close)}?" if close else "List the addresses:\n\n    reconciler state list"
        raise StateError(Diagnostic("Not in the state", f"The state has no resource {text}.", remedy))
    return found


def run_named(runs: Sequence[Run], text: str) -> Run:
    """Return the run whose id begins with ``text``.

    Raises:
        ConfigurationError: no run matches, or several match.
    """
    found = [run for run in runs if run.id == text] or [run for run in runs if text and run.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = "List the runs:\n\n    reconciler state history"
        raise ConfigurationError(Diagnostic("Unknown run", f'No run id begins with "{text}".', remedy))
    detail = f'{len(found)} run ids begin with "{text}": {listed(run.id for run in found)}.'
    raise ConfigurationError(Diagnostic("Ambiguous run", detail, "Give more of the id."))


def forget(snapshot: Snapshot, lease: Lease, addresses: Sequence[str]) -> tuple[Address, ...]:
    """Remove resources from the state, all or none; return their addresses."""
    found = tuple(remembered_at(snapshot, text).address for text in addresses)
    lease.commit(StateChange(forget=found))
    return found


def rename(snapshot: Snapshot, lease: Lease, source: str, destination: str) -> None:
    """Change the address of a saved resource to another one of the same type.

    Raises:
        StateError: the types differ, or the state has the new address already.
    """
    known, address = remembered_at(snapshot, source), _address(destination)
    if address.type != known.address.type:
        detail = f"{known.address} cannot become {address}: the types differ."
        raise StateError(Diagnostic("Different type", detail, "Give an address of the same type."))
    if address in snapshot.resources and address != known.address:
        raise StateError(
            Diagnostic(
                "Address is taken",
                f"The state already has {address}.",
                f"Remove it first:\n\n    reconciler state rm {address}",
            )
        )
    lease.commit(StateChange(remember=(replace(known, address=address),), forget=(known.address,)))


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise ConfigurationError(Diagnostic("Invalid address", f"{error}.")) from None
