"""The command that gives users new PINs. No PIN passes through it: the server makes each, and mails it to its user."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.lines import own_line
from reconciler.cli.options import (
    PATH,
    Commands,
    announce_waiting,
    concluded,
    ports,
    shown,
    with_connections,
    with_json,
)
from reconciler.cli.output import Output
from reconciler.cli.planning import CONNECTING, asked_yes, not_approved
from reconciler.model.diagnostics import count

if TYPE_CHECKING:
    from reconciler.model.resources import Resource

_NAMED = 20


@click.group(cls=Commands)
def pin() -> None:
    """Give users new PINs."""


@pin.command("reset")
@click.argument("users", nargs=-1, required=True)
@click.option("--dir", "directory", type=PATH, default=Path(), help="Directory of the environment.")
@with_connections
@with_json
@click.option("--again", is_flag=True, help="Also reset users for whom the outcome of an earlier reset is unknown.")
@click.option("--auto-approve", is_flag=True, help="Reset without asking.")
@shown
def pin_reset(output: Output, users: Sequence[str], directory: Path, again: bool, auto_approve: bool) -> int:
    """Replace the PINs of users: the server makes new ones and mails them.

    A user is named by the primary address, or by another name that only one user has. A reset is sent only
    once: if no reply came, the next reset of this user is refused without --again.
    """
    from reconciler.app import alone, open_workspace, reset_secrets
    from reconciler.run.system import SignalStop

    def approve(secret: str, found: Sequence[Resource]) -> bool:
        names = [output.style.show(one.key) for one in found]
        output.say(f"New {secret} for {count(len(names), 'user')}. The server makes it and mails it; the old one ends.")
        for name in names[:_NAMED]:
            output.say(f"  {name}")
        if len(names) > _NAMED:
            output.say(f"  and {len(names) - _NAMED:,} more")
        return auto_approve or asked_yes("Replace?", "replace the old ones")

    def line(names: Sequence[str], *options: str) -> str:
        place: list[str | Path] = [] if directory == Path() else ["--dir", directory]
        return own_line("pin", "reset", *names, *place, *options)

    def on_signal(_: int, count: int) -> None:
        if count == 1:
            sys.stderr.write("\nInterrupted. Finishing the user under way; no other one is begun ...\n")

    stop = SignalStop(on_signal, announce_waiting)
    with (
        stop.installed(),
        concluded(output, "Not reset"),
        alone(directory),
        open_workspace(directory, ports(output, stop=stop)) as workspace,
    ):
        output.busy(CONNECTING)
        code = reset_secrets(workspace, users, approve, again=again, line=line)
    if code is None:
        output.diagnostics([not_approved("reset without a question")])
        return 1
    return code
