"""JSON Schema (2020-12) of the YAML of an environment, for editors and CI.

It is generated from the tables that parse the fixed sections and from the resource types, so it always matches them.
An editor reads ``0042`` or ``5`` as a number, the reader of reconciler as text. So the schema accepts a number where
text is required, and digits as text where a number is required. No section is required, because an environment may be
split into several files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reconciler.config import waive
from reconciler.config.connections import keys_of
from reconciler.config.csv_columns import IGNORE
from reconciler.config.environment import FIXED, NAME_PATTERN
from reconciler.config.moved import KEYS
from reconciler.config.row_tables import IDENTITY, STATE, STATES, declarable
from reconciler.model.abilities import Rows, sections_of
from reconciler.model.options import Key
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Managed, ResourceType, declared_types, providers_of

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(types: Sequence[ResourceType]) -> Schema:
    """Return the schema of one YAML file of an environment with resources of ``types``."""
    declared = sorted(declared_types(types), key=lambda one: str(one.section))
    sections: Schema = {
        "environment": {"type": ["string", "number"], "pattern": NAME_PATTERN, "description": FIXED["environment"]},
        "connections": _connections(providers_of(types)),
    }
    sections["moved"] = _moved_schema()
    sections["waive"] = _waive_schema()
    sections["waves"] = _waves_schema()
    for section in sections_of(types).values():
        sections[section.name] = {**_keys(section.keys), "description": section.doc}
    for one in declared:
        sections[str(one.section)] = _section(one)
    return {
        "$schema": DIALECT,
        "title": "Environment",
        "description": "Desired state of the servers of one environment.",
        "type": "object",
        "properties": sections,
        "additionalProperties": False,
        "$defs": {one.name: _declaration(one) for one in declared},
    }


# --- the fixed sections ----------------------------------------------------------------------------------------------


def _keys(keys: Mapping[str, Key]) -> Schema:
    properties = {name: {**_value(key), "description": key.doc} for name, key in keys.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(key: Key) -> Schema:
    return {"type": "object", "additionalProperties": dict(key.schema)} if key.is_by_name else dict(key.schema)


def _moved_schema() -> Schema:
    address: Schema = {"type": "string", "pattern": "^[a-z_]+/.+$"}
    pair: Schema = {
        "type": "object",
        "properties": dict.fromkeys(KEYS, address),
        "required": list(KEYS),
        "additionalProperties": False,
    }
    return {"type": "array", "items": pair, "description": FIXED["moved"]}


def _waive_schema() -> Schema:
    text: Schema = {"type": "string", "minLength": 1}
    day: Schema = {"type": "string", "pattern": f"^{waive.DATE}$"}
    properties = {key: {**(day if key == "until" else text), "description": doc} for key, doc in waive.KEYS.items()}
    element: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(waive.KEYS),
        "additionalProperties": False,
    }
    return {"type": "array", "items": element, "description": FIXED["waive"]}


def _waves_schema() -> Schema:
    name: Schema = {"type": ["string", "number"], "minLength": 1, "description": "Name, as the rows of users have it."}
    failures: Schema = {
        "type": ["integer", "string"],
        "minimum": 0,
        "pattern": "^[0-9]{1,9}%?$",
        "description": "How many users may fail, such as 5, or 2% of the users declared in the wave. Default: 0.",
    }
    wave: Schema = {
        "type": "object",
        "properties": {"name": name, "max_failures": failures},
        "required": ["name"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": {"anyOf": [wave, name]}, "description": FIXED["waves"]}


def _connections(providers: Mapping[str, Provider]) -> Schema:
    simulator = {
        "type": "string",
        "minLength": 1,
        "description": "World file of a simulated estate that replaces every server.",
    }
    return {
        "type": "object",
        "description": FIXED["connections"],
        "properties": {**{name: _connection(one) for name, one in providers.items()}, "simulator": simulator},
        "additionalProperties": False,
    }


def _connection(provider: Provider) -> Schema:
    keys = keys_of(provider)
    own = _keys({name: key for name, key in keys.items() if name != "host"})
    connection = _keys(keys)
    properties = connection["properties"]
    assert isinstance(properties, dict)
    hosts = {"type": "object", "additionalProperties": own, "description": "Settings that differ on a host, by FQDN."}
    return {**connection, "properties": {**properties, "hosts": hosts}, "required": ["host"]}


# --- the sections of the types ---------------------------------------------------------------------------------------


def _section(resource_type: Managed) -> Schema:
    reference: Schema = {"$ref": f"#/$defs/{resource_type.name}"}
    description = (type(resource_type).__doc__ or resource_type.name).strip().splitlines()[0]
    if not isinstance(resource_type, Rows):
        # A name alone declares the resource and manages none of its attributes.
        return {"type": "object", "additionalProperties": reference, "description": description}
    file: Schema = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "pattern": "\\.(csv|CSV|yaml)$", "description": "CSV or YAML file with rows."},
            "columns": {
                "type": "object",
                "additionalProperties": {"enum": [*declarable(resource_type), IDENTITY, IGNORE]},
                "description": "What columns of a CSV file mean, by their names: an attribute, or ignore.",
            },
            "defaults": {"type": "object", "description": "Attributes for the rows that do not set them."},
        },
        "required": ["file"],
        "additionalProperties": False,
    }
    either = {"if": {"type": "object", "required": ["file"]}, "then": file, "else": reference}
    return {"type": "array", "items": either, "description": description}


def _declaration(resource_type: Managed) -> Schema:
    """Return the schema of the type, with its references adapted to its new place."""
    schema = _widened(_moved(dict(resource_type.json_schema()), f"#/$defs/{resource_type.name}"))
    assert isinstance(schema, dict)
    schema.pop("$schema", None)
    if resource_type.can_end:
        schema = _with_state(schema)
    if not isinstance(resource_type, Rows):
        if not schema.get("required") and "else" not in schema:
            schema["type"] = ["object", "null"]
        return schema
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    identity = {"type": ["string", "number"], "minLength": 1, "description": "Names the resource."}
    schema["properties"] = {IDENTITY: identity, **properties}
    schema["required"] = [IDENTITY]
    return schema


STATE_DOC = "absent removes the object, which counts for --max-destroy. Default: present."


def _with_state(schema: Schema) -> Schema:
    """Return the schema of a declaration with a state; with ``absent`` it needs no attribute."""
    properties, required = schema.get("properties", {}), schema.pop("required", None)
    assert isinstance(properties, dict)
    state: Schema = {
        "anyOf": [{"enum": list(STATES)}, {"type": "string", "pattern": f"^({'|'.join(map(_caseless, STATES))})$"}],
        "description": STATE_DOC,
    }
    whole: Schema = {**schema, "properties": {**properties, STATE: state}}
    if required:
        absent = {"type": "string", "pattern": f"^{_caseless('absent')}$"}
        ending = {"properties": {STATE: absent}, "required": [STATE]}
        whole |= {"if": ending, "else": {"required": required}}
    return whole


def _moved(part: object, place: str) -> object:
    """Return ``part`` with references to its root changed to ``place``."""
    if isinstance(part, Mapping):
        return {
            key: place + value[1:]
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _moved(value, place)
            for key, value in part.items()
        }
    if isinstance(part, list | tuple):
        return [_moved(item, place) for item in part]
    return part


_ALSO = {"string": ["string", "number"], "integer": ["integer", "string"], "number": ["number", "string"]}
_NAMES = ("properties", "patternProperties", "$defs", "dependentSchemas")
"""Keywords whose values are mappings from names to schemas."""


def _widened(part: object, *, is_named: bool = False) -> Schema:
    """Return a schema that accepts numbers as text and text as numbers.

    JSON Schema applies limits to numbers only and patterns to texts only, so both keep their meaning.
    """
    widened: Schema = {}
    assert isinstance(part, Mapping)
    for key, value in part.items():
        if not is_named and key == "type":
            widened[key] = _either(value)
        elif isinstance(value, Mapping) and (is_named or key not in ("const", "default", "enum", "examples")):
            widened[key] = _widened(value, is_named=not is_named and key in _NAMES)
        elif isinstance(value, list) and not is_named and key in ("anyOf", "allOf", "oneOf", "prefixItems"):
            widened[key] = [_widened(item) if isinstance(item, Mapping) else item for item in value]
        else:
            widened[key] = value
    names = widened.get("enum")
    if isinstance(names, list) and names and "anyOf" not in widened and all(isinstance(name, str) for name in names):
        del widened["enum"]
        widened.pop("type", None)
        # Editors offer the first form. The server ignores upper and lower case, and so does the reader.
        widened["anyOf"] = [{"enum": names}, {"type": "string", "pattern": f"^({'|'.join(map(_caseless, names))})$"}]
    if widened.get("type") == ["integer", "string"] and "pattern" not in widened:
        widened["pattern"] = "^[+-]?[0-9]+$"
    return widened


def _caseless(word: str) -> str:
    """Return a pattern for a word in any case; JSON Schema patterns have no flags."""
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isascii() and c.isalpha() else re.escape(c) for c in word)


def _either(kind: object) -> object:
    kinds = [kind] if isinstance(kind, str) else list(kind) if isinstance(kind, list | tuple) else []
    wide = list(dict.fromkeys(also for one in kinds for also in _ALSO.get(str(one), [str(one)])))
    return wide[0] if len(wide) == 1 else wide
