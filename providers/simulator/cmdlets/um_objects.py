"""New-, Get-, Set- and Remove- of the configuration objects of Unified Messaging, for any noun.

The four verbs are one interpreter. The resource types declare which parameter sets which property, so a new attribute
or plain resource needs no change here. Products also have limits, unique values, and objects that they make or refuse
by themselves. Each noun has one ``Rules`` value for these, in the module of that noun.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final

from providers.cmdlets.reference import Parameter, cmdlet_of, setters
from providers.simulator.invocation.binding import Difference, Secret
from providers.simulator.invocation.call import Call, Computed, object_id, shaped
from providers.simulator.world.directory import Entry
from reconciler.model.values import folded

_REFERENCES: Final[Mapping[str, str]] = {
    "UMDialPlanIdParameter": "UMDialPlan",
    "UMAutoAttendantIdParameter": "UMAutoAttendant",
    "UMIPGatewayIdParameter": "UMIPGateway",
    "MailboxPolicyIdParameter": "UMMailboxPolicy",
}
"""Parameter type to the noun of the object it names."""

NOT_STORED: Final = frozenset(
    {"Identity", "Name", "DomainController", "Confirm", "WhatIf", "ForceUpgrade", "GenerateUMMailboxPolicy"}
)
"""Parameters that control the cmdlet and are not stored as properties of the object."""

_EMPTY: Final[Mapping[str, Any]] = {"String": None, "MultiValuedProperty": []}
"""Parameter type to the default of a parameter whose default the reference does not give."""

_LONGEST_NAME: Final = 64


def _nothing(call: Call, entry: Entry) -> None:
    """For a noun without a rule at this point."""


def _unchecked(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    """For a noun that accepts all values."""


@dataclass(frozen=True)
class Rules:
    """The behaviour of one noun apart from storing values."""

    noun: str
    container: str = ""
    """Common name of the container of its objects."""
    others: Mapping[str, Any] = field(default_factory=dict)
    """Properties of a new object whose defaults the published reference does not have."""
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Minimum and maximum of parameters without limits in the published reference."""
    computed: Mapping[str, Computed] = field(default_factory=dict)
    check: Callable[[Call, Entry | None, dict[str, Any]], None] = _unchecked
    """Refuses, or completes, the properties to be set; the entry is None while it is made."""
    created: Callable[[Call, Entry], None] = _nothing
    removing: Callable[[Call, Entry], None] = _nothing
    """Refuses the removal, or removes what goes with the object."""
    enabling: Callable[[Call, Entry], None] = _nothing
    """Refuses Enable-, which objects with a Status have."""
    disabling: Callable[[Call, Entry], None] = _nothing
    """Refuses Disable-."""
    parent: str | None = None
    """Parameter naming the object it is a child of: its name is unique there alone."""
    hidden: Callable[[Call, Entry], bool] = lambda _, __: False
    """True for an object that Get- leaves out."""

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """Return the properties of a new object."""
        return {**_published_defaults(self.noun), **self.others}

    def dn(self, call: Call, name: str, parent: Entry | None) -> str:
        if parent is not None:
            return f"CN={name},{parent.dn}"
        return f"CN={name},CN={self.container or self.noun + ' Container'},{call.holdings.organization_dn}"


# --- the verbs -------------------------------------------------------------------------------------------------------


def answer_new(call: Call, rules: Rules) -> list[dict[str, object]]:
    """Answer New-<noun>: the object, made."""
    return shaped(call, [made_object(call, rules)], rules.computed, rules.defaults)


def made_object(call: Call, rules: Rules) -> Entry:
    """Make the object that the arguments of a New- describe."""
    name = str(call.get("Name") or "").strip()
    if not name or len(name) > _LONGEST_NAME or re.search(r"[\x00-\x1f]", name):
        raise call.invalid("Name", name)
    properties = {**copied(rules.defaults), **stored(call, rules.noun, {})}
    parent = call.view.follow(properties.get(rules.parent)) if rules.parent else None
    _check_name_is_free(call, rules, name, parent)
    _check_limits(call, rules, properties)
    rules.check(call, None, properties)
    entry = call.create(rules.noun, name, rules.dn(call, name, parent), properties)
    rules.created(call, entry)
    return entry


def _published_defaults(noun: str) -> Mapping[str, Any]:
    published = setters(noun)
    outputs = property_names().get(noun, {})
    return {
        outputs.get(one.name, one.name): _default(one)
        for parameters in (published.create, published.change)
        for one in parameters.values()
        if (one.default is not None or one.type in _EMPTY) and one.name not in NOT_STORED
    }


