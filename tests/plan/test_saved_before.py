"""A saved plan of the form before is read where it is intact, and what it lacks is said."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.model.diagnostics import PlanError
from reconciler.plan.saved import decode, digest
from reconciler.plan.saved_before import is_intact, upgraded
from tests.support.paths import ROOT

PLANS = ROOT / "tests/golden/plans"
KEY = (PLANS / "plan.key").read_bytes()


def document() -> Any:
    return json.loads((PLANS / "second.plan").read_bytes())


def read(plain: Any) -> Any:
    made = datetime.fromisoformat(document()["created"])
    return decode(json.dumps(plain).encode("ascii"), key=KEY, now=made + timedelta(minutes=1))


def test_plan_of_the_form_before_is_read_with_a_digest_of_today() -> None:
    saved = read(document())
    assert saved.digest == digest(saved.plan)
    assert saved.plan.pinned == document()["body"]["domain_controller"]
    assert saved.plan.commit == document()["commit"]


@pytest.mark.parametrize(
    ("field", "value"), [("nonce", "other"), ("body", {}), ("signature", "0" * 64), ("signature", None), ("more", 1)]
)
def test_plan_that_was_altered_is_refused(field: str, value: object) -> None:
    altered = {**document(), field: value}
    assert not is_intact(altered, KEY)
    with pytest.raises(PlanError, match="Saved plan altered"):
        read(altered)


def test_unset_is_left_out_and_null_is_kept() -> None:
    plan = upgraded(document())["plan"]
    changes = [one for step in plan["steps"] for action in step["actions"] for one in action["changes"]]
    assert {"before" in one for one in changes} == {True, False}
    assert not [one for one in changes if {"$unset": True} in one.values()]


@pytest.mark.parametrize("field", ["created", "files", "commit", "body", "prior"])
def test_document_that_lacks_a_field_is_refused_in_words(field: str) -> None:
    plain = {name: value for name, value in document().items() if name != field}
    with pytest.raises(ValueError, match="not of the form reconciler-plan/2"):
        upgraded(plain)
