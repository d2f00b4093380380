"""The reference of checks: every code with meaning, remedy and source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from providers.catalogue import rules
from reconciler.model.resource_types import Rule
from reconciler.plan.rules import RULES
from tests.docs.markdown import code_marks


def _reference(rules: Iterable[Rule]) -> str:
    return "\n\n".join(
        f"### {rule.code}\n\n**{rule.summary}** ({_severity(rule.severity.value, leaves_out=rule.leaves_out)})\n\n"
        f"{code_marks(rule.meaning)}\n\n*Remedy:* {code_marks(rule.remedy)}\n\n*Source:* {_source(rule.source)}"
        for rule in rules
    )


def _severity(severity: str, *, leaves_out: bool) -> str:
    return f"{severity}; only this resource is left out" if leaves_out else severity


def _source(source: str) -> str:
    """Return where the rule is stated; sections of the authors' own notes are left out."""
    named = re.sub(r"(?:^|; )DOMAIN [0-9., ]+", "", source).strip("; ")
    return code_marks(named) or "inferred from the behaviour of the products"


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "engine-checks": lambda: _reference(RULES),
    "checks": lambda: _reference(rules()),
}
