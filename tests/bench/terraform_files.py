"""Writes the peer's input: one ``terraform_data`` resource for each action of a plan, with the same edges.

Terraform's best shape: a block for each resource and exact references. Each has eleven string fields: the address,
seven values of the action and up to three references to what it comes after. The state in which everything is applied
is written as well, since an apply of ten thousand takes Terraform minutes that say nothing about the plan after it.
Where a provider manages the mailboxes, these are its resources, and there is no such state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from reconciler.model.actions import Action
from reconciler.plan.plan import Plan
from reconciler.plan.selection import hard_needs
from tests.bench.terraform import APPLIED, PROVIDER, SOURCE

VALUES = 7
REFERENCES = 3
FIELDS = (
    "address",
    *(f"value{place}" for place in range(VALUES)),
    *(f"after{place}" for place in range(REFERENCES)),
)
MAILBOX = "um_mailbox_"
"""What the names of mailboxes begin with."""


def write_terraform(plan: Plan, directory: Path) -> int:
    """Write ``main.tf`` and the applied state to the new directory; return the number of resources."""
    directory.mkdir(parents=True)
    resources = list(resources_of(plan))
    (directory / "main.tf").write_text("".join(map(_block, resources)), encoding="utf-8")
    (directory / APPLIED).write_text(json.dumps(_state(resources)), encoding="utf-8")
    return len(resources)


def write_provided(plan: Plan, directory: Path) -> int:
    """Write ``main.tf`` with mailboxes of the provider to the new directory; return the number of mailboxes."""
    directory.mkdir(parents=True)
    resources = list(resources_of(plan))
    text = "".join(_provided(one) if one[0].startswith(MAILBOX) else _block(one) for one in resources)
    needed = f'terraform {{\n  required_providers {{ {PROVIDER} = {{ source = "{SOURCE}" }} }}\n}}\n'
    (directory / "main.tf").write_text(needed + text, encoding="utf-8")
    return sum(name.startswith(MAILBOX) for name, _, _ in resources)


Peer = tuple[str, Mapping[str, str], tuple[tuple[str, str], ...]]
"""A resource: its name, its fields, and by name and address those that it comes after."""


def resources_of(plan: Plan) -> Iterator[Peer]:
    """Yield a resource for each action of the plan, adoptions first."""
    steps = {step.id: step for step in plan.steps}
    actions = [*plan.adopted, *plan.actions()]
    names = {action.address.folded: f"{action.address.type}_{number}" for number, action in enumerate(actions)}
    soft = {
        action.address.folded: [steps[other].first.address for other in step.after]
        for step in plan.steps
        for action in step.actions
    }
    for action in actions:
        before = [need for need in hard_needs(action) if need.folded in names] + soft.get(action.address.folded, [])
        after = tuple((names[need.folded], str(need)) for need in dict.fromkeys(before))[:REFERENCES]
        yield names[action.address.folded], _fields(action), after


def _fields(action: Action) -> dict[str, str]:
    attributes = action.remember.attributes if action.remember else action.expects_after or {}
    values = [f"{name}={value}" for name, value in sorted(attributes.items())]
    values = [action.kind.value, *values, *[""] * VALUES][:VALUES]
    return {"address": str(action.address), **{f"value{place}": value for place, value in enumerate(values)}}


def _block(resource: Peer) -> str:
    return "\n".join(
        [f'resource "terraform_data" "{resource[0]}" {{', "  input = {", *_lines(resource), "  }", "}", ""]
    )


def _provided(resource: Peer) -> str:
    return "\n".join([f'resource "{PROVIDER}_mailbox" "{resource[0]}" {{', *_lines(resource), "}", ""])


def _lines(resource: Peer) -> list[str]:
    """Return a line for each of ``FIELDS``."""
    _, fields, after = resource
    lines = [f"    {field} = {json.dumps(value).replace('${', '$${')}" for field, value in fields.items()]
    lines += [f"    after{place} = {_reference(other)}" for place, (other, _) in enumerate(after)]
    return [*lines, *(f'    after{place} = ""' for place in range(len(after), REFERENCES))]


def _reference(name: str) -> str:
    return f"terraform_data.{name}.output.address"


def _state(resources: list[Peer]) -> dict[str, Any]:
    return {
        "version": 4,
        "terraform_version": "1.0.0",
        "serial": 1,
        "lineage": str(uuid5(NAMESPACE_URL, "bench")),
        "outputs": {},
        "resources": [_applied(resource) for resource in resources],
        "check_results": None,
    }


def _applied(resource: Peer) -> dict[str, Any]:
    name, fields, after = resource
    references = [address for _, address in after] + [""] * (REFERENCES - len(after))
    value = {**fields, **{f"after{place}": address for place, address in enumerate(references)}}
    told = {"value": value, "type": ["object", dict.fromkeys(value, "string")]}
    instance: dict[str, Any] = {
        "schema_version": 0,
        "attributes": {"id": str(uuid5(NAMESPACE_URL, name)), "input": told, "output": told, "triggers_replace": None},
        "sensitive_attributes": [],
    }
    if after:
        instance["dependencies"] = sorted(f"terraform_data.{other}" for other, _ in after)
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [instance],
    }
