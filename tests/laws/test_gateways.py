"""The gateways that are chosen for outgoing calls are those that a solver finds that tries everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.estate.outcalls import solve_outcalls
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource
from tests.laws.gateway_choice import Gateway, Plan, best, choices, groups
from tests.support.landscapes import (
    gateway,
    hunt_group,
    landscape,
    lync_user,
    plan_declared,
    plan_observed,
    pool,
    site,
)
from tests.support.trial import law

ADDRESSES = ("a.x.y", "b.x.y", "c.x.y", "d.x.y")
KINDS = ("One", "One", "Two", "branch", "director", "foreign")


@st.composite
def small_estates(draw: st.DrawFn) -> list[Plan]:
    """Generate up to three dial plans over up to four gateways of all kinds, linked and chosen in any way."""
    there = [
        Gateway(
            address,
            draw(st.sampled_from(KINDS)),
            front_ends=draw(st.integers(1, 2)),
            users=draw(st.integers(0, 2)),
            is_enabled=draw(st.booleans()),
            is_disabled=draw(st.integers(0, 5)) == 5,
        )
        for address in ADDRESSES
    ]
    plans = []
    for name in ["P", "Q", "R"][: draw(st.integers(1, 3))]:
        linked = [one for one in there if draw(st.integers(0, 3))]
        chosen = draw(st.none() | st.none() | st.sampled_from(ADDRESSES))
        plans.append(Plan(name, tuple(linked), draw(st.sampled_from([None, "One", "Two"])), chosen))
    return plans


def as_read(plans: list[Plan]) -> Landscape:
    """Return the estate as the engine reads it, with the files that declare its dial plans."""
    observed: list[Resource] = [site("One"), site("Two"), site("Far", branch_of="One")]
    for one in {one for plan in plans for one in plan.gateways}:
        if one.kind != "foreign":
            is_director = one.kind == "director"
            place = {"director": "One", "branch": "Far"}.get(one.kind, one.kind)
            hosts = [f"fe{number}.{one.address}" for number in range(one.front_ends)]
            observed += pool(one.address, place, *hosts, director=is_director)
            observed += [lync_user(f"u{number}@{one.address}", one.address) for number in range(one.users)]
        status = {"status": "Disabled"} if one.is_disabled else {}
        observed.append(gateway(one.address, one.address, outcalls=one.is_enabled, **status))
    for plan in plans:
        observed += [plan_observed(plan.name), *(hunt_group(one.address, plan.name) for one in plan.gateways)]
    return landscape(observed, [_declared(plan) for plan in plans])


def _declared(plan: Plan) -> Resource:
    site_of = {"site": plan.site} if plan.site else {}
    return plan_declared(plan.name, **site_of, **({"outcall_gateway": plan.chosen} if plan.chosen else {}))


@law(400)
@given(small_estates())
def test_the_choice_is_the_best_that_there_is(plans: list[Plan]) -> None:
    chosen = {each.plan.key: each.chosen for each in solve_outcalls(as_read(plans))}
    free = [plan for plan in plans if plan.tiers()]
    assert all(chosen[plan.name] is None for plan in plans if plan not in free)
    for group in groups(free):
        told = {plan.name: chosen[plan.name] for plan in group}
        wanted = best(group)
        if wanted is None:
            assert set(told.values()) == {None}
            continue
        level, shared = wanted
        found = [one for one in choices(group) if one.gateways == told]
        assert [one.level for one in found[:1]] == [level], (told, wanted)
        assert shared is None or set(told.values()) == {shared}


def test_the_solver_knows_what_it_judges() -> None:
    """One example of each part of the rule, worked out by hand."""
    home, remote = Gateway("a", "One", front_ends=1), Gateway("b", "Two", front_ends=2)
    director, branch = Gateway("c", "director", front_ends=9), Gateway("d", "branch")
    assert best([Plan("P", (home, remote, director, branch), "One")]) == (0, "a")
    assert best([Plan("P", (home, remote))]) == (0, "b")
    assert best([Plan("P", (director,))]) == (0, "c")
    assert best([Plan("P", (director, branch), "One")]) == (0, "d")
    assert Plan("P", (director, home), chosen="c").tiers() == []
    one, other = Plan("P", (home, remote), "One"), Plan("Q", (remote,), "One")
    assert best([one, other]) == (1, "b")
    assert best([Plan("P", (home, remote), chosen="a"), Plan("Q", (home, remote), chosen="b")]) is None
