"""How busy the hosts of an estate are: when a call begins, when it ends, and what it may use of a budget.

Nothing here waits or reads a clock. A call is given a place in the time of its host when it arrives, and whoever made
it waits until its end: on the wire in real time, in process by a virtual clock. So the order of threads decides
nothing but the order of arrival, and a host that runs two cmdlets at once never overlaps three.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b

from providers.simulator.world.costs import Budget, Costs, HostCost


@dataclass(slots=True)
class Queue:
    """The cmdlets of one host, as many at once as ``most`` says; None: any number."""

    most: int | None = None
    most_at_once: int = 0
    """The highest number that ever ran at once."""
    _ends: list[float] = field(default_factory=list)
    """When the places of the host become free, the earliest first."""

    def place(self, arrives: float, seconds: float) -> float:
        """Return when a call ends that arrives at a time and runs so long: it takes the place that is free first."""
        begins = arrives
        if self.most is None:
            if not seconds:
                return arrives
            while self._ends and self._ends[0] <= begins:
                heapq.heappop(self._ends)
        elif len(self._ends) >= self.most:  # a place stays, however long it is free: a call may arrive out of order
            begins = max(begins, heapq.heappop(self._ends))
        heapq.heappush(self._ends, begins + seconds)
        running = len(self._ends) if self.most is None else sum(end > begins for end in self._ends)
        self.most_at_once = max(self.most_at_once, running)
        return begins + seconds


@dataclass(slots=True)
class Account:
    """What one account used of its budget on one host: so many cmdlets in the period that began at ``since``."""

    since: float | None = None
    used: int = 0


class OverBudget(Exception):
    """A call above the budget; the next one is allowed after ``seconds``."""

    def __init__(self, budget: Budget, seconds: float) -> None:
        super().__init__()
        self.budget = budget
        self.seconds = seconds


class Load:
    """What the hosts of an estate are busy with. Not thread-safe: the estate lets one call in at a time."""

    def __init__(self, costs: Costs) -> None:
        self._seed = costs.seed
        self._of_cmdlet = cache(costs.of_cmdlet)
        self._of_host = cache(costs.of_host)
        self._queues: dict[str, Queue] = {}
        self._accounts: dict[tuple[str, str], Account] = {}

    def queue(self, host: str) -> Queue:
        """Return the queue of a host."""
        if host not in self._queues:
            self._queues[host] = Queue(self.limits(host).concurrent)
        return self._queues[host]

    def limits(self, host: str) -> HostCost:
        """Return what a host can do at once."""
        return self._of_host(host)

    def seconds(self, host: str, cmdlet: str, parameters: Mapping[str, object], objects: int) -> float:
        """Return how long a call runs that returns so many objects."""
        cost = self._of_cmdlet(cmdlet)
        usual = cost.call + objects * cost.per_object
        if not cost.variation or not usual:
            return usual
        return usual * (1 + cost.variation * self._chance(host, cmdlet, parameters))

    def _chance(self, host: str, cmdlet: str, parameters: Mapping[str, object]) -> float:
        """Return a number from -1 to 1 that follows from the seed and the call alone, in any order of threads."""
        call = json.dumps([self._seed, host, cmdlet, parameters], sort_keys=True, default=str)
        return int.from_bytes(blake2b(call.encode(), digest_size=7).digest()) / 2**55 - 1

    def delay(self, host: str, user: str, now: float) -> float:
        """Count a cmdlet on the budget of an account; return how long it is delayed.

        Raises:
            OverBudget: it is refused.
        """
        budget = self.limits(host).budget
        if budget is None:
            return 0.0
        account = self._accounts.setdefault((host, user), Account())
        if account.since is None or now >= account.since + budget.period:
            account.since, account.used = now, 0
        if account.used >= budget.cmdlets:
            if budget.above == "refuse":
                raise OverBudget(budget, account.since + budget.period - now)
            account.since, account.used = account.since + budget.period, 0
        account.used += 1
        return max(0.0, account.since - now)
