"""The engine's own checks: codes from UM101 on, each once, each with what a reader needs."""

from __future__ import annotations

import re

import pytest

from providers.catalogue import resource_types
from reconciler.model.diagnostics import Severity
from reconciler.model.resource_types import Rule
from reconciler.plan import rules
from reconciler.plan.rules import RULES


def test_every_rule_of_the_module_is_listed_in_the_order_of_codes() -> None:
    found = [rule for rule in vars(rules).values() if isinstance(rule, Rule)]
    assert sorted(found, key=lambda rule: rule.code) == list(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_code_a_summary_a_meaning_and_a_remedy(rule: Rule) -> None:
    assert re.fullmatch("UM1[0-9]{2}", rule.code)
    assert rule.summary
    assert rule.meaning.endswith(".")
    assert rule.remedy.endswith(".")
    assert not (rule.leaves_out and rule.severity is not Severity.ERROR)


def test_no_code_belongs_to_a_resource_type_too() -> None:
    of_types = {rule.code for kind in resource_types() for rule in kind.rules}
    assert not of_types & {rule.code for rule in RULES}
    assert len({rule.summary for rule in RULES}) == len(RULES)
