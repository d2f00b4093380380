"""The outcall rule (DOMAIN 6.2): one gateway for the outgoing calls of each dial plan, solved jointly."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from providers.catalogue import resource_types
from providers.estate.outcall_reasons import outcall_reasons
from providers.estate.outcalls import LOWER_OUTCALLS, solve_outcalls, wanted_outcalls
from providers.resources.ip_gateway import IPGatewayType
from providers.schema.exchange import DialPlan
from reconciler.model.abilities import met
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.diagnostics import Severity
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation, Remembered
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    POOLS,
    contoso,
    gateway,
    hunt_group,
    joined,
    landscape,
    lync_user,
    mailbox_declared,
    plan_declared,
    plan_observed,
    pool,
    site,
    with_observed,
    without_observed,
)
from tests.support.types import the

TYPES = {kind.name: kind for kind in resource_types()}
GATEWAYS = the(IPGatewayType)


def enabled(given: Landscape) -> set[str]:
    """Return the gateways that shall allow outgoing calls."""
    return {address for address, allowed in wanted_outcalls(solve_outcalls(given)).items() if allowed}


def chosen(given: Landscape) -> dict[str, str | None]:
    return {each.plan.key: each.chosen for each in solve_outcalls(given)}


def codes(given: Landscape) -> list[str]:
    return sorted(str(told.code) for told in GATEWAYS.check(given))


def linked(plans: Mapping[str, Sequence[str]], *declared: Resource, on: Sequence[str] = ()) -> Landscape:
    """Return an estate in which each dial plan is linked to these gateways; those in ``on`` are enabled."""
    given = contoso(*(declared or [plan_declared(name) for name in plans]))
    addresses = sorted({address for several in plans.values() for address in several})
    gateways = [gateway(address, f"gateway-{n}", outcalls=address in on) for n, address in enumerate(addresses)]
    groups = [hunt_group(address, name) for name, several in plans.items() for address in several]
    return with_observed(given, *gateways, *groups, *(plan_observed(name) for name in plans))


# --- one dial plan ---------------------------------------------------------------------------------------------------


def test_the_pool_with_most_front_ends_is_chosen_where_no_site_is_known() -> None:
    assert enabled(linked({"Redmond": POOLS}, on=POOLS)) == {"pool1.contoso.com"}


def test_every_linked_gateway_but_the_chosen_one_is_disabled_foreign_ones_too() -> None:
    given = linked({"Redmond": [*POOLS, "sbc.contoso.com"]}, on=POOLS)
    wanted = wanted_outcalls(solve_outcalls(given))
    assert wanted == {address: address == "pool1.contoso.com" for address in sorted([*POOLS, "sbc.contoso.com"])}


def test_a_valid_incumbent_is_kept() -> None:
    assert enabled(linked({"Redmond": POOLS}, on=["se1.contoso.com"])) == {"se1.contoso.com"}


def test_of_several_enabled_gateways_the_one_last_applied_is_kept() -> None:
    given = linked({"Redmond": POOLS}, on=POOLS)
    known = Remembered(Address("ip_gateway", "pool2.contoso.com"), {"outcalls_allowed": True})
    given = replace(given, prior=replace(given.prior, resources={known.address: known}))
    assert enabled(given) == {"pool2.contoso.com"}


def test_the_incumbent_is_the_one_before_the_script_resets_the_flags() -> None:
    given = joined(plan_declared())
    given = with_observed(given, gateway("pool1.contoso.com", "1:1", outcalls=False), gateway("se1.contoso.com", "1:3"))
    given = without_observed(given, "hunt_group/pool2.contoso.com/Redmond")
    plan = build_plan(tuple(TYPES.values()), given)
    assert any(action.address.type == "exchucutil" for action in plan.actions())
    lowered = {a.address.key for a in plan.actions() if a.address.type == "ip_gateway"}
    assert lowered == {"pool1.contoso.com", "pool2.contoso.com", "dir1.contoso.com"}


def test_a_director_is_never_chosen_among_several() -> None:
    given = linked({"Redmond": ["dir1.contoso.com", "sba1.contoso.com"]}, on=["dir1.contoso.com"])
    assert enabled(given) == {"sba1.contoso.com"}


def test_the_only_gateway_stays_enabled_whatever_it_is() -> None:
    for address in ("dir1.contoso.com", "sba1.contoso.com", "sbc.contoso.com", "pool1.contoso.com"):
        given = linked({"Redmond": [address]})
        assert enabled(given) == {address}
        assert codes(given) == ([] if address == "pool1.contoso.com" else ["UM040"])


def test_a_disabled_gateway_does_not_count() -> None:
    given = with_observed(
        linked({"Redmond": ["pool1.contoso.com", "pool2.contoso.com"]}),
        gateway("pool1.contoso.com", "1:1", status="Disabled"),
    )
    assert wanted_outcalls(solve_outcalls(given)) == {"pool2.contoso.com": True}


def test_foreign_gateways_alone_are_left_as_they_are_and_reported() -> None:
    given = linked({"Redmond": ["sbc1.contoso.com", "sbc2.contoso.com"]})
    assert wanted_outcalls(solve_outcalls(given)) == {}
    assert codes(given) == ["UM042"]


def test_a_plan_without_gateways_decides_nothing() -> None:
    assert chosen(linked({"Redmond": []})) == {"Redmond": None}


# --- the operator's choice -------------------------------------------------------------------------------------------


def test_an_explicit_choice_wins_over_the_incumbent() -> None:
    plan = plan_declared(outcall_gateway="se1.contoso.com")
    given = linked({"Redmond": POOLS}, plan, on=["pool1.contoso.com"])
    assert enabled(given) == {"se1.contoso.com"}


def test_an_explicit_choice_of_a_branch_or_foreign_gateway_is_taken_and_not_complained_of() -> None:
    for address in ("sba1.contoso.com", "sbc.contoso.com"):
        given = linked({"Redmond": [*POOLS, "sbc.contoso.com"]}, plan_declared(outcall_gateway=address))
        assert (enabled(given), codes(given)) == ({address}, [])


def test_an_explicit_choice_that_cannot_be_taken_is_refused() -> None:
    for address in ("dir1.contoso.com", "pool9.contoso.com"):
        given = linked({"Redmond": POOLS}, plan_declared(outcall_gateway=address))
        assert wanted_outcalls(solve_outcalls(given)) == {}
        assert codes(given) == ["UM041"]
    (told,) = GATEWAYS.check(linked({"Redmond": POOLS}, plan_declared(outcall_gateway="pool11.contoso.com")))
    assert told.is_error
    assert told.remedy == 'Did you mean "pool1.contoso.com"?'


# --- the site --------------------------------------------------------------------------------------------------------


def test_a_pool_of_the_declared_site_is_preferred() -> None:
    assert enabled(linked({"Redmond": POOLS}, plan_declared(site="Dublin"))) == {"pool2.contoso.com"}


def test_the_site_of_most_users_is_taken_and_kept() -> None:
    rows = [mailbox_declared(f"u{n}@c.com", f"4100{n}") for n in range(3)]
    homes = ["pool2.contoso.com", "se1.contoso.com", "pool1.contoso.com"]
    users = [lync_user(row.key, home) for row, home in zip(rows, homes, strict=True)]
    given = with_observed(linked({"Redmond": POOLS}, plan_declared(), *rows), *users)
    assert enabled(given) == {"pool2.contoso.com"}
    assert GATEWAYS.decisions(given) == {"dial_plan/Redmond:site": "Dublin"}
    kept = replace(given, prior=replace(given.prior, decisions={"dial_plan/Redmond:site": "Redmond"}))
    assert enabled(kept) == {"pool1.contoso.com"}


def test_users_of_a_branch_count_for_its_central_site() -> None:
    row = mailbox_declared("u1@c.com")
    given = linked({"Redmond": POOLS}, plan_declared(), row, on=["pool2.contoso.com", "pool1.contoso.com"])
    given = with_observed(given, lync_user("u1@c.com", "sba1.contoso.com"))
    assert enabled(given) == {"pool1.contoso.com"}


def test_a_site_that_does_not_exist_is_reported() -> None:
    assert "UM044" in codes(linked({"Redmond": POOLS}, plan_declared(site="Redmont")))


# --- several dial plans ----------------------------------------------------------------------------------------------


def test_plans_that_share_all_gateways_share_one_choice() -> None:
    plans = [plan_declared("Redmond", site="Redmond"), plan_declared("Dublin", site="Dublin")]
    given = linked({"Redmond": POOLS, "Dublin": POOLS}, *plans)
    assert len(enabled(given)) == 1
    assert len(set(chosen(given).values())) == 1


def test_plans_with_gateways_of_their_own_choose_each_for_itself() -> None:
    given = linked(
        {"Redmond": ["pool1.contoso.com", "dir1.contoso.com"], "Dublin": ["pool2.contoso.com", "se1.contoso.com"]}
    )
    assert chosen(given) == {"Redmond": "pool1.contoso.com", "Dublin": "pool2.contoso.com"}


def test_a_choice_never_gives_another_plan_a_second_gateway() -> None:
    """The biggest pool would serve Redmond best, but Dublin may use only its own gateway."""
    shared = {"Redmond": ["pool1.contoso.com", "pool2.contoso.com"], "Dublin": ["pool2.contoso.com"]}
    assert chosen(linked(shared)) == {"Redmond": "pool2.contoso.com", "Dublin": "pool2.contoso.com"}


def test_what_one_plan_asks_for_is_taken_by_those_that_share_all_its_gateways() -> None:
    plans = [plan_declared("Redmond", outcall_gateway="sbc.contoso.com"), plan_declared("Dublin")]
    everywhere = [*POOLS, "sbc.contoso.com"]
    given = linked({"Redmond": everywhere, "Dublin": everywhere}, *plans)
    assert chosen(given) == {"Redmond": "sbc.contoso.com", "Dublin": "sbc.contoso.com"}


def test_choices_that_contradict_each_other_are_refused_and_nothing_flaps() -> None:
    plans = [
        plan_declared("Redmond", outcall_gateway="pool1.contoso.com"),
        plan_declared("Dublin", outcall_gateway="pool2.contoso.com"),
    ]
    given = linked({"Redmond": POOLS, "Dublin": POOLS}, *plans, on=POOLS)
    assert wanted_outcalls(solve_outcalls(given)) == {}
    told = [one for one in GATEWAYS.check(given) if one.code == "UM043"]
    assert len(told) == 2
    assert all(one.is_error for one in told)


def test_a_gateway_of_a_removed_pool_is_reported_as_a_note() -> None:
    given = with_observed(joined(plan_declared()), gateway("oldpool.contoso.com", "1:9", outcalls=False))
    (told,) = GATEWAYS.check(given)
    assert (told.code, told.severity.value) == ("UM045", "note")


# --- order and obligations -------------------------------------------------------------------------------------------


def test_the_chosen_gateway_is_enabled_before_the_others_are_disabled() -> None:
    plan = plan_declared(outcall_gateway="pool2.contoso.com")
    given = joined(plan)
    actions = {
        a.address.key: a for a in build_plan(tuple(TYPES.values()), given).actions() if a.address.type == "ip_gateway"
    }
    assert set(actions) == {"pool1.contoso.com", "pool2.contoso.com"}
    assert actions["pool2.contoso.com"].address in actions["pool1.contoso.com"].needs
    assert actions["pool1.contoso.com"].address not in actions["pool2.contoso.com"].needs
    assert str(actions["pool2.contoso.com"].commands[0]) == "Set-UMIPGateway -Identity '1:2' -OutcallsAllowed:$true"


def test_the_obligation_ends_when_one_gateway_is_left() -> None:
    owed = Obligation("lower-outcalls", "Redmond")
    for on, ended in ((POOLS[:2], []), (POOLS[:1], [owed])):
        given = linked({"Redmond": POOLS}, on=on)
        given = replace(given, prior=replace(given.prior, obligations=(owed,)))
        assert list(met([GATEWAYS], given)) == ended


_ADDRESSES = ("a.x.y", "b.x.y", "c.x.y", "d.x.y")


@st.composite
def _estates(draw: st.DrawFn) -> Landscape:
    """Small estates: up to three plans over up to four gateways of all classes, linked in any way."""
    plans = draw(st.lists(st.sampled_from(["P", "Q", "R"]), min_size=1, max_size=3, unique=True))
    observed: list[Resource] = [site("One"), site("Two"), site("Far", branch_of="One")]
    for address in _ADDRESSES:
        kind = draw(st.sampled_from(["One", "Two", "Far", "director", "foreign"]))
        if kind != "foreign":
            is_director = kind == "director"
            observed += pool(address, "One" if is_director else kind, f"fe.{address}", director=is_director)
        observed.append(gateway(address, address, outcalls=draw(st.booleans())))
    for plan in plans:
        links = draw(st.sets(st.sampled_from(_ADDRESSES)))
        observed += [plan_observed(plan), *(hunt_group(address, plan) for address in sorted(links))]
    sites = st.sampled_from([{}, {"site": "One"}, {"site": "Two"}])
    return landscape(observed, [plan_declared(plan, **draw(sites)) for plan in plans])


@cases(_estates())
def test_every_solved_plan_has_exactly_one_gateway_and_the_choice_is_stable(given: Landscape) -> None:
    decided = solve_outcalls(given)
    wanted = wanted_outcalls(decided)
    for each in decided:
        if each.chosen is not None:
            assert [address for address in each.gateways if wanted[address]] == [each.chosen]
            assert len(each.gateways) == 1 or each.chosen_class is not None
    after = with_observed(
        given,
        *(
            replace(given.all("ip_gateway")[address], attributes={"outcalls_allowed": allowed, "status": "Enabled"})
            for address, allowed in wanted.items()
        ),
    )
    assert wanted_outcalls(solve_outcalls(after)) == wanted


@cases(_estates())
def test_a_conflict_is_reported_only_where_there_is_no_solution(given: Landscape) -> None:
    """Among the candidates of each plan, no choice at all gives every plan exactly one gateway."""
    decided = [each for each in solve_outcalls(given) if each.gateways and each.tiers]
    if all(each.chosen for each in decided):
        return
    for combination in itertools.product(*([g for tier in each.tiers for g in tier] for each in decided)):
        picked = set(combination)
        assert any(len(picked.intersection(each.gateways)) != 1 for each in decided)


@cases(_estates(), st.data())
def test_no_remedy_leads_back_to_the_complaint_or_to_another_one(given: Landscape, data: st.DataObject) -> None:
    """What a remedy says to write is written. Then its dial plan has no complaint, and no other one a new complaint."""
    plans = given.written("dial_plan")
    written = [
        plan.having(DialPlan.outcall_gateway, data.draw(st.sampled_from(["auto", *_ADDRESSES, "e.x.y"])))
        for plan in plans.values()
    ]
    given = replace(given, declared={**given.declared, "dial_plan": plans.replaced(written)})
    before = _family(given)
    for told in (one for one in GATEWAYS.check(given) if one.code in FAMILY):
        choice = re.search(r"outcall_gateway: (\S+)|Did you mean \"(\S+)\"", told.remedy)
        assert choice is not None, told.remedy
        plan = plans[str(told.address).partition("/")[2]].having(DialPlan.outcall_gateway, choice[1] or choice[2])
        others = given.written("dial_plan").replaced([plan])
        after = _family(replace(given, declared={**given.declared, "dial_plan": others}))
        assert told.address not in {address for address, _ in after}, told.remedy
        milder = {(address, "UM040") for address, _ in before}
        assert after <= before | milder, (told, after - before)


def test_an_unsuitable_gateway_has_every_remedy() -> None:
    """The site where its users are, and the pools of its region, end the complaint as well as another gateway."""
    given = linked({"Redmond": ["pool1.contoso.com"], "Dublin": ["pool1.contoso.com"]})
    plans = given.written("dial_plan")
    remote = plans["Redmond"].having(DialPlan.site, "Dublin")
    given = replace(given, declared={**given.declared, "dial_plan": plans.replaced([remote])})
    (told,) = GATEWAYS.check(given)
    assert (told.code, told.address) == ("UM040", "dial_plan/Redmond")
    for written in ("outcall_gateway: pool1.contoso.com", "site: Redmond", "write pools"):
        assert written in told.remedy


FAMILY = ("UM040", "UM041", "UM042", "UM043")


def _family(given: Landscape) -> set[tuple[str | None, str | None]]:
    return {(one.address, one.code) for one in GATEWAYS.check(given) if one.code in FAMILY}


@pytest.mark.parametrize(
    ("links", "declared", "on", "why"),
    [
        (POOLS, {"outcall_gateway": "sba1.contoso.com"}, (), "outcall_gateway names it"),
        (["sbc.contoso.com"], {}, (), "no other gateway is linked"),
        (POOLS, {}, ["se1.contoso.com"], "it does so already"),
        (POOLS, {"site": "Redmond"}, (), "it is in the home site"),
        (POOLS, {}, (), "its pool is the biggest of them (3 Front Ends, 0 users)"),
    ],
)
def test_each_choice_has_its_reason(
    links: Sequence[str], declared: Mapping[str, str], on: Sequence[str], why: str
) -> None:
    given = linked({"Redmond": links}, plan_declared(**declared), on=on)
    (chosen,) = [each.chosen for each in solve_outcalls(given)]
    (line,) = outcall_reasons(str(chosen), given)
    assert line.startswith(f"Redmond calls out through {chosen}: ")
    assert why in line


def test_plans_with_one_reason_share_a_line_and_a_joint_choice_says_so() -> None:
    shared = {"A": ["pool1.contoso.com", "pool2.contoso.com"], "B": ["pool2.contoso.com"], "C": ["pool2.contoso.com"]}
    lines = outcall_reasons("pool2.contoso.com", linked(shared))
    assert len(lines) == 2
    assert "A, B and C together" in lines[0]
    assert lines[1].startswith("B and C call out through pool2.contoso.com")
    assert outcall_reasons("pool1.contoso.com", linked(shared)) == lines[:1]


def test_a_changed_gateway_carries_the_reason_in_the_plan() -> None:
    plan = build_plan(tuple(TYPES.values()), joined(plan_declared(outcall_gateway="pool2.contoso.com")))
    reasons = {action.address.key: action.reasons for action in plan.actions()}
    assert reasons["pool1.contoso.com"] == reasons["pool2.contoso.com"]
    assert "outcall_gateway names it" in reasons["pool1.contoso.com"][0]


def test_a_second_gateway_is_owed_to_be_lowered_before_it_is_allowed() -> None:
    plan = build_plan(tuple(TYPES.values()), joined(plan_declared(outcall_gateway="pool2.contoso.com")))
    owes = {action.address.key: action.owes for action in plan.actions()}
    assert owes == {"pool2.contoso.com": (LOWER_OUTCALLS.of("Redmond"),), "pool1.contoso.com": ()}
    alone = joined(plan_declared(pools=("pool1.contoso.com",)))
    alone = with_observed(alone, gateway("pool1.contoso.com", "1:1", outcalls=False))
    (raised,) = [one for one in build_plan(tuple(TYPES.values()), alone).actions() if one.address.type == "ip_gateway"]
    assert raised.owes == ()


@pytest.mark.parametrize(
    ("on", "links", "severity"),
    [
        (["pool1.contoso.com", "pool2.contoso.com"], ["pool2.contoso.com"], Severity.WARNING),
        (["pool1.contoso.com", "pool2.contoso.com"], POOLS, Severity.NOTE),
        (["pool1.contoso.com"], POOLS, None),
    ],
)
def test_a_dial_plan_that_nobody_manages_on_the_same_gateways(
    on: Sequence[str], links: Sequence[str], severity: Severity | None
) -> None:
    given = linked({"Redmond": POOLS, "Other": links}, plan_declared("Redmond"), on=on)
    given = lowered(given, on)
    assert [one.severity for one in GATEWAYS.check(given) if one.code == "UM201"] == ([severity] if severity else [])


def lowered(given: Landscape, on: Sequence[str]) -> Landscape:
    """Return the landscape as a plan leaves it that ends the outgoing calls of the second gateway in ``on``."""
    if len(on) < 2:
        return replace(given, actions={})
    change = Change("outcalls_allowed", before=True, after=False)
    action = Action(Address("ip_gateway", on[1]), ActionKind.UPDATE, changes=(change,))
    one = given.all("ip_gateway")[on[1]]
    after = replace(one, attributes={**one.attributes, "outcalls_allowed": False})
    return replace(with_observed(given, after), actions={action.address: action})


def test_unmanaged_gateways_stay_as_they_are() -> None:
    plan = plan_declared(outcall_gateway="unmanaged")
    given = linked({"Redmond": POOLS}, plan, on=POOLS)
    assert wanted_outcalls(solve_outcalls(given)) == {}
    assert codes(given) == []
    assert isinstance(GATEWAYS, IPGatewayType)
    assert GATEWAYS.is_met(LOWER_OUTCALLS.of("Redmond"), given)


def test_a_plan_that_shares_gateways_with_an_unmanaged_one_still_chooses() -> None:
    plans = [plan_declared("Redmond", outcall_gateway="unmanaged"), plan_declared("Dublin")]
    given = linked({"Redmond": POOLS, "Dublin": POOLS}, *plans, on=POOLS)
    assert enabled(given) == {"pool1.contoso.com"}
