"""Which links of dial plans with pools are missing, which are surplus, and what the checks of ``pools`` find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.estate.links import lasting_gateways, missing_links, needed_pools, surplus_links, users_left_out
from providers.resources.hunt_group import HuntGroupType
from reconciler.model.actions import ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    POOLS,
    gateway,
    hunt_group,
    joined,
    lync_user,
    mailbox_declared,
    plan_declared,
    plan_observed,
    resource,
    with_observed,
    without_observed,
)
from tests.support.trial import types
from tests.support.types import the

GROUPS = the(HuntGroupType)
ONE = ("pool1.contoso.com",)
TWO = ("pool1.contoso.com", "pool2.contoso.com")


def codes(given: Landscape) -> list[str]:
    return sorted(str(one.code) for one in GROUPS.check(given))


def test_links_with_pools_that_are_not_named_are_surplus() -> None:
    given = joined(plan_declared("A", pools=TWO), plan_declared("B"))
    assert set(surplus_links(given)) == {f"{pool}/A" for pool in POOLS if pool not in TWO}
    assert lasting_gateways(given) == {"a": frozenset(TWO), "b": frozenset(POOLS)}


def test_the_last_link_is_never_surplus() -> None:
    """The named pool cannot be linked yet: until then the dial plan keeps the links that it has."""
    given = without_observed(joined(plan_declared("A", pools=ONE)), "hunt_group/pool1.contoso.com/A")
    assert surplus_links(given) == {}


def test_declared_and_custom_links_and_those_of_other_gateways_are_not_surplus() -> None:
    declared = resource("hunt_group/pool2.contoso.com/A", gateway="pool2.contoso.com", dial_plan="A")
    given = joined(plan_declared("A", pools=ONE), declared)
    given = with_observed(
        given,
        hunt_group("se1.contoso.com", "A", "Custom"),
        gateway("sbc.contoso.com", "sbc"),
        hunt_group("sbc.contoso.com", "A"),
    )
    kept = {"pool2.contoso.com/A", "se1.contoso.com/Custom", "sbc.contoso.com/A"}
    assert not kept.intersection(surplus_links(given))


def test_links_of_a_dial_plan_that_nobody_declares_are_not_surplus() -> None:
    given = joined(plan_declared("A", pools=ONE))
    given = with_observed(given, plan_observed("Other"), *(hunt_group(pool, "Other") for pool in TWO))
    assert {key.partition("/")[2] for key in surplus_links(given)} == {"A"}


def test_names_compare_as_the_directory_compares_them() -> None:
    given = joined(plan_declared("redmond", pools=ONE))
    given = with_observed(given, *(hunt_group(pool, "REDMOND") for pool in POOLS))
    assert {key.casefold() for key in surplus_links(given)} == {f"{pool}/redmond" for pool in POOLS if pool not in ONE}
    assert not missing_links(given)


def test_unreadable_links_are_left_alone() -> None:
    given = joined(plan_declared("A", pools=ONE))
    (why,) = [one for one in GROUPS.check(joined(plan_declared("A", pools=("x.y",)))) if one.code == "UM037"]
    one = replace(given, unreadable={Address("hunt_group", "pool2.contoso.com/A"): why})
    assert "pool2.contoso.com/A" not in surplus_links(one)
    assert surplus_links(replace(given, unreadable={Address("hunt_group", "*"): why})) == {}


def test_pools_that_are_needed_are_the_named_ones_otherwise_all_with_front_ends() -> None:
    given = joined(plan_declared("A", pools=("dir1.contoso.com",)), plan_declared("B"))
    a, b = given.all("dial_plan")["A"], given.all("dial_plan")["B"]
    assert needed_pools(a, given) == ("dir1.contoso.com",)
    assert set(needed_pools(b, given)) == set(POOLS) - {"dir1.contoso.com"}


@pytest.mark.parametrize(("pools", "is_missing"), [(ONE, False), (("se1.contoso.com",), True), ("all", True)])
def test_only_a_needed_link_is_missing(pools: tuple[str, ...], *, is_missing: bool) -> None:
    given = without_observed(joined(plan_declared("A", pools=pools)), "hunt_group/se1.contoso.com/A")
    assert bool(missing_links(given)) is is_missing


def test_users_on_a_pool_that_is_left_out_are_counted_and_warned_of() -> None:
    plan = plan_declared(pools=ONE)
    given = joined(plan, mailbox_declared("u1@c.com", "41001"), mailbox_declared("u2@c.com", "41002"))
    given = with_observed(given, lync_user("u1@c.com", "pool1.contoso.com"), lync_user("u2@c.com", "pool2.contoso.com"))
    assert users_left_out(plan, given) == {"pool2.contoso.com": 1}
    (found,) = [one for one in GROUPS.check(given) if one.code == "UM089"]
    assert "pools: [pool1.contoso.com, pool2.contoso.com]" in found.remedy
    assert users_left_out(plan_declared(pools=TWO), given) == users_left_out(plan_declared(), given) == {}


def test_an_unknown_pool_is_refused_and_a_known_one_is_not() -> None:
    assert "UM037" in codes(joined(plan_declared(pools=("pool11.contoso.com",))))
    assert codes(joined(plan_declared(pools=TWO))) == codes(joined(plan_declared())) == []


def test_links_without_outgoing_calls_go_before_and_the_others_after_the_gateway_takes_over() -> None:
    """Before: every dial plan calls out through pool1. After: each through its own pool."""
    given = joined(plan_declared("A", pools=ONE), plan_declared("B", pools=("pool2.contoso.com",)))
    plan = build_plan(types(), given)
    stages = {str(action.address): step.stage for step in plan.steps for action in step.actions}
    raised = stages["ip_gateway/pool2.contoso.com"]
    assert stages["hunt_group/pool2.contoso.com/A"] < raised < stages["hunt_group/pool1.contoso.com/B"]
    assert plan.destroys == 0
    assert {action.kind for action in plan.actions()} <= {ActionKind.DELETE, ActionKind.UPDATE}


def test_no_restart_follows_from_a_link_that_is_removed() -> None:
    given = joined(plan_declared("A", pools=ONE))
    newer = with_observed(given, hunt_group("pool2.contoso.com", "A", made="2026-01-05T11:00:00.000000Z"))
    assert {action.address.type for action in build_plan(types(), newer).actions()} == {"hunt_group"}


def test_a_pool_without_any_link_is_not_restarted_and_one_with_a_custom_link_is() -> None:
    """fe4 and fe5 are the Front Ends of pool2, and the script is due for another pool."""
    plan = plan_declared("A", pools=("pool1.contoso.com", "se1.contoso.com"))
    given = without_observed(joined(plan), "hunt_group/se1.contoso.com/A")
    assert restarted(given) == {"fe1", "fe2", "fe3", "se1"}
    lost = with_observed(given, hunt_group("pool2.contoso.com", "A", "Custom"))
    assert restarted(lost) == {"fe1", "fe2", "fe3", "se1"}, "the script removes it, and nobody makes it again"
    declared = resource("hunt_group/pool2.contoso.com/Custom", gateway="pool2.contoso.com", dial_plan="A")
    custom = without_observed(joined(plan, declared), "hunt_group/se1.contoso.com/A")
    assert restarted(custom) == {"fe1", "fe2", "fe3", "fe4", "fe5", "se1"}
    others = with_observed(given, plan_observed("Other"), hunt_group("pool2.contoso.com", "Other"))
    assert restarted(others) == {"fe1", "fe2", "fe3", "fe4", "fe5", "se1", "sba1"}


def restarted(given: Landscape) -> set[str]:
    actions = list(build_plan(types(), given).actions())
    hosts = {action.address.key.partition(".")[0] for action in actions if action.address.type == "service_restart"}
    (script,) = [action for action in actions if action.address.type == "exchucutil"]
    owed = {one.subject.partition(".")[0] for one in script.owes if one.duty == "front-end-restart"}
    assert owed == hosts
    return hosts
