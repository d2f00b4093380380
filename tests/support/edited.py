"""An edit of the files, and what the makers of edits do with sections: take something out, end it, change rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.resource_types import declared_types
from tests.support.configurations import Sections
from tests.support.trial import types

SECTIONS = {kind.name: str(kind.section) for kind in declared_types(types())}
ROWS = "mailboxes"
"""The section whose declarations are rows; the others have keys."""
ENDLESS = frozenset({"um_certificates"})
"""The sections without ``state: absent``: what is declared there is forgotten, and stays as it is."""
Key = tuple[str, str]
"""Section and key of a declaration."""


@dataclass(frozen=True)
class Edit:
    """What changes from one apply to the next."""

    name: str
    sections: Sections
    """What is applied."""
    after: Sections
    """What is left in the files once it was applied: without ends, and without ``moved``."""
    lines: tuple[str, ...] = ()
    """What another administrator does before."""
    destroys: frozenset[Key] = frozenset()
    """What ``destroy`` is asked for."""
    replaces: frozenset[Key] = field(default_factory=frozenset)
    """What is removed and made again, or ends because something else takes its place."""


def changed(name: str, sections: Sections, **more: Any) -> Edit:
    """Return an edit after which the files are as they are applied."""
    return Edit(name, sections, sections, **more)


# --- what stands in the files ----------------------------------------------------------------------------------------


def keys_of(sections: Sections) -> list[Key]:
    """Return what may be declared no more; a default policy ends with its dial plan alone."""
    kinds = {section for section in SECTIONS.values() if section in sections}
    found = [
        (section, row["identity"] if section == ROWS else row) for section in sorted(kinds) for row in sections[section]
    ]
    return [(section, key) for section, key in found if not key.endswith("/default")]


def rows_of(sections: Sections) -> Sequence[dict[str, Any]]:
    rows: Sequence[dict[str, Any]] = sections.get(ROWS, ())
    return rows


def plan_of(sections: Sections, row: Mapping[str, Any]) -> str:
    """Return the dial plan of a row, named or that of its policy."""
    if "dial_plan" in row:
        return str(row["dial_plan"])
    return str(sections["mailbox_policies"][row["policy"]]["dial_plan"])


def of_plan(sections: Sections, plan: str) -> list[Key]:
    """Return a dial plan with everything that refers to it."""
    found = [
        (section, key)
        for section in ("mailbox_policies", "auto_attendants", "hunt_groups")
        for key, told in sections.get(section, {}).items()
        if told.get("dial_plan") == plan or key == f"{plan}/default"
    ]
    policies = {key for section, key in found if section == "mailbox_policies"}
    rows = [row for row in rows_of(sections) if row.get("dial_plan") == plan or row.get("policy") in policies]
    return [("dial_plans", plan), *found, *((ROWS, row["identity"]) for row in rows)]


def base(plan: str) -> str:
    """Return the name under which a dial plan began."""
    return plan.partition("-")[0]


# --- the files with a change -----------------------------------------------------------------------------------------


def with_rows(sections: Sections, rows: Mapping[str, dict[str, Any]]) -> Sections:
    """Return the sections with these rows in place of those of the same identities."""
    return {**sections, ROWS: [rows.get(row["identity"], row) for row in sections[ROWS]]}


def without(sections: Sections, gone: Collection[Key]) -> Sections:
    """Return the sections without these declarations."""
    kept: dict[str, Any] = {}
    for section, told in sections.items():
        if section == ROWS:
            kept[section] = [row for row in told if (section, row["identity"]) not in gone]
        elif section in SECTIONS.values():
            kept[section] = {key: value for key, value in told.items() if (section, key) not in gone}
        else:
            kept[section] = told
    return {section: told for section, told in kept.items() if told}


def ending(sections: Sections, gone: Collection[Key]) -> Sections:
    """Return the sections in which these declarations have ``state: absent``."""
    ended: dict[str, Any] = {}
    for section, told in sections.items():
        if section == ROWS:
            ended[section] = [{**row, "state": "absent"} if (section, row["identity"]) in gone else row for row in told]
        elif section in SECTIONS.values():
            ended[section] = {
                key: {"state": "absent"} if (section, key) in gone else value
                for key, value in told.items()
                if not ((section, key) in gone and key.endswith("/default"))
            }
        else:
            ended[section] = told
    return {section: told for section, told in ended.items() if told}


def whole(sections: Sections) -> Sections:
    """Return sections that always have one of dial plans."""
    return {"dial_plans": {}, **sections}
