"""The commands: each reads its arguments, calls ``app``, shows the result and returns the exit code.

With ``--json``, standard output holds JSON only, and text for people goes to standard error. Without a terminal no
command asks a question; the message names the flag to give. ``RECONCILER_<COMMAND>_<OPTION>`` variables set options.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler import __version__
from reconciler.cli.explain import explain
from reconciler.cli.export import export
from reconciler.cli.extensions import extensions
from reconciler.cli.lines import plan_lines
from reconciler.cli.options import (
    LOG,
    PATH,
    Commands,
    concluded,
    name_variables,
    pinned_connections,
    ports,
    shown,
    with_connections,
    with_directory,
    with_json,
    with_parallelism,
    with_plan_options,
    with_plan_or_directory,
)
from reconciler.cli.output import Output, write_file
from reconciler.cli.pin import pin
from reconciler.cli.planning import CONNECTING, carry_out, make_plan, place_of
from reconciler.cli.simulate import simulate
from reconciler.cli.state import state
from reconciler.model.diagnostics import ConfigurationError, OutputLost

if TYPE_CHECKING:
    from reconciler.app import Ports


def run(arguments: Sequence[str], ports: Ports | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        result = main.main(
            args=list(arguments),
            prog_name="reconciler",
            standalone_mode=False,
            auto_envvar_prefix="RECONCILER",
            obj=ports,
        )
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 1
    except BrokenPipeError:
        _abandon_standard_output()
        return 1
    except OutputLost as error:
        _abandon_standard_output()
        Output(as_json=False).diagnostics(error.diagnostics)
        return 1
    try:
        sys.stdout.flush()
    except OSError:
        # Without this, Python would try to write again and end with its own exit code.
        _abandon_standard_output()
    return result if isinstance(result, int) else 0


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="reconciler", message="%(prog)s %(version)s")
@click.option("--log", type=PATH, help="Write every event to this file, one JSON object per line.")
@with_connections
@click.pass_context
def main(context: click.Context, log: Path | None) -> None:
    """Configure Exchange Unified Messaging and Lync / Skype for Business Server as a Git repository declares.

    DIR is the directory of an environment. Default: the current directory.
    """
    context.meta[LOG] = log


# --- commands --------------------------------------------------------------------------------------------------------


@main.command()
@with_directory
@with_connections
@with_json
@shown
def validate(output: Output, directory: Path) -> int:
    """Check the files of an environment without connecting to a server."""
    from reconciler.app import check
    from reconciler.model.waivers import Waived, over
    from reconciler.run.system import SystemClock

    with concluded(output, "Not valid"):
        environment, diagnostics = check(directory, pinned_connections())
        if ended := over(environment.waivers, SystemClock().now()):
            raise ConfigurationError(*diagnostics, *ended)
    output.diagnostics(diagnostics)
    output.waived(map(Waived, environment.waivers))
    number = sum(len(each) for part in (environment.declared, environment.ended) for each in part.values())
    output.say(f"{environment.name}: {number:,} declarations, no errors.")
    return 0


@main.command()
@with_directory
@with_connections
@with_plan_options
@click.option("--out", type=PATH, metavar="FILE", help="Save the plan to a signed file. apply FILE executes it, once.")
@click.option("--json-into", type=PATH, metavar="FILE", help="Write the JSON lines to this file and show the text.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with code 2 where the plan has changes.")
@shown
def plan(output: Output, directory: Path, **options: Any) -> int:
    """Show the changes that apply would make. --out saves the plan."""
    return make_plan(output, directory, options)


@main.command()
@with_connections
@with_plan_or_directory
@with_plan_options
@click.option("--auto-approve", is_flag=True, help="Apply without asking.")
@click.option("--allow-older", is_flag=True, help="Apply files that lack changes of the commit applied last.")
@shown
def apply(output: Output, what: Path, **options: Any) -> int:
    """Make a plan, ask for approval and apply it; or apply a saved plan."""
    return carry_out(output, what, options)


@main.command()
@with_connections
@with_directory
@with_plan_options
@click.option("--out", type=PATH, metavar="FILE", help="Save the plan to a signed file. apply FILE executes it, once.")
@click.option("--auto-approve", is_flag=True, help="Remove without asking.")
@shown
def destroy(output: Output, directory: Path, **options: Any) -> int:
    """Remove from the servers what the files declare, or with --target a part of it and what needs that part.

    Users come first. Objects that nobody declared stay, and what they use is not removed. The files stay as they are.
    """
    if options["out"]:
        return make_plan(output, directory, options, ends=True)
    return carry_out(output, directory, options, ends=True)


@main.command()
@with_directory
@with_connections
@with_json
@click.option("--out", type=PATH, metavar="FILE", help="Write the report to this file.")
@shown
def drift(output: Output, directory: Path, out: Path | None) -> int:
    """Compare the servers with the files and with the last apply."""
    from reconciler.app import open_workspace, under_way

    with open_workspace(directory, ports(output)) as workspace:
        output.diagnostics(under_way(workspace.store))
        output.busy(CONNECTING)
        report = workspace.drift()
        if report.entries:
            output.diagnostics(workspace.older_files())
    lines = plan_lines(directory)
    if out is not None:
        from reconciler.views.drift import render_drift

        write_file(out, render_drift(report, output.style.__class__(), plan=lines))
    else:
        output.drift(report, lines)
    return report.exit_code()


@main.command()
@with_directory
@with_connections
@with_json
@with_parallelism
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="FQDN",
    help="Of the discovered hosts, examine only this one. May be repeated.",
)
@click.option("--full", "in_full", is_flag=True, help="Show every check of every host.")
@shown
def doctor(output: Output, directory: Path, hosts: Sequence[str], in_full: bool, parallelism: int) -> int:
    """Check that reconciler can reach the servers and that its account has the rights it needs.

    doctor examines the entry points first, then the hosts discovered through them. It changes, locks and saves nothing.
    """
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output), parallelism=parallelism) as workspace:
        output.busy(CONNECTING)
        report = workspace.doctor(hosts)
    output.doctor(report, plan_lines(directory)(), in_full=in_full or bool(hosts))
    return report.exit_code()


@main.command()
@with_plan_or_directory
@with_json
@click.option("--commands", is_flag=True, help="Show the exact PowerShell commands of a plan.")
@shown
def show(output: Output, what: Path, directory: Path | None, commands: bool) -> int:
    """Show a saved plan, or the saved state."""
    from reconciler.app import open_workspace, vocabulary
    from reconciler.views.state import render_state

    directory, planfile = place_of(what, directory)
    with open_workspace(directory, ports(output)) as workspace:
        if planfile:
            output.plan(workspace.saved_plans.read(planfile).plan, commands=commands)
        else:
            snapshot = workspace.store.read()
            output.messages([snapshot], lambda: render_state(snapshot, output.style, vocabulary()))
    return 0


@main.command()
@with_connections
@with_plan_or_directory
@click.option(
    "--format",
    "form",
    type=click.Choice(["dot", "mermaid", "json"]),
    default="dot",
    show_default=True,
    help="dot for Graphviz, mermaid for pages, json for programs.",
)
@shown
def graph(output: Output, what: Path, directory: Path | None, form: str) -> int:
    """Print the graph of a plan for Graphviz, Mermaid or other tools."""
    from reconciler.app import open_workspace
    from reconciler.views import graph as plan_graph

    directory, planfile = place_of(what, directory)
    with open_workspace(directory, ports(output)) as workspace:
        output.busy(CONNECTING)
        made = workspace.saved_plans.read(planfile).plan if planfile else workspace.plan()
    output.diagnostics(made.diagnostics)
    draw = {"dot": plan_graph.to_dot, "mermaid": plan_graph.to_mermaid, "json": plan_graph.to_json}[form]
    output.write(draw(made))
    return 0


@main.command()
@click.argument("which", type=click.Choice(["environment", "messages", "plan"]), default="environment")
@shown
def schema(output: Output, which: str) -> int:
    """Print the JSON Schema of YAML files, of --json output or of saved plans."""
    from reconciler.app import schema_text

    output.write(schema_text(which))
    return 0


main.add_command(explain)
main.add_command(export)
main.add_command(extensions)
main.add_command(pin)
main.add_command(simulate)
main.add_command(state)
name_variables(main, "RECONCILER")


# --- helpers ---------------------------------------------------------------------------------------------------------


def _abandon_standard_output() -> None:
    """Discard output that could not be written: Python would try again when it ends, and print an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
