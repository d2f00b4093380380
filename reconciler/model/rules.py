"""What a check of a resource type is called and what it means.

Each type lists its own in ``rules``, beside the code that applies them. UM001 to UM099 belong to the resource types;
the engine's own checks start at UM101 and stand in ``reconciler/plan/rules.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.actions import Action
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.resources import Resource


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: its stable code and its explanation."""

    code: str
    summary: str
    """The constant words at the start of each finding."""
    meaning: str
    """What is checked, and the consequence of a violation."""
    remedy: str
    """The general advice; a finding may have its own."""
    source: str
    """The document that states it."""
    severity: Severity = Severity.ERROR
    leaves_out: bool = False
    """An error of this rule forbids only the resource it is about: a plan leaves that one out and does the rest."""

    def found(
        self,
        about: Resource | Action | Address | None,
        detail: str,
        remedy: str = "",
        *,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Return a finding of this rule; ``detail`` and ``remedy`` say it of the case."""
        address, position = (
            (about, None) if about is None or isinstance(about, Address) else (about.address, about.position)
        )
        severity = severity or self.severity
        return Diagnostic(
            self.summary,
            detail,
            remedy or self.remedy,
            severity=severity,
            address=str(address) if address else None,
            position=position,
            code=self.code,
            leaves_out=self.leaves_out and severity is Severity.ERROR and address is not None,
        )


def placed(resource: Resource) -> str:
    """Return the address of a resource, with the place where it is declared if there is one."""
    place = resource.position
    return f"{resource.address} ({place.file}:{place.line})" if place is not None else str(resource.address)
