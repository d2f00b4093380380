"""The JSON Schema accepts what the reader accepts, and describes it to editors."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.config.connections import keys_of
from reconciler.config.environment import load
from reconciler.config.schema import json_schema
from reconciler.config.source_text import Files
from tests.support.example_types import EXAMPLE_TYPES, PROVIDERS, ExampleDialPlan

SCHEMA = json_schema(EXAMPLE_TYPES)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

SAMPLE = """\
environment: contoso
connections:
  exchange:
    host: ex1.contoso.com
    port: 443
    tls: true
    auth: ntlm
    user: svc
    password: keyring:reconciler/svc
    adapter: remote
    hosts:
      ex2.contoso.com: {port: "8443"}
  lync: {host: fe1.contoso.com}
restarts: {settle: 20m, interrupt: allow}
dial_plans:
  Redmond: {extension_digits: 5, country_code: "1", access_numbers: ["+14255550100", 4255550101]}
mailbox_policies:
  Guests:
  Staff: {dial_plan: Redmond, allow_fax: "true"}
mailboxes:
  - identity: alice@contoso.com
    extension: 12345
    policy: Redmond/default
  - {identity: bob@contoso.com, extension: "00042"}
"""


def mistakes(text: str) -> list[str]:
    return sorted(error.json_path for error in VALIDATOR.iter_errors(yaml.safe_load(text)))


def test_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_sample_that_loads_is_accepted() -> None:
    environment, found = load(Files({"a.yaml": SAMPLE.encode()}), EXAMPLE_TYPES)
    assert environment is not None, found
    assert mistakes(SAMPLE) == []


@pytest.mark.parametrize(
    "text",
    [
        "mailboxes: [{file: users.csv, defaults: {wave: 1}}, {file: users.yaml}]",
        "connections: {simulator: world.yaml}",
        "environment: 2010",
        "{}",
    ],
)
def test_part_in_a_file_of_its_own_is_accepted(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("dial_plan: {}", "$"),
        ("environment: ../x", "$.environment"),
        ("dial_plans: {Redmond: {extension_digits: five}}", "$.dial_plans.Redmond.extension_digits"),
        ("dial_plans: {Redmond: {extension_digits: 5, sites: a}}", "$.dial_plans.Redmond"),
        ("dial_plans: {Redmond: }", "$.dial_plans.Redmond"),
        ("dial_plans: {Redmond: {extension_digits: 5, phone_context: x}}", "$.dial_plans.Redmond"),
        ("dial_plans: {Redmond: {extension_digits: 5, access_numbers: x}}", "$.dial_plans.Redmond.access_numbers"),
        ("mailboxes: {}", "$.mailboxes"),
        ("mailboxes: [{extension: 1}]", "$.mailboxes[0]"),
        ("mailboxes: [{file: users.csv, wave: 1}]", "$.mailboxes[0]"),
        ("mailboxes: [{file: users.xlsx}]", "$.mailboxes[0].file"),
        ("connections: {lync: {auth: kerberos}}", "$.connections.lync"),
        ("connections: {lync: {host: a, port: 70000}}", "$.connections.lync.port"),
        ("connections: {lync: {host: a, tls: 'on'}}", "$.connections.lync.tls"),
        ("connections: {lync: {host: a, password: literal}}", "$.connections.lync.password"),
        ("connections: {lync: {host: a, hosts: {b: {host: c}}}}", "$.connections.lync.hosts.b"),
        ("restarts: {settle: 20}", "$.restarts.settle"),
        ("restarts: {interrupt: maybe}", "$.restarts.interrupt"),
    ],
)
def test_mistake_is_found_where_it_is(text: str, place: str) -> None:
    assert mistakes(text) == [place]


def test_every_key_of_a_fixed_section_is_described() -> None:
    properties: Any = SCHEMA["properties"]
    for name, provider in PROVIDERS.items():
        keys = properties["connections"]["properties"][name]["properties"]
        assert {key for key, schema in keys.items() if schema["description"]} == {*keys_of(provider), "hosts"}
    assert all(schema["description"] for schema in properties["restarts"]["properties"].values())
    assert all(schema["description"] for schema in properties.values())


def test_references_of_the_types_point_to_what_is_there() -> None:
    def references(part: object) -> Iterator[str]:
        if isinstance(part, Mapping):
            yield from (value for key, value in part.items() if key == "$ref")
        if isinstance(part, Mapping | list):
            for inner in part.values() if isinstance(part, Mapping) else part:
                yield from references(inner)

    for reference in set(references(SCHEMA)):
        part: Any = SCHEMA
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert isinstance(part, Mapping)


class Worded(ExampleDialPlan):
    """Says of an attribute which words it takes."""

    def json_schema(self) -> Mapping[str, object]:
        security = {"type": "string", "enum": ["SIP Secured", "Unsecured"]}
        return {"type": "object", "properties": {"security": security}, "additionalProperties": False}


@pytest.mark.parametrize("word", ["Unsecured", "unsecured", "SIP SECURED"])
def test_words_are_accepted_in_any_case(word: str) -> None:
    jsonschema.Draft202012Validator(json_schema([Worded()])).validate({"dial_plans": {"Redmond": {"security": word}}})


@pytest.mark.parametrize("word", ["Secured", "unsecured2", 1])
def test_other_words_are_not_accepted(word: object) -> None:
    sample = {"dial_plans": {"Redmond": {"security": word}}}
    assert not jsonschema.Draft202012Validator(json_schema([Worded()])).is_valid(sample)
