"""What to write so that the files declare what was observed: YAML that reads back as exactly that."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from reconciler.config.yaml_reader import read_yaml
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import declared_types
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Unset, Value
from reconciler.plan.accept import Acceptance, accepted_values
from tests.support.boxes import TYPES, Box, box, declared
from tests.support.example_environments import loaded
from tests.support.example_types import EXAMPLE_TYPES
from tests.support.strategies import texts

FILES = """\
environment: x
dial_plans: {Redmond: {extension_digits: 5, country_code: "1"}, Berlin: {extension_digits: 4}}
auto_attendants: {Main: {dial_plan: Redmond, fallback: Night}, Night: {dial_plan: Redmond}}
mailboxes: [{identity: a@x.com, policy: Redmond/default, extensions: ["1", "2"]}]
"""
DECLARED = Landscape(declared=loaded({"a.yaml": FILES}).declared)
BY_NAME = {kind.name: kind for kind in declared_types(EXAMPLE_TYPES)}


def offered(address: str, *changes: Change, kind: ActionKind = ActionKind.UPDATE) -> str:
    """Return what is offered where these attributes were observed otherwise."""
    action = Action(Address.parse(address), kind, changes)
    return Acceptance(EXAMPLE_TYPES, DECLARED).offer(BY_NAME[action.address.type], action)


def change(attribute: str, observed: Value | Unset) -> Change:
    return Change(attribute, observed, None)


def read_back(offer: str) -> Resource:
    """Return the one resource that an offer declares beside the dial plans of the files."""
    text = "environment: x\n" + offer
    if "dial_plans:" not in offer:
        text += "\n" + FILES.splitlines()[1]
    found = loaded({"a.yaml": text}).declared
    return next(one for name, those in found.items() for one in those.values() if f"{BY_NAME[name].section}:" in offer)


def test_the_whole_declaration_is_offered_with_the_observed_value() -> None:
    offer = offered("dial_plan/Redmond", change("country_code", "49"))
    assert read_back(offer).attributes == {"extension_digits": "5", "country_code": "49"}


def test_a_row_is_offered_as_an_item_of_its_section() -> None:
    offer = offered("um_mailbox/a@x.com", change("extensions", ("3",)), change("policy", "Berlin/default"))
    found = read_back(offer)
    assert (found.key, found.get("extensions"), found.get("policy")) == ("a@x.com", ("3",), "Berlin/default")


def test_what_was_cleared_is_null_or_left_out_with_a_comment() -> None:
    assert read_back(offered("auto_attendant/Main", change("fallback", None))).get("fallback") is None
    offer = offered("dial_plan/Redmond", change("access_numbers", None))
    assert "# access_numbers" in offer
    assert "access_numbers" not in read_back(offer).attributes


@pytest.mark.parametrize(
    ("address", "changes"),
    [
        ("dial_plan/Redmond", (change("country_code", UNSET),)),
        ("dial_plan/Redmond", (change("country_code", "none"),)),
        ("auto_attendant/Main", (change("dial_plan", "Nowhere"),)),
        ("um_mailbox/a@x.com", (change("policy", "Nowhere/default"),)),
        ("dial_plan/Stranger", (change("country_code", "49"),)),
    ],
    ids=["not told", "invalid", "unknown reference", "unknown policy", "not declared"],
)
def test_what_the_files_cannot_say_is_not_offered(address: str, changes: tuple[Change, ...]) -> None:
    assert offered(address, *changes) == ""


def test_an_object_that_is_gone_is_taken_out_of_its_section_with_what_refers_to_it() -> None:
    offer = offered("dial_plan/Redmond", kind=ActionKind.CREATE)
    assert offer.startswith("# ")
    assert all(name in offer for name in ("Redmond", "dial_plans", "auto_attendant/Main", "auto_attendant/Night"))


@given(texts)
def test_any_text_that_yaml_can_hold_reads_back(text: str) -> None:
    assume(text.isprintable())
    action = Action(box("a").address, ActionKind.UPDATE, (Change("colour", text, "red"),))
    offer = Acceptance(TYPES, Landscape(declared=declared(box("a")))).offer(Box(), action)
    read, mistakes = read_yaml("a.yaml", offer.encode())
    assert not mistakes
    assert read is not None
    assert read.value == {"boxes": {"a": {"colour": text}}}


# --- values ----------------------------------------------------------------------------------------------------------


def test_of_a_membership_only_our_elements_that_are_left_are_accepted() -> None:
    wanted = box("a", size=1, tags=("ours", "gone"))
    changes = (Change("tags", ("ours", "theirs"), ("gone", "ours", "theirs")),)
    assert accepted_values(Box(), wanted, changes) == {"size": 1, "tags": ("ours",)}