def _default(parameter: Parameter) -> Any:
    said = parameter.default
    if said is None:
        return _EMPTY[parameter.type]
    if parameter.type == "Boolean":
        return said == "True"
    return int(said) if said.isdigit() and parameter.type != "String" else said


def _check_limits(call: Call, rules: Rules, properties: Mapping[str, object]) -> None:
    """Refuse whole numbers outside their limits, ends included."""
    for name, value in properties.items():
        published = setters(rules.noun).find(name)
        limits = rules.limits.get(name) or (published.limits if published else None)
        if isinstance(value, int) and limits is not None and not limits[0] <= value <= limits[1]:
            low, high = limits
            raise call.error(
                "DataValidationException", "out-of-range", name, name=name, value=value, low=low, high=high
            )


def _check_name_is_free(call: Call, rules: Rules, name: str, parent: Entry | None) -> None:
    if any(
        folded(entry.name) == folded(name)
        for entry in call.view.of(rules.noun)
        if parent is None or (rules.parent and entry.refers_to(rules.parent, parent.guid))
    ):
        raise call.error("ADObjectAlreadyExistsException", "already-exists", name, name=name, dc=call.dc)


def answer_get(call: Call, rules: Rules) -> list[dict[str, object]]:
    """Answer Get-<noun>: all objects, those of a dial plan, or the one named. A null identity means all of them."""
    identity = call.get("Identity")
    if identity:
        return shaped(call, found_objects(call, rules.noun, identity), rules.computed, rules.defaults)
    plan = call.get("UMDialPlan")
    wanted = found_object(call, "UMDialPlan", plan).guid if plan else None
    entries = (
        entry
        for entry in call.view.of(rules.noun)
        if not rules.hidden(call, entry) and (wanted is None or entry.refers_to("UMDialPlan", wanted))
    )
    return shaped(call, entries, rules.computed, rules.defaults)


def answer_set(call: Call, rules: Rules) -> None:
    """Answer Set-<noun>."""
    entry = found_object(call, rules.noun, call.get("Identity"))
    properties = stored(call, rules.noun, entry.properties)
    _check_limits(call, rules, properties)
    rules.check(call, entry, properties)
    name = call.get("Name")
    if name and folded(name) != folded(entry.name):
        _check_name_is_free(call, rules, name, call.view.follow(entry.properties.get(rules.parent or "")))
    if properties:
        call.change(entry, properties)
    if name and name != entry.name:
        call.holdings.directory.rename(entry, name)


def answer_remove(call: Call, rules: Rules) -> None:
    """Answer Remove-<noun>."""
    entry = found_object(call, rules.noun, call.get("Identity"))
    rules.removing(call, entry)
    call.delete(entry)


def answer_switch(call: Call, rules: Rules) -> None:
    """Answer Enable-<noun> and Disable-<noun>: here a gateway has no calls that would have to end first."""
    entry = found_object(call, rules.noun, call.get("Identity"))
    status = call.cmdlet.partition("-")[0] + "d"
    if entry.properties.get("Status") == status:
        type = f"{rules.noun.removeprefix('UM')}Already{status}Exception"
        raise call.error(type, f"already-{status.lower()}", entry.name, name=entry.name)
    (rules.enabling if status == "Enabled" else rules.disabling)(call, entry)
    call.change(entry, {"Status": status})


def found_object(call: Call, noun: str, identity: object) -> Entry:
    """Return the one object an identity names.

    Raises:
        CmdletError: this domain controller knows no such object, or several.
    """
    found = found_objects(call, noun, identity)
    if len(found) > 1:
        raise call.ambiguous(str(identity))
    return found[0]


def found_objects(call: Call, noun: str, identity: object) -> list[Entry]:
    """Return the objects of an identity: a name (also with an asterisk at start or end), GUID, DN or ``Parent\\Name``.

    Raises:
        CmdletError: this domain controller knows no such object.
    """
    text = str(identity or "").strip()
    entries = list(call.view.of(noun))
    exact = [entry for entry in entries if text.casefold() in (entry.guid, entry.dn.casefold())]
    found = exact or [entry for entry in entries if _is_named(call, entry, text)]
    if not found:
        raise call.not_found(text)
    return found


def _is_named(call: Call, entry: Entry, text: str) -> bool:
    parent, separator, child = text.rpartition("\\")
    if entry.kind != "UMHuntGroup":
        return _matches(entry.name, child if separator else text)
    gateway = call.view.follow(entry.properties.get("UMIPGateway"))
    is_child = bool(separator) and gateway is not None and folded(gateway.name) == folded(parent)
    return is_child and _matches(entry.name, child)


