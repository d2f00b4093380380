"""A plan as JSON values: one meaning, one form, so that equal plans have equal bytes.

Sets are sorted by whoever made the plan, mappings here; what has a default is left out where it has it. The way back is
``plan_reading``; whether a file may be trusted is the business of ``plan_file``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, assert_never

from reconciler.model.actions import Action
from reconciler.model.claims import Taken
from reconciler.model.commands import Argument, Command, Delta, NameOf, ObjectId
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Unset, Value
from reconciler.plan.commits import Source
from reconciler.plan.plan import Plan, Step

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Json) -> bytes:
    """Return the one text of a JSON value: sorted keys, no spaces, ASCII."""
    return _ENCODER.encode(value).encode("ascii")


def sha256(value: Json) -> str:
    """Return the SHA-256 of a JSON value's one text, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def fingerprint(expects: Mapping[str, Value] | None) -> str:
    """Return the SHA-256, in hex, of what an action takes for granted; None (the object is absent) has its own."""
    return sha256(None if expects is None else _values(expects))


def body_of(plan: Plan) -> dict[str, Json]:
    """Return what a plan does, without what it is bound to and what was told: its identity."""
    return {
        "environment": plan.environment,
        "domain_controller": plan.domain_controller,
        "always": {name: plan.always[name] for name in sorted(plan.always)},
        "decisions": {name: plan.decisions[name] for name in sorted(plan.decisions)},
        "impact": {
            "restarts": plan.impact.restarts,
            "users": plan.impact.users,
            "interrupted_users": plan.impact.interrupted_users,
            "destroys": plan.impact.destroys,
        },
        "unchanged": plan.unchanged,
        "obligations": _obligations(plan.obligations),
        "steps": [_step(step) for step in plan.steps],
        "adopted": [_action(action) for action in plan.adopted],
        "forgotten": [_action(action) for action in plan.forgotten],
    }


def source_json(source: Source) -> dict[str, Json]:
    """Return what Git said of the files, beside the commit."""
    trouble = source.trouble
    return {
        "has_git": source.has_git,
        "uncommitted": list(source.uncommitted),
        "trouble": None if trouble is None else [trouble.reason, trouble.remedy],
    }


def _step(step: Step) -> dict[str, Json]:
    edges = _lean(needs=list(step.needs), after=list(step.after))
    return {"id": step.id, "stage": step.stage, **edges, "actions": [_action(action) for action in step.actions]}


def _action(action: Action) -> dict[str, Json]:
    return {
        "address": str(action.address),
        "kind": action.kind.value,
        "expects": None if action.expects is None else _values(action.expects),
        "fingerprint": fingerprint(action.expects),
        "expects_after": None if action.expects_after is None else _values(action.expects_after),
        "proof": action.proof.value,
        **_lean(
            changes=[[c.attribute, _argument(c.before), _argument(c.after)] for c in action.changes],
            commands=[_command(command) for command in action.commands],
            inverse=[_command(command) for command in action.inverse],
            reasons=list(action.reasons),
            needs=[str(address) for address in action.needs],
            takes_from=[_taken(taken) for taken in action.takes_from],
            predicted_by=None if action.predicted_by is None else str(action.predicted_by),
            owes=_obligations(action.owes),
            discharges=_obligations(action.discharges),
            settle_seconds=action.settle_seconds,
            destroyed=[str(address) for address in action.destroyed],
            group=action.group,
            wave=action.wave,
            remember=None if action.remember is None else _resource(action.remember),
        ),
    }


def _taken(taken: Taken) -> dict[str, Json]:
    returns: list[Json] = [_command(command) for command in taken.returns]
    return {"address": str(taken.address), "expects": _values(taken.expects), "returns": returns}


def _command(command: Command) -> dict[str, Json]:
    return {
        "cmdlet": command.cmdlet,
        "parameters": [[name, _argument(value)] for name, value in command.parameters],
        "connection": command.endpoint.connection.value,
        "operation": command.operation.value,
        "writes": command.writes,
        **_lean(host=command.endpoint.host, properties=list(command.properties)),
    }


def _argument(value: Argument | Unset) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case tuple():
            return [_argument(item) for item in value]
        case Delta(add, remove):
            return {"$add": list(add), "$remove": list(remove)}
        case NameOf(address, noun):
            return {"$name_of": str(address), "noun": noun}
        case ObjectId(guid, name):
            return {"$guid": guid, "name": name}
        case Unset():
            return {"$unset": True}
    assert_never(value)


def _values(attributes: Mapping[str, Value]) -> dict[str, Json]:
    return {name: _argument(attributes[name]) for name in sorted(attributes)}


def _resource(resource: Resource) -> dict[str, Json]:
    return {
        "address": str(resource.address),
        "attributes": _values(resource.attributes),
        **_lean(name=resource.name, guid=resource.guid),
    }


def _obligations(obligations: Iterable[Obligation]) -> list[Json]:
    return [{"duty": owed.duty, "subject": owed.subject, "since": owed.since} for owed in obligations]


def diagnostic_of(told: Diagnostic) -> dict[str, Json]:
    place = told.position
    return {
        "severity": told.severity.value,
        "summary": told.summary,
        **_lean(detail=told.detail, remedy=told.remedy, address=told.address, code=told.code),
        **_lean(position=None if place is None else [place.file, place.line, place.column]),
        **_lean(excerpt=told.excerpt, leaves_out=told.leaves_out),
    }


def _lean(**fields: Json) -> dict[str, Json]:
    """Return the fields that say something: a field left out is None, zero or empty, as its reader knows."""
    return {name: value for name, value in fields.items() if value not in (None, "", 0, [])}
