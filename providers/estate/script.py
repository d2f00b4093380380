"""exchucutil: its effects, the entry that the state keeps after a run without effect, and whether its catalogues agree.

It makes gateways of pools and their hunt groups, and names the gateways. Each run is destructive, so the script does
not run again with equal inputs. Its inputs are the dial plans, the gateways, the missing objects and the forest of
Lync. Flags and custom hunt groups are not inputs, because step 6 and the plan change them. A run whose outcome is
unknown, or whose effect has not replicated yet, is not kept. ``state rm`` removes the entry.

The script uses a global catalogue of its own choice. On a catalogue that is behind, it removes objects that are already
gone and makes objects that already exist. Both fail.

Sources: ExchUCUtil.ps1; DOMAIN 4.2, 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from providers.cmdlets.products import EXCHANGE
from providers.cmdlets.value_types import Text
from providers.estate.forests import lync_forest
from providers.estate.people import sip_dial_plans
from providers.estate.topology import PoolClass, UcPool, front_end_pools, name_given_to, uc_pools
from providers.schema.exchange import DialPlan, HuntGroup, IPGateway
from reconciler.model.attributes import Attr, Declares
from reconciler.model.commands import Command, read
from reconciler.model.diagnostics import Diagnostic, SessionError
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import Answer, Rule
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Remembered
from reconciler.model.values import Value, folded


def pool_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on the gateways of pools: those that the script removes."""
    pools = uc_pools(landscape)
    return tuple(group for group in landscape.all(HuntGroup).values() if group.get(HuntGroup.gateway) in pools)


def custom_hunt_groups(landscape: Landscape) -> tuple[Resource, ...]:
    """Return the hunt groups on pool gateways that the script removes and does not make again."""
    made = {folded(plan.key) for plan in sip_dial_plans(landscape)}
    return tuple(
        group
        for group in pool_hunt_groups(landscape)
        if not (_name(group) in made and _name(group) == folded(group.get(HuntGroup.dial_plan) or ""))
    )


def _name(group: Resource) -> str:
    return folded(group.key.partition("/")[2])


def made_gateway(pool: UcPool, landscape: Landscape) -> Resource:
    """Return the gateway of a pool as the script leaves it; it sets the flags of an existing gateway too."""
    is_branch = pool.pool_class is PoolClass.BRANCH
    new = Resource(Address(IPGateway.name, pool.fqdn)).having(IPGateway.port, 5060).having(IPGateway.status, "Enabled")
    found = landscape.one(IPGateway, pool.fqdn) or new
    return found.having(IPGateway.outcalls_allowed, not is_branch).having(
        IPGateway.message_waiting_allowed, not is_branch
    )


def made_hunt_group(gateway: str, plan: Resource) -> Resource:
    pilot = (plan.get(DialPlan.phone_context) or plan.key).split(".")[0]
    made = Resource(Address(HuntGroup.name, f"{gateway}/{plan.key}")).having(HuntGroup.gateway, gateway)
    return made.having(HuntGroup.dial_plan, plan.key).having(HuntGroup.pilot_identifier, pilot)


def taken_names(landscape: Landscape, *, planned: bool = False) -> tuple[tuple[str, Resource], ...]:
    """Return the pools without a gateway whose name another gateway has, each with that gateway.

    Args:
        planned: the landscape already holds the predicted gateways of the script, which count as missing.
    """
    gateways = [one for one in landscape.all(IPGateway).values() if one.name]
    by_name = {folded(str(one.name)): one for one in gateways}
    found: list[tuple[str, Resource]] = []
    for pool in front_end_pools(landscape):
        known = landscape.one(IPGateway, pool.fqdn)
        if known is not None and not (planned and known.name is None):
            continue
        name = name_given_to(pool.fqdn, landscape)
        other = by_name.get(folded(name)) if name else None
        if other is not None:
            found.append((pool.fqdn, other))
    return tuple(found)


def in_words(pool: str, other: Resource) -> str:
    """Return the sentence that the gateway of a pool cannot be made because another gateway has its name."""
    return f"the gateway of {pool} cannot be made: a gateway named {other.name} already exists, {other.address}"


RAN_IN_VAIN = Rule(
    "UM028",
    "exchucutil is not run again",
    "The script ran and did not make what is missing. Nothing that it depends on has changed since: dial plans, "
    "pools, gateways, permissions, the forest of Lync. Each run renews the hunt groups of all pools.",
    "Correct the errors that it printed. It runs again after a change of anything that it depends on.",
    "ExchUCUtil.ps1; DOMAIN 4.3",
    leaves_out=True,
    is_guard=True,
)


