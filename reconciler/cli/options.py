"""What the commands share: arguments, options, and how their results and their failures are shown."""

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
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import ConfigurationError, OutputLost, ReconcilerError
from reconciler.plan.budgets import TENTH, Share

PATH: Final = click.Path(path_type=Path)


def with_directory(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("directory", metavar="[DIR]", type=PATH, default=Path())(command)


_CONNECTIONS: Final = "reconciler.connections"
LOG: Final = "reconciler.log"
"""Where the group keeps its ``--log`` for the command."""


def _keep_connections(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.meta[_CONNECTIONS] = path


with_connections = click.option(
    "--connections",
    type=PATH,
    metavar="FILE",
    expose_value=False,
    callback=_keep_connections,
    help="Connections from outside the repository, in place of its own.",
)
"""Given to a command, or to all: ``pinned_connections`` returns it."""


def pinned_connections() -> Path | None:
    """Return the file of connections that the running command was given."""
    path = click.get_current_context().meta.get(_CONNECTIONS)
    return path if isinstance(path, Path) else None


def with_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--json", "as_json", is_flag=True, help="JSON lines on standard output, text on standard error."
    )(command)


def with_selection(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--target", "targets", multiple=True, metavar="ADDR", help="Only this, and what it needs."),
        click.option("--exclude", "excludes", multiple=True, metavar="ADDR", help="All but this, and what needs it."),
        click.option("--wave", metavar="W", help="Of the users, only those of this wave."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


with_strict = click.option(
    "--strict", is_flag=True, help="Refuse a plan that leaves out what cannot be done, instead of doing the rest."
)

with_parallelism = click.option(
    "--parallelism", type=click.IntRange(1, 64), default=8, show_default=True, help="Steps that run side by side."
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


def with_budgets(command: Callable[..., Any]) -> Callable[..., Any]:
    forgotten = "Users no longer declared that may be left alone, of those remembered; rounded up."
    options = [
        click.option("--max-destroy", type=click.IntRange(0), help="Objects that may go.  [default: 0]"),
        click.option("--max-forget", type=_ShareType(), metavar="N|P%", help=f"{forgotten}  [default: {TENTH}]"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def name_variables(group: click.Group, prefix: str) -> None:
    """Let every option of the commands be given by a variable of its name: ``--target`` of plan by ``..._PLAN_TARGET``.

    By itself the library takes the name of the function's parameter, which is another one for some.
    """
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            name_variables(command, f"{prefix}_{name.upper()}")
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden and option.envvar is None:
                long = max(option.opts, key=len).strip("-").replace("-", "_")
                option.envvar = f"{prefix}_{name}_{long}".upper()


def shown(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command an ``Output``, and turn what stops it into diagnostics and an exit code.

    A SIGTERM or SIGHUP ends the command as Ctrl-C does, with everything closed that it opened: sessions on servers stay
    otherwise until they idle away.
    """

    @click.option("--log", type=PATH, help="Write every event to this file, one JSON object a line.")
    @click.pass_context
    def wrapped(context: click.Context, /, *arguments: Any, log: Path | None, **options: Any) -> int:
        from reconciler.app.surroundings import empty_settings, misspelt_settings
        from reconciler.run.system import SignalStop

        output = Output(as_json=options.pop("as_json", False), log=log or context.meta.get(LOG))
        try:
            if unusable := empty_settings(os.environ):
                raise ConfigurationError(*unusable)
            output.diagnostics(misspelt_settings(os.environ))
            with SignalStop(lambda *_: None, tell_of_waiting).installed():
                return output.end(command(output, *arguments, **options))
        except OutputLost:
            raise
        except ReconcilerError as error:
            output.diagnostics(error.diagnostics)
            return output.end(error.exit_code)
        except KeyboardInterrupt:
            return _interrupted(output, 130)
        except SystemExit as stopped:
            return _interrupted(output, stopped.code if isinstance(stopped.code, int) else 1)
        except (BrokenPipeError, click.ClickException, click.Abort):
            raise
        except Exception as error:
            output.diagnostics([_without_place(error) or _bug(error)])
            return output.end(1)

    return update_wrapper(wrapped, command)


@contextmanager
def concluded(output: Output, word: str) -> Iterator[None]:
    """Let the last line say ``word`` and the count of errors where these end what is done inside."""
    try:
        yield
    except ReconcilerError as error:
        output.conclude(word, error)
        raise


def tell_of_waiting() -> None:
    """Say what is waited for, where an interrupted command does not end at once.

    A host may be silent to what it was asked, and a message cut in two could leave a shell that nobody knows.
    """

    def tell() -> None:
        with suppress(OSError):
            sys.stderr.write(
                "\nInterrupted: waiting for the answer to what was asked, about half a minute at most ...\n"
            )

    timer = threading.Timer(1.0, tell)
    timer.daemon = True
    timer.start()


def _interrupted(output: Output, exit_code: int) -> int:
    """Tell of a signal before the first command, or after the last: others end a run in order (``SignalStop``)."""
    detail = "The run was over already." if output.has_run else "No server was changed."
    with suppress(OSError, OutputLost):
        output.diagnostics([Diagnostic("Interrupted", detail, severity=Severity.NOTE)])
        output.end(exit_code)
    return exit_code


def _without_place(error: Exception) -> Diagnostic | None:
    """Return that the working directory was removed, where that is why a path leads nowhere."""
    if not isinstance(error, FileNotFoundError):
        return None
    try:
        os.getcwd()
    except FileNotFoundError:
        detail = "The directory that this command was started in does not exist any more."
        return Diagnostic("No working directory", detail, "Change to a directory that exists, and start it again.")
    return None


def _bug(error: Exception) -> Diagnostic:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    detail = f"This is a bug in reconciler: {type(error).__name__} at {place}."
    return Diagnostic("Internal error", detail, "Report it with the command that showed it.")


def ports(output: Output, **more: Any) -> Any:
    """Return the ports of a command: those that ``run`` was given, with the output of this one."""
    from reconciler.app import Ports

    given = click.get_current_context().obj or Ports()
    return replace(given, emit=output.emit, mask=output.mask, connections=pinned_connections(), **more)
