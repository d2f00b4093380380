"""The command line: reads arguments, calls ``app``, shows what came of it and returns the exit code.

Machine output stands alone on standard output; everything for people goes to standard error then. Without a terminal
nothing is ever asked: the message says which flag to give. Every option can also be set as
``RECONCILER_<COMMAND>_<OPTION>``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler import __version__
from reconciler.cli.lines import line_for_saved, line_to_apply, line_to_go_on, line_without_budgets, plan_lines
from reconciler.cli.options import (
    LOG,
    PATH,
    concluded,
    name_variables,
    pinned_connections,
    ports,
    shown,
    tell_of_waiting,
    with_budgets,
    with_connections,
    with_directory,
    with_json,
    with_parallelism,
    with_selection,
    with_strict,
)
from reconciler.cli.output import Output, write_file
from reconciler.cli.state import state
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import OutputLost
from reconciler.plan.budgets import TENTH
from reconciler.plan.rules import TOO_MUCH_DESTROYED, TOO_MUCH_FORGOTTEN
from reconciler.plan.selection import Selection

if TYPE_CHECKING:
    from reconciler.app import Ports, Workspace


def run(arguments: Sequence[str], ports: Ports | None = None) -> int:
    """Run the command line and return the exit code; nothing but a bug in the shell raises."""
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
        # Python would try it again, and end with a code of its own instead of the command's.
        _abandon_standard_output()
    return result if isinstance(result, int) else 0


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="reconciler", message="%(prog)s %(version)s")
@click.option("--log", type=PATH, help="Write every event to this file, one JSON object a line.")
@with_connections
@click.pass_context
def main(context: click.Context, log: Path | None) -> None:
    """Keep Exchange Unified Messaging and Lync / Skype for Business Server joined as a repository says.

    DIR is the directory of an environment; left out, it is the current one.
    """
    context.meta[LOG] = log


_OPENING = "Opening sessions to the servers ..."


# --- commands --------------------------------------------------------------------------------------------------------


@main.command()
@with_directory
@with_connections
@with_json
@shown
def validate(output: Output, directory: Path) -> int:
    """Check the files of an environment; no server is touched."""
    from reconciler.app import check

    with concluded(output, "Not valid"):
        environment, told = check(directory, pinned_connections())
    output.diagnostics(told)
    count = sum(len(resources) for resources in environment.declared.values())
    output.say(f"{environment.name}: {count:,} declarations, no errors.")
    return 0


@main.command()
@with_directory
@with_connections
@with_json
@with_selection
@with_strict
@with_parallelism
@click.option("--out", type=PATH, metavar="FILE", help="Save the plan, signed, for one apply of exactly this.")
@click.option("--json-into", type=PATH, metavar="FILE", help="Write the JSON lines to a file beside the text.")
@click.option("--commands", is_flag=True, help="Show the exact commands.")
@click.option("--refresh-only", is_flag=True, help="Only bring the state up to date; change nothing on servers.")
@with_budgets
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where anything is to be done.")
@shown
def plan(output: Output, directory: Path, **options: Any) -> int:
    """Show what would be done, and save it with --out."""
    from reconciler.app import open_workspace, under_way

    selection = _selected(options)
    with (
        concluded(output, "Not saved" if options["out"] else "Cannot be applied"),
        open_workspace(directory, ports(output), parallelism=options["parallelism"]) as workspace,
    ):
        output.diagnostics(under_way(workspace.store))
        output.busy(_OPENING)
        made = workspace.plan(selection, refresh_only=options["refresh_only"])
        output.plan(made, commands=options["commands"])
        if options["json_into"]:
            _write_json(options["json_into"], made)
        is_within = _admit(output, workspace, made, directory, options)
        if options["out"]:
            workspace.saved_plans.save(made, options["out"])
            line = f"To do exactly this:\n\n    {line_for_saved(options['out'])}"
            output.say(f"\nSaved to {options['out']}. {line if is_within else 'The warning says how to apply it.'}")
    return 2 if (made.has_changes or made.left_out) and options["detailed_exitcode"] else 0


@main.command()
@with_connections
@click.argument("what", metavar="[DIR|PLANFILE]", type=PATH, default=Path())
@click.option("--dir", "directory", type=PATH, help="Of a saved plan: its environment, if it is not where it was.")
@with_json
@with_selection
@with_strict
@with_parallelism
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--commands", is_flag=True, help="Show the exact commands.")
@click.option("--refresh-only", is_flag=True, help="Only bring the state up to date; change nothing on servers.")
@with_budgets
@click.option("--allow-older", is_flag=True, help="Apply also what lacks changes that were applied from Git.")
@shown
def apply(output: Output, what: Path, **options: Any) -> int:
    """Carry out a plan: one made and approved now, or a saved one."""
    from reconciler.app import alone
    from reconciler.run.system import SignalStop

    def on_signal(_: int, count: int) -> None:
        words = (
            "finishing the running steps; once more to stop after the journal is written" if count == 1 else "stopping"
        )
        sys.stderr.write(f"\nInterrupted: {words} ...\n")

    directory, planfile = _place(what, options["directory"])
    stop = SignalStop(on_signal, tell_of_waiting)
    with (
        stop.installed(),
        concluded(output, "Not applied"),
        alone(directory),
        _workspace(output, directory, stop=stop, parallelism=options["parallelism"]) as workspace,
    ):
        output.busy(_OPENING)
        saved = workspace.saved_plans.read(planfile) if planfile else None

        def show(made: Any) -> None:
            if saved is not None and not options["commands"]:
                output.saved_plan(made)
            else:
                output.plan(made, commands=options["commands"])

        def approve(made: Any) -> bool:
            if not made.has_changes or saved is not None or options["auto_approve"]:
                return True
            return _approved()

        account = workspace.apply(
            approve,
            saved=saved,
            selection=_selected(options),
            show=show,
            max_destroy=options["max_destroy"] or 0,
            max_forget=options["max_forget"] or TENTH,
            refresh_only=options["refresh_only"],
            strict=options["strict"],
            allow_older=options["allow_older"],
            resume=line_to_go_on(directory, saved),
            again=line_without_budgets(what),
        )
    if account is None:
        output.diagnostics([_not_approved()])
        return 1
    return account.exit_code()


@main.command()
@with_directory
@with_connections
@with_json
@click.option("--out", type=PATH, metavar="FILE", help="Write the report to a file.")
@shown
def drift(output: Output, directory: Path, out: Path | None) -> int:
    """Report what differs from the files and from the last apply."""
    from reconciler.app import open_workspace, under_way

    with open_workspace(directory, ports(output)) as workspace:
        output.diagnostics(under_way(workspace.store))
        output.busy(_OPENING)
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
@click.option("--host", "hosts", multiple=True, metavar="FQDN", help="Of the hosts behind the entry points, only this.")
@click.option("--full", "in_full", is_flag=True, help="Show every line of every host.")
@shown
def doctor(output: Output, directory: Path, hosts: Sequence[str], in_full: bool, parallelism: int) -> int:
    """Tell how the servers are reached and what a plan would miss.

    Entry points come first, then the hosts that are discovered behind them. Nothing is changed, locked or saved.
    """
    from reconciler.app import open_workspace

    with open_workspace(directory, ports(output), parallelism=parallelism) as workspace:
        output.busy(_OPENING)
        report = workspace.doctor(hosts)
    output.doctor(report, plan_lines(directory)(), in_full=in_full or bool(hosts))
    return report.exit_code()


@main.command()
@click.argument("what", metavar="[DIR|PLANFILE]", type=PATH, default=Path())
@click.option("--dir", "directory", type=PATH, help="Of a saved plan: its environment, if it is not where it was.")
@with_json
@click.option("--commands", is_flag=True, help="Of a plan: show the exact commands.")
@shown
def show(output: Output, what: Path, directory: Path | None, commands: bool) -> int:
    """Show a saved plan, or what the state remembers."""
    from reconciler.app import open_workspace, vocabulary
    from reconciler.views.state import render_state
    from reconciler.views.state_json import state_messages

    directory, planfile = _place(what, directory)
    with open_workspace(directory, ports(output)) as workspace:
        if planfile:
            output.plan(workspace.saved_plans.read(planfile).plan, commands=commands)
        else:
            snapshot = workspace.store.read()
            output.told(state_messages(snapshot), lambda: render_state(snapshot, output.style, vocabulary()))
    return 0


@main.command()
@with_connections
@click.argument("what", metavar="[DIR|PLANFILE]", type=PATH, default=Path())
@click.option("--dir", "directory", type=PATH, help="Of a saved plan: its environment, if it is not where it was.")
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
    """Print the graph of a plan for Graphviz, Mermaid or others."""
    from reconciler.app import open_workspace
    from reconciler.views import graph as plan_graph

    directory, planfile = _place(what, directory)
    with open_workspace(directory, ports(output)) as workspace:
        output.busy(_OPENING)
        made = workspace.saved_plans.read(planfile).plan if planfile else workspace.plan()
    output.diagnostics(made.diagnostics)
    draw = {"dot": plan_graph.to_dot, "mermaid": plan_graph.to_mermaid, "json": plan_graph.to_json}[form]
    output.write(draw(made))
    return 0


@main.command()
@click.argument("which", type=click.Choice(["environment", "messages", "plan"]), default="environment")
@shown
def schema(output: Output, which: str) -> int:
    """Print the JSON Schema of YAML files, --json or saved plans."""
    from reconciler.app import schema_text

    output.write(schema_text(which))
    return 0


@main.command()
@click.argument("world", metavar="WORLD|DIR", type=PATH)
@with_connections
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5985, show_default=True, help="TCP port; 0 takes a free one."
)
@click.option("--tls", is_flag=True, help="HTTPS, with a certificate made for this run.")
@click.option(
    "--auth",
    type=click.Choice(["basic", "ntlm", "certificate", "kerberos", "credssp"]),
    default="ntlm",
    show_default=True,
    help="How clients log on.",
)
@click.option("--keytab", type=PATH, help="For Kerberos: the key of HTTP/localhost.")
@click.option("--latency", type=click.IntRange(0), default=0, metavar="MS", help="Delay of each message.")
@click.option("--changes", type=PATH, metavar="FILE", help="Where changes of the world are kept.")
@click.option(
    "--engine",
    type=click.Choice(["interpreter", "powershell"]),
    default="interpreter",
    show_default=True,
    envvar="RECONCILER_SIMULATOR_ENGINE",
    help="What answers on the hosts; powershell starts a real one, with stub cmdlets.",
)
@click.option("--invoke", metavar="COMMAND", help="Run one cmdlet as another administrator would, and end.")
@click.option("--parent-pipe", is_flag=True, hidden=True)
@shown
def simulate(output: Output, world: Path, **options: Any) -> int:
    """Run a simulated estate that is reached over WinRM."""
    from reconciler.app import invoke_in_world, serve_world, world_of

    world, changes = world_of(world, options["changes"], pinned_connections())
    if options["invoke"] is not None:
        output.write(invoke_in_world(world, changes, options["invoke"]))
        return 0
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


main.add_command(state)
name_variables(main, "RECONCILER")


# --- small helps -----------------------------------------------------------------------------------------------------


def _abandon_standard_output() -> None:
    """Let what could not be written go nowhere: Python would try it once more at its end, and say so."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _workspace(output: Output, directory: Path, *, stop: Any, parallelism: int) -> AbstractContextManager[Workspace]:
    """Open the environment, whose modules take longer to load than it takes to find it locked."""
    from reconciler.app import open_workspace

    return open_workspace(directory, ports(output, stop=stop), parallelism=parallelism)


