"""The saved state as text: managed resources, open obligations and the latest runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.model.abilities import Vocabulary
from reconciler.model.diagnostics import count
from reconciler.model.snapshot import Audit, Remembered, Run, Snapshot, short_run
from reconciler.views.style import Style
from reconciler.views.text import lines, to_second
from reconciler.views.values import obligation_text, value_text

_LISTED = 12
"""How many resources of one type are named."""


def render_state(snapshot: Snapshot, style: Style, vocabulary: Vocabulary) -> str:
    """Return the saved state of an environment."""
    return lines(_state(snapshot, style, vocabulary))


def _state(snapshot: Snapshot, style: Style, vocabulary: Vocabulary) -> Iterator[str]:
    if snapshot.lineage is None:
        yield f"{style.show(snapshot.environment)}: no saved state yet. The first apply creates it."
        return
    yield style.paint(f"{style.show(snapshot.environment)}: {count(len(snapshot.resources), 'resource')}", "bold")
    yield style.paint(f"lineage {snapshot.lineage}, serial {snapshot.serial}", "dim")
    for type_name, group in groupby(sorted(snapshot.resources), key=lambda address: address.type):
        members = list(group)
        yield ""
        yield f"{style.paint(type_name, 'bold')} ({len(members):,})"
        yield from (f"  {style.show(str(address))}" for address in members[:_LISTED])
        if len(members) > _LISTED:
            yield f"  ... and {len(members) - _LISTED:,} more"
    for owed in snapshot.obligations:
        yield f"{style.paint('to do', 'yellow')}  {style.show(obligation_text(owed, vocabulary))}"
    for intent in snapshot.open_intents:
        text = f"{intent.kind} {intent.address}: sent in run {short_run(intent.run)}, outcome unknown"
        yield f"{style.paint('open', 'red')}  {text}"


def render_remembered(known: Remembered, style: Style) -> str:
    """Return the saved state of one resource."""
    return lines(_remembered(known, style))


def _remembered(known: Remembered, style: Style) -> Iterator[str]:
    yield style.paint(str(known.address), "bold")
    width = max((len(name) for name in known.attributes), default=0)
    for name, value in known.attributes.items():
        yield f"  {name:<{width}} : {value_text(value, style)}"
    for label, value in (("name", known.name), ("guid", known.guid)):
        if value:
            yield style.paint(f"  ({label} on the server: {style.show(value)})", "dim")
    if known.needs:
        yield style.paint(f"  (depends on {', '.join(str(need) for need in known.needs)})", "dim")


def render_history(runs: Sequence[Run], style: Style) -> str:
    """Return a table of runs, newest first."""
    if not runs:
        return "No apply has run yet.\n"
    rows = [_HEAD, *(_row(run) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    heading = "  ".join(f"{title:<{width}}" for title, width in zip(_HEAD, widths, strict=True))
    texts = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows[1:])
    return lines([style.paint(heading, "bold"), *(style.show(line.rstrip()) for line in texts)])


_HEAD = ("started", "run", "by", "commit", "exit", "done", "failed", "blocked")


def _row(run: Run) -> tuple[str, ...]:
    numbers = (str(run.done), str(run.failed), str(run.blocked))
    return (to_second(run.started), short_run(run.id), f"{run.user}@{run.host}", _commit(run), _end(run), *numbers)


def _end(run: Run) -> str:
    return "running or killed" if run.exit_code is None else str(run.exit_code)


def _commit(run: Run) -> str:
    marks = (" edited" if run.uncommitted else "", " --allow-older" if run.allowed_older else "")
    return (run.commit or "-")[:12] + "".join(marks)


def _commit_in_full(run: Run) -> str:
    edited = " with uncommitted changes" if run.uncommitted else ""
    older = ", allowed by --allow-older" if run.allowed_older else ""
    return f"{run.commit or '-'}{edited}{older}"


def render_run(run: Run, style: Style) -> str:
    """Return all details of one run."""
    rows = (
        ("run", run.id),
        ("started", to_second(run.started)),
        ("ended", to_second(run.ended) if run.ended else "-"),
        ("by", f"{run.user}@{run.host}"),
        ("commit", _commit_in_full(run)),
        ("plan", run.plan_digest or "-"),
        ("exit", _end(run)),
        ("done", f"{run.done:,}"),
        ("failed", f"{run.failed:,}"),
        ("blocked", f"{run.blocked:,}"),
    )
    return lines(f"{style.paint(f'{name:<8}', 'bold')} {style.show(value)}" for name, value in rows)


def render_audit(audit: Audit, style: Style) -> str:
    """Return the line about the verified audit, with its head."""
    what = f"Audit verified: {count(audit.entries, 'entry', 'entries')}, head"
    return lines(["", f"{style.paint(what, 'dim')} {audit.head}"])
