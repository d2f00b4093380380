"""The graph of the steps of a plan for Graphviz, Mermaid and tools that read JSON.

An edge leads from a step to a step that waits for it. A hard edge is solid: if the earlier step fails, the later one is
blocked. A soft edge is dashed: the later step waits for the earlier one to end and then starts. Stages are clusters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from reconciler.plan.plan import Plan, Step

_COLOR = {"create": "#2e7d32", "update": "#f9a825", "replace": "#c62828", "delete": "#c62828", "run": "#0277bd"}


def to_json(plan: Plan) -> str:
    """Return the graph as JSON: ``steps`` with their stage, and ``edges`` with ``hard`` or ``soft``."""
    graph = {
        "environment": plan.environment,
        "steps": [
            {
                "id": step.id,
                "stage": step.stage,
                "kind": step.first.kind.value,
                "actions": len(step.actions),
                "addresses": [str(action.address) for action in step.actions],
            }
            for step in plan.steps
        ],
        "edges": [
            {"from": before, "to": after, "kind": "hard" if is_hard else "soft"}
            for before, after, is_hard in _edges(plan)
        ],
    }
    return json.dumps(graph, indent=2).replace("\x7f", "\\u007f") + "\n"


def to_dot(plan: Plan) -> str:
    """Return the graph for Graphviz (``dot -Tsvg``)."""
    lines = [
        "digraph plan {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded", fontname="sans-serif"];',
        '  edge [color="#555555"];',
    ]
    names = _names(plan)
    for stage, members in _stages(plan):
        lines += [f"  subgraph cluster_{stage} {{", f'    label="Stage {stage}"; style=dashed; color="#999999";']
        for step in members:
            color = _COLOR.get(step.first.kind.value, "#555555")
            lines.append(f'    {names[step.id]} [label={_dot_text(_label(step))}, color="{color}"];')
        lines.append("  }")
    for before, after, is_hard in _edges(plan):
        lines.append(f"  {names[before]} -> {names[after]}{'' if is_hard else ' [style=dashed]'};")
    return "\n".join([*lines, "}", ""])


def to_mermaid(plan: Plan) -> str:
    """Return the graph for Mermaid, which Git hosts draw in Markdown."""
    lines = ["flowchart LR"]
    names = _names(plan)
    for stage, members in _stages(plan):
        lines.append(f'  subgraph stage{stage}["Stage {stage}"]')
        lines += [f"    {names[step.id]}[{_mermaid_text(_label(step))}]" for step in members]
        lines.append("  end")
    for before, after, is_hard in _edges(plan):
        lines.append(f"  {names[before]} {'-->' if is_hard else '-.->'} {names[after]}")
    return "\n".join([*lines, ""])


def _stages(plan: Plan) -> Iterator[tuple[int, list[Step]]]:
    in_order = sorted(plan.steps, key=lambda step: step.stage)
    for stage, members in groupby(in_order, key=lambda step: step.stage):
        yield stage, list(members)


def _edges(plan: Plan) -> Iterator[tuple[str, str, bool]]:
    """Yield (earlier step, later step, is hard); a hard edge replaces a soft edge between the same steps."""
    known = {step.id for step in plan.steps}
    for step in plan.steps:
        hard = set(step.needs)
        for before in sorted(hard & known):
            yield before, step.id, True
        for before in sorted((set(step.after) - hard) & known):
            yield before, step.id, False


def _names(plan: Plan) -> dict[str, str]:
    """Return step names without characters that drawing tools interpret."""
    return {step.id: f"step{number}" for number, step in enumerate(plan.steps, start=1)}


def _label(step: Step) -> str:
    number = len(step.actions)
    return step.id if number == 1 else f"{step.id} ({number:,})"


def _dot_text(text: str) -> str:
    """Return a quoted string of the DOT language."""
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mermaid_text(text: str) -> str:
    """Return a quoted string of Mermaid; characters with a meaning in Mermaid or HTML become entities."""
    return '"' + "".join(c if c.isalnum() or c in " ./@_-,():" else f"#{ord(c)};" for c in _plain(text)) + '"'


def _plain(text: str) -> str:
    """Return printable ASCII; other characters become the %XX of their UTF-8 bytes."""
    return "".join(c if " " <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode("utf-8", "replace")) for c in text)
