"""Mistakes within nested values have the place of the mistake, and the name that was meant."""

from __future__ import annotations

from typing import Any

import pytest

from providers.resources.auto_attendant import AutoAttendantType
from reconciler.model.diagnostics import Problem
from reconciler.model.resources import Resource
from tests.support.types import the


def problems(**written: Any) -> list[Problem]:
    """Return the problems of an attendant with ``written``."""
    found = the(AutoAttendantType).parse("Main", {"dial_plan": "Redmond", **written})
    assert not isinstance(found, Resource)
    return list(found)


@pytest.mark.parametrize(
    ("attribute", "written", "path", "meant"),
    [
        ("business_hours", {"mondy": "09:00-17:00"}, ("mondy",), "monday"),
        ("holidays", {"Summer": {"date": "2027-08-02", "greting": "a.wav"}}, ("Summer", "greting"), "greeting"),
        ("holidays", {"Summer": [{"form": "2027-08-02"}]}, ("Summer", 0, "form"), "from"),
        ("business_hours_keys", {"1": {"name": "Sales", "extention": "12345"}}, ("1", "extention"), "extension"),
        ("business_hours_keys", {"1": {"nam": "Sales", "extension": "12345"}}, ("1", "nam"), "name"),
    ],
)
def test_an_unknown_name_within_nested_values_is_one_problem_with_the_nearest_name(
    attribute: str, written: object, path: tuple[object, ...], meant: str
) -> None:
    (found,) = problems(**{attribute: written})
    assert (found.path, found.on_key) == ((attribute, *path), True)
    assert f'"{meant}"' in found.remedy


@pytest.mark.parametrize(
    "written",
    [{"1": {"name": "Sales", "extension": "12345", "announce": "hours"}}, {"1": {"name": "Sales"}}, {"1": []}, ["a"]],
)
def test_a_wrong_key_of_a_menu_is_not_shown_as_a_value_of_python(written: object) -> None:
    (found,) = problems(business_hours_keys=written)
    assert found.path[0] == "business_hours_keys"
    assert not {*"{}[]'"} & {*found.detail}
