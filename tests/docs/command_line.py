"""The reference of the command line: every command with its options, as ``--help`` says them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import click

from reconciler.cli.commands import main
from tests.docs.markdown import table

SHARED: Final = ("--log", "--connections")
"""Options of many commands, described once."""


def commands(group: click.Group = main, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _overview() -> str:
    rows = ((f"[`{name}`](#{name.replace(' ', '-')})", _help(command.help)) for name, command in commands())
    return table(("command", "what it does"), rows)


def _reference() -> str:
    return "\n\n".join(_command(name, command) for name, command in commands())


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"reconciler {name}")
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    own = [one for one in options if one.opts[0] not in SHARED]
    shared = " and ".join(f"`{one.opts[0]}`" for one in options if one.opts[0] in SHARED)
    usage = f"    {context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    parts = [f"### {name}", inspect.cleandoc(command.help or ""), usage]
    if own:
        parts.append(table(("option", "meaning", "default"), map(_option, own)))
    return "\n\n".join([*parts, f"Also {shared}."])


def _option(option: click.Option) -> tuple[str, str, str]:
    value = "" if option.is_flag else f" {_value(option)}"
    said, _, default = (option.help or "").partition("[default: ")
    if option.show_default:
        default = str(option.default)
    name = f"`{'`, `'.join(option.opts)}{value}`"
    return name, said.strip(), default.rstrip("]")


def _value(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    match option.type:
        case click.Choice():
            return "|".join(map(str, option.type.choices))
        case click.Path():
            return "PATH"
        case _:
            return "N" if isinstance(option.type, click.IntRange | click.types.IntParamType) else "TEXT"


def _help(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n", 1)[0].split())


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {"commands": _overview, "command-reference": _reference}
