"""A resource type of cmdlets: what its declaration says, completed from the published reference."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.value_types import ChangedBy, Choice, CreateOnly, Number
from providers.resources.mailbox_policy import MailboxPolicyType
from reconciler.model.attributes import Attr, AttributeRole
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle
from reconciler.model.resources import Address, Resource


class Thing(CmdletResource):
    """An auto attendant as another type might declare it."""

    name: ClassVar[str] = "thing"
    noun: ClassVar[str] = "UMAutoAttendant"
    lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT

    status: Attr[Choice]
    speech_enabled: Attr[Annotated[bool, CreateOnly()]]
    um_dial_plan: Attr[Annotated[str, ChangedBy("Set-Something")]]
    dtmf_fallback_auto_attendant: Attr[str]


def test_what_set_lacks_cannot_be_changed() -> None:
    roles = {name: column.attribute.role for name, column in Thing().columns.items()}
    assert roles == {
        "status": AttributeRole.CREATE_ONLY,
        "speech_enabled": AttributeRole.CREATE_ONLY,
        "um_dial_plan": AttributeRole.MANAGED,
        "dtmf_fallback_auto_attendant": AttributeRole.MANAGED,
    }


def test_cmdlets_that_change_an_attribute_belong_to_the_type() -> None:
    assert "Set-Something" in Thing().cmdlets


def test_parameters_are_spelt_as_the_reference_spells_them() -> None:
    assert Thing().attributes["dtmf_fallback_auto_attendant"].parameter == "DTMFFallbackAutoAttendant"


def test_values_and_limits_are_those_of_the_reference() -> None:
    policy = MailboxPolicyType()
    assert isinstance(policy.parse("x", {"dial_plan": "Redmond", "min_pin_length": 4}), Resource)
    assert isinstance(policy.parse("x", {"dial_plan": "Redmond", "min_pin_length": 3}), list)
    assert Thing().columns["status"].normalise("eNABLED") == "Enabled"
    assert isinstance(Thing().parse("x", {"status": "Enabled"}), Resource)
    assert isinstance(Thing().parse("x", {"status": "Sleeping"}), list)


def test_a_choice_without_published_values_is_an_error() -> None:
    class Other(Thing):
        name: ClassVar[str] = "other"
        business_name: Attr[Choice]

    with pytest.raises(TypeError, match="business_name"):
        _ = Other().columns


def test_what_new_lacks_is_set_right_after() -> None:
    policy = Resource(Address("mailbox_policy", "x"), {"dial_plan": "Redmond", "min_pin_length": 6})
    assert [str(command) for command in MailboxPolicyType().create(policy, Landscape())] == [
        "New-UMMailboxPolicy -Name x -UMDialPlan Redmond",
        "Set-UMMailboxPolicy -Identity x -MinPINLength 6",
    ]


def test_a_noun_that_the_reference_does_not_know_is_made_in_one_command() -> None:
    class Unheard(CmdletResource):
        """A type of another product."""

        name: ClassVar[str] = "unheard"
        noun: ClassVar[str] = "Unheard"
        lifecycle: ClassVar[Lifecycle] = Lifecycle.OBJECT
        size: Attr[Number]

    made = Unheard().create(Resource(Address("unheard", "x"), {"size": 6}), Landscape())
    assert [str(command) for command in made] == ["New-Unheard -Name x -Size 6"]
