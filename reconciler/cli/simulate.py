"""The command that runs a simulated estate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import PATH, WholeNumber, pinned_connections, shown, with_connections
from reconciler.cli.output import Output


@click.command()
@click.argument("world", metavar="WORLD|DIR", type=PATH)
@with_connections
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    metavar="N",
    default=5985,
    show_default=True,
    help="TCP port; 0 takes a free one.",
)
@click.option("--tls", is_flag=True, help="Use HTTPS with a certificate made for this run.")
@click.option(
    "--auth",
    type=click.Choice(["basic", "ntlm", "certificate", "kerberos", "credssp"]),
    default="ntlm",
    show_default=True,
    help="How clients log on.",
)
@click.option("--keytab", type=PATH, help="Keytab with the key of HTTP/localhost, for --auth kerberos.")
@click.option("--latency", type=WholeNumber(0), default=0, metavar="MS", help="Delay of each message in milliseconds.")
@click.option("--changes", type=PATH, metavar="FILE", help="File that keeps the changes of the world.")
@click.option(
    "--engine",
    type=click.Choice(["interpreter", "powershell"]),
    default="interpreter",
    show_default=True,
    envvar="RECONCILER_SIMULATOR_ENGINE",
    help="What runs commands on the hosts: a PowerShell simulated in Python, or a real one with stub cmdlets.",
)
@click.option(
    "--invoke",
    metavar="COMMAND",
    help="Run one cmdlet as another administrator, then stop; with --engine powershell, any line of PowerShell.",
)
@click.option(
    "--shell",
    is_flag=True,
    help="Open a PowerShell on a simulated host; without a terminal, run the script on standard input.",
)
@click.option("--host", metavar="FQDN", help="Host of --shell and --invoke. Default: the first server with the cmdlet.")
@click.option("--parent-pipe", is_flag=True, hidden=True)
@shown
def simulate(output: Output, world: Path, **options: Any) -> int:
    """Run a simulated estate of servers, reached over WinRM."""
    from reconciler.app import invoke_in_world, serve_world, shell_in_world, world_of

    world, changes = world_of(world, options["changes"], pinned_connections())
    line = options["invoke"]
    if line is not None and options["engine"] == "powershell":
        return shell_in_world(world, changes, options["host"], line)
    if line is not None:
        output.write(invoke_in_world(world, changes, line, options["host"]))
        return 0
    if options["shell"]:
        return shell_in_world(world, changes, options["host"])
    return serve_world(
        world,
        changes,
        port=0 if options["parent_pipe"] else options["port"],
        tls=options["tls"],
        auth=options["auth"],
        keytab=options["keytab"],
        latency_milliseconds=options["latency"],
        parent_pipe=options["parent_pipe"],
        engine=options["engine"],
    )
