"""The entry that the state keeps after exchucutil ran and did not make the missing objects: its inputs and its output.

Each run of the script is destructive, so it does not run again with equal inputs. Its inputs are the dial plans, the
gateways and the missing objects. Flags and custom hunt groups are not inputs, because step 6 and the plan change them.
A run whose outcome is unknown, or whose effect has not replicated yet, is not kept. ``state rm`` removes the entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from providers.cmdlets.value_types import Text
from providers.estate.dial_plans import sip_dial_plans
from providers.estate.script_effects import in_words, taken_names
from providers.estate.topology import name_given_to, uc_pools
from providers.schema.dial_plan import DialPlan
from providers.schema.ip_gateway import IPGateway
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Address, Attr, Declares
from reconciler.model.snapshot import Remembered
from reconciler.model.values import Value

RAN_IN_VAIN = Rule(
    "UM028",
    "exchucutil is not run again",
    "The script ran and did not make what is missing. Nothing that it depends on has changed since: dial plans, "
    "pools, gateways, permissions. Each run renews the hunt groups of all pools.",
    "Correct the errors that it printed. It runs again after a change of anything that it depends on.",
    "ExchUCUtil.ps1; DOMAIN 4.3",
    leaves_out=True,
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
    account = f"second hop {landscape.settings.second_hop}"
    lines = sorted([*plans, *pools, *gateways, account, *(f"missing {one}" for one in missing)])
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
