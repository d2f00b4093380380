"""The command that explains codes, resource types and attributes."""

from __future__ import annotations

from collections.abc import Sequence

import click

from reconciler.cli.options import shown
from reconciler.cli.output import Output


@click.command()
@click.argument("words", nargs=-1, metavar="[CODE|TYPE|TYPE.ATTRIBUTE]...")
@shown
def explain(output: Output, words: Sequence[str]) -> int:
    """Explain checks by their codes, resource types and attributes; without a word, list them."""
    from reconciler.app import reference

    known = reference()
    texts = [known.explain(word, output.style) for word in words] or [known.contents(output.style).rstrip("\n") + "\n"]
    output.write("\n".join(texts))
    return 0
