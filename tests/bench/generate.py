"""Writes the environment and the world that are measured, of any number of mailboxes.

A generator rather than files: ten thousand rows say nothing to a reader. Equal arguments give equal files. The rest of
the estate grows slowly with the users, as real ones do: some thousand users to a dial plan, a server and a pool.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

DOMAIN = "contoso.com"
EXTENSION_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything there is."""

    mailboxes: int

    @property
    def dial_plans(self) -> tuple[str, ...]:
        return tuple(f"Plan{number}" for number in range(1, 3 + self.mailboxes // 2500))

    @property
    def pools(self) -> tuple[str, ...]:
        """Enterprise pools of two Front Ends, each in a central site of its own."""
        return tuple(f"pool{number}.{DOMAIN}" for number in range(1, 3 + self.mailboxes // 5000))

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(f"ex{number}.{DOMAIN}" for number in range(1, 3 + self.mailboxes // 2500))


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


def write_environment(directory: Path, mailboxes: int, seed: int, cost: Cost | None = None) -> None:
    """Write an environment over a simulated estate to the new directory; ``seed`` deals out the users."""
    scale = Scale(mailboxes)
    directory.mkdir(parents=True)
    (directory / "environment.yaml").write_text(_environment(scale), encoding="utf-8")
    world = _world(scale) + (cost.section if cost else "")
    (directory / "world.yaml").write_text(world, encoding="utf-8")
    with (directory / "users.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("identity", "sip_address", "extension", "policy", "dial_plan"))
        rows.writerows(_users(scale, random.Random(seed)))


def _users(scale: Scale, chance: random.Random) -> list[tuple[str, ...]]:
    """Return one row for each user; of ten users one has a policy other than the one that came with the dial plan."""
    rows: list[tuple[str, ...]] = []
    for number in range(1, scale.mailboxes + 1):
        user, extension = f"user{number}@{DOMAIN}", f"{number:0{EXTENSION_DIGITS}}"
        plan = chance.choice(scale.dial_plans)
        policy = f"{plan}Executives" if chance.random() < 0.1 else ""
        rows.append((user, user, extension, policy, "" if policy else plan))
    return rows


def _environment(scale: Scale) -> str:
    lines = [
        "environment: bench",
        "connections: {simulator: world.yaml}",
        "restarts: {settle: 0s, interrupt: allow}",
        "dial_plans:",
        *(
            f'  {plan}: {{country_code: "1", extension_digits: {EXTENSION_DIGITS}, voip_security: Secured, '
            f'access_numbers: ["+1425555{number:04}"], lync_dial_plan: {plan}, servers: all, outcall_gateway: auto}}'
            for number, plan in enumerate(scale.dial_plans, 1)
        ),
        "lync_dial_plans:",
        *(f"  {plan}: {{simple_name: {plan}, description: Users of {plan}}}" for plan in scale.dial_plans),
        "mailbox_policies:",
        *(f"  {plan}/default: {{min_pin_length: 7}}" for plan in scale.dial_plans),
        *(f"  {plan}Executives: {{dial_plan: {plan}, min_pin_length: 8}}" for plan in scale.dial_plans),
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


def _world(scale: Scale) -> str:
    pools = scale.pools
    share = -(-scale.mailboxes // len(pools))
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
        "users:",
        *(
            f"  - {{generate: {min(share, scale.mailboxes - start)}, first: {start + 1}, pool: {pool}}}"
            for start, pool in zip(range(0, scale.mailboxes, share), pools, strict=False)
        ),
    ]
    return "\n".join(lines) + "\n"
