"""Puts the pieces together: the one package that knows the providers and the state.

``workspace`` opens an environment for one command, ``declared`` reads what it declares, ``trusted`` what is decided
outside of it, ``server_connections`` are the ways to its servers, ``saved_plans`` its signed plans; ``simulated_world``
runs an estate that stands in for servers.
"""

from reconciler.app.declared import check, schema_text
from reconciler.app.saved_plans import directory_of_plan
from reconciler.app.simulated_world import invoke_in_world, serve_world, world_of
from reconciler.app.workspace import Ports, Workspace, open_workspace

__all__ = [
    "Ports",
    "Workspace",
    "check",
    "directory_of_plan",
    "invoke_in_world",
    "open_workspace",
    "schema_text",
    "serve_world",
    "world_of",
]
