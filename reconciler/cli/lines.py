"""Builds the commands that messages show to copy: complete, with the options of the running command.

Each line names the directory or file, the selection, the budgets and the connections file; it has no placeholder. An
option from a variable is left out for the same command, because the variable sets it again. Another command has other
variables, so its line writes the option.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.options import pinned_connections
from reconciler.plan.selection import DESTROY
from reconciler.views.text import command_line

if TYPE_CHECKING:  # the command line starts without them
    from reconciler.plan.saved import SavedPlan

_TYPED: Final = click.core.ParameterSource.COMMANDLINE
_BUDGETS: Final = ("--max-destroy", "--max-forget", "--allow-replace")
_NOT_REPEATED: Final = ("--json", "--json-into", "--log")
"""Options of the output; they do not change what a command does."""
_SHARED: Final = ("--target", "--exclude", "--wave", "--strict", "--parallelism", "--refresh-only", "--no-rehearsal")
"""Options that mean the same for plan and apply."""


def own_line(*words: str | Path) -> str:
    """Return a reconciler command with the connections file of the running one."""
    return command_line(*words, connections=pinned_connections())


def line_to_apply(directory: Path, out: Path | None) -> str:
    """Return the command that applies the plan of the running ``plan``, without its budgets."""
    part = given_options(only=_SHARED, of_variables=True)
    return own_line("apply", out) if out else own_line(_verb(), directory, *part)


def _verb() -> str:
    """Return the command that carries out what the running one plans."""
    return DESTROY if click.get_current_context().info_name == DESTROY else "apply"


def line_for_saved(out: Path) -> str:
    """Return the command that applies the plan saved to ``out`` with the budgets of the running ``plan``."""
    return own_line("apply", out, *given_options(only=_BUDGETS, of_variables=True))


def line_without_budgets(place: Path) -> str:
    """Return the running command for ``place`` without its budgets."""
    name = click.get_current_context().info_name or ""
    return own_line(name, place, *given_options(*_NOT_REPEATED, *_BUDGETS))


def line_to_resume(directory: Path, saved: SavedPlan | None) -> str:
    """Return the command that continues after an ``apply``; for a saved plan, with what that plan was asked for."""
    asked = [] if saved is None else shlex.split(saved.plan.asked)
    verb, options = (DESTROY, asked[1:]) if asked[:1] == [DESTROY] else (_verb(), asked)
    return own_line(verb, directory, *options, *given_options("--dir", *_NOT_REPEATED))


def plan_lines(directory: Path) -> Callable[..., str]:
    """Return a function that returns the ``plan`` command of the environment with the given options."""
    return partial(own_line, "plan", directory)


def given_options(*left_out: str, only: Collection[str] | None = None, of_variables: bool = False) -> list[str]:
    """Return the options of the running command as typed: ``only`` these, or all except ``left_out``.

    ``of_variables``: also the options that variables set. The connections file is left out; ``own_line`` adds it.
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
