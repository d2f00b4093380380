"""Replaces the secrets of the users that a person names: ``pin reset``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reconciler.app.workspace import Workspace
from reconciler.model.diagnostics import Diagnostic, ReconcilerError, Refused, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from reconciler.model.server_abilities import Resetting
from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, StateChange, short_run
from reconciler.model.values import folded
from reconciler.plan.checks import unreadable
from reconciler.run.recover import end_shells, outlast
from reconciler.run.reset import ResetEnded, Resets, exit_code_of
from reconciler.views.text import to_second

Approve = Callable[[str, Sequence[Resource]], bool]
"""Decides whether to replace the secrets of these objects; gets what the secret is called."""


def reset_secrets(
    workspace: Workspace, texts: Sequence[str], approve: Approve, *, again: bool, line: Callable[..., str]
) -> int | None:
    """Replace the secret of each object that ``texts`` name; return the exit code, or None where it was not approved.

    Args:
        again: also where the outcome of an earlier reset is unknown.
        line: returns a command for these objects with these options, to copy.

    Raises:
        ReconcilerError: a text names no object or several, or something could not be read.
        Refused: the outcome of an earlier reset is unknown.
    """
    kind = next(kind for kind in workspace.types if isinstance(kind, Resetting))
    ports = workspace.ports
    with workspace.state.leased(f"reset {kind.secret}") as (lease, run):
        landscape = workspace.look(only=dict.fromkeys((kind.name, *kind.found_by)))
        if landscape.unreadable:
            raise ReconcilerError(*unreadable(landscape))
        objects = _found(kind, texts, landscape)
        addresses = {one.address for one in objects}
        resets = [one for one in workspace.store.read().open_intents if one.is_reset]
        open_before = [one for one in resets if one.address in addresses]
        if open_before and not again:
            raise Refused(*(_still_open(one, workspace, kind, line(texts, "--again")) for one in open_before))
        if not approve(kind.secret, objects):
            return None
        outlast(end_shells(open_before, workspace.servers.sessions, ports.emit), workspace.servers.reader)
        # The guard against older files asks for the commit of the last run that changed something: it stays the same.
        last = workspace.store.last_changing_run()
        if last is not None:
            kept = {"commit": last.commit, "uncommitted": last.uncommitted, "allowed_older": last.allowed_older}
            run = replace(run, **kept)  # type: ignore[arg-type]  # fields of Run
        lease.begin(run)
        if open_before:
            lease.commit(StateChange(outcomes=tuple(_closed(one) for one in open_before)))
        reader = replace(workspace.servers.reader, scheduler=None)
        ended = Resets(
            run.id, workspace.environment.name, kind, objects, reader, lease, ports.point, ports.stop, line
        ).carry_out(landscape)
        code = exit_code_of(ended, len(objects), ports.stop)
        done = _number(ended, OutcomeKind.DONE)
        now = ports.clock.now().isoformat()
        left = len(objects) - len(ended)
        lease.end(replace(run, ended=now, exit_code=code, done=done, failed=len(ended) - done, blocked=left))
    return code


def _number(ended: Sequence[ResetEnded], kind: OutcomeKind) -> int:
    return sum(end.outcome is kind for end in ended)


def _found(kind: Resetting, texts: Sequence[str], landscape: Landscape) -> list[Resource]:
    """Return the objects, each once, in the order in which they are named."""
    prefix = f"{kind.name}/"
    bare = [text[len(prefix) :] if folded(text).startswith(prefix) else text for text in texts]
    named = kind.named(bare, landscape)
    if wrong := list(_unclear(kind, bare, {text: named.get(text, ()) for text in bare}, landscape)):
        raise ReconcilerError(*wrong)
    every = landscape.all(kind)
    return [every[key] for key in dict.fromkeys(every[named[text][0]].key for text in bare)]


def _unclear(
    kind: Resetting, texts: Sequence[str], named: dict[str, tuple[str, ...]], landscape: Landscape
) -> Iterator[Diagnostic]:
    for text in dict.fromkeys(texts):
        keys = named[text]
        if len(keys) > 1:
            detail = f'"{text}" names {listed(keys)}.'
            yield Diagnostic("Name fits several users", detail, "Write the primary address of the right one.")
        elif not keys:
            detail = f'"{text}" names no user on the servers.'
            yield Diagnostic("Unknown user", detail, "Write the primary address, another address, or the logon name.")
        elif keys[0] not in landscape.all(kind):
            detail = f"{keys[0]} has no {kind.secret}: the feature is not enabled."
            yield Diagnostic(f"User without {kind.secret}", detail, "Enable the user first: declare a row, and apply.")


def _still_open(intent: Intent, workspace: Workspace, kind: Resetting, again: str) -> Diagnostic:
    runs = {run.id: run for run in workspace.store.history(None)}
    run = runs.get(intent.run)
    when = f" that {run.user} began at {to_second(run.started)}" if run is not None else ""
    detail = (
        f"Run {short_run(intent.run)}{when} sent {intent.command} to {intent.host}, and got no reply. Nobody can read "
        f"whether {intent.address.key} has a new {kind.secret}."
    )
    remedy = f"Ask the user for a message with a new {kind.secret}. If there is none:\n\n    {again}"
    return Diagnostic("Earlier reset has no known outcome", detail, remedy, address=str(intent.address))


def _closed(intent: Intent) -> Outcome:
    return Outcome(intent.id, OutcomeKind.UNKNOWN, "not known; a person asked for another one")
