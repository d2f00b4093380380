"""Commands that a command shows to be pasted: with what was typed, over the same connections.

A remedy with a placeholder leaves its reader to find out what belongs there. So each line names the directory or the
file, the part that was asked for, and the limits that were given. What a variable gave, the variable gives again to the
same command, and not to another one: that has variables of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.options import pinned_connections
from reconciler.views.shell import command_line

if TYPE_CHECKING:  # the command line starts without them
    from reconciler.plan.saved import SavedPlan

_TYPED: Final = click.core.ParameterSource.COMMANDLINE
_BUDGETS: Final = ("--max-destroy", "--max-forget")
_NOT_REPEATED: Final = ("--json", "--json-into", "--log")
"""Of how a command tells, and not of what it does."""
_SHARED: Final = ("--target", "--exclude", "--wave", "--strict", "--parallelism", "--refresh-only")
"""What plan and apply both take, and mean the same by."""


def own_line(*words: str | Path) -> str:
    """Return a command of ours, over the connections of the running one."""
    return command_line(*words, connections=pinned_connections())


def line_to_apply(directory: Path, out: Path | None) -> str:
    """Return the command that applies what the running ``plan`` shows, without its budgets."""
    part = given_options(only=_SHARED, of_variables=True)
    return own_line("apply", out) if out else own_line("apply", directory, *part)


def line_for_saved(out: Path) -> str:
    """Return the command that applies the plan saved to ``out``, within the budgets it was made with."""
    return own_line("apply", out, *given_options(only=_BUDGETS, of_variables=True))


def line_without_budgets(place: Path) -> str:
    """Return the running command over ``place`` without its budgets."""
    name = click.get_current_context().info_name or ""
    return own_line(name, place, *given_options(*_NOT_REPEATED, *_BUDGETS))


def line_to_go_on(directory: Path, saved: SavedPlan | None) -> str:
    """Return the command that goes on after an ``apply``; of a saved plan with the part it was made for."""
    asked = [] if saved is None else shlex.split(saved.plan.asked)
    return own_line("apply", directory, *asked, *given_options("--dir", *_NOT_REPEATED))


def plan_lines(directory: Path) -> Callable[..., str]:
    """Return what makes the command that plans a part of the environment, of the options that choose it."""
    return partial(own_line, "plan", directory)


def given_options(*left_out: str, only: Collection[str] | None = None, of_variables: bool = False) -> list[str]:
    """Return the options of the running command as they were typed, without those in ``left_out``, or ``only`` those.

    ``of_variables``: also those that variables of the running command gave.

    Pinned connections are not among them: ``own_line`` repeats these before the command, where every command has them.
    """
    context = click.get_current_context()
    words: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        is_given = source is _TYPED or (of_variables and source is click.core.ParameterSource.ENVIRONMENT)
        long = max(option.opts, key=len)
        if not isinstance(option, click.Option) or not option.expose_value or not is_given:
            continue
        if long in left_out or (only is not None and long not in only):
            continue
        value = context.params[name]
        if option.is_flag:
            words.append(long)
        else:
            words += [f"{long}={one}" for one in (value if option.multiple else [value])]
    return words
