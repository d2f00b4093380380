"""Which moves may be declared, and what the files then have to say."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.resources import Address
from tests.support.trial import types

PLAN = {"country_code": "1", "extension_digits": 5}
MOVE = {"from": "dial_plan/Redmond", "to": "dial_plan/Seattle"}


def loaded(*moved: Any, **sections: Any) -> tuple[Environment | None, list[str]]:
    told = {"environment": "test", "dial_plans": {"Seattle": PLAN}, "moved": list(moved), **sections}
    environment, found = load(Files({"all.yaml": yaml.safe_dump(told).encode()}), types())
    return environment, [one.summary for one in found]


def test_a_move_ends_the_old_object_and_names_the_new_one() -> None:
    environment, found = loaded(MOVE)
    assert found == []
    assert environment is not None
    old, new = Address("dial_plan", "Redmond"), Address("dial_plan", "Seattle")
    assert dict(environment.moved) == {old: new}
    (ended,) = environment.ended["dial_plan"].values()
    assert (ended.address, str(ended.position)) == (old, "all.yaml:7:3")


@pytest.mark.parametrize(
    ("moved", "summaries"),
    [
        ([{"from": "dial_plan/Redmond"}], ["Invalid element"]),
        ([{**MOVE, "why": "x"}], ["Invalid element"]),
        ([{**MOVE, "from": "Redmond"}], ["Invalid address"]),
        ([{**MOVE, "to": "dial_plan/Seatle"}], ["Invalid move"]),
        ([{**MOVE, "to": "auto_attendant/Main"}], ["Invalid move"]),
        ([{**MOVE, "from": "dial_plan/Seattle"}], ["Invalid move"]),
        ([{"from": "um_mailbox/a@b.c", "to": "um_mailbox/d@b.c"}], ["Invalid move", "Invalid move"]),
        ([{"from": "mailbox_policy/Old/default", "to": "mailbox_policy/Seattle/default"}], ["Invalid move"]),
        ([MOVE, dict(MOVE)], ["Invalid move"]),
    ],
)
def test_what_cannot_move_is_refused(moved: list[Any], summaries: list[str]) -> None:
    assert loaded(*moved) == (None, summaries)


def test_an_object_that_is_still_declared_has_not_moved() -> None:
    assert loaded(MOVE, dial_plans={"Seattle": PLAN, "Redmond": dict(PLAN)}) == (None, ["Invalid move"])


def test_a_reference_to_the_old_name_is_told_the_new_one() -> None:
    row = {"identity": "a@contoso.com", "sip_address": "a@contoso.com", "extension": "41001"}
    told = {"environment": "test", "dial_plans": {"Seattle": PLAN}, "moved": [MOVE]}
    for more, new in (({"dial_plan": "Redmond"}, "Seattle"), ({"policy": "redmond/default"}, "Seattle/default")):
        content = yaml.safe_dump({**told, "mailboxes": [{**row, **more}]}).encode()
        environment, found = load(Files({"all.yaml": content}), types())
        assert environment is None
        assert [(one.summary, one.remedy) for one in found] == [("Reference to a moved resource", f"Write {new}.")]
