"""The life of an environment: edits, one after the other, by the operator and behind his back.

Each edit fits the sections as they are, so that files with it are valid. Whether the estate allows it is a matter of
the plan, which may refuse it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from providers.simulator.world.schema import World
from tests.support.configurations import PLANS, Sections, auto_attendants, dial_plans, mailbox_policies
from tests.support.edited import (
    ENDLESS,
    ROWS,
    Edit,
    Key,
    base,
    changed,
    ending,
    keys_of,
    of_plan,
    plan_of,
    rows_of,
    whole,
    with_rows,
    without,
)
from tests.support.joins import by_hand, joins

SHARED = "sbc.contoso.com"
"""A gateway of no pool, which dial plans share with the pools."""
PLUS = " + "
"""Stands between the names of what an edit is made of."""


# --- what a history begins with --------------------------------------------------------------------------------------


def strangers(world: World) -> list[str]:
    """Return the lines that make what is nobody's business of ours: all of it has Other in its name.

    The last of them links a gateway of no pool to the dial plans that are there.
    """
    country = "" if world.exchange.servers[0].release == "e2007" else " -CountryOrRegionCode 44"
    lines = [
        f"New-UMDialPlan -Name Other -NumberOfDigitsInExtension 4 -URIType TelExtn{country}",
        "New-UMIPGateway -Name OtherPBX -Address 10.9.9.9",
        "New-UMHuntGroup -Name OtherGroup -UMDialPlan Other -UMIPGateway OtherPBX -PilotIdentifier 9000",
        "New-UMAutoAttendant -Name OtherMain -UMDialPlan Other",
        "New-UMMailboxPolicy -Name 'Other Staff' -UMDialPlan Other",
        "Enable-UMMailbox mail1@contoso.com -UMMailboxPolicy 'Other Default Policy' -Extensions 9999",
        f"New-UMDialPlan -Name OtherSip -NumberOfDigitsInExtension 4 -URIType SipName -VoIPSecurity Secured{country}",
        "New-CsDialPlan -Identity OtherLync",
        f"New-UMIPGateway -Name Shared -Address {SHARED}",
    ]
    cmdlet = {"e2007": "Set-UMServer", "e2010": "Set-UMServer"}.get(world.exchange.servers[0].release, "Set-UMService")
    lines.append(f"{cmdlet} {world.exchange.servers[0].name} -DialPlans OtherSip")
    there = [str(plan["name"]) for plan in world.dial_plans]
    return lines + [
        f"New-UMHuntGroup -Name Shared{plan} -UMDialPlan {plan} -UMIPGateway Shared -PilotIdentifier {place}"
        for place, plan in enumerate(there, 70)
    ]


# --- edits -----------------------------------------------------------------------------------------------------------


@st.composite
def edits(draw: st.DrawFn, world: World, sections: Sections, number: int) -> Edit:
    """Generate an edit of an environment that was applied; ``number``: its place in the history.

    Often it comes together with changes of what joins the parts of the estate, or is made of these alone.
    """
    names, joined = draw(joins(world, sections))
    if draw(st.booleans()) and names:
        return changed(PLUS.join(names), joined)
    edit = draw(_edits(world, joined, number))
    return replace(edit, name=PLUS.join((*names, edit.name)))


@st.composite
def _edits(draw: st.DrawFn, world: World, sections: Sections, number: int) -> Edit:
    makers: Mapping[str, Callable[[], Edit | None]] = {
        "add a plan": lambda: _add_plan(draw, world, sections),
        "add a user": lambda: _add_user(draw, world, sections, number),
        "move a user": lambda: _move_user(draw, sections, number),
        "swap": lambda: _swap(draw, sections),
        "retune": lambda: _retune(draw, world, sections),
        "absent": lambda: _absent(draw, sections),
        "declare no more": lambda: _drop(draw, sections),
        "rename": lambda: _rename(draw, sections, number),
        "destroy": lambda: _destroy(draw, sections),
        "meddle": lambda: _meddle(draw, world, sections),
    }
    for name in draw(st.permutations(sorted(makers))):
        if (made := makers[name]()) is not None:
            return made
    return Edit("nothing", sections, sections)


def _add_plan(draw: st.DrawFn, world: World, sections: Sections) -> Edit | None:
    taken = {base(name) for name in sections["dial_plans"]}
    free = [name for name in PLANS if name not in taken]
    if not free:
        return None
    name = draw(st.sampled_from(free))
    there = {str(plan["name"]): int(plan["NumberOfDigitsInExtension"]) for plan in world.dial_plans}
    told = draw(dial_plans(world, name, there.get(name)))
    parts: dict[str, dict[str, Any]] = {
        "dial_plans": {name: told},
        "lync_dial_plans": {name: {}} if "lync_dial_plan" in told else {},
        "mailbox_policies": draw(mailbox_policies(world, name)),
        "auto_attendants": draw(auto_attendants(world, name)),
    }
    found = {**sections}
    for section, added in parts.items():
        if added:
            found[section] = {**found.get(section, {}), **added}
    return changed("add a plan", found)


def _add_user(draw: st.DrawFn, world: World, sections: Sections, number: int) -> Edit | None:
    rows = rows_of(sections)
    taken = {row["identity"] for row in rows}
    free = [
        (user.address or f"{user.alias}@{world.forest}", user.sip)
        for user in world.all_users()
        if user.mailbox and user.enterprise_voice and user.lync
    ]
    free = [one for one in free if one[0] not in taken]
    if not free or not sections["dial_plans"]:
        return None
    address, sip = draw(st.sampled_from(free))
    plan = draw(st.sampled_from(sorted(sections["dial_plans"])))
    row = {"identity": address, "sip_address": sip or address, **_place(draw, sections, plan, number)}
    return changed("add a user", {**sections, ROWS: [*rows, row]})


def _place(draw: st.DrawFn, sections: Sections, plan: str, number: int) -> dict[str, str]:
    """Return an extension that nobody had before, with the dial plan: users who are declared no more keep theirs."""
    digits = sections["dial_plans"][plan]["extension_digits"]
    own = range(50 + 10 * number, 60 + 10 * number)
    return {"extension": str(draw(st.sampled_from(own))).zfill(digits), "dial_plan": plan}


def _move_user(draw: st.DrawFn, sections: Sections, number: int) -> Edit | None:
    rows = rows_of(sections)
    if not rows:
        return None
    row = draw(st.sampled_from(rows))
    plan = draw(st.sampled_from(sorted(sections["dial_plans"])))
    policies = [key for key, told in sections.get("mailbox_policies", {}).items() if told.get("dial_plan") == plan]
    moved = {name: value for name, value in row.items() if name not in ("policy", "dial_plan")}
    moved |= _place(draw, sections, plan, number)
    if policies and draw(st.sampled_from([True, False])):
        del moved["dial_plan"]
        moved["policy"] = draw(st.sampled_from(policies))
    return changed("move a user", with_rows(sections, {row["identity"]: moved}))


def _swap(draw: st.DrawFn, sections: Sections) -> Edit | None:
    rows = rows_of(sections)
    pairs = [
        (one, other)
        for place, one in enumerate(rows)
        for other in rows[place + 1 :]
        if plan_of(sections, one) == plan_of(sections, other)
    ]
    if not pairs:
        return None
    one, other = draw(st.sampled_from(pairs))
    swapped = {
        one["identity"]: {**one, "extension": other["extension"]},
        other["identity"]: {**other, "extension": one["extension"]},
    }
    return changed("swap", with_rows(sections, swapped))


def _retune(draw: st.DrawFn, world: World, sections: Sections) -> Edit | None:
    if not sections["dial_plans"]:
        return None
    name = draw(st.sampled_from(sorted(sections["dial_plans"])))
    before = sections["dial_plans"][name]
    told = draw(dial_plans(world, base(name), before["extension_digits"]))
    told.pop("lync_dial_plan", None)
    kept = {key: before[key] for key in ("lync_dial_plan", "pools") if key in before}
    pools = [pool.fqdn for pool in world.lync.pools if pool.type != "director"]
    if draw(st.booleans()):
        told["outcall_gateway"] = draw(st.sampled_from(["auto", "unmanaged", *pools]))
    return changed("retune", {**sections, "dial_plans": {**sections["dial_plans"], name: {**told, **kept}}})


def _group(draw: st.DrawFn, sections: Sections) -> frozenset[Key]:
    """Return a declaration, with what cannot stay without it."""
    keys = keys_of(sections)
    if not keys:
        return frozenset()
    section, key = draw(st.sampled_from(keys))
    if section == "dial_plans":
        return frozenset(of_plan(sections, key))
    gone = {(section, key)}
    if section == "auto_attendants":
        gone |= {(section, one) for one, told in sections[section].items() if told.get("dtmf_fallback") == key}
    if section == "mailbox_policies":
        gone |= {(ROWS, row["identity"]) for row in rows_of(sections) if row.get("policy") == key}
    if section == "lync_dial_plans":
        plans = [name for name, told in sections["dial_plans"].items() if told.get("lync_dial_plan") == key]
        gone |= {one for plan in plans for one in of_plan(sections, plan)}
    return frozenset(gone)


def _absent(draw: st.DrawFn, sections: Sections) -> Edit | None:
    gone = _group(draw, sections)
    if any(section in ENDLESS for section, _ in gone):
        return None
    return Edit("absent", ending(sections, gone), whole(without(sections, gone))) if gone else None


def _drop(draw: st.DrawFn, sections: Sections) -> Edit | None:
    """Declare something no more that another declaration does not need; a dial plan stays."""
    gone = _group(draw, sections)
    if not gone or any(section == "dial_plans" for section, _ in gone):
        return None
    return changed("declare no more", whole(without(sections, gone)))


def _destroy(draw: st.DrawFn, sections: Sections) -> Edit | None:
    gone = _group(draw, sections)
    return Edit("destroy", sections, whole(without(sections, gone)), destroys=gone) if gone else None


def _rename(draw: st.DrawFn, sections: Sections, number: int) -> Edit | None:
    """Give a dial plan another name: everything that refers to it follows."""
    if not sections["dial_plans"]:
        return None
    old = draw(st.sampled_from(sorted(sections["dial_plans"])))
    new = f"{base(old)}-{number}"
    after = copy.deepcopy(dict(sections))
    after["dial_plans"] = {new if key == old else key: told for key, told in after["dial_plans"].items()}
    if "mailbox_policies" in after:
        default = {f"{old}/default": f"{new}/default"}
        after["mailbox_policies"] = {default.get(key, key): told for key, told in after["mailbox_policies"].items()}
    for told in _referring(after):
        if told.get("dial_plan") == old:
            told["dial_plan"] = new
    replaced = frozenset(of_plan(sections, old))
    moved = [{"from": f"dial_plan/{old}", "to": f"dial_plan/{new}"}]
    return Edit("rename", {**after, "moved": moved}, after, replaces=replaced)


def _referring(sections: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for section in ("mailbox_policies", "auto_attendants", "hunt_groups"):
        yield from sections.get(section, {}).values()
    yield from rows_of(sections)


def _meddle(draw: st.DrawFn, world: World, sections: Sections) -> Edit | None:
    names = [world.pool_name(pool) for pool in world.lync.pools]
    lines = ["exchucutil.ps1", "Set-UMIPGateway Shared -OutcallsAllowed $true"]
    lines += [f"Set-UMIPGateway '{name}' -OutcallsAllowed ${value}" for name in names for value in ("true", "false")]
    for plan in sections["dial_plans"]:
        lines += [f"Remove-UMHuntGroup '{name}\\{plan}'" for name in names]
        lines.append(f"New-UMHuntGroup -Name By{plan} -UMDialPlan {plan} -UMIPGateway Shared -PilotIdentifier 8000")
    lines += [f"Disable-UMMailbox {row['identity']}" for row in rows_of(sections)]
    lines += by_hand(world, sections)
    done = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=3, unique=True))
    return Edit("meddle", sections, sections, lines=tuple(done))
