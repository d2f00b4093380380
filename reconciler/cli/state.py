"""The commands of ``reconciler state``, which show and repair the saved state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli.options import PATH, Commands, WholeNumber, ports, shown, with_directory, with_json
from reconciler.cli.output import Output
from reconciler.model.snapshot import short_run


@click.group(cls=Commands)
def state() -> None:
    """Show and repair the saved state."""


@state.command("list")
@with_directory
@with_json
@shown
def state_list(output: Output, directory: Path) -> int:
    """List the addresses of managed resources."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        snapshot = workspace.store.read()
        output.messages([snapshot], lambda: "".join(f"{address}\n" for address in sorted(snapshot.resources)))
    return 0


@state.command("show")
@click.argument("address")
@with_directory
@with_json
@shown
def state_show(output: Output, address: str, directory: Path) -> int:
    """Show the saved state of one resource."""
    from reconciler.app import open_workspace
    from reconciler.app.state_commands import remembered_at
    from reconciler.views.state import render_remembered

    with open_workspace(directory, ports(output)) as workspace:
        known = remembered_at(workspace.store.read(), address)
        output.messages([known], lambda: render_remembered(known, output.style))
    return 0


@state.command("rm")
@click.argument("addresses", nargs=-1, required=True)
@click.option("--dir", "directory", type=PATH, default=Path(), help="Directory of the environment.")
@shown
def state_rm(output: Output, addresses: Sequence[str], directory: Path) -> int:
    """Stop managing resources. Nothing changes on the servers."""
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
    """Change the address of a managed resource in the state."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        workspace.rename(source, destination)
    output.say(f"{source} is now {destination}.")
    return 0


@state.command("history")
@with_directory
@with_json
@click.option(
    "--limit", type=WholeNumber(1), metavar="N", default=20, show_default=True, help="Number of runs to list."
)
@click.option("--run", metavar="RUN", help="Show only this run, in full. The start of its id is enough.")
@click.option(
    "--known-head", metavar="HASH", help="Also verify that the audit continues from this head, which you noted earlier."
)
@shown
def state_history(output: Output, directory: Path, limit: int, run: str | None, known_head: str | None) -> int:
    """List the latest applies, newest first, and verify the audit of all saved changes.

    The audit is a chain of hashes. A user who can write to the state can also build another chain. To detect this, note
    the head elsewhere and give it with --known-head next time. The command also verifies the rest of the state.
    """
    from reconciler.app import open_workspace
    from reconciler.app.state_commands import run_named
    from reconciler.views.state import render_audit, render_history, render_run

    with open_workspace(directory, ports(output)) as workspace:
        if run is None:
            runs = workspace.store.history(limit)
            output.messages(runs, lambda: render_history(runs, output.style))
        else:
            one = run_named(workspace.store.history(None), run)
            output.messages([one], lambda: render_run(one, output.style))
        audit = workspace.store.verify_audit(known_head)
        output.messages([audit], lambda: render_audit(audit, output.style))
        workspace.store.read()  # raises where a part of the state outside the audit is damaged
    return 0


@state.command("unlock")
@with_directory
@shown
def state_unlock(output: Output, directory: Path) -> int:
    """Remove the lock of a dead run. The command refuses while the run lives or may live."""
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output)) as workspace:
        held = workspace.unlock()
    output.say(
        f"Unlocked; run {short_run(held.run)} of {held.user} on {held.host} held it." if held else "It was not locked."
    )
    return 0
