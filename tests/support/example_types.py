"""A few small resource types, so that reading an environment is tested without the real ones.

They use all that a section can be: a mapping or rows, references to other types, to their own and to facts, several
values, a key that is made canonical, read-only attributes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from providers.cmdlets.products import EXCHANGE_PROVIDER, LYNC_PROVIDER
from providers.estate.restart_pool import RESTARTS
from reconciler.model.abilities import Adjustable, Rows
from reconciler.model.actions import Change
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.commands import Command
from reconciler.model.diagnostics import Problem
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Fact, Lifecycle, Managed, ResourceType, providers_of
from reconciler.model.resources import Address, Resource
from reconciler.model.values import EMPTY, Value


class ExampleType(Managed):
    """A type whose attributes are texts, or lists of texts, that a pattern describes."""

    provider = EXCHANGE_PROVIDER
    lifecycle = Lifecycle.OBJECT
    table: ClassVar[Sequence[Attribute]] = ()
    patterns: ClassVar[Mapping[str, str]] = {}
    required: ClassVar[Sequence[str]] = ()

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {attribute.name: attribute for attribute in self.table}

    def json_schema(self) -> Mapping[str, object]:
        def schema(attribute: Attribute) -> Mapping[str, object]:
            if attribute.kind is not AttributeKind.SCALAR:
                return {"type": "array", "items": {"$ref": "#/$defs/Text"}, "description": attribute.doc}
            return {"type": "string", "pattern": f"^(?:{self.patterns.get(attribute.name, '.*')})$"}

        shown = [attribute for attribute in self.table if attribute.role is not AttributeRole.READ_ONLY]
        return {
            "type": "object",
            "properties": {attribute.name: schema(attribute) for attribute in shown},
            "required": list(self.required),
            "additionalProperties": False,
            "$defs": {"Text": {"type": "string"}},
        }

    def parse(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        problems = [
            Problem((), "Missing attribute", f'"{name}" is not written.', f"Write {name}.")
            for name in self.required
            if data.get(name) is None
        ]
        values: dict[str, Value] = {}
        for name, value in data.items():
            attribute = self.attributes.get(name)
            if attribute is None or attribute.role is AttributeRole.READ_ONLY:
                detail = f'"{name}" is not an attribute of {self.name}.'
                problems.append(Problem((name,), "Unknown attribute", detail, on_key=True))
            elif attribute.kind is AttributeKind.SCALAR:
                problems += self._scalar(attribute, value, values)
            else:
                problems += self._several(attribute, value, values)
        return problems or Resource(Address(self.name, self.canonical(key)), values)

    def canonical(self, key: str) -> str:
        return key

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        return ()

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        return ()

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        return ()

    def _scalar(self, attribute: Attribute, value: object, values: dict[str, Value]) -> list[Problem]:
        name, pattern = attribute.name, self.patterns.get(attribute.name, ".*")
        if value is not None and (not isinstance(value, str) or not re.fullmatch(pattern, value)):
            return [Problem((name,), "Invalid value", f'"{name}" is {value!r}; it must match {pattern}.')]
        values[name] = value
        return []

    def _several(self, attribute: Attribute, value: object, values: dict[str, Value]) -> list[Problem]:
        name = attribute.name
        if not isinstance(value, list):
            return [Problem((name,), "Invalid value", f'"{name}" must be a list.', "Write [ ] around it.")]
        wrong = [index for index, item in enumerate(value) if not isinstance(item, str)]
        values[name] = tuple(sorted(item for item in value if isinstance(item, str)))
        return [
            Problem((name, index), "Invalid value", f'"{name}" must be a list of texts.', "Write a text.")
            for index in wrong
        ]


class ExampleDialPlan(ExampleType):
    """A mapping with a list, and an attribute that only the server tells."""

    name = "dial_plan"
    section = "dial_plans"
    table = (
        Attribute("extension_digits", lambda: "Digits in an extension."),
        Attribute("country_code"),
        Attribute("access_numbers", lambda: "Numbers to call.", kind=AttributeKind.SET),
        Attribute("pool", references="pool"),
        Attribute("phone_context", role=AttributeRole.READ_ONLY),
    )
    patterns: ClassVar[Mapping[str, str]] = {"extension_digits": "[0-9]{1,2}", "country_code": "[0-9]{1,4}"}
    required = ("extension_digits",)


class ExamplePolicy(ExampleType):
    """Brought by each dial plan, under the plan's name and ``/default``."""

    name = "mailbox_policy"
    section = "mailbox_policies"
    table = (Attribute("dial_plan", references="dial_plan"), Attribute("allow_fax"))
    patterns: ClassVar[Mapping[str, str]] = {"allow_fax": "true|false"}


class ExampleAttendant(ExampleType, Adjustable):
    """References its own kind, so that there can be rings; the section of options is its own."""

    adjusted_by = RESTARTS

    name = "auto_attendant"
    section = "auto_attendants"
    table = (
        Attribute("dial_plan", references="dial_plan"),
        Attribute("fallback", references="auto_attendant"),
    )


class ExampleMailbox(ExampleType, Rows):
    """Rows, with keys that ignore ``SMTP:`` before an address."""

    name = "um_mailbox"
    lifecycle = Lifecycle.FEATURE
    section = "mailboxes"
    table = (
        Attribute("sip_address"),
        Attribute("extension"),
        Attribute("policy", references="mailbox_policy"),
        Attribute("dial_plan", references="dial_plan", role=AttributeRole.INTENT),
        Attribute("wave", role=AttributeRole.INTENT),
        Attribute("extensions", kind=AttributeKind.SET),
    )
    patterns: ClassVar[Mapping[str, str]] = {"extension": "[0-9]{1,20}"}

    def canonical(self, key: str) -> str:
        return key.lower().removeprefix("smtp:")


class ExamplePool(Fact):
    """A fact: without a section, and not judged when something references it."""

    name = "pool"
    provider = LYNC_PROVIDER
    attributes: Mapping[str, Attribute] = EMPTY


EXAMPLE_TYPES: tuple[ResourceType, ...] = (
    ExampleDialPlan(),
    ExamplePolicy(),
    ExampleAttendant(),
    ExampleMailbox(),
    ExamplePool(),
)
PROVIDERS = providers_of(EXAMPLE_TYPES)
