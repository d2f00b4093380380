"""Language packs of Unified Messaging: a dial plan or an attendant can only speak a language that is installed.

Each server has its own packs; Exchange refuses a language that no server has. A server without the pack of an attendant
cannot answer for it in that language.

Sources: Set-UMAutoAttendant, Set-UMDialPlan, parameters Language and DefaultLanguage; Get-UMService, property Languages
(Microsoft Learn); DOMAIN 3.10, 7.1, 7.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from providers.estate.servers import named_servers
from providers.schema.exchange import DialPlan, ServerBinding
from reconciler.model.diagnostics import Diagnostic, Severity, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import folded

NO_PACK = Rule(
    "UM058",
    "Language pack is not installed",
    "No Exchange server has the UM language pack of the language, so Exchange refuses it.",
    "Install the language pack on the servers of the dial plan, or write a language that they have.",
    "Set-UMAutoAttendant, parameter Language; DOMAIN 3.10, 7.1, 7.6",
)
NOT_EVERYWHERE = Rule(
    "UM059",
    "Language pack is not on every server",
    "A server of the dial plan does not have the UM language pack of the language. It answers in another language.",
    "Install the language pack on each server of the dial plan.",
    "Set-UMAutoAttendant, parameter Language; DOMAIN 3.10",
    Severity.WARNING,
)


def check_language(declared: Resource, language: str | None, plan: str, landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield what is wrong with the language of a dial plan or an attendant; nothing where no server says its packs."""
    packs = _packs(landscape)
    if not language or not packs:
        return
    installed = sorted({one for each in packs.values() for one in each})
    lacking = [host for host in _serving(plan, landscape) if host in packs and language not in packs[host]]
    if language not in installed:
        detail = f"{declared.address} would speak {language}, but the servers have {listed(installed)}."
        yield NO_PACK.found(declared, detail)
    elif lacking:
        detail = f"{declared.address} speaks {language}, which is missing on {listed(lacking)}."
        yield NOT_EVERYWHERE.found(declared, detail)


def _packs(landscape: Landscape) -> Mapping[str, tuple[str, ...]]:
    """Return the languages of each server that says them."""
    bindings = landscape.all(ServerBinding).values()
    return {
        one.key.rpartition("/")[0]: languages for one in bindings if (languages := one.get(ServerBinding.languages))
    }


def _serving(plan: str, landscape: Landscape) -> list[str]:
    """Return the servers that answer for a dial plan."""
    desired = landscape.wanted(DialPlan).get(plan)
    named = named_servers(desired, landscape) if desired is not None else ()
    bound = (
        one.key.rpartition("/")[0]
        for one in landscape.all(ServerBinding).values()
        if any(folded(name) == folded(plan) for name in one.get(ServerBinding.dial_plans))
    )
    return sorted({*named, *bound})
