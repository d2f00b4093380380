"""The commands that look into the saved state, and mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli.options import PATH, ports, shown, with_directory, with_json
from reconciler.cli.output import Output
from reconciler.model.snapshot import short_run


@click.group()
def state() -> None:
    """Look into the saved state, and mend it."""


@state.command("list")
@with_directory
@with_json
@shown
def state_list(output: Output, directory: Path) -> int:
    """List the addresses that are ours."""
    from reconciler.app import open_workspace
    from reconciler.views.state_json import state_messages

    with open_workspace(directory, ports(output)) as workspace:
        snapshot = workspace.store.read()
        output.told(state_messages(snapshot), lambda: "".join(f"{address}\n" for address in sorted(snapshot.resources)))
    return 0


@state.command("show")
@click.argument("address")
@with_directory
@with_json
@shown
def state_show(output: Output, address: str, directory: Path) -> int:
    """Show what is remembered of one resource."""
    from reconciler.app import open_workspace
    from reconciler.app.state_commands import remembered_at
    from reconciler.views.state import render_remembered
    from reconciler.views.state_json import resource_message

    with open_workspace(directory, ports(output)) as workspace:
        known = remembered_at(workspace.store.read(), address)
        output.told([resource_message(known)], lambda: render_remembered(known, output.style))
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
@with_json
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many applies are listed.")
@click.option("--run", metavar="RUN", help="Only this run, in full; the beginning of its id will do.")
@click.option("--known-head", metavar="HASH", help="Verify also that the audit goes on from this head, noted earlier.")
@shown
def state_history(output: Output, directory: Path, limit: int, run: str | None, known_head: str | None) -> int:
    """List the latest applies, newest first, and verify the audit of everything ever saved.

    The audit is a chain of hashes. Whoever may write to the state can also make another chain: note the head elsewhere
    and name it the next time. What is remembered beside the audit is verified too.
    """
    from reconciler.app import open_workspace
    from reconciler.app.state_commands import run_named
    from reconciler.views.state import render_audit, render_history, render_run
    from reconciler.views.state_json import audit_message, run_messages

    with open_workspace(directory, ports(output)) as workspace:
        if run is None:
            runs = workspace.store.history(limit)
            output.told(run_messages(runs), lambda: render_history(runs, output.style))
        else:
            one = run_named(workspace.store.history(None), run)
            output.told(run_messages([one]), lambda: render_run(one, output.style))
        audit = workspace.store.verify_audit(known_head)
        output.told([audit_message(audit)], lambda: render_audit(audit, output.style))
        workspace.store.read()  # refuses what is damaged of the memory, which no entry of the audit holds
    return 0


@state.command("unlock")
@with_directory
@shown
def state_unlock(output: Output, directory: Path) -> int:
    """End the lock that a dead run left; that of a run which lives, or may, is refused."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        held = workspace.unlock()
    output.say(
        f"Unlocked; run {short_run(held.run)} of {held.user} on {held.host} held it." if held else "It was not locked."
    )
    return 0
