"""Every reference names something that is declared or brought, and nothing refers to itself in the end."""

from __future__ import annotations

import pytest

from reconciler.config.environment import load
from tests.support.example_environments import SECTIONS, files, loaded, refused
from tests.support.example_types import EXAMPLE_TYPES


def test_policy_that_a_declared_dial_plan_brings_may_be_named() -> None:
    declared = loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"] + SECTIONS["rows"]}).declared
    assert declared["um_mailbox"]["dora@contoso.com"].attributes["policy"] == "Berlin/default"


def test_caller_may_tell_what_else_is_implied() -> None:
    contents = files({"a.yaml": "environment: x\nmailboxes: [{identity: a, policy: Legacy}]\n"})
    environment, found = load(contents, EXAMPLE_TYPES, implied=lambda *_: {"mailbox_policy": frozenset(["legacy"])})
    assert environment is not None
    assert found == ()


def test_missing_target_proves_nothing_where_a_file_could_not_be_read() -> None:
    contents = {"a.yaml": "environment: x\n" + SECTIONS["attendants"], "b.yaml": SECTIONS["redmond"] + "x: [\n"}
    assert refused(contents) == [("Invalid YAML", "b.yaml:4:1")]


def test_only_the_fact_that_is_referred_to_is_left_to_the_world() -> None:
    assert (
        loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"]}).declared["dial_plan"]["Berlin"].attributes["pool"]
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("auto_attendants:\n  Main: {dial_plan: Redmond}\n", 3),
        ("dial_plans:\n  Redmont: {extension_digits: 5}\nauto_attendants: {Main: {dial_plan: Redmond}}\n", 4),
        ("mailboxes: [{identity: a, policy: Redmond/default}]\n", 2),
    ],
)
def test_a_reference_to_nothing_is_refused_where_it_stands(text: str, line: int) -> None:
    ((_, place),) = refused({"a.yaml": f"environment: x\n{text}"})
    assert place.startswith(f"a.yaml:{line}:")


def test_the_remedy_of_a_misspelt_reference_names_what_is_near() -> None:
    text = (
        "environment: x\ndial_plans: {Redmont: {extension_digits: 5}}\nauto_attendants: {Main: {dial_plan: Redmond}}\n"
    )
    _, found = load(files({"a.yaml": text}), EXAMPLE_TYPES)
    assert "Redmont" in found[0].remedy


def test_a_reference_takes_the_spelling_of_what_it_names() -> None:
    text = (
        "environment: x\ndial_plans: {Redmond: {extension_digits: 5}}\nauto_attendants: {Main: {dial_plan: REDMOND}}\n"
    )
    assert loaded({"a.yaml": text}).declared["auto_attendant"]["Main"].get("dial_plan") == "Redmond"


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_ring_of_references_is_one_mistake_that_names_all_of_it(names: list[str]) -> None:
    ring = "".join(
        f"  {one}: {{fallback: {other}}}\n" for one, other in zip(names, [*names[1:], names[0]], strict=True)
    )
    _, found = load(files({"a.yaml": f"environment: x\nauto_attendants:\n{ring}"}), EXAMPLE_TYPES)
    (told,) = found
    assert all(f"auto_attendant/{name}" in told.detail for name in names)
