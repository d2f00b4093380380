"""What holds for every resource type: documentation, schema, codes, order; and what a declaration may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

import jsonschema
import pytest

from providers.catalogue import resource_types, rules
from reconciler.model.abilities import Holder, Obliged, met
from reconciler.model.attributes import AttributeRole
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Problem, Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, Task
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Snapshot
from reconciler.model.values import Nested, Value
from tests.support.effort import effort
from tests.support.landscapes import contoso, landscape, plan_declared, resource
from tests.support.samples import lacking_files, sample
from tests.support.types import declared

TYPES = {kind.name: kind for kind in resource_types()}
DECLARED = declared()


def parse(type_name: str, key: str, **data: object) -> Resource:
    found = DECLARED[type_name].parse(key, data)
    assert isinstance(found, Resource), found
    return found


def problems(type_name: str, key: str, **data: object) -> list[Problem]:
    found = DECLARED[type_name].parse(key, data)
    assert not isinstance(found, Resource), found
    return list(found)


# --- what holds for all ----------------------------------------------------------------------------------------------


def test_types_are_planned_in_the_order_of_the_procedure() -> None:
    procedure = [
        "dial_plan",
        "lync_dial_plan",
        "mailbox_policy",
        "server_binding",
        "um_service_restart",
        "exchucutil",
        "hunt_group",
        "service_restart",
        "ip_gateway",
        "auto_attendant",
        "contact_object",
        "um_mailbox",
    ]
    assert [kind.name for kind in resource_types() if kind.name in procedure] == procedure


def test_each_type_has_the_files_that_tests_ask_for() -> None:
    assert list(lacking_files(resource_types())) == []


def test_codes_are_unique_and_every_rule_has_all_its_texts() -> None:
    told = [rule for kind in resource_types() for rule in kind.rules]
    assert len({rule.code for rule in told}) == len(told)
    for rule in rules():
        assert re.fullmatch(r"UM[02][0-9]{2}", rule.code)
        assert all((rule.summary, rule.meaning, rule.remedy, rule.source))
        assert not rule.summary.endswith(".")
        assert len(rule.summary) < 60


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_attribute_is_documented(name: str) -> None:
    undocumented = [each for each, attribute in TYPES[name].attributes.items() if not attribute.doc.endswith(".")]
    assert undocumented == []


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_it_reads_after_is_a_type_of_its_own(name: str) -> None:
    kind = TYPES[name]
    assert {*kind.reads_after, *kind.refreshes} <= set(TYPES)
    referenced = {attribute.references for attribute in kind.attributes.values() if attribute.references}
    assert referenced <= set(TYPES)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_nothing_there_is_read_as_nothing(name: str) -> None:
    kind = TYPES[name]
    empty = Landscape()
    answers = [(command, Reply()) for command in kind.queries(empty)]
    found = [one for one in kind.observe(answers, empty) if not isinstance(one, Resource)]
    assert found == []
    assert not (isinstance(kind, Managed) and kind.derive(empty))
    assert not (isinstance(kind, Task) and kind.due(empty))
    # A kind that is over when several objects agree, such as "at most one gateway", is over where there are none.
    duties = [duty for duty in kind.duties if not duty.ends_with] if isinstance(kind, Obliged) else []
    assert not met([kind], Landscape(prior=Snapshot("test", obligations=tuple(duty.of("fe1") for duty in duties))))
    assert not kind.check(empty)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_is_exclusive_belongs_to_a_holder(name: str) -> None:
    is_exclusive = any(attribute.exclusive for attribute in TYPES[name].attributes.values())
    assert not is_exclusive or isinstance(TYPES[name], Holder)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_the_schema_accepts_what_is_accepted_and_refuses_an_unknown_attribute(name: str) -> None:
    kind = DECLARED[name]
    schema = dict(kind.json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    shown = {each for each, attribute in kind.attributes.items() if attribute.role is not AttributeRole.READ_ONLY}
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == shown
    assert all(one.get("description") for one in properties.values())
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(_typed(sample(name)[1])))
    assert list(validator.iter_errors({**_typed(sample(name)[1]), "colour": "red"}))


def _typed(data: dict[str, object]) -> dict[str, object]:
    """Return texts as an editor reads them: numbers and truth values unquoted."""
    textual = ("extension", "code", "prefix", "pilot_identifier", "operator_extension")

    def typed(name: str, value: object) -> object:
        if value in ("true", "false"):
            return value == "true"
        is_number = isinstance(value, str) and value.isdigit() and not any(part in name for part in textual)
        is_number = is_number or name == "extension_digits"
        return int(str(value)) if is_number else value

    return {name: typed(name, value) for name, value in data.items()}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_declaration_read_back_from_its_own_values_is_the_same(name: str) -> None:
    """What the state keeps is canonical: parsing is a projection."""
    kind = TYPES[name]
    once = parse(name, sample(name)[0], **sample(name)[1])
    again = parse(name, once.key, **{each: _written(value) for each, value in once.attributes.items()})
    assert again.address == once.address
    assert dict(again.attributes) == dict(once.attributes)
    assert set(once.attributes) <= set(kind.attributes)


def _written(value: Value) -> object:
    if isinstance(value, tuple):
        return [_written(one) for one in value]
    if isinstance(value, Nested):
        return {name: _written(one) for name, one in value.items()}
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "key", "told"),
    [
        ("dial_plan", "Red mond", "must not contain spaces"),
        ("dial_plan", "x" * 50, "50 characters"),
        ("dial_plan", "", "0 characters"),
        ("dial_plan", "Red*", "must not contain any of"),
        ("dial_plan", "Red\nmond", "must not contain"),
        ("auto_attendant", "Redmond Main", "must not contain spaces"),
        ("auto_attendant", "x" * 65, "65 characters"),
        ("hunt_group", "Custom", "must be written address/name"),
        ("lync_dial_plan", "Registrar:a:b", "must be Global"),
        ("mailbox_policy", "a/b", "must be a name"),
        ("um_mailbox", "alice@", "must be a primary address"),
        ("um_mailbox", "CN=Alice,DC=contoso", "must be a primary address"),
    ],
)
def test_a_name_the_product_refuses_is_refused_here(type_name: str, key: str, told: str) -> None:
    needed = {"dial_plan": "Redmond", "policy": "p"}
    data = {name: value for name, value in needed.items() if name in TYPES[type_name].attributes}
    found = problems(type_name, key, **({} if type_name == "dial_plan" else data))
    assert [problem.on_key for problem in found] == [True]
    assert told in found[0].detail


def test_a_dial_plan_name_of_49_characters_is_accepted() -> None:
    assert parse("dial_plan", "x" * 49).key == "x" * 49


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Tag:Redmond", "Redmond"),
        ("global", "global"),
        ("site:Redmond", "site:Redmond"),
        ("Registrar:p.x", "Registrar:p.x"),
    ],
)
def test_a_lync_dial_plan_is_named_by_scope_or_tag(written: str, key: str) -> None:
    assert parse("lync_dial_plan", written, simple_name="R").key == key


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "attribute", "value"),
    [
        ("dial_plan", "access_numbers", ["14255550100"]),
        ("dial_plan", "access_numbers", ["+0425555"]),
        ("dial_plan", "access_numbers", "+14255550100"),
        ("dial_plan", "extension_digits", "21"),
        ("dial_plan", "extension_digits", "5.0"),
        ("dial_plan", "country_code", "12345"),
        ("dial_plan", "country_code", "US"),
        ("dial_plan", "voip_security", "TLS"),
        ("dial_plan", "fax_enabled", "yes"),
        ("dial_plan", "servers", ["ex1"]),
        ("dial_plan", "outcall_gateway", "pool1"),
        ("mailbox_policy", "min_pin_length", "3"),
        ("mailbox_policy", "pin_lifetime", "1000"),
        ("mailbox_policy", "pin_lifetime", "soon"),
        ("auto_attendant", "pilot_numbers", ["(425) 555-0190"]),
        ("auto_attendant", "status", "NoNewCalls"),
        ("lync_dial_plan", "simple_name", "Red mond"),
        ("lync_dial_plan", "description", "x" * 513),
        ("um_mailbox", "extension", "4x01"),
        ("um_mailbox", "sip_address", "alice"),
    ],
)
def test_a_value_the_product_refuses_is_refused_here(type_name: str, attribute: str, value: object) -> None:
    key, data = sample(type_name)
    found = problems(type_name, key, **{**data, attribute: value})
    assert {problem.path[0] for problem in found} == {attribute}
    assert all(problem.summary == "Invalid value" and problem.remedy for problem in found)


def test_every_mistake_of_a_declaration_is_reported_at_once() -> None:
    found = problems("dial_plan", "Red mond", extension_digits="x", phone_context="a", colour="red")
    assert [problem.summary for problem in found] == [
        "Invalid name",
        "Attribute is read-only",
        "Invalid value",
        "Unknown attribute",
    ]


def test_a_huge_value_is_cut_where_it_is_shown() -> None:
    found = problems("dial_plan", "Redmond", country_code="1" * 1_000_000)
    assert len(found[0].detail) < 300


def test_an_attribute_that_can_be_cleared_takes_null_and_others_do_not() -> None:
    attendant = parse("auto_attendant", "Main", dial_plan="Redmond", dtmf_fallback=None, pilot_numbers=None)
    assert attendant.attributes["dtmf_fallback"] is None
    assert attendant.attributes["pilot_numbers"] == ()
    assert problems("auto_attendant", "Main", dial_plan=None)


def test_leading_zeros_of_an_extension_stay() -> None:
    assert parse("um_mailbox", "a@b.com", extension="0042", policy="p").get("extension") == ("0042",)


@pytest.mark.parametrize("written", ["4102 4101", "4101;4102", "4101, 4102", ["4102", "4101"]])
def test_several_extensions_stand_in_one_cell(written: object) -> None:
    assert parse("um_mailbox", "a@b.com", extension=written, policy="p").get("extension") == ("4101", "4102")


def test_addresses_ignore_case_and_the_sip_scheme() -> None:
    mailbox = parse("um_mailbox", "Alice@Contoso.com", sip_address="SIP:Alice@Contoso.com", policy="p")
    assert mailbox.key == mailbox.get("sip_address") == "alice@contoso.com"


def test_a_row_with_a_dial_plan_alone_means_its_default_policy() -> None:
    assert parse("um_mailbox", "a@b.com", dial_plan="Redmond").get("policy") == "Redmond/default"
    assert parse("um_mailbox", "a@b.com", policy="Redmond Default Policy").get("policy") == "Redmond/default"
    assert problems("um_mailbox", "a@b.com", extension="4101")[0].summary == "Missing attribute"


def test_a_default_policy_belongs_to_the_plan_in_its_name() -> None:
    assert parse("mailbox_policy", "Redmond/default").get("dial_plan") == "Redmond"
    assert problems("mailbox_policy", "Redmond/default", dial_plan="Dublin")[0].path == ("dial_plan",)
    assert problems("mailbox_policy", "lync-users")[0].summary == "Missing attribute"
    assert "Redmond/default" in problems("mailbox_policy", "Redmond Default Policy", dial_plan="Redmond")[0].remedy


def test_a_hunt_group_takes_its_gateway_from_its_name() -> None:
    group = parse("hunt_group", "Pool1.Contoso.com/Custom", dial_plan="Redmond")
    assert group.key == "pool1.contoso.com/Custom"
    assert group.get("gateway") == "pool1.contoso.com"
    assert problems("hunt_group", "a.b/C", dial_plan="Redmond", gateway="c.d")[0].path == ("gateway",)


@pytest.mark.parametrize(
    ("written", "canonical"), [("60", 60), ("60 days", 60), ("60.00:00:00", 60), ("Unlimited", "unlimited")]
)
def test_a_limit_is_read_in_every_form(written: str, canonical: Value) -> None:
    assert parse("mailbox_policy", "p", dial_plan="R", pin_lifetime=written).get("pin_lifetime") == canonical


def test_a_row_is_parsed_with_what_was_prepared_for_the_first() -> None:
    """It takes some eighty calls; preparing the model and its adapters takes thousands."""
    kind = DECLARED["um_mailbox"]
    row = {"sip_address": "a@contoso.com", "extension": "50101", "policy": "Redmond/default", "wave": "1"}
    kind.parse("user1@contoso.com", row)
    assert effort(lambda: kind.parse("user2@contoso.com", row)) < 200


# --- what servers answer ---------------------------------------------------------------------------------------------


def observe(type_name: str, given: Landscape, *records: Mapping[str, object], place: int = 0) -> list[Resource]:
    kind = TYPES[type_name]
    answers = [(command, Reply(records if n == place else ())) for n, command in enumerate(kind.queries(given))]
    return [one for one in kind.observe(answers, given) if isinstance(one, Resource)]


def test_directory_references_are_read_in_every_form() -> None:
    for told in ("Redmond", "contoso.com/Config/Redmond", {"dn": "CN=Redmond", "guid": "1", "name": "Redmond"}):
        found = observe("mailbox_policy", landscape(), {"Name": "p", "UMDialPlan": told})
        assert found[0].get("dial_plan") == "Redmond"


def test_a_single_element_may_come_without_its_list() -> None:
    found = observe("dial_plan", landscape(), {"Name": "Redmond", "AccessTelephoneNumbers": "+14255550100"})
    assert found[0].get("access_numbers") == ("+14255550100",)


@pytest.mark.parametrize("name", ["Redmond Default Policy", "Redmond Standardrichtlinie"])
def test_the_policy_a_dial_plan_brought_is_found_by_its_link(name: str) -> None:
    records = [{"Name": name, "UMDialPlan": "Redmond"}, {"Name": "lync-users", "UMDialPlan": "Redmond"}]
    given = landscape(declared=[resource("mailbox_policy/lync-users", dial_plan="Redmond")])
    found = {one.key: one.name for one in observe("mailbox_policy", given, *records)}
    assert found == {"Redmond/default": name, "lync-users": "lync-users"}


def test_a_mailbox_names_its_policy_by_the_key_used_here() -> None:
    given = landscape([resource("mailbox_policy/Redmond/default", name="Redmond Standard", dial_plan="Redmond")])
    record = {"PrimarySmtpAddress": "A@b.com", "UMMailboxPolicy": {"name": "Redmond Standard"}, "UMDialPlan": "Redmond"}
    assert observe("um_mailbox", given, record)[0].get("policy") == "Redmond/default"


def test_a_hunt_group_is_keyed_by_the_address_of_its_gateway() -> None:
    given = landscape([resource("ip_gateway/pool1.contoso.com", name="1:1")])
    record = {"Name": "Redmond", "UMIPGateway": "1:1", "UMDialPlan": "Redmond", "WhenCreated": "2026-01-05T12:00:00Z"}
    found = observe("hunt_group", given, record)[0]
    assert (found.key, found.name) == ("pool1.contoso.com/Redmond", "1:1\\Redmond")
    assert found.get("when_created") == "2026-01-05T12:00:00.000000Z"


def test_lync_objects_are_read_without_their_scopes() -> None:
    given = landscape()
    pool = {"Fqdn": "Pool1.contoso.com", "Site": "Site:Redmond", "Computers": ["FE1.contoso.com"]}
    assert observe("pool", given, pool)[0].attributes == {"site": "Redmond", "computers": ("fe1.contoso.com",)}
    user = {"SipAddress": "sip:Alice@contoso.com", "RegistrarPool": {"$type": "X", "$str": "pool1.contoso.com"}}
    assert observe("lync_user", given, user)[0].address == Address("lync_user", "alice@contoso.com")
    assert observe("lync_user", given, user)[0].get("registrar_pool") == "pool1.contoso.com"
    assert observe("lync_site", given, {"Identity": "Site:Redmond", "SiteType": "CentralSite"})[0].key == "Redmond"
    assert observe("lync_dial_plan", given, {"Identity": "Tag:Redmond"})[0].key == "Redmond"


def test_computers_keep_the_order_of_the_topology() -> None:
    records = [{"Fqdn": f"{host}.x.y", "Identity": f"{host}.x.y", "Pool": "p.x.y"} for host in ("fe2", "fe1")]
    found = observe("lync_computer", landscape(), *records)
    assert [(one.key, one.get("order")) for one in found] == [("fe2.x.y", 0), ("fe1.x.y", 1)]


def test_permissions_are_judged_container_by_container() -> None:
    given = contoso()
    allowed = {
        "User": "CONTOSO\\RTCUniversalServerAdmins",
        "AccessRights": ["ListChildren, ReadProperty"],
        "Deny": False,
    }
    found = {one.key: one.get("is_granted") for one in observe("permission", given, allowed, place=1)}
    assert found["um_dial_plans/RTCUniversalServerAdmins"] is True
    assert found["um_dial_plans/RTCComponentUniversalServices"] is False
    assert found["organization/RTCUniversalServerAdmins"] is False


def test_mailboxes_are_listed_only_where_some_are_declared() -> None:
    assert TYPES["mailbox"].queries(contoso(plan_declared())) == ()


def test_few_mailboxes_are_read_one_by_one_and_many_at_once() -> None:
    kind = TYPES["um_mailbox"]
    assert len(kind.queries(landscape(), frozenset({"a@b.com", "c@d.com"}))) == 2
    assert len(kind.queries(landscape(), frozenset(f"u{n}@b.com" for n in range(500)))) == 1


def test_warnings_and_errors_carry_the_place_of_the_declaration() -> None:
    told = TYPES["dial_plan"].check(contoso(plan_declared(voip_security="SIPSecured")))
    assert [(one.code, one.severity, one.address) for one in told] == [("UM001", Severity.ERROR, "dial_plan/Redmond")]