class Attempt(Declares):
    """The entry of the state for such a run."""

    upon: Attr[Text]
    """Digest of the inputs that decide the result of the script."""
    missing: Attr[tuple[Text, ...]]
    printed: Attr[Text]


_KEPT_CHARACTERS = 20_000
_QUOTED = 8
"""The number of lines of its output that a diagnostic shows."""


def attempt_of(address: Address, landscape: Landscape, missing: Sequence[str], printed: str) -> Remembered:
    """Return the entry for a run of the script after which ``missing`` is still missing."""
    found: Mapping[str, Value] = {
        Attempt.upon.name: inputs(landscape, missing),
        Attempt.missing.name: tuple(missing),
        Attempt.printed.name: printed[-_KEPT_CHARACTERS:],
    }
    return Remembered(address, found)


def attempt_upon(address: Address, landscape: Landscape, missing: Sequence[str]) -> Remembered | None:
    """Return the remembered run if nothing that the script depends on has changed since."""
    known = landscape.prior.resources.get(address)
    return known if known is not None and Attempt.upon.of(known.attributes) == inputs(landscape, missing) else None


def ran_in_vain(script: Address, landscape: Landscape, missing: Sequence[str]) -> Sequence[Diagnostic]:
    """Return the error that the script does not run again for ``missing``, with the output of its last run.

    Another step of this plan may change its inputs; then the next plan runs it.
    """
    known = landscape.prior.resources.get(script)
    if known is None:
        return ()
    causes = "".join(f" Likeliest cause: {in_words(*one)}." for one in taken_names(landscape))
    output = _quoted_output(known, landscape.settings)
    detail = f"It ran, but these are still missing: {'; '.join(missing)}.{causes} {output}"
    settings = landscape.settings
    again = (
        "To run it anyway, remove that entry from the state:\n"
        f"  {settings.program} state rm {script} --dir {settings.place}"
    )
    return (RAN_IN_VAIN.found(script, detail, f"{RAN_IN_VAIN.remedy} {again}"),)


def _quoted_output(known: Remembered, settings: Settings) -> str:
    """Return the first lines that the script printed, and the command that shows all of them."""
    printed = (Attempt.printed.of(known.attributes) or "").strip()
    first = [line for line in printed.partition("\n\n")[0].splitlines() if line.strip()][:_QUOTED]
    quoted = "\n".join(f"  {line}" for line in first)
    return (
        f"It printed (all of it: {settings.program} state show {known.address} {settings.place}):\n{quoted}"
        if first
        else "It printed nothing."
    )


def inputs(landscape: Landscape, missing: Sequence[str]) -> str:
    """Return a digest of all inputs that decide the result of the script."""
    plans = [f"plan {plan.key} {plan.get(DialPlan.phone_context)} {plan.guid}" for plan in sip_dial_plans(landscape)]
    pools = [
        f"pool {pool.fqdn} {pool.pool_class.value} {name_given_to(pool.fqdn, landscape)}"
        for pool in uc_pools(landscape).values()
    ]
    gateways = [f"gateway {one.key} {one.name} {one.guid}" for one in landscape.all(IPGateway).values()]
    account = f"second hop {landscape.settings.has_second_hop(EXCHANGE.connection)}"
    forest = [f"forest {name}"] if (name := lync_forest(landscape)) is not None else []
    lines = sorted([*plans, *pools, *gateways, account, *forest, *(f"missing {one}" for one in missing)])
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


_LISTINGS = {"Get-UMIPGateway": "gateways", "Get-UMHuntGroup": "hunt groups"}


def replication_queries(catalogs: Sequence[str]) -> tuple[Command, ...]:
    """Return the listings of each catalogue, for comparison."""
    return tuple(read(cmdlet, "Guid", DomainController=catalog) for cmdlet in _LISTINGS for catalog in catalogs)


def not_agreed(answers: Sequence[Answer]) -> str | None:
    """Return a sentence about two catalogues that differ; None if all agree or one did not answer."""
    first: dict[str, tuple[object, frozenset[str]]] = {}
    for command, reply in answers:
        if command.cmdlet not in _LISTINGS or isinstance(reply, SessionError):
            continue
        controller = command.argument("DomainController")
        found = frozenset(str(record.get("Guid")) for record in reply.records)
        other, known = first.setdefault(command.cmdlet, (controller, found))
        if known != found:
            return f"{other} and {controller} do not agree on the {_LISTINGS[command.cmdlet]} yet"
    return None