def _selected(options: dict[str, Any]) -> Selection:
    return Selection(tuple(options["targets"]), tuple(options["excludes"]), options["wave"])


def _admit(output: Output, workspace: Any, made: Any, directory: Path, options: dict[str, Any]) -> bool:
    """Refuse what may not be applied; return False for a plan beyond a default budget, which is told of, unless that
    budget was given."""
    from reconciler.plan.admission import admit
    from reconciler.plan.budgets import ALL, Budgets

    destroy, forget, prior = options["max_destroy"], options["max_forget"], workspace.store.read()
    own = line_without_budgets(directory)
    given = Budgets(made.destroys if destroy is None else destroy, forget or ALL, own)
    default = Budgets(again=line_to_apply(directory, options["out"]))
    asked = {TOO_MUCH_DESTROYED.code: destroy, TOO_MUCH_FORGOTTEN.code: forget}
    told = [one for one in default.exceeded(made, prior) if asked[str(one.code)] is None]
    output.diagnostics(replace(one, severity=Severity.WARNING) for one in told)
    admit(made, given, prior, strict=options["strict"])
    return not told


def _place(what: Path, directory: Path | None) -> tuple[Path, Path | None]:
    """Return the environment's directory, and the plan file where ``what`` is one."""
    if not what.is_file():
        return what, None
    from reconciler.app import directory_of_plan

    return directory or directory_of_plan(what), what


def _approved() -> bool:
    """Ask on the terminal; where there is none, the answer is no."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write('\nApply this plan? Only "yes" applies it: ')
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _not_approved() -> Diagnostic:
    if sys.stdin.isatty():
        return Diagnostic("Not approved", "Nothing was changed.")
    detail = "There is no terminal to ask on. Nothing was changed."
    return Diagnostic("Not approved", detail, "If the plan is right, give --auto-approve, or apply a saved plan.")


def _write_json(path: Path, made: Any) -> None:
    from reconciler.views.json_lines import JsonLines

    lines: list[str] = []
    JsonLines(lines.append).plan(made)
    write_file(path, "".join(lines))
