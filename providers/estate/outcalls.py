"""Chooses the gateway for the outgoing calls of each dial plan: step 6, for all dial plans together.

A dial plan needs exactly one gateway with outgoing calls: the gateway of the most suitable pool. The flag belongs to
the gateway, and dial plans share gateways. So dial plans that share gateways are solved together: first one gateway for
all of them, otherwise one for each, so that no dial plan gets two. A choice that is still valid is kept, so the result
does not change from plan to plan.

Sources: Configure Unified Messaging on Microsoft Exchange (Gg398129), Configure UM to work with Lync Server (JJ966276);
DOMAIN 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from providers.estate.links import lasting_gateways
from providers.estate.people import sites_of_users
from providers.estate.topology import PoolClass, UcPool, central_site, uc_pools, voice_users_by_pool
from providers.schema.exchange import UNMANAGED, DialPlan, Exchucutil, IPGateway
from providers.schema.lync import LyncSite
from reconciler.model.abilities import Duty
from reconciler.model.actions import ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from reconciler.model.values import EMPTY, folded

LOWER_OUTCALLS: Final = Duty(
    "lower-outcalls",
    "outgoing calls of {subject} have to go back to one gateway",
    ends_with=(IPGateway.outcalls_allowed.name, False),
)
"""A dial plan may have several gateways with outgoing calls for a time. The subject is the dial plan."""
_SEARCH_LIMIT = 20_000
"""The limit of choices to try for one set of plans that share gateways. A set that needs more is reported."""


class GatewayClass(Enum):
    """How well a gateway suits the outgoing calls of a dial plan; the value is the text that people see."""

    HOME = "in the home site"
    REMOTE = "in another central site"
    BRANCH = "of a branch site"
    FOREIGN = "of no Lync pool"
    DIRECTOR = "of a Director pool"


class Trouble(Enum):
    """Why the gateways of a dial plan are left unchanged."""

    UNMANAGED = "its declaration leaves them as they are"
    NOT_LINKED = "no gateway is linked to it"
    INVALID_CHOICE = "the gateway chosen for it cannot be used"
    NO_CANDIDATE = "none of its gateways may be chosen automatically"
    CONFLICT = "its gateways are shared so that no choice gives each dial plan exactly one"


@dataclass(frozen=True, slots=True)
class PlanOutcalls:
    """The decision for one dial plan."""

    plan: Resource
    gateways: tuple[str, ...]
    """Gateways that are linked, remain linked and are not disabled, in order."""
    classes: Mapping[str, GatewayClass]
    site: str | None
    """The home site; None if the plan has no users: then any central site will do."""
    is_site_counted: bool
    """True if the site is the site of most users; the state keeps it."""
    explicit: str | None
    """The gateway the operator chose."""
    incumbent: str | None = None
    """The gateway that places its calls now, or did after the last apply."""
    tiers: tuple[tuple[str, ...], ...] = ()
    """Candidates, best first, in groups that are used one after the other."""
    chosen: str | None = None
    trouble: Trouble | None = None

    @property
    def chosen_class(self) -> GatewayClass | None:
        return self.classes.get(self.chosen) if self.chosen else None


@dataclass(frozen=True, slots=True)
class _World:
    """The facts that the choice depends on, read once."""

    pools: Mapping[str, UcPool]
    users: Mapping[str, int]
    linked: Mapping[str, frozenset[str]]
    """Gateways by folded dial plan."""
    enabled_before: frozenset[str]
    applied: frozenset[str]
    landscape: Landscape = field(repr=False)


def solve_outcalls(landscape: Landscape) -> tuple[PlanOutcalls, ...]:
    """Return the decision for each managed dial plan, in order of name."""
    world = _World(
        uc_pools(landscape),
        voice_users_by_pool(landscape),
        lasting_gateways(landscape),
        _enabled_before(landscape),
        _applied(landscape),
        landscape,
    )
    counts = sites_of_users(landscape)
    plans = sorted(landscape.wanted(DialPlan).values(), key=lambda plan: plan.key)
    decided = [_with_tiers(_described(plan, counts.get(folded(plan.key)), world), world) for plan in plans]
    free = [each for each in decided if each.trouble is None]
    chosen = {key: gateway for shared in _components(free) for key, gateway in _choose(shared, world).items()}
    return tuple(_settled(each, chosen) for each in decided)


def _settled(each: PlanOutcalls, chosen: Mapping[str, str]) -> PlanOutcalls:
    if each.trouble is not None:
        return each
    gateway = chosen.get(each.plan.key)
    return replace(each, chosen=gateway, trouble=None if gateway else Trouble.CONFLICT)


def is_unmanaged(plan: Resource) -> bool:
    """True for a dial plan whose gateways keep their outgoing calls as they are."""
    return plan.get(DialPlan.outcall_gateway) == UNMANAGED


def wanted_outcalls(decided: Iterable[PlanOutcalls]) -> Mapping[str, bool]:
    """Return the value of ``outcalls_allowed`` for each gateway that we manage."""
    solved = [each for each in decided if each.chosen]
    chosen = {each.chosen for each in solved}
    return {gateway: gateway in chosen for gateway in sorted({g for each in solved for g in each.gateways})}


# --- what is known of a plan -----------------------------------------------------------------------------------------


def _enabled_before(landscape: Landscape) -> frozenset[str]:
    """Return the gateways that allow outgoing calls; if this plan runs exchucutil, the state before the script."""
    for action in landscape.actions.values():
        if action.address.type == Exchucutil.name and action.kind is ActionKind.RUN:
            return frozenset(Exchucutil.outcalls.of(action.expects or EMPTY))
    gateways = landscape.all(IPGateway).values()
    return frozenset(one.key for one in gateways if one.get(IPGateway.outcalls_allowed))


def _applied(landscape: Landscape) -> frozenset[str]:
    """Return the gateways to which our last apply gave outgoing calls."""
    known = landscape.prior.of_type(IPGateway.name).values()
    return frozenset(one.key for one in known if one.get(IPGateway.outcalls_allowed))


def _described(plan: Resource, counts: Mapping[str, int] | None, world: _World) -> PlanOutcalls:
    site, is_counted = _home_site(plan, counts, world.landscape)
    usable = tuple(
        gateway
        for gateway in sorted(world.linked.get(folded(plan.key), ()))
        if (known := world.landscape.one(IPGateway, gateway)) is not None and known.get(IPGateway.status) != "Disabled"
    )
    classes = {gateway: _class_of(gateway, site, world) for gateway in usable}
    explicit = plan.get(DialPlan.outcall_gateway)
    return PlanOutcalls(plan, usable, classes, site, is_counted, None if explicit == "auto" else explicit)


def _home_site(plan: Resource, counts: Mapping[str, int] | None, landscape: Landscape) -> tuple[str | None, bool]:
    """Return the home site of a plan: the declared site, else the site in the state, else the site of most users."""
    declared = plan.get(DialPlan.site)
    if declared:
        return declared, False
    kept = landscape.prior.decision(site_decision(plan))
    if kept and kept in landscape.all(LyncSite):
        return kept, True
    if not counts:
        return None, False
    return min(counts, key=lambda site: (-counts[site], site)), True


def site_decision(plan: Resource) -> str:
    """Return the name under which the state keeps the site of a plan."""
    return f"{plan.address}:site"


def _class_of(gateway: str, site: str | None, world: _World) -> GatewayClass:
    pool = world.pools.get(gateway)
    if pool is None:
        return GatewayClass.FOREIGN
    match pool.pool_class:
        case PoolClass.DIRECTOR:
            return GatewayClass.DIRECTOR
        case PoolClass.BRANCH:
            return GatewayClass.BRANCH
        case PoolClass.CENTRAL:
            home = central_site(site, world.landscape)
            is_home = home is None or folded(pool.site or "") == folded(home)
            return GatewayClass.HOME if is_home else GatewayClass.REMOTE


def _with_tiers(each: PlanOutcalls, world: _World) -> PlanOutcalls:
    """Return the plan with its candidates: its only gateway, the chosen one, or all in order of suitability."""
    if is_unmanaged(each.plan):
        return replace(each, explicit=None, trouble=Trouble.UNMANAGED)
    if not each.gateways:
        return replace(each, trouble=Trouble.NOT_LINKED)
    if each.explicit is not None and (
        each.explicit not in each.gateways
        or (each.classes[each.explicit] is GatewayClass.DIRECTOR and len(each.gateways) > 1)
    ):
        return replace(each, trouble=Trouble.INVALID_CHOICE)
    if each.explicit is not None or len(each.gateways) == 1:
        return replace(each, tiers=((each.explicit or each.gateways[0],),))
    incumbent = _incumbent(each, world)
    each = replace(each, incumbent=incumbent)
    tiers = [
        tuple(
            sorted(
                (gateway for gateway in each.gateways if each.classes[gateway] is kind),
                key=lambda gateway: (gateway != incumbent, *_by_capacity(gateway, world)),
            )
        )
        for kind in (GatewayClass.HOME, GatewayClass.REMOTE, GatewayClass.BRANCH)
    ]
    found = tuple(tier for tier in tiers if tier)
    return replace(each, tiers=found) if found else replace(each, trouble=Trouble.NO_CANDIDATE)


def _incumbent(each: PlanOutcalls, world: _World) -> str | None:
    """Return the gateway to keep: the only enabled one, otherwise the one of our last apply."""
    for known in (world.enabled_before, world.applied):
        among = [gateway for gateway in each.gateways if gateway in known]
        if len(among) == 1:
            return among[0]
    return None


def _by_capacity(gateway: str, world: _World) -> tuple[int, int, str]:
    pool = world.pools.get(gateway)
    return (-len(pool.front_ends) if pool else 0, -world.users.get(gateway, 0), gateway)


# --- the joint choice ------------------------------------------------------------------------------------------------


def _components(plans: Sequence[PlanOutcalls]) -> Iterator[tuple[PlanOutcalls, ...]]:
    """Return the plans in groups that share gateways."""
    left = list(plans)
    while left:
        group, gateways = [left.pop(0)], set[str]()
        gateways.update(group[0].gateways)
        while more := [each for each in left if gateways.intersection(each.gateways)]:
            for each in more:
                left.remove(each)
                group.append(each)
                gateways.update(each.gateways)
        yield tuple(sorted(group, key=lambda each: each.plan.key))


def _choose(shared: tuple[PlanOutcalls, ...], world: _World) -> Mapping[str, str]:
    """Return the gateway of each plan, by key; empty if no choice gives each plan exactly one.

    Less suitable gateways are tried only if the better ones have no solution. As a last resort a plan takes the gateway
    that the operator chose for a plan it shares gateways with.
    """
    depth = max(len(each.tiers) for each in shared)
    asked = {each.explicit for each in shared if each.explicit}
    for opened in range(1, depth + 2):
        candidates = {each.plan.key: _candidates(each, opened, asked if opened > depth else set()) for each in shared}
        if found := _one_for_all(shared, candidates, world) or _one_for_each(shared, candidates):
            return found
    return {}


def _candidates(each: PlanOutcalls, opened: int, asked: set[str]) -> tuple[str, ...]:
    own = tuple(gateway for tier in each.tiers[:opened] for gateway in tier)
    if each.explicit is not None:
        return own
    return (*own, *sorted(gateway for gateway in asked if gateway in each.gateways and gateway not in own))


def _one_for_all(
    shared: Sequence[PlanOutcalls], candidates: Mapping[str, tuple[str, ...]], world: _World
) -> Mapping[str, str]:
    """Return one gateway for all plans: the most suitable, then the one that most plans keep, then by capacity."""
    common = set[str].intersection(*(set(candidates[each.plan.key]) for each in shared))
    if not common:
        return {}

    def rank(gateway: str) -> tuple[object, ...]:
        kept = sum(_incumbent(each, world) == gateway for each in shared)
        steps = sum(_tier_of(each, gateway) for each in shared)
        return (steps, -kept, *_by_capacity(gateway, world))

    best = min(common, key=rank)
    return {each.plan.key: best for each in shared}


def _tier_of(each: PlanOutcalls, gateway: str) -> int:
    return next((place for place, tier in enumerate(each.tiers) if gateway in tier), len(each.tiers))


def _one_for_each(shared: Sequence[PlanOutcalls], candidates: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    """Return a gateway for each plan so that no plan gets a second one; the first solution in order of preference."""
    users: dict[str, list[PlanOutcalls]] = {}
    for each in shared:
        for gateway in each.gateways:
            users.setdefault(gateway, []).append(each)
    tried = 0

    def extend(chosen: dict[str, str]) -> dict[str, str] | None:
        nonlocal tried
        following = next((each for each in shared if each.plan.key not in chosen), None)
        if following is None:
            return chosen
        for gateway in candidates[following.plan.key]:
            tried += 1
            if tried > _SEARCH_LIMIT:
                return None
            linked = [each.plan.key for each in users[gateway]]
            if all(key not in chosen and gateway in candidates[key] for key in linked):
                found = extend({**chosen, **dict.fromkeys(linked, gateway)})
                if found is not None:
                    return found
        return None

    return extend({}) or {}
