"""What servers cost: how long their cmdlets take, how many run at once, and what they allow one account.

Everything left out costs nothing and has no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from providers.cmdlets.reference import cmdlet_names
from providers.simulator.world.value_types import Seconds, Share, WorldModel, is_fqdn, unknown_name

ANY: Final = "*"
_BESIDES: Final = ("exchucutil.ps1", "Get-Service")
"""What the runner calls and the reference of cmdlets does not list."""


@cache
def _kinds() -> Mapping[str, str]:
    """Return the cmdlets and verbs by their folded names."""
    cmdlets = (*cmdlet_names(), *_BESIDES)
    verbs = (name.partition("-")[0] for name in cmdlets if "-" in name)
    return {name.casefold(): name for name in (ANY, *verbs, *cmdlets)}


def _is_kind(value: str) -> str:
    known = _kinds().get(value.casefold())
    if known is None:
        raise unknown_name("must be the name of a cmdlet, a verb, or *", value, _kinds().values())
    return known


def _is_host(value: str) -> str:
    return value if value == ANY else is_fqdn(value)


Host = Annotated[str, AfterValidator(_is_host)]
Kind = Annotated[str, AfterValidator(_is_kind)]
NotNegative = Annotated[Seconds, Field(ge=0)]


class CmdletCost(WorldModel):
    """How long cmdlets of one kind take; each key left out is taken from the next wider kind, and at last nothing."""

    call: NotNegative | None = None
    """The time of one call."""
    per_object: NotNegative | None = None
    """The time of each object that the call returns."""
    variation: Share | None = None
    """How far the time of a call may be off, up or down; ``seed`` decides."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long one cmdlet takes, in seconds, with the variation as a share of it."""

    call: float = 0.0
    per_object: float = 0.0
    variation: float = 0.0


class Budget(WorldModel):
    """How many cmdlets one account may run in a period on Exchange 2010 and later, as its throttling policy says."""

    cmdlets: int = Field(ge=1)
    """PowerShellMaxCmdlets."""
    period: Annotated[Seconds, Field(gt=0)]
    """PowerShellMaxCmdletsTimePeriod."""
    above: Literal["refuse", "delay"] = "refuse"
    """What happens to a call above it: an error (OverBudgetException), or a delay until the next period."""


class HostCost(WorldModel):
    """What one host can do at once; each key left out is taken from ``*``, and at last there is no limit."""

    concurrent: Annotated[int, Field(ge=1)] | None = None
    """How many cmdlets run at once; others wait for their turn."""
    shells: Annotated[int, Field(ge=1)] | None = None
    """How many sessions one account may have at the endpoint of Exchange 2010 and later (PowerShellMaxConcurrency)."""
    budget: Budget | None = None
    """The budget of one account."""


class Costs(WorldModel):
    """How long cmdlets take and how much of them the servers do at once."""

    seed: int = 1
    """Decides the variation: the same seed, host, cmdlet and arguments always take the same time."""
    cmdlets: Mapping[Kind, CmdletCost] = {}
    """By name of the cmdlet, by verb (``Get``), and for all others ``*``."""
    hosts: Mapping[Host, HostCost] = {}
    """By full name of the host, and for all others ``*``."""

    def of_cmdlet(self, name: str) -> Times:
        """Return how long a cmdlet takes."""
        kinds = (name, name.partition("-")[0], ANY)
        return Times(**_completed(self.cmdlets[kind] for kind in kinds if kind in self.cmdlets))

    def of_host(self, host: str) -> HostCost:
        """Return what a host can do at once."""
        return HostCost(**_completed(self.hosts[one] for one in (host, ANY) if one in self.hosts))


def _completed(costs: Iterable[WorldModel]) -> dict[str, Any]:
    """Return the keys that any of ``costs`` has, each from the first that has it."""
    found: dict[str, Any] = {}
    for cost in costs:
        found = {name: getattr(cost, name) for name in cost.model_fields_set} | found
    return found
