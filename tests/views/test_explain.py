"""Explanations of checks, types and attributes: every one of them has one, and it fits the terminal."""

from __future__ import annotations

import pytest

from reconciler.app import reference
from reconciler.model.diagnostics import ReconcilerError
from reconciler.model.resource_types import Rule, declared_types
from reconciler.views.style import Style
from reconciler.views.text import width

PLAIN = Style()
RULES = {rule.code: rule for rule in reference().rules}
TYPES = {kind.name: kind for kind in reference().types}
ATTRIBUTES = [f"{kind.name}.{name}" for kind in TYPES.values() for name in kind.attributes]


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_check_has_meaning_remedy_and_source(code: str) -> None:
    rule = RULES[code]
    text = " ".join(reference().explain(code.lower(), PLAIN).split())
    assert f"{rule.summary} ({code})" in text
    assert rule.meaning.replace("`", "").split(".", 1)[0] in text.replace("`", "")
    assert "Source: " in text
    assert "DOMAIN" not in text


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_type_lists_its_attributes(name: str) -> None:
    text = reference().explain(name, PLAIN)
    assert text.startswith(name)
    assert all(attribute in text for attribute in TYPES[name].attributes)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_every_attribute_is_explained_within_the_terminal(columns: int) -> None:
    longest_word = max(len(word) for one in ATTRIBUTES for word in reference().explain(one, PLAIN).split())
    for one in ATTRIBUTES:
        text = reference().explain(one, Style(width=columns))
        assert text.startswith(one)
        assert max(map(width, text.splitlines())) <= max(columns, longest_word + 24)


def test_no_attribute_is_explained_by_a_regular_expression() -> None:
    assert not [one for one in ATTRIBUTES if {*"^$\\"} & {*reference().explain(one, PLAIN)}]


@pytest.mark.parametrize("rule", [one for one in RULES.values() if one.also], ids=lambda rule: rule.code)
def test_a_check_of_several_severities_names_them_all(rule: Rule) -> None:
    text = reference().explain(rule.code, PLAIN)
    assert all(one.value in text.lower() for one in (rule.severity, *rule.also))


def test_a_section_explains_its_type() -> None:
    for one in declared_types(TYPES.values()):
        assert reference().explain(str(one.section), PLAIN) == reference().explain(one.name, PLAIN)


def test_the_contents_name_everything() -> None:
    text = reference().contents(PLAIN)
    assert all(f"  {one} " in text for one in (*RULES, *TYPES))


@pytest.mark.parametrize(
    ("word", "near"),
    [("UM001x", "UM001"), ("dial_plam", "dial_plan"), ("dial_plan.extension_digit", "extension_digits")],
)
def test_an_unknown_word_gets_the_nearest_one(word: str, near: str) -> None:
    with pytest.raises(ReconcilerError) as refused:
        reference().explain(word, PLAIN)
    (diagnostic,) = refused.value.diagnostics
    assert f'"{near}"' in diagnostic.remedy
    assert refused.value.exit_code == 1


@pytest.mark.parametrize("word", ["", ".", "dial_plan.", "\x1b[31m", "UM", "*"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ReconcilerError):
        reference().explain(word, PLAIN)
