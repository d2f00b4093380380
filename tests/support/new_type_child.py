"""A process in which one more resource type lies among those of ``providers/resources``; it prints what came of it.

python -m tests.support.new_type_child <directory of the type's file>
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import providers.resources
from providers.catalogue import resource_types, rules
from reconciler.config.environment import load
from reconciler.config.schema import json_schema
from reconciler.config.source_text import Files
from reconciler.model.abilities import Vocabulary
from reconciler.model.commands import Reply
from reconciler.model.ports import Request
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Resources
from reconciler.plan.saved import decode, encode
from reconciler.views.plan import render_plan
from reconciler.views.state import render_state
from reconciler.views.style import Style
from tests.docs import checks
from tests.docs import resource_types as reference
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions
from tests.support.samples import lacking_files

NAME = "certificate_assignment"
FILE = "environment: test\ncertificate_assignments:\n  5AB2F3: {services: UM}\n"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class Server:
    """An Exchange server with one certificate."""

    record: dict[str, Any] = field(default_factory=lambda: {"Thumbprint": "5AB2F3", "Status": "PendingRequest"})
    sent: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if request.command.writes:
            self.sent.append(str(request.command))
            self.record["Services"] = dict(request.command.parameters)["Services"]
        return Reply((dict(self.record),))


def declared(types: tuple[ResourceType, ...]) -> Mapping[str, Resources]:
    environment, told = load(Files({"all.yaml": FILE.encode()}), types)
    assert environment is not None, told
    return environment.declared


def lived(kind: ResourceType) -> dict[str, object]:
    """Return what becomes of the type in two applies: the certificate is assigned, and becomes valid in between."""
    types, server = (kind,), Server(sent=[])
    server.record["Services"] = "None"
    engine = Engine(types, FunctionSessions(server.answer))
    words, style = Vocabulary.of(types), Style(color=False, width=100)
    plan = engine.plan(declared(types))
    file = encode(plan, key=b"k" * 16, created=NOW, expires=NOW + timedelta(hours=1), nonce="n")
    first = engine.apply(declared(types), decode(file, key=b"k" * 16, now=NOW).plan)
    state = engine.store.read()
    server.record["Status"] = "Valid"
    second = engine.apply(declared(types))
    return {
        "plan": render_plan(plan, style, words, commands=True),
        "sent": server.sent,
        "exit codes": [first.exit_code(), second.exit_code()],
        "owed": [[owed.duty, owed.subject] for owed in state.obligations],
        "state": render_state(state, style, words),
        "owed at the end": len(engine.store.read().obligations),
    }


def main(directory: str) -> None:
    providers.resources.__path__.append(directory)
    types = resource_types()
    kind = next(one for one in types if one.name == NAME)
    found = {
        "names": [one.name for one in types],
        "schema": json_schema(types)["$defs"][NAME],  # type: ignore[index]  # a schema has definitions
        "rules": [rule.code for rule in rules()],
        "reference": reference.BLOCKS["declared-types"](),
        "checks": "".join(block() for block in checks.BLOCKS.values()),
        "lacking files": list(lacking_files(types)),
        **lived(kind),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
