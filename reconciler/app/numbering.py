"""Reads what the numbers of an environment follow from."""

from __future__ import annotations

from reconciler.app.workspace import Workspace
from reconciler.model.diagnostics import ReconcilerError
from reconciler.model.numbers import Numbering
from reconciler.plan.checks import unreadable
from reconciler.plan.numbers import Numbers


def numbers_of(workspace: Workspace) -> Numbers:
    """Return every number of the environment, with its uses in the files and on the servers.

    Raises:
        ReconcilerError: something could not be read, so a number could look free.
    """
    kinds = [kind for kind in workspace.types if isinstance(kind, Numbering)]
    landscape = workspace.look(only={name: None for kind in kinds for name in kind.numbers_follow_from})
    if landscape.unreadable:
        raise ReconcilerError(*unreadable(landscape))
    return Numbers.of(workspace.types, landscape)
