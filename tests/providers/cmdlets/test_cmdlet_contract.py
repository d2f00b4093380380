"""Every command a resource type can send is one that the published cmdlet reference allows.

For each declared type: reads, creation with everything and with the least, a change of each attribute alone, deletion.
For each derived one: what a plan sends. Types take accepted values, limits and what Set lacks from the reference; names
of parameters, irregular commands and cmdlets of other nouns they write themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.catalogue import resource_types
from providers.cmdlets.reference import Cmdlet, cmdlet_of
from reconciler.model.actions import Change
from reconciler.model.commands import Command, Delta, NameOf, Operation
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType
from reconciler.model.resources import Resource
from reconciler.model.values import UNSET
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    binding,
    contoso,
    default_policy,
    exchange_server,
    joined,
    lync_user,
    mailbox_declared,
    mailbox_observed,
    plan_declared,
    plan_observed,
    resource,
    with_observed,
)
from tests.support.samples import sample
from tests.support.types import declared

TYPES = {kind.name: kind for kind in resource_types()}


def faults(command: Command, exchange: str = "e2013", lync: str = "l2013") -> list[str]:
    """Return everything about ``command`` that the reference does not allow."""
    if command.operation is not Operation.INVOKE:
        return []
    cmdlet = cmdlet_of(command.cmdlet, exchange) or cmdlet_of(command.cmdlet, lync)
    if cmdlet is None:
        return [f"{command.cmdlet} does not exist in {exchange} and {lync}"]
    given = dict(command.parameters)
    found = [told for name, value in given.items() for told in parameter_faults(cmdlet, name, value)]
    if not any(given.keys() >= mandatory for mandatory in cmdlet.mandatory):
        found.append(f"one of {cmdlet.mandatory} is mandatory")
    return [f"{command}: {told}" for told in found]


def parameter_faults(cmdlet: Cmdlet, name: str, value: object) -> Iterator[str]:
    if name not in cmdlet.names:
        yield f"-{name} is no parameter"
        return
    parameter = cmdlet.parameters[name.casefold()]
    if parameter.values and isinstance(value, str) and value not in parameter.values:
        yield f"-{name} takes {parameter.values}"
    is_truth = parameter.type in ("Boolean", "SwitchParameter")
    if is_truth != isinstance(value, bool):
        yield f"-{name} is {parameter.type}"
    if parameter.type == "Int32" and not isinstance(value, int):
        yield f"-{name} is Int32"
    if isinstance(value, tuple) and parameter.enumeration is not None and parameter.enumeration.is_flags:
        yield from (f"-{name} takes {parameter.values}" for one in value if one not in (parameter.values or ()))
    elif isinstance(value, Delta | tuple) and not parameter.is_many:
        yield f"-{name} is {parameter.type}"


def parsed(kind: Managed, sample: tuple[str, dict[str, object]]) -> Resource:
    found = kind.parse(*sample)
    assert isinstance(found, Resource), found
    return found


def estate() -> Landscape:
    given = joined(plan_declared("Redmond"), plan_declared("Dublin"))
    return with_observed(given, lync_user("alice@contoso.com"), resource("mailbox/alice@contoso.com"))


def observed_as(kind: ResourceType, desired: Resource) -> Resource:
    """Return the object as it would be read: with a name, and every attribute something else."""
    return Resource(desired.address, desired.attributes, name=desired.key.replace("/", "\\"), guid="0")


def commands_of(kind: Managed) -> Iterator[Command]:
    """Return every command of a declared type: all ways to read, make, change and remove one."""
    given = estate()
    full, least = parsed(kind, sample(kind.name)), parsed(kind, sample(kind.name, "least"))
    there = with_observed(given, observed_as(kind, full))
    yield from kind.queries(there)
    yield from kind.queries(there, frozenset({full.key}))
    if kind.lifecycle is not Lifecycle.SETTING:
        yield from kind.create(full, given)
        yield from kind.create(least, given)
        yield from kind.delete(observed_as(kind, full), there)
    if kind.lifecycle is Lifecycle.FIXED:
        return
    for name, value in full.attributes.items():
        if kind.attributes[name].role.value == "managed":
            yield from kind.update(full, observed_as(kind, full), (Change(name, UNSET, value),), there)
            if kind.attributes[name].kind.value in ("set", "list"):
                yield from kind.update(full, observed_as(kind, full), (Change(name, value, ()),), there)


@pytest.mark.parametrize("name", sorted(declared()))
def test_every_command_of_a_declared_type_is_published(name: str) -> None:
    sent = list(commands_of(declared()[name]))
    assert [told for command in sent for told in faults(command)] == []
    assert {command.cmdlet for command in sent} <= TYPES[name].cmdlets


@pytest.mark.parametrize("name", sorted(declared()))
def test_the_full_sample_declares_every_attribute_that_can_be(name: str) -> None:
    kind = declared()[name]
    managed = {each for each, attribute in kind.attributes.items() if attribute.is_compared}
    assert managed - set(parsed(kind, sample(name)).attributes) <= {"dial_plan"}


def test_every_command_of_a_plan_from_nothing_is_published() -> None:
    rows = [mailbox_declared("alice@contoso.com")]
    attendant = resource("auto_attendant/Main", dial_plan="Redmond", is_default=True, status="Enabled")
    given = with_observed(
        contoso(plan_declared("Redmond", access_numbers=("+14255550100",)), plan_declared("Dublin"), attendant, *rows),
        lync_user("alice@contoso.com"),
        resource("mailbox/alice@contoso.com"),
    )
    plan = build_plan(tuple(TYPES.values()), given)
    sent = [command for action in plan.actions() for command in action.commands]
    assert {command.cmdlet for command in sent} >= {
        "New-UMDialPlan",
        "Set-UMService",
        "Set-UMCallRouterSettings",
        "Restart-Service",
        "exchucutil.ps1",
        "Stop-CsWindowsService",
        "Start-CsWindowsService",
        "Set-UMIPGateway",
        "New-UMAutoAttendant",
        "Enable-UMMailbox",
    }
    assert [told for command in sent for told in faults(command)] == []
    allowed = frozenset().union(*(kind.cmdlets for kind in TYPES.values()))
    assert {command.cmdlet for command in sent} <= allowed


def test_every_read_of_facts_and_tasks_is_published() -> None:
    given = contoso(plan_declared(), mailbox_declared("alice@contoso.com"))
    sent = [command for kind in TYPES.values() for command in kind.queries(given)]
    assert [told for command in sent for told in faults(command)] == []
    assert all(not command.writes for command in sent)
    for kind in TYPES.values():
        assert {command.cmdlet for command in kind.queries(given)} <= kind.cmdlets


@pytest.mark.parametrize(
    ("version", "table_version"),
    [("Version 14.3 (Build 123.4)", "e2010"), ("Version 8.3 (Build 83.6)", "e2007")],
)
def test_bindings_of_older_servers_are_published_for_their_version(version: str, table_version: str) -> None:
    server = exchange_server("ex1.contoso.com", "UnifiedMessaging", version=version)
    declared = plan_declared(voip_security="Secured")
    bound = binding("ex1.contoso.com/um_server", "Legacy", mode="TCP" if table_version == "e2010" else None)
    given = contoso(declared)
    given = given.with_observed("exchange_server", type(given.all("exchange_server"))([server]))
    given = given.with_observed("server_binding", type(given.all("exchange_server"))([bound]))
    kind = TYPES["server_binding"]
    plan = build_plan(tuple(TYPES.values()), with_observed(given, plan_observed(), default_policy()))
    sent = [c for a in plan.actions() if a.address.type == kind.name for c in (*a.commands, *kind.queries(given))]
    assert sent
    assert [told for command in sent for told in faults(command, table_version, "l2010")] == []


def test_mailboxes_are_enabled_the_same_way_in_every_version() -> None:
    kind = declared()["um_mailbox"]
    given = estate()
    sent = kind.create(mailbox_observed("alice@contoso.com"), given)
    assert [told for version in ("e2007", "e2010", "e2016") for told in faults(sent[0], version)] == []


def test_a_promise_of_a_name_stands_only_where_an_identity_is_taken() -> None:
    """``NameOf`` is filled in when the command runs; anywhere else it could not be."""
    plan = build_plan(tuple(TYPES.values()), contoso(plan_declared()))
    named = {
        name
        for action in plan.actions()
        for command in action.commands
        for name, value in command.parameters
        if isinstance(value, NameOf)
    }
    assert named <= {"Identity", "UMIPGateway", "UMMailboxPolicy"}
