"""The reference of checks: every code with meaning, remedy and source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from providers.catalogue import rules
from reconciler.model.resource_types import Rule
from reconciler.plan.rules import RULES
from reconciler.views.reference import effect_of, source_of
from tests.docs.markdown import code_marks


def _reference(rules: Iterable[Rule]) -> str:
    return "\n\n".join(
        f"### {rule.code}\n\n**{rule.summary}** ({effect_of(rule)})\n\n"
        f"{code_marks(rule.meaning)}\n\n*Remedy:* {code_marks(rule.remedy)}\n\n"
        f"*Found by:* {rule.when.value}. *Source:* {code_marks(source_of(rule))}"
        for rule in rules
    )


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "engine-checks": lambda: _reference(RULES),
    "checks": lambda: _reference(rules()),
}
