"""The commands that look into the saved state, and mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli_options import PATH, ports, shown, with_directory
from reconciler.output import Output


@click.group()
def state() -> None:
    """Look into the saved state, and mend it."""


@state.command("list")
@with_directory
@shown
def state_list(output: Output, directory: Path) -> int:
    """List the addresses that are ours."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        for address in sorted(workspace.store.read().resources):
            output.write(f"{address}\n")
    return 0


@state.command("show")
@click.argument("address")
@with_directory
@shown
def state_show(output: Output, address: str, directory: Path) -> int:
    """Show what is remembered of one resource."""
    from reconciler.app import open_workspace
    from reconciler.state_commands import remembered_at
    from reconciler.state_text import render_remembered

    with open_workspace(directory, ports(output)) as workspace:
        known = remembered_at(workspace.store.read(), address)
        output.say(render_remembered(known, output.style).rstrip("\n"))
    return 0


@state.command("rm")
@click.argument("addresses", nargs=-1, required=True)
@click.option("--dir", "directory", type=PATH, default=Path(), help="The environment.")
@shown
def state_rm(output: Output, addresses: Sequence[str], directory: Path) -> int:
    """Forget resources; nothing is changed on any server."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        for address in workspace.forget(addresses):
            output.say(f"Forgotten: {address}")
    return 0


@state.command("mv")
@click.argument("source")
@click.argument("destination")
@with_directory
@shown
def state_mv(output: Output, source: str, destination: str, directory: Path) -> int:
    """Remember a resource under another address."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        workspace.rename(source, destination)
    output.say(f"{source} is now {destination}.")
    return 0


@state.command("history")
@with_directory
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@shown
def state_history(output: Output, directory: Path, limit: int) -> int:
    """List the latest applies, newest first."""
    from reconciler.app import open_workspace
    from reconciler.state_text import render_history

    with open_workspace(directory, ports(output)) as workspace:
        output.say(render_history(workspace.store.history(limit), output.style).rstrip("\n"))
    return 0


@state.command("unlock")
@with_directory
@shown
def state_unlock(output: Output, directory: Path) -> int:
    """End the lock that a dead run left; that of a run which lives, or may, is refused."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        held = workspace.unlock()
    output.say(f"Unlocked; run {held.run} of {held.user} on {held.host} held it." if held else "It was not locked.")
    return 0
