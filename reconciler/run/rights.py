"""Asks the servers whether the account may call the cmdlets of a plan, so that an apply does not find out half way.

Each entry point is asked once, for the cmdlets that the plan sends through it. ``doctor`` asks every host for all
cmdlets. A plan may be made by an account that only reads, so the answer is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.model.commands import Command, Endpoint, Operation
from reconciler.model.diagnostics import Diagnostic, SessionError, Severity, listed
from reconciler.model.resource_types import ResourceType, providers_of
from reconciler.plan.plan import Plan
from reconciler.plan.rules import NOT_ALLOWED
from reconciler.run.observe import Reader

_PROBE: Final = "Test-ReconcilerSession"


def missing_rights(plan: Plan, types: Sequence[ResourceType], reader: Reader) -> tuple[Diagnostic, ...]:
    """Return a warning for each entry point where the account may not call cmdlets of the plan.

    A plan that sends nothing asks nothing.
    """
    needed = _needed(plan)
    if not needed:
        return ()
    asked = {endpoint: _question(endpoint, cmdlets) for endpoint, cmdlets in needed.items()}
    answers = reader.ask(list(asked.values()))
    providers = providers_of(types)
    found: list[Diagnostic] = []
    for endpoint, command in asked.items():
        answer, provider = answers[command], providers.get(endpoint.connection)
        record = None if isinstance(answer, SessionError) else next(iter(answer.records), None)
        missing = None if record is None else record.get("Missing")
        if isinstance(missing, list | tuple):
            found += _denied(endpoint, needed[endpoint], missing, provider.changing if provider else "")
        else:
            why = f": {answer}" if isinstance(answer, SessionError) else ""
            detail = f"{endpoint.connection} did not report which cmdlets of the plan the account may call{why}"
            found.append(NOT_ALLOWED.found(None, f"{detail.rstrip('.')}.", _UNKNOWN, severity=Severity.NOTE))
    return tuple(found)


_UNKNOWN: Final = "Nothing, if the account applied before. Otherwise run doctor."


def _needed(plan: Plan) -> Mapping[Endpoint, tuple[str, ...]]:
    """Return the cmdlets that the plan sends through each entry point; those to further hosts are left to doctor."""
    needed: dict[Endpoint, set[str]] = {}
    for action in plan.actions():
        for command in action.commands:
            if command.operation is Operation.INVOKE and not command.endpoint.host:
                needed.setdefault(command.endpoint, set()).add(command.cmdlet)
    return {endpoint: tuple(sorted(needed[endpoint])) for endpoint in sorted(needed, key=str)}


def _question(endpoint: Endpoint, cmdlets: Sequence[str]) -> Command:
    asked = (("Cmdlets", tuple(cmdlets)), ("Directory", False))
    return Command(_PROBE, asked, endpoint=endpoint, writes=False, operation=Operation.PROBE)


def _denied(endpoint: Endpoint, needed: Sequence[str], missing: Sequence[object], advice: str) -> Iterator[Diagnostic]:
    absent = {str(name).casefold() for name in missing}
    if denied := [cmdlet for cmdlet in needed if cmdlet.casefold() in absent]:
        detail = f"The account may not call {listed(denied)} on {endpoint.connection}, which this plan sends."
        yield NOT_ALLOWED.found(None, detail, advice)
