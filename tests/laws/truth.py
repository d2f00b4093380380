"""What is really there, for the judges of the laws: the newest state of the servers, whoever knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from providers.simulator.estate.estate import Estate
from providers.simulator.world.directory import Entry, View
from providers.simulator.world.holdings import Service
from reconciler.model.landscape import NO_RESOURCES
from reconciler.model.resources import Resource
from tests.support.trial import Trial

UNMANAGED: Final = "unmanaged"


def managed(trial: Trial) -> list[str]:
    """Return the declared dial plans whose gateways we manage; the others keep the outgoing calls that they have."""
    plans: Mapping[str, Resource] = trial.environment.declared.get("dial_plan", NO_RESOURCES)
    return [key for key, plan in plans.items() if plan.get("outcall_gateway") != UNMANAGED]


@dataclass(frozen=True)
class Truth:
    """The newest state of the directory, whatever any domain controller knows of it."""

    estate: Estate

    def of(self, kind: str) -> list[Entry]:
        return list(self.view.of(kind))

    @property
    def view(self) -> View:
        return View(self.estate.holdings.directory, {})

    def linked(self, plan: str) -> dict[str, Entry]:
        """Return the gateways of a dial plan by address, without those that are disabled."""
        view = self.view
        found: dict[str, Entry] = {}
        for group in view.of("UMHuntGroup"):
            gateway, there = view.follow(group.properties["UMIPGateway"]), view.follow(group.properties["UMDialPlan"])
            if gateway and there and there.name == plan and gateway.properties["Status"] != "Disabled":
                found[str(gateway.properties["Address"]).lower()] = gateway
        return found

    def enabled(self, plan: str) -> list[str]:
        """Return the addresses of those through which calls of the dial plan may go out."""
        return sorted(address for address, one in self.linked(plan).items() if one.properties["OutcallsAllowed"])

    def down(self) -> list[str]:
        """Return the services that do not run, as host/service."""
        hosts = self.estate.holdings.services
        return sorted(f"{host}/{one.name}" for host, each in hosts.items() for one in each.values() if not _runs(one))

    def statuses(self, service: str = "RTCSRV") -> dict[str, str]:
        """Return the status of a service on every host that has it."""
        hosts = self.estate.holdings.services
        return {host: found.status for host, each in hosts.items() if (found := each.get(service.casefold()))}


def _runs(service: Service) -> bool:
    return service.status == "Running"
