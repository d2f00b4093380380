"""JSON values back to a plan, strictly.

Each field is taken once, by name and type, and a field left over is an error, so that nothing in a file is passed over.
Whatever does not fit is a ValueError that names the field; nothing is converted and nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from reconciler.model.actions import Action, ActionKind, Change, Proof
from reconciler.model.addresses import Address
from reconciler.model.claims import Taken
from reconciler.model.commands import Argument, Command, Connection, Delta, Endpoint, NameOf, ObjectId, Operation
from reconciler.model.diagnostics import Diagnostic, Position, Severity
from reconciler.model.resources import Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import UNSET, Unset, Value
from reconciler.plan.body import Json, fingerprint
from reconciler.plan.commits import Source, Trouble
from reconciler.plan.plan import Impact, Plan, Step

Kind = TypeVar("Kind")
Item = TypeVar("Item")


def shown(value: Json) -> str:
    """Return text of a file for a message, without what a terminal would obey."""
    return value[:80].encode("unicode_escape").decode() if isinstance(value, str) else "nothing"


class Fields:
    """A JSON object being read: each field is taken once, with its type; ``end`` refuses what is left."""

    __slots__ = ("_fields",)

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise ValueError("an object was to stand where it holds something else")
        self._fields = dict(value)

    def take(self, name: str, kind: type[Kind]) -> Kind:
        value = self._fields.pop(name, None)
        if type(value) is not kind:
            raise ValueError(f"{shown(name)} is missing or not of its type")
        return value

    def optional(self, name: str, kind: type[Kind]) -> Kind | None:
        return None if self._fields.get(name) is None and self._drop(name) else self.take(name, kind)

    def text(self, name: str) -> str:
        return self.optional(name, str) or ""

    def number(self, name: str) -> int:
        return self.optional(name, int) or 0

    def each(self, name: str, read: Callable[[Any], Item]) -> tuple[Item, ...]:
        return tuple(read(item) for item in self.optional(name, list) or ())

    def address(self, name: str) -> Address | None:
        text = self.optional(name, str)
        return None if text is None else Address.parse(text)

    def texts_by_name(self, name: str) -> dict[str, str]:
        return {inner: _is_text(value) for inner, value in self.take(name, dict).items()}

    def time(self, name: str) -> datetime:
        moment = datetime.fromisoformat(self.take(name, str))
        if moment.tzinfo is None:
            raise ValueError(f"{name} bears no zone")
        return moment

    def end(self, made: Item) -> Item:
        if self._fields:
            raise ValueError(f"{shown(min(self._fields))} is no field of this version")
        return made

    def _drop(self, name: str) -> bool:
        self._fields.pop(name, None)
        return True


def read_body(
    body: Fields,
    *,
    lineage: str | None,
    serial: int,
    source: Source,
    asked: str,
    passed_over: int,
    prior: Mapping[Address, str],
    diagnostics: tuple[Diagnostic, ...],
) -> Plan:
    """Return the plan that a body tells; what a body does not hold is given.

    Raises:
        ValueError: a field is missing, not of its type, or none of this version.
    """
    plan = Plan(
        environment=body.take("environment", str),
        lineage=lineage,
        serial=serial,
        source=source,
        asked=asked,
        passed_over=passed_over,
        prior=prior,
        domain_controller=body.optional("domain_controller", str),
        always=body.texts_by_name("always"),
        steps=body.each("steps", _read_step),
        adopted=body.each("adopted", _read_action),
        forgotten=body.each("forgotten", _read_action),
        unchanged=body.take("unchanged", int),
        obligations=body.each("obligations", _read_obligation),
        decisions=body.texts_by_name("decisions"),
        impact=_read_impact(Fields(body.take("impact", dict))),
        diagnostics=diagnostics,
    )
    return body.end(plan)


def read_source(commit: str | None, value: object) -> Source:
    """Return what Git said of the files of a plan."""
    fields = Fields(value)
    trouble = fields.optional("trouble", list)
    source = Source(
        commit,
        uncommitted=tuple(_is_text(name) for name in fields.take("uncommitted", list)),
        trouble=None if trouble is None else Trouble(*map(_is_text, _is_list(trouble, length=2))),
        has_git=fields.take("has_git", bool),
    )
    return fields.end(source)


def _read_impact(fields: Fields) -> Impact:
    names = ("restarts", "users", "interrupted_users", "destroys")
    return fields.end(Impact(*(fields.take(name, int) for name in names)))


def _read_step(value: object) -> Step:
    fields = Fields(value)
    step = Step(
        id=fields.take("id", str),
        actions=fields.each("actions", _read_action),
        stage=fields.take("stage", int),
        needs=fields.each("needs", _is_text),
        after=fields.each("after", _is_text),
    )
    return fields.end(step)


def _read_action(value: object) -> Action:
    fields = Fields(value)
    expects = fields.optional("expects", dict)
    expects_after = fields.optional("expects_after", dict)
    action = Action(
        address=Address.parse(fields.take("address", str)),
        kind=ActionKind(fields.take("kind", str)),
        changes=fields.each("changes", _read_change),
        commands=fields.each("commands", _read_command),
        reasons=fields.each("reasons", _is_text),
        expects=None if expects is None else _read_values(expects),
        expects_after=None if expects_after is None else _read_values(expects_after),
        inverse=fields.each("inverse", _read_command),
        needs=fields.each("needs", _read_address),
        takes_from=fields.each("takes_from", _read_taken),
        predicted_by=fields.address("predicted_by"),
        owes=fields.each("owes", _read_obligation),
        discharges=fields.each("discharges", _read_obligation),
        proof=Proof(fields.take("proof", str)),
        settle_seconds=fields.number("settle_seconds"),
        destroyed=fields.each("destroyed", _read_address),
        group=fields.text("group"),
        wave=fields.text("wave"),
        remember=None if (kept := fields.optional("remember", dict)) is None else _read_resource(kept),
    )
    if fields.take("fingerprint", str) != fingerprint(action.expects):
        raise ValueError(f"the fingerprint of {action.address} is not that of what it expects")
    return fields.end(action)


def _read_change(value: object) -> Change:
    attribute, before, after = _is_list(value, length=3)
    return Change(_is_text(attribute), _read_attribute(before), _read_attribute(after))


def _read_taken(value: object) -> Taken:
    fields = Fields(value)
    expects = _read_values(fields.take("expects", dict))
    taken = Taken(Address.parse(fields.take("address", str)), expects, fields.each("returns", _read_command))
    return fields.end(taken)


def _read_command(value: object) -> Command:
    fields = Fields(value)
    command = Command(
        cmdlet=fields.take("cmdlet", str),
        parameters=fields.each("parameters", _read_parameter),
        endpoint=Endpoint(Connection(fields.take("connection", str)), fields.optional("host", str)),
        writes=fields.take("writes", bool),
        properties=fields.each("properties", _is_text),
        operation=Operation(fields.take("operation", str)),
    )
    return fields.end(command)


def _read_parameter(value: object) -> tuple[str, Argument]:
    name, argument = _is_list(value, length=2)
    return _is_text(name), _read_argument(argument)


def _read_argument(value: object) -> Argument:
    if not isinstance(value, dict):
        return _read_value(value)
    fields = Fields(value)
    if "$name_of" in value:
        name = NameOf(Address.parse(fields.take("$name_of", str)), fields.take("noun", str))
        return fields.end(name)
    if "$guid" in value:
        return fields.end(ObjectId(fields.take("$guid", str), fields.take("name", str)))
    return fields.end(Delta(fields.each("$add", _is_text), fields.each("$remove", _is_text)))


def _read_attribute(value: object) -> Value | Unset:
    return UNSET if isinstance(value, dict) and value == {"$unset": True} else _read_value(value)


def _read_values(attributes: Mapping[str, object]) -> dict[str, Value]:
    return {name: _read_value(value) for name, value in attributes.items()}


def _read_value(value: object) -> Value:
    match value:
        case None | bool() | int() | str():
            return value
        case list():
            return tuple(_read_value(item) for item in value)
        case _:
            raise ValueError("a value is neither text, number, truth nor a list of these")


def _read_resource(value: object) -> Resource:
    fields = Fields(value)
    resource = Resource(
        Address.parse(fields.take("address", str)),
        _read_values(fields.take("attributes", dict)),
        name=fields.optional("name", str),
        guid=fields.optional("guid", str),
    )
    return fields.end(resource)


def _read_obligation(value: object) -> Obligation:
    fields = Fields(value)
    duty = fields.take("duty", str)
    return fields.end(Obligation(duty, fields.take("subject", str), fields.optional("since", str)))


def read_diagnostic(value: object) -> Diagnostic:
    fields = Fields(value)
    place = fields.optional("position", list)
    told = Diagnostic(
        summary=fields.take("summary", str),
        detail=fields.text("detail"),
        remedy=fields.text("remedy"),
        severity=Severity(fields.take("severity", str)),
        address=fields.optional("address", str),
        position=None if place is None else _read_position(place),
        excerpt=fields.optional("excerpt", str),
        code=fields.optional("code", str),
        leaves_out=bool(fields.optional("leaves_out", bool)),
    )
    return fields.end(told)


def _read_position(value: list[object]) -> Position:
    file, line, column = _is_list(value, length=3)
    if type(line) is not int or type(column) is not int:
        raise ValueError("a place is not a file, a line and a column")
    return Position(_is_text(file), line, column)


def _read_address(value: object) -> Address:
    return Address.parse(_is_text(value))


def _is_list(value: object, *, length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise ValueError(f"a list of {length} was to stand where it holds something else")
    return value


def _is_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text was to stand where it holds something else")
    return value
