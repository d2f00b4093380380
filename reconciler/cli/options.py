"""Arguments, options and error handling that the commands share."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import update_wrapper
from pathlib import Path
from typing import Any, Final

import click

from reconciler.cli.output import Output
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, OutputLost, ReconcilerError, Severity
from reconciler.model.shares import TENTH, Share

PATH: Final = click.Path(path_type=Path)
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Commands(click.Group):
    """A group whose help says what each command does in a whole sentence; click cuts it at the end of a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = 1000
        rows = [(name, self.commands[name].get_short_help_str(longest)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class WholeNumber(click.IntRange):
    """A number, called so in messages."""

    name = "whole number"


def _together(*options: Decorator) -> Decorator:
    """Return one decorator that adds all the options, in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


with_directory = click.argument("directory", metavar="[DIR]", type=PATH, default=Path())
with_plan_or_directory = _together(
    click.argument("what", metavar="[DIR|PLANFILE]", type=PATH, default=Path()),
    click.option(
        "--dir", "directory", type=PATH, help="Directory of the environment of a saved plan, if it has moved."
    ),
)

_CONNECTIONS: Final = "reconciler.connections"
LOG: Final = "reconciler.log"
"""The key under which the group hands its ``--log`` to the command."""


def _keep_connections(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.meta[_CONNECTIONS] = path


with_connections = click.option(
    "--connections",
    type=PATH,
    metavar="FILE",
    expose_value=False,
    callback=_keep_connections,
    help="File of connections outside the repository; it replaces the connections in the repository.",
)
"""An option of the group and of each command; ``pinned_connections`` returns its value."""


def pinned_connections() -> Path | None:
    """Return the connections file given to the running command."""
    path = click.get_current_context().meta.get(_CONNECTIONS)
    return path if isinstance(path, Path) else None


with_json = click.option(
    "--json", "as_json", is_flag=True, help="Write JSON lines to standard output and text to standard error."
)

with_parallelism = click.option(
    "--parallelism",
    type=WholeNumber(1, 64),
    metavar="N",
    default=24,
    show_default=True,
    help="Number of steps, reads of hosts and batches of users that run at the same time.",
)


class _ShareType(click.ParamType[Share]):
    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Share:
        if isinstance(value, Share):
            return value
        try:
            return Share.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}.", param, ctx)


_FORGOTTEN: Final = "Number or percentage (rounded up) of managed users that the plan may stop managing."

with_plan_options = _together(
    with_json,
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDR",
        help="Only this resource and the resources it needs. May be repeated.",
    ),
    click.option(
        "--exclude",
        "excludes",
        multiple=True,
        metavar="ADDR",
        help="Leave out this resource and the resources that need it. May be repeated.",
    ),
    click.option("--wave", metavar="W", help="Only the users in this wave; other resources as usual."),
    click.option(
        "--strict", is_flag=True, help="Refuse a plan that leaves resources out, instead of applying the rest."
    ),
    click.option(
        "--no-rehearsal", is_flag=True, help="Do not ask the servers whether they would accept the new users."
    ),
    with_parallelism,
    click.option("--commands", is_flag=True, help="Show the exact PowerShell commands."),
    click.option("--refresh-only", is_flag=True, help="Only update the saved state. Change nothing on the servers."),
    click.option(
        "--max-destroy",
        type=WholeNumber(0),
        metavar="N",
        help="Number of objects that the plan may delete.  [default: 0]",
    ),
    click.option("--allow-replace", is_flag=True, help="Allow that an object takes the place of another one (moved)."),
    click.option("--max-forget", type=_ShareType(), metavar="N|P%", help=f"{_FORGOTTEN}  [default: {TENTH}]"),
)
"""The options of plan and apply."""


def name_variables(group: click.Group, prefix: str) -> None:
    """Give each option a variable: ``RECONCILER_PLAN_TARGET`` sets ``--target`` of plan.

    click derives the variable from the parameter's name, which differs from the option's for some options.
    """
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            name_variables(command, f"{prefix}_{name.upper()}")
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden and option.envvar is None:
                long = max(option.opts, key=len).strip("-").replace("-", "_")
                option.envvar = f"{prefix}_{name}_{long}".upper()


def shown(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command an ``Output``; turn errors into diagnostics and an exit code.

    SIGTERM and SIGHUP end the command like Ctrl-C: it closes its sessions. Otherwise they would stay on the servers
    until their idle timeout.
    """

    @click.option("--log", type=PATH, help="Write every event to this file, one JSON object per line.")
    @click.pass_context
    def wrapped(context: click.Context, /, *arguments: Any, log: Path | None, **options: Any) -> int:
        from reconciler.app.surroundings import empty_settings, misspelt_settings
        from reconciler.run.system import SignalStop

        output = Output(as_json=options.pop("as_json", False), log=log or context.meta.get(LOG))
        try:
            if unusable := empty_settings(os.environ):
                raise ConfigurationError(*unusable)
            output.diagnostics(misspelt_settings(os.environ))
            with SignalStop(lambda *_: None, announce_waiting).installed():
                return output.end(command(output, *arguments, **options))
        except OutputLost:
            raise
        except ReconcilerError as error:
            output.diagnostics(error.diagnostics)
            return output.end(error.exit_code)
        except SystemExit as stopped:
            return _interrupted(output, stopped.code if isinstance(stopped.code, int) else 1)
        except (BrokenPipeError, click.ClickException, click.Abort):
            raise
        except Exception as error:
            output.diagnostics([_removed_directory(error) or _bug(error)])
            return output.end(1)

    return update_wrapper(wrapped, command)


@contextmanager
def concluded(output: Output, word: str) -> Iterator[None]:
    """If an error ends the block, print ``word`` and the number of errors as the last line."""
    try:
        yield
    except ReconcilerError as error:
        output.conclude(word, error)
        raise


def announce_waiting() -> None:
    """Print a line if an interrupted command still waits for a reply after a second.

    The command waits because a message that is cut off may have opened a shell that nobody would close.
    """

    def announce() -> None:
        with suppress(OSError):
            sys.stderr.write("\nInterrupted. Waiting up to half a minute for the reply of a server ...\n")

    timer = threading.Timer(1.0, announce)
    timer.daemon = True
    timer.start()


def _interrupted(output: Output, exit_code: int) -> int:
    """Report a signal that came before the first change or after the last one; ``SignalStop`` handles the others."""
    detail = "The run had ended already." if output.has_run else "No server was changed."
    with suppress(OSError, OutputLost):
        output.diagnostics([Diagnostic("Interrupted", detail, severity=Severity.NOTE)])
        output.end(exit_code)
    return exit_code


def _removed_directory(error: Exception) -> Diagnostic | None:
    """Return an error if the working directory was removed."""
    if not isinstance(error, FileNotFoundError):
        return None
    try:
        os.getcwd()
    except FileNotFoundError:
        detail = "The working directory of this command was removed."
        return Diagnostic("No working directory", detail, "Change to an existing directory and run the command again.")
    return None


def _bug(error: Exception) -> Diagnostic:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    detail = f"This is a bug in reconciler: {type(error).__name__} at {place}."
    return Diagnostic("Internal error", detail, "Report it, with the command that you ran.")


def ports(output: Output, **more: Any) -> Any:
    """Return the ports of a command: those given to ``run``, with the output of this command."""
    from reconciler.app import Ports

    given = click.get_current_context().obj or Ports()
    return replace(given, emit=output.emit, mask=output.mask, connections=pinned_connections(), **more)
