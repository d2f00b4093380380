"""Pastes what a report of drift offers to accept, as its reader would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.plan.drift import DriftEntry

SECTIONS = {
    "dial_plan": "dial_plans",
    "lync_dial_plan": "lync_dial_plans",
    "mailbox_policy": "mailbox_policies",
    "hunt_group": "hunt_groups",
    "auto_attendant": "auto_attendants",
    "um_mailbox": "mailboxes",
}


def pasted(sections: Mapping[str, Any], entry: DriftEntry) -> dict[str, Any]:
    """Return the sections with the offered declaration in place of the one there was."""
    name, key = SECTIONS[entry.address.type], entry.address.key.casefold()
    offered = yaml.safe_load(entry.accept)
    before = sections[name]
    after: Any
    if isinstance(before, list):
        after = [row for row in before if row["identity"].casefold() != key] + (offered[name] if offered else [])
    else:
        after = {own: value for own, value in before.items() if own.casefold() != key}
        after |= offered[name] if offered else {}
    assert len(after) == len(before) - (offered is None)
    return {**sections, name: after}


def with_row(content: str, entry: DriftEntry) -> str:
    """Return the text of a CSV file with the offered row in place of its line."""
    assert entry.row is not None
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", content)
    lines[entry.row.position.line - 1] = f"{entry.row.text}\n" if entry.row.text else ""
    return "".join(lines)


def without_row(content: str, entry: DriftEntry) -> str:
    """Return the text of a CSV file without the line of an entry."""
    assert entry.position is not None
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", content)
    return "".join(line for number, line in enumerate(lines, 1) if number != entry.position.line)
