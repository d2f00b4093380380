"""A finding of a rule carries its code, and the address and the place of what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Position, Severity
from reconciler.model.resources import Resource
from reconciler.model.rules import Rule, placed

RULE = Rule("UM099", "Wrong box", "A box must be right.", "Make it right.", "Box manual.", leaves_out=True)
A = Resource(Address("box", "a"), position=Position("boxes.yaml", 3, 5))


def test_a_finding_says_of_the_case_what_the_rule_says_in_general() -> None:
    told = RULE.found(A, "It is left.")
    assert (told.code, told.summary, told.detail, told.remedy) == ("UM099", RULE.summary, "It is left.", RULE.remedy)
    assert (told.address, told.position, told.severity) == ("box/a", A.position, Severity.ERROR)
    assert RULE.found(A, "It is left.", "Turn it.").remedy == "Turn it."


@pytest.mark.parametrize("about", [A.address, None])
def test_what_is_not_declared_has_no_place(about: Address | None) -> None:
    assert RULE.found(about, "It is left.").position is None


@pytest.mark.parametrize(
    ("rule", "about", "severity", "leaves_out"),
    [
        (RULE, A, None, True),
        (RULE, A, Severity.WARNING, False),
        (RULE, None, None, False),
        (replace(RULE, leaves_out=False), A, None, False),
    ],
)
def test_only_an_error_about_one_resource_leaves_it_out(
    rule: Rule, about: Resource | None, severity: Severity | None, leaves_out: bool
) -> None:
    assert rule.found(about, "It is left.", severity=severity).leaves_out is leaves_out


def test_a_resource_is_named_with_its_place_where_it_has_one() -> None:
    assert placed(A) == "box/a (boxes.yaml:3)"
    assert placed(replace(A, position=None)) == "box/a"
