"""Chooses gateways for outgoing calls by trying everything: what the rule of DOMAIN 6.2 asks for in a small estate.

It knows the estate from its description alone and shares no code with the product, which searches and stops early.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

HOME, REMOTE, BRANCH = range(3)


@dataclass(frozen=True)
class Gateway:
    """A gateway, with what is known of its pool."""

    address: str
    kind: str
    """The central site of its pool, ``branch``, ``director`` or ``foreign``."""
    front_ends: int = 1
    users: int = 0
    is_enabled: bool = True
    is_disabled: bool = False
    """UM takes no part in it at all."""

    @property
    def rank(self) -> tuple[int, int, str]:
        """The smaller, the more traffic it takes."""
        own = self.kind != "foreign"
        return (-self.front_ends if own else 0, -self.users if own else 0, self.address)


@dataclass(frozen=True)
class Plan:
    """A dial plan: its gateways, its site, and the gateway that the operator chose."""

    name: str
    gateways: tuple[Gateway, ...]
    site: str | None = None
    chosen: str | None = None

    @property
    def usable(self) -> tuple[Gateway, ...]:
        return tuple(one for one in self.gateways if not one.is_disabled)

    @property
    def incumbent(self) -> str | None:
        """The only gateway that allows outgoing calls now."""
        enabled = [one.address for one in self.usable if one.is_enabled]
        return enabled[0] if len(enabled) == 1 else None

    def tiers(self) -> list[set[str]]:
        """Return its candidates, the best ones first; none where it cannot have one."""
        if self.chosen is not None:
            taken = [one for one in self.usable if one.address == self.chosen]
            is_taken = bool(taken) and (taken[0].kind != "director" or len(self.usable) == 1)
            return [{self.chosen}] if is_taken else []
        if len(self.usable) == 1:
            return [{self.usable[0].address}]
        levels: list[set[str]] = [set(), set(), set()]
        for one in self.usable:
            if (level := self._level(one)) is not None:
                levels[level].add(one.address)
        return [level for level in levels if level]

    def _level(self, gateway: Gateway) -> int | None:
        if gateway.kind in ("director", "foreign"):
            return None
        if gateway.kind == "branch":
            return BRANCH
        return HOME if self.site in (None, gateway.kind) else REMOTE


@dataclass(frozen=True)
class Choice:
    """One gateway for each dial plan of a group, and how far it is from the best."""

    level: int
    gateways: Mapping[str, str]


def groups(plans: Sequence[Plan]) -> Iterator[list[Plan]]:
    """Yield the dial plans that share gateways, directly or through others."""
    left = list(plans)
    while left:
        group = [left.pop()]
        for one in group:
            near = [other for other in left if {*one.usable} & {*other.usable}]
            group += near
            left = [other for other in left if other not in near]
        yield sorted(group, key=lambda plan: plan.name)


def choices(group: Sequence[Plan]) -> list[Choice]:
    """Return every choice that gives each dial plan exactly one of its gateways."""
    asked = {plan.chosen for plan in group if plan.chosen}
    depth = max(len(plan.tiers()) for plan in group)
    found = []
    for picked in itertools.product(*(_reachable(plan, asked, depth) for plan in group)):
        on = {address for address, _ in picked}
        if all(len(on & {one.address for one in plan.usable}) == 1 for plan in group):
            names = [plan.name for plan in group]
            found.append(
                Choice(
                    max(level for _, level in picked),
                    dict(zip(names, (address for address, _ in picked), strict=True)),
                )
            )
    return found


def _reachable(plan: Plan, asked: set[str], depth: int) -> list[tuple[str, int]]:
    """Return the gateways that a dial plan may get, each with its level; last what the operator chose for others."""
    own = [(address, level) for level, tier in enumerate(plan.tiers()) for address in sorted(tier)]
    if plan.chosen is not None:
        return own
    known = {address for address, _ in own}
    usable = {one.address for one in plan.usable}
    return own + [(address, depth) for address in sorted((asked & usable) - known)]


def best(group: Sequence[Plan]) -> tuple[int, str | None] | None:
    """Return the lowest level at which a choice exists, and the gateway that all share there; None for no choice.

    Where several could serve all, it is the one that is best for them together, then the one that most of them keep,
    then the one that takes most traffic.
    """
    every = choices(group)
    if not every:
        return None
    level = min(one.level for one in every)
    shared = {
        next(iter(one.gateways.values())) for one in every if one.level <= level and len({*one.gateways.values()}) == 1
    }
    by_address = {one.address: one for plan in group for one in plan.usable}

    def rank(address: str) -> tuple[object, ...]:
        steps = sum(_steps(plan, address) for plan in group)
        kept = sum(plan.incumbent == address for plan in group)
        return (steps, -kept, *by_address[address].rank)

    return level, min(shared, key=rank, default=None)


def _steps(plan: Plan, address: str) -> int:
    tiers = plan.tiers()
    return next((place for place, tier in enumerate(tiers) if address in tier), len(tiers))
