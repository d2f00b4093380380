"""Whether calls would go through in a simulated estate, as its users and its Front Ends would find it."""

from __future__ import annotations

from providers.simulator.cmdlets import lync_contacts
from providers.simulator.estate.estate import Estate
from providers.simulator.world.directory import newest


def lync_sees(estate: Estate, host: str) -> frozenset[tuple[str, str]]:
    """Return the pairs (pool FQDN, dial plan) a Front End learned of when its service last started."""
    with estate.turn():
        return lync_contacts.lync_sees(estate.holdings, host)


def why_unreachable(estate: Estate, user: str) -> str | None:
    """Return why a call to the voice mail of ``user`` fails, or None where it is answered."""
    with estate.turn():
        directory = estate.holdings.directory
        named = [entry for guid in directory.names.of(user) if (entry := newest(directory).get(guid)) is not None]
        found = max(named, key=lambda entry: bool(entry.properties.get("LyncEnabled")))
        return lync_contacts.why_unreachable(estate.holdings, found, estate.clock())


def why_not_played(estate: Estate, dial_plan: str) -> str | None:
    """Return why Play on Phone is not reliable for the users of a dial plan, or None where it is."""
    with estate.turn():
        view = newest(estate.holdings.directory)
        plan = view.named("UMDialPlan", dial_plan)
        assert plan is not None
        usable = [
            str(gateway.properties["Address"]).casefold()
            for gateway in lync_contacts.linked_gateways(view, plan)
            if gateway.properties.get("OutcallsAllowed") and gateway.properties.get("Status") != "Disabled"
        ]
        if len(usable) != 1:
            return f"{len(usable)} gateways place outgoing calls"
        directors = {pool.fqdn for pool in estate.world.lync.pools if pool.type == "director"}
        return "The gateway is that of a Director" if usable[0] in directors else None
