"""Writes the environment and the world that are measured, of any number of mailboxes.

A generator rather than files: ten thousand rows say nothing to a reader. Equal arguments give equal files. The rest of
the estate grows slowly with the users, as real ones do: some thousand users to a dial plan, a server and a pool.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

DOMAIN = "contoso.com"
EXECUTIVES = "Executives"
"""What the name of the second policy of a dial plan ends with."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything there is; above 150,000 mailboxes only these grow, as in the largest estates."""

    mailboxes: int
    estate: int = 0
    """The mailboxes that dial plans, pools and servers are made for, where these are others."""

    @property
    def served(self) -> int:
        return self.estate or self.mailboxes

    @property
    def extension_digits(self) -> int:
        return max(6, len(str(self.mailboxes)))

    @property
    def dial_plans(self) -> tuple[str, ...]:
        return tuple(f"Plan{number}" for number in range(1, 3 + min(60, self.served // 2500)))

    @property
    def pools(self) -> tuple[str, ...]:
        """Enterprise pools of two Front Ends, each in a central site of its own."""
        return tuple(f"pool{number}.{DOMAIN}" for number in range(1, 3 + min(30, self.served // 5000)))

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(f"ex{number}.{DOMAIN}" for number in range(1, 3 + min(60, self.served // 2500)))


@dataclass(frozen=True, slots=True)
class Cost:
    """What each write costs, and how many commands a host runs at once."""

    milliseconds: int
    slots: int
    read_milliseconds: int = 0
    """What each read costs; nothing, so that the limit is that of the writes."""

    @property
    def section(self) -> str:
        """The section ``costs`` of the world file."""
        calls = dict.fromkeys(("Enable", "Set", "New", "Remove"), self.milliseconds) | {"Get": self.read_milliseconds}
        lines = [
            _COSTS,
            f"  cmdlets: {{{', '.join(f'{kind}: {{call: {each}ms}}' for kind, each in calls.items())}}}",
            f'  hosts: {{"*": {{concurrent: {self.slots}}}}}',
        ]
        return "\n".join(lines) + "\n"


_COSTS = "costs:"


def set_cost(directory: Path, cost: Cost) -> None:
    """Replace what the servers of an environment cost, the last section of its world file."""
    world = directory / "world.yaml"
    world.write_text(world.read_text("utf-8").partition(_COSTS)[0] + cost.section, encoding="utf-8")


def write_environment(
    directory: Path, mailboxes: int, seed: int, cost: Cost | None = None, *, enabled: bool = False, estate: int = 0
) -> None:
    """Write an environment over a simulated estate to the new directory; ``seed`` deals out the users.

    ``enabled``: the users have Unified Messaging already, in dial plans one after the other, so that an apply only
    adopts them. ``estate``: the rest is as large as for so many mailboxes; by default for those there are.
    """
    scale = Scale(mailboxes, estate)
    directory.mkdir(parents=True)
    (directory / "environment.yaml").write_text(_environment(scale), encoding="utf-8")
    world = _world(scale, enabled=enabled) + (cost.section if cost else "")
    (directory / "world.yaml").write_text(world, encoding="utf-8")
    with (directory / "users.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("identity", "sip_address", "extension", "policy", "dial_plan"))
        rows.writerows(_enabled(scale) if enabled else _users(scale, random.Random(seed)))


def change_users(directory: Path, step: int) -> None:
    """Give every ``step``-th user the other policy of the same dial plan."""
    path = directory / "users.csv"
    head, *lines = path.read_text("utf-8").splitlines()
    for number in range(0, len(lines), step):
        *same, policy, plan = lines[number].split(",")
        changed = ("", policy.removesuffix(EXECUTIVES)) if policy else (f"{plan}{EXECUTIVES}", "")
        lines[number] = ",".join((*same, *changed))
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")


def _users(scale: Scale, chance: random.Random) -> list[tuple[str, ...]]:
    """Return one row for each user; of ten users one has a policy other than the one that came with the dial plan."""
    rows: list[tuple[str, ...]] = []
    for number in range(1, scale.mailboxes + 1):
        user, extension = f"user{number}@{DOMAIN}", f"{number:0{scale.extension_digits}}"
        plan = chance.choice(scale.dial_plans)
        policy = f"{plan}{EXECUTIVES}" if chance.random() < 0.1 else ""
        rows.append((user, user, extension, policy, "" if policy else plan))
    return rows


def _enabled(scale: Scale) -> Iterator[tuple[str, ...]]:
    for numbers, _, plan in _blocks(scale):
        for number in numbers:
            user = f"user{number}@{DOMAIN}"
            yield (user, user, f"{number:0{scale.extension_digits}}", "", plan)


def _blocks(scale: Scale) -> Iterator[tuple[range, str, str]]:
    """Yield the users of one pool and dial plan: their numbers, the pool, the plan."""
    last = 0
    shares = len(scale.pools) * len(scale.dial_plans)
    for place, (pool, plan) in enumerate(product(scale.pools, scale.dial_plans), 1):
        first, last = last + 1, scale.mailboxes * place // shares
        if first <= last:
            yield range(first, last + 1), pool, plan


def _environment(scale: Scale) -> str:
    lines = [
        "environment: bench",
        "connections: {simulator: world.yaml}",
        "restarts: {settle: 0s, interrupt: allow}",
        "dial_plans:",
        *(
            f'  {plan}: {{country_code: "1", extension_digits: {scale.extension_digits}, voip_security: Secured, '
            f'access_numbers: ["+1425555{number:04}"], lync_dial_plan: {plan}, servers: all, outcall_gateway: auto}}'
            for number, plan in enumerate(scale.dial_plans, 1)
        ),
        "lync_dial_plans:",
        *(f"  {plan}: {{simple_name: {plan}, description: Users of {plan}}}" for plan in scale.dial_plans),
        "mailbox_policies:",
        *(f"  {plan}/default: {{min_pin_length: 7}}" for plan in scale.dial_plans),
        *(f"  {plan}{EXECUTIVES}: {{dial_plan: {plan}, min_pin_length: 8}}" for plan in scale.dial_plans),
        "auto_attendants:",
        *(
            f'  {plan}Main: {{dial_plan: {plan}, pilot_numbers: ["+1425556{number:04}"], speech_enabled: true, '
            "status: enabled}"
            for number, plan in enumerate(scale.dial_plans, 1)
        ),
        "mailboxes:",
        "  - file: users.csv",
    ]
    return "\n".join(lines) + "\n"


def _world(scale: Scale, *, enabled: bool) -> str:
    pools = scale.pools
    lines = [
        "world: bench",
        f"forest: {DOMAIN}",
        "exchange:",
        "  servers:",
        *(f"    - {{fqdn: {host}, version: 15.0.1497.2, roles: [Mailbox, ClientAccess]}}" for host in scale.servers),
        "lync:",
        "  version: 2013",
        "  sites:",
        *(f"    - {{name: Site{number}}}" for number, _ in enumerate(pools, 1)),
        "  pools:",
        *(
            f"    - {{fqdn: {pool}, site: Site{number}, computers: [fe{number}a.{DOMAIN}, fe{number}b.{DOMAIN}]}}"
            for number, pool in enumerate(pools, 1)
        ),
        *(_people_enabled(scale) if enabled else _people(scale)),
    ]
    return "\n".join(lines) + "\n"


def _people(scale: Scale) -> Iterator[str]:
    yield "users:"
    share = -(-scale.mailboxes // len(scale.pools))
    for start, pool in zip(range(0, scale.mailboxes, share), scale.pools, strict=False):
        yield f"  - {{generate: {min(share, scale.mailboxes - start)}, first: {start + 1}, pool: {pool}}}"


def _people_enabled(scale: Scale) -> Iterator[str]:
    digits = scale.extension_digits
    yield "dial_plans:"
    for plan in scale.dial_plans:
        yield (
            f"  - {{name: {plan}, NumberOfDigitsInExtension: {digits}, URIType: SipName, "
            'VoIPSecurity: Secured, CountryOrRegionCode: "1"}'
        )
    yield "users:"
    for numbers, pool, plan in _blocks(scale):
        policy = f'um: {{policy: {plan} Default Policy, extensions: ["{{n:0{digits}}}"]}}'
        yield f"  - {{generate: {len(numbers)}, first: {numbers[0]}, pool: {pool}, {policy}}}"
