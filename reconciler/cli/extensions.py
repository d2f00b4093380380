"""The command that answers questions about extensions."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import WholeNumber, ports, shown, with_connections, with_directory, with_json
from reconciler.cli.output import Output
from reconciler.model.diagnostics import Diagnostic, ReconcilerError, did_you_mean


@click.command()
@with_directory
@with_connections
@with_json
@click.option("--free", type=WholeNumber(1, 10_000), metavar="N", help="Show N extensions that nobody uses.")
@click.option("--who", metavar="EXTENSION", help="Show who uses an extension.")
@click.option("--duplicates", is_flag=True, help="Show the extensions that several users have; 2 if there are some.")
@click.option("--range", "within", metavar="NAME", help="With --free: only the range of this name. Default: all.")
@click.option("--from", "start", metavar="EXTENSION", help="With --free: begin here. Default: the smallest one in use.")
@shown
def extensions(
    output: Output,
    directory: Path,
    free: int | None,
    who: str | None,
    duplicates: bool,
    within: str | None,
    start: str | None,
) -> int:
    """Show which extensions are free, who uses one, or which are used twice.

    The answer follows from the files and the servers: rows, mailboxes, addresses left on mailboxes without UM,
    telephones of Lync users, and equivalent dial plans.
    """
    from reconciler.app import numbers_of, open_workspace
    from reconciler.views.numbers import render_free, render_uses

    if (free is not None) + (who is not None) + duplicates != 1:
        raise click.UsageError("Give one of --free, --who and --duplicates.")
    if who is not None and not _is_number(who):
        raise ReconcilerError(_not_digits(who))
    with open_workspace(directory, ports(output)) as workspace:
        output.busy("Connecting to the servers ...")
        numbers = numbers_of(workspace)
    if free is not None:
        names = [_range(within, list(numbers.ranges))] if within else list(numbers.ranges)
        digits = {numbers.ranges[name].digits for name in names}
        if start is not None and not (_is_number(start) and digits == {len(start)}):
            raise ReconcilerError(_wrong_start(start, digits))
        found = [number for name in names for number in numbers.free(name, free, start or "")]
        output.messages(found, lambda: render_free(found, names, free))
        return 0
    uses = numbers.who(who) if who is not None else numbers.duplicates()
    nothing = "No extension is used twice." if who is None else f"Nobody uses {who}."
    output.messages(uses, lambda: render_uses(uses, nothing))
    return 2 if duplicates and uses else 0


def _range(asked: str, names: list[str]) -> str:
    found = next((name for name in names if name.casefold() == asked.casefold()), None)
    if found is None:
        detail = f'No range is named "{asked}".'
        raise ReconcilerError(Diagnostic("Unknown range", detail, did_you_mean(asked, names)))
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _not_digits(asked: str) -> Diagnostic:
    detail = f'"{asked}" is no extension: an extension has digits alone.'
    return Diagnostic("Invalid extension", detail, "Write the extension as it stands in the files, such as 50101.")


def _wrong_start(start: str, digits: set[int]) -> Diagnostic:
    lengths = " or ".join(map(str, sorted(digits)))
    detail = f"--from {start} is no extension here: they have {lengths} digits."
    return Diagnostic(
        "Invalid extension", detail, "Write an extension of the range. With several, name one by --range."
    )
