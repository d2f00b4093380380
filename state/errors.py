"""The errors of a store in words, without the libraries that reach it."""

from __future__ import annotations

from reconciler.model.diagnostics import Diagnostic, StateError


def state_error(summary: str, detail: str, remedy: str = "") -> StateError:
    return StateError(Diagnostic(summary, detail, remedy))


def damaged(where: str, detail: str) -> StateError:
    """Return the error for content that this program did not write."""
    return state_error(
        "Damaged state",
        f"{where} does not contain what reconciler wrote: {detail}.",
        "Restore it from a backup, or move it away and plan again. The servers do not depend on it: existing objects "
        "are found by name, and commands that were being sent are found by reading the servers.",
    )
