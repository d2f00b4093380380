"""The drawn graph has every step in its stage and every edge, hard or soft."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings

from reconciler.plan.plan import Plan
from reconciler.views.graph import to_dot, to_json, to_mermaid
from tests.support.plans import contoso
from tests.support.strategies import plans


def hard_and_soft(plan: Plan) -> tuple[int, int]:
    ids = {step.id for step in plan.steps}
    hard = sum(len(set(step.needs) & ids) for step in plan.steps)
    return hard, sum(len((set(step.after) - set(step.needs)) & ids) for step in plan.steps)


def test_dot_draws_soft_edges_dashed_and_stages_as_clusters() -> None:
    plan = contoso()
    drawn = to_dot(plan)
    hard, soft = hard_and_soft(plan)
    assert len(re.findall(r"-> step\d+;", drawn)) == hard
    assert len(re.findall(r"-> step\d+ \[style=dashed\];", drawn)) == soft
    assert drawn.count("subgraph cluster_") == 9
    assert 'label="create um_mailbox Redmond/default, wave 1 (60)"' in drawn


def test_mermaid_draws_soft_edges_dotted() -> None:
    plan = contoso()
    hard, soft = hard_and_soft(plan)
    drawn = to_mermaid(plan)
    assert (drawn.count("-->"), drawn.count("-.->")) == (hard, soft)
    assert drawn.count("subgraph ") == 9


def test_json_names_steps_and_edges() -> None:
    graph = json.loads(to_json(contoso()))
    assert [step["id"] for step in graph["steps"]] == [step.id for step in contoso().steps]
    edge = {"from": "create dial_plan/Redmond", "to": "update server_binding/ex1.contoso.com", "kind": "hard"}
    assert edge in graph["edges"]


@given(plans)
@settings(max_examples=60)
def test_names_break_no_drawing_language(plan: Plan) -> None:
    for drawn in (to_dot(plan), to_mermaid(plan), to_json(plan)):
        assert drawn.isascii()
        assert drawn.replace("\n", "").isprintable()
    for line in to_mermaid(plan).splitlines():
        assert line.count('"') in (0, 2)
    for line in to_dot(plan).splitlines():
        assert re.sub(r"\\.", "", line).count('"') % 2 == 0
