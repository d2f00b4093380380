"""Every check has a world where it fires, and one where it does not. A new code without them fails here."""

from __future__ import annotations

import pytest

from providers.catalogue import rules
from reconciler.plan.rules import RULES
from tests.support.advice_situations import SITUATIONS
from tests.support.check_worlds import CHECK_WORLDS, World

KNOWN = {rule.code for rule in (*rules(), *RULES)}


def test_every_check_has_its_worlds() -> None:
    """A situation of advice is such a pair: ``test_advice`` finds its code, and finds it gone afterwards."""
    played = {situation.code for situation in SITUATIONS}
    assert KNOWN - played - CHECK_WORLDS.keys() == set(), "write a Situation, or a world in CHECK_WORLDS"
    assert CHECK_WORLDS.keys() <= KNOWN - played, "a check needs one of the two"
    assert played <= KNOWN


@pytest.mark.parametrize(("code", "world"), CHECK_WORLDS.items(), ids=[*CHECK_WORLDS])
def test_a_check_fires_in_one_world_and_not_in_the_other(code: str, world: World) -> None:
    assert code in world(True)
    assert code not in world(False)
