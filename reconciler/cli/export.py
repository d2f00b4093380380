"""The command that writes the files of an environment from the servers."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.lines import plan_lines
from reconciler.cli.options import (
    PATH,
    concluded,
    pinned_connections,
    ports,
    shown,
    with_connections,
    with_parallelism,
)
from reconciler.cli.output import Output


@click.command()
@click.argument("directory", metavar="[DIR]", type=PATH, default=None, required=False)
@with_connections
@click.option("--into", type=PATH, metavar="NEWDIR", help="Write a new environment to this new or empty directory.")
@click.option("--full", "in_full", is_flag=True, help="Also write attributes that have the default of the server.")
@with_parallelism
@shown
def export(output: Output, directory: Path | None, into: Path | None, in_full: bool, parallelism: int) -> int:
    """Write the files of an environment from what the servers hold.

    A plan of the new files changes none of the objects in them; apply only begins to manage them. Objects that the
    files cannot hold are comments with the reason. DIR gives the connections, or --connections does.
    """
    from reconciler.app.exporting import into_new
    from reconciler.views.export import render_export

    if into is None:
        raise click.UsageError("Give --into NEWDIR: the directory for the new environment.")
    if directory is None and pinned_connections() is None:
        directory = Path()
    with concluded(output, "Nothing was written"):
        output.busy("Connecting to the servers ...")
        made = into_new(directory, into, ports(output), in_full=in_full, parallelism=parallelism)
    output.diagnostics(made.diagnostics)
    output.write(render_export(made, output.style, place=into, plan=plan_lines(into)()))
    return made.exit_code()