def _matches(name: str, wanted: str) -> bool:
    """True where a name is the one wanted; an asterisk at its start or end stands for anything."""
    own, core = folded(name), folded(wanted.strip("*"))
    if wanted.startswith("*") and wanted.endswith("*"):
        return core in own
    if wanted.startswith("*"):
        return own.endswith(core)
    return own.startswith(core) if wanted.endswith("*") else own == core


# --- what rules share ------------------------------------------------------------------------------------------------


def refuse_taken(call: Call, noun: str, name: str, number: object, entry: Entry | None, error: str) -> None:
    """Refuse a number that another object of the noun than ``entry`` has in the list ``name``."""
    for other in call.view.of(noun):
        if number in (other.properties.get(name) or ()) and (entry is None or other.guid != entry.guid):
            raise call.error(error, "number-taken", number=number, other=other.name)


def check_language(call: Call, language: object) -> None:
    """Refuse a language whose UM language pack no server has."""
    servers = call.holdings.world.exchange.servers
    if language and not any(language in server.um_languages for server in servers if server.is_um):
        raise call.error("InvalidLanguageIdException", "language-not-installed", str(language), language=language)


def referring(call: Call, noun: str, property: str, entry: Entry) -> Iterator[Entry]:
    """Yield the objects of a noun whose ``property`` names ``entry``."""
    return (other for other in call.view.of(noun) if other.refers_to(property, entry.guid))


def back_links(noun: str, property: str) -> Computed:
    """Return the read-only property that lists who refers to an object."""
    return lambda call, entry: [object_id(other) for other in referring(call, noun, property, entry)]


# --- arguments to properties -----------------------------------------------------------------------------------------


def stored(call: Call, noun: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the arguments of a New- or Set- make of the properties ``before``, as they are kept."""
    cmdlet = cmdlet_of(call.cmdlet, call.release)
    types = {parameter.name: parameter.type for parameter in cmdlet.parameters.values()} if cmdlet else {}
    outputs = property_names().get(noun, {})
    properties: dict[str, Any] = {}
    for name, value in call.arguments.items():
        if name in NOT_STORED:
            continue
        property_name = outputs.get(name, name)
        if isinstance(value, Difference):
            properties[property_name] = merged(before.get(property_name), value)
        else:
            properties[property_name] = _kept(call, types.get(name, ""), name, value)
    return properties


def merged(before: object, change: Difference) -> list[Any]:
    """Return a multi-valued property after ``@{Add=;Remove=}``; case is ignored."""
    values = list(before) if isinstance(before, list) else []
    gone = {str(item).casefold() for item in change.remove}
    kept = [value for value in values if str(value).casefold() not in gone]
    have = {str(value).casefold() for value in kept}
    return kept + [item for item in change.add if str(item).casefold() not in have]


def _kept(call: Call, type: str, name: str, value: Any) -> Any:
    noun = _REFERENCES.get(type)
    if noun is not None:
        return found_object(call, noun, value).reference() if value else None
    if type == "UMLanguage":
        return _language(call, name, value)
    if type == "EnhancedTimeSpan" or isinstance(value, Secret):
        return value if isinstance(value, str) else None
    if isinstance(value, list):
        return _distinct(value)
    if type == "String" and value is not None and not value:
        return None
    return value


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Return ``values`` without repeats, as a MultiValuedProperty keeps them."""
    return list({str(value).casefold(): value for value in values}.values())


def _language(call: Call, name: str, value: Any) -> str | None:
    if value is None:
        return None
    match = re.fullmatch(r"([A-Za-z]{2})-([A-Za-z]{2})", str(value))
    if not match:
        raise call.invalid(name, value)
    return f"{match[1].lower()}-{match[2].upper()}"


def copied(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``defaults`` with lists of its own."""
    return {name: list(value) if isinstance(value, list) else value for name, value in defaults.items()}


@cache
def property_names() -> Mapping[str, Mapping[str, str]]:
    """Return, by noun, the property each parameter sets where the two are called differently."""
    from providers.catalogue import resource_types  # heavy, and needed only once something is written

    names: dict[str, dict[str, str]] = {}
    for kind in resource_types():
        noun = getattr(kind, "noun", None)
        for attribute in kind.attributes.values() if isinstance(noun, str) else ():
            if attribute.parameter and attribute.output and attribute.parameter != attribute.output:
                names.setdefault(str(noun), {})[attribute.parameter] = attribute.output
    return names
