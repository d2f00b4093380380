"""One observed object as a declaration."""

from __future__ import annotations

from reconciler.export.declaration import LeftOut, Writer, Written
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Resource
from tests.support.landscapes import resource
from tests.support.trial import types


def declared(observed: Resource, *, in_full: bool = False) -> Written | LeftOut:
    kind = next(one for one in types() if one.name == observed.address.type)
    assert isinstance(kind, Managed)
    return Writer(Landscape(), in_full=in_full).declaration(kind, observed)


def test_attributes_stand_in_the_order_of_the_type_whatever_the_order_of_the_server() -> None:
    found = declared(resource("mailbox_policy/Staff", pin_lifetime=30, min_pin_length=8, dial_plan="Redmond"))
    assert list(found.values) == ["dial_plan", "min_pin_length", "pin_lifetime"]


def test_what_follows_from_the_name_is_not_repeated() -> None:
    policy = declared(resource("mailbox_policy/Redmond/default", dial_plan="Redmond", min_pin_length=8))
    group = declared(resource("hunt_group/sbc.contoso.com/Custom", gateway="sbc.contoso.com", dial_plan="Redmond"))
    assert policy.values == {"min_pin_length": 8}
    assert group.values == {"dial_plan": "Redmond"}


def test_what_differs_from_the_default_of_the_server_is_written() -> None:
    found = declared(resource("mailbox_policy/Staff", dial_plan="Redmond", allow_fax=False, allow_extensions=True))
    assert found.values == {"dial_plan": "Redmond", "allow_fax": False}


def test_a_cleared_value_is_null_where_everything_is_written() -> None:
    observed = resource("auto_attendant/Main", dial_plan="Redmond", business_name=None, pilot_numbers=())
    assert declared(observed).values == {"dial_plan": "Redmond"}
    assert declared(observed, in_full=True).values == {
        "dial_plan": "Redmond",
        "pilot_numbers": (),
        "business_name": None,
    }


def test_only_what_is_observed_is_written() -> None:
    found = declared(resource("hunt_group/sbc.contoso.com/Custom", dial_plan="Redmond", when_created="2024-01-01"))
    assert "when_created" not in found.values


def test_an_object_without_what_its_type_needs_is_left_out() -> None:
    found = declared(resource("auto_attendant/Main", status="Enabled"))
    assert isinstance(found, LeftOut)
