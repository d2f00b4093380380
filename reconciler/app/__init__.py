"""Connects the packages: the only one that imports the providers and the state.

``workspace`` opens an environment for one command: ``declared`` reads its declarations, ``trusted`` the settings from
outside it, ``saved_state`` its memory, and ``servers`` what the servers hold, over the connections that
``server_connections`` builds. ``saved_plans`` saves and reads signed plans, ``simulated_world`` runs an estate instead
of real servers, and ``rivals`` looks for other runs. Each module is loaded when it is needed, so a run reports a locked
environment quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.app.declared import check, schema_text
    from reconciler.app.explanations import reference
    from reconciler.app.numbering import numbers_of
    from reconciler.app.ports import Ports
    from reconciler.app.resetting import reset_secrets
    from reconciler.app.rivals import alone, under_way
    from reconciler.app.saved_plans import directory_of_plan
    from reconciler.app.simulated_world import invoke_in_world, serve_world, shell_in_world, world_of
    from reconciler.app.workspace import Workspace, open_workspace

__all__ = [
    "Ports",
    "Workspace",
    "alone",
    "check",
    "directory_of_plan",
    "invoke_in_world",
    "numbers_of",
    "open_workspace",
    "reference",
    "reset_secrets",
    "schema_text",
    "serve_world",
    "shell_in_world",
    "under_way",
    "vocabulary",
    "world_of",
]

_PLACES = {
    "declared": ("check", "schema_text"),
    "explanations": ("reference",),
    "numbering": ("numbers_of",),
    "ports": ("Ports",),
    "rivals": ("alone", "under_way"),
    "resetting": ("reset_secrets",),
    "saved_plans": ("directory_of_plan",),
    "simulated_world": ("invoke_in_world", "serve_world", "shell_in_world", "world_of"),
    "resource_words": ("vocabulary",),
    "workspace": ("Workspace", "open_workspace"),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
