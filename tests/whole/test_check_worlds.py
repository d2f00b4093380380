"""Every check has a world where it fires, and one where it does not. A new code without them fails here."""

from __future__ import annotations

import pytest
import yaml

from providers.catalogue import rules
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.resource_types import Rule, When
from reconciler.plan.rules import RULES
from reconciler.views.reference import source_of
from tests.support.advice import Sections
from tests.support.advice_situations import SITUATIONS
from tests.support.check_worlds import CHECK_WORLDS, World
from tests.support.trial import types


def of_files(sections: Sections) -> set[str | None]:
    """Return the codes that are found in files with these sections, without any server."""
    text = yaml.safe_dump({"environment": "test", **sections}, sort_keys=False)
    return {one.code for one in load(Files({"all.yaml": text.encode()}), types())[1]}


KNOWN = {rule.code for rule in (*rules(), *RULES)}


def test_a_code_means_one_check() -> None:
    every = {(one.code, one.summary) for one in (*(rule for kind in types() for rule in kind.rules), *RULES)}
    assert len(every) == len({code for code, _ in every})


@pytest.mark.parametrize("rule", [*rules(), *RULES], ids=lambda rule: rule.code)
def test_a_check_says_what_it_means_what_to_do_and_who_states_it(rule: Rule) -> None:
    assert rule.summary.strip(".") == rule.summary
    assert rule.meaning.endswith(".")
    assert rule.remedy
    assert source_of(rule)


def test_every_check_has_its_worlds() -> None:
    """A situation of advice is such a pair: ``test_advice`` finds its code, and finds it gone afterwards."""
    played = {situation.code for situation in SITUATIONS}
    assert KNOWN - played - CHECK_WORLDS.keys() == set(), "write a Situation, or a world in CHECK_WORLDS"
    assert CHECK_WORLDS.keys() <= KNOWN - played, "a check needs one of the two"
    assert played <= KNOWN


def test_what_the_files_alone_tell_is_found_by_validate() -> None:
    """What a check says of when it is made is what happens: from the files, or with the servers alone."""
    found = {one.code for one in SITUATIONS if one.code in of_files(one.sections)}
    assert found == {rule.code for rule in (*rules(), *RULES) if rule.when is When.FILES}


@pytest.mark.parametrize(("code", "world"), CHECK_WORLDS.items(), ids=[*CHECK_WORLDS])
def test_a_check_fires_in_one_world_and_not_in_the_other(code: str, world: World) -> None:
    assert code in world(True)
    assert code not in world(False)
