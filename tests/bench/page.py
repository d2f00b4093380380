"""The page in ``docs/``: the targets, where we lose and why, and every table of the run.

The reasons are in ``where_we_lose.md``, one section for each target, so that a new run writes the whole page. A figure
there is either measured by this run, as ``{P8}``, or says when it was measured once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.bench.headline import EACH, VERIFIED
from tests.bench.parts import JOURNAL
from tests.bench.results import Results
from tests.bench.targets import Target, targets

REASONS = Path(__file__).with_name("where_we_lose.md")

METHOD = """\
`make bench` makes this page. A figure means something only beside another one of the same run: each round runs the
product and its peers in turn, a figure is the median of its rounds, and a ratio the median over the pairs.

* Unless a table says otherwise, Terraform manages as many `terraform_data` resources with the same edges, which do no
  remote work; its state is kept where it is fastest, behind the `http` backend.
* Salt runs without a master and with `test=True`; its states are the same resources, and its module compares the same
  texts with a file. Its edges are those of the plan, as `require`, or none at all.
* *In process* is the engine with a simulated estate in the same process. Building the estate does not count, and the
  simulator's CPU time stands apart; the peak of memory has the estate in it.
* *Over the wire* is the program as its users run it, with WinRM, NTLM and sealing, and a simulator in a process of its
  own. Its start does not count, because real servers run already.
* Requests are operations of the runner."""


def page(results: Results, tables: Sequence[str], day: date, reasons: str) -> str:
    """Return the page in Markdown."""
    found = targets(results)
    parts = [
        "# Performance",
        METHOD,
        f"Measured on {day.isoformat()}: {about(results)}.",
        "## Targets",
        render_targets(found),
        *_lost(found, reasons, more_figures(results)),
        "## Figures",
        *(f"```\n{table.strip(chr(10))}\n```" for table in tables),
    ]
    return "\n\n".join(parts) + "\n"


def about(results: Results) -> str:
    """Return what the figures were taken on."""
    machine = results.machine
    peers = "".join(f", {name.title()} {machine[name]}" for name in ("terraform", "salt") if name in machine)
    where = f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}"
    return f"{where}, Python {machine['python']}{peers}; seed {results.seed}"


def render_targets(found: Sequence[Target]) -> str:
    """Return the table of the targets."""
    rows = [f"| {one.name} | {one.what} | {one.asked} | {one.shown} | {one.verdict} |" for one in found]
    return "\n".join(["| | what | goal | measured | |", "|---|---|---|---|---|", *rows])


def _lost(found: Sequence[Target], reasons: str, more: Mapping[str, str]) -> Iterator[str]:
    lost = list(dict.fromkeys(one.name for one in found if one.is_held is False))
    if not lost:
        return
    yield "## Where we lose"
    figures = {**{one.key: one.shown for one in found}, **more}
    for names, text in sections(reasons).items():
        if set(names) & set(lost):
            yield f"### {', '.join(names)}"
            yield filled(text, figures)
    known = {name for names in sections(reasons) for name in names}
    if unknown := [name for name in lost if name not in known]:
        yield f"No profile yet: {', '.join(unknown)}."


def more_figures(results: Results) -> Mapping[str, str]:
    """Return figures that are no targets, by the names that the reasons call them."""
    journal = next((part for part in results.parts.all if part.name == JOURNAL), None) if results.parts else None
    duel = results.headline.ratio(EACH, VERIFIED) if results.headline else None
    return {
        "Raw-journal": f"{journal.usual_microseconds:.0f} us" if journal else "-",
        "Verified": f"{duel:.1f}" if duel else "-",
    }


def sections(reasons: str) -> Mapping[tuple[str, ...], str]:
    """Return the text of each section by the targets that its heading names."""
    found = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", reasons, re.MULTILINE | re.DOTALL)
    return {tuple(heading.split()): text.strip() for heading, text in found}


def filled(text: str, figures: Mapping[str, str]) -> str:
    """Return ``text`` with each ``{KEY}`` replaced by what was measured. Raises KeyError where a target is unknown."""
    return re.sub(r"\{([A-Z][\w-]*)\}", lambda found: figures[found[1]], text)
