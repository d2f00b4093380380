"""The command that writes the files of an environment from the servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.lines import plan_lines
from reconciler.cli.options import (
    PATH,
    concluded,
    pinned_connections,
    ports,
    shown,
    with_connections,
    with_json,
    with_parallelism,
)
from reconciler.cli.output import Output


@click.command()
@click.argument("directory", metavar="[DIR]", type=PATH, default=None, required=False)
@with_connections
@click.option("--into", type=PATH, metavar="NEWDIR", help="Write a new environment to this new or empty directory.")
@click.option("--unmanaged", is_flag=True, help="Add to the files in DIR what drift calls unmanaged.")
@click.option("--full", "in_full", is_flag=True, help="Also write attributes that have the default of the server.")
@with_json
@with_parallelism
@shown
def export(output: Output, directory: Path | None, into: Path | None, unmanaged: bool, **options: Any) -> int:
    """Write the files of an environment from what the servers hold.

    A plan of the files changes none of the objects in them; apply only begins to manage them. With --into, objects that
    the files cannot hold are comments with the reason. DIR gives the connections, or --connections does.
    """
    from reconciler.app import exporting
    from reconciler.views.export import render_export

    if (into is None) is not unmanaged:
        raise click.UsageError("Give either --into NEWDIR, for a new environment, or --unmanaged, to extend DIR.")
    with concluded(output, "Nothing was written"):
        output.busy("Connecting to the servers ...")
        is_new = into is not None
        if into is None:
            into = directory or Path()
            made = exporting.unmanaged(into, ports(output), **options)
        else:
            # A file of connections needs no environment.
            start = directory if directory is not None or pinned_connections() is not None else Path()
            made = exporting.into_new(start, into, ports(output), **options)
    line = plan_lines(into)()
    output.diagnostics(made.diagnostics)
    output.messages([made], lambda: render_export(made, output.style, place=into, is_new=is_new, plan=line))
    return made.exit_code()
