"""Waivers as text: one line for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.diagnostics import count
from reconciler.model.waivers import Waived
from reconciler.views.style import Style
from reconciler.views.text import lines, wrap

_WORD = "Waived:"


def waived_lines(waived: Iterable[Waived], style: Style) -> Iterator[str]:
    """Yield what each waiver accepts, until when and why, and the number of its findings where they are known."""
    for one in waived:
        waiver = one.waiver
        number = f" ({count(len(one.findings), 'finding')})" if one.findings else ""
        text = f"{waiver.code} on {waiver.on} until {waiver.until}: {waiver.reason}{number}"
        for index, line in enumerate(wrap(style.show(text), style.width - len(_WORD) - 1)):
            yield f"{' ' * len(_WORD) if index else style.paint(_WORD, 'blue', 'bold')} {line}"


def render_waived(waived: Iterable[Waived], style: Style) -> str:
    return lines(waived_lines(waived, style))
