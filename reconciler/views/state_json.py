"""The saved state as messages for machines: resources, what is owed and open, runs, and the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.snapshot import Audit, Intent, Remembered, Run, Snapshot
from reconciler.views.json_lines import Message, obligation_message, plain


def state_messages(snapshot: Snapshot) -> Iterator[Message]:
    """Yield every resource in the order of addresses, the summary last."""
    for address in sorted(snapshot.resources):
        yield resource_message(snapshot.resources[address])
    yield {
        "type": "state_summary",
        "environment": snapshot.environment,
        "lineage": snapshot.lineage,
        "serial": snapshot.serial,
        "resources": len(snapshot.resources),
        "obligations": [obligation_message(owed) for owed in snapshot.obligations],
        "open_intents": [_intent(intent) for intent in snapshot.open_intents],
        "decisions": dict(sorted(snapshot.decisions.items())),
    }


def resource_message(known: Remembered) -> Message:
    """Return what is remembered of one resource."""
    return {
        "type": "state_resource",
        "address": str(known.address),
        "name": known.name,
        "guid": known.guid,
        "attributes": {name: plain(value) for name, value in sorted(known.attributes.items())},
        "needs": [str(address) for address in known.needs],
    }


def run_messages(runs: Sequence[Run]) -> Iterator[Message]:
    """Yield runs, in the order given."""
    for run in runs:
        yield {
            "type": "run",
            "run": run.id,
            "started": run.started,
            "ended": run.ended,
            "user": run.user,
            "host": run.host,
            "commit": run.commit,
            "uncommitted": run.uncommitted,
            "allowed_older": run.allowed_older,
            "plan_digest": run.plan_digest,
            "exit_code": run.exit_code,
            "done": run.done,
            "failed": run.failed,
            "blocked": run.blocked,
        }


def audit_message(audit: Audit) -> Message:
    """Return that the chain of everything ever saved was verified."""
    return {"type": "audit", "entries": audit.entries, "head": audit.head}


def _intent(intent: Intent) -> Mapping[str, object]:
    return {
        "run": intent.run,
        "address": str(intent.address),
        "kind": intent.kind,
        "command": intent.command,
        "host": intent.host,
        "expires": intent.expires,
    }
