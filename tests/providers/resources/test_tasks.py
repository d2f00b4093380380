"""The tasks: when exchucutil, a Front End restart and a UM service restart are due, and what proves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from providers.catalogue import resource_types
from providers.estate.restart_pool import DRAIN, INTERRUPT, SETTLE, keeps_quorum, needed_to_stay_up
from providers.estate.upgrade_readiness import READINESS
from providers.resources.exchucutil import ExchucutilType
from providers.resources.service_restart import ServiceRestartType
from providers.resources.um_service_restart import UMServiceRestartType
from reconciler.model.abilities import met
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Command, Operation, Reply
from reconciler.model.diagnostics import NotFound, SessionError, Unreachable
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import Answer, Due, NotNow, Task, UnderWay
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import Obligation
from reconciler.model.values import Value
from reconciler.plan.build import build_plan
from reconciler.plan.decide import decide
from reconciler.plan.plan import Plan
from tests.providers.resources.test_cases import landscape_of, read_case
from tests.support.landscapes import (
    BOOT,
    CENTRAL_POOLS,
    FRONT_ENDS,
    NOW,
    POOLS,
    contoso,
    exchange_server,
    front_end,
    gateway,
    global_catalog,
    hunt_group,
    joined,
    landscape,
    permissions,
    plan_declared,
    plan_observed,
    pool,
    resource,
    site,
    um_services,
    with_observed,
    without_observed,
)
from tests.support.trial import types
from tests.support.types import the

TYPES = {kind.name: kind for kind in resource_types()}
EXCHUCUTIL, RESTART, UM_RESTART = the(ExchucutilType), the(ServiceRestartType), the(UMServiceRestartType)
ALL_FRONT_ENDS = {*FRONT_ENDS, "se1.contoso.com", "sba1.contoso.com"}
LATER = "2026-01-04T00:00:00.000000Z"
"""After BOOT, before NOW."""


def due(given: Landscape, kind: str = "exchucutil") -> list[Due]:
    task = TYPES[kind]
    assert isinstance(task, Task)
    return list(task.due(given))


def plan_of(given: Landscape) -> Plan:
    return build_plan(tuple(TYPES.values()), given)


def actions(given: Landscape, type_name: str) -> list[Action]:
    return [action for action in plan_of(given).actions() if action.address.type == type_name]


def codes(given: Landscape) -> set[str | None]:
    return {told.code for told in plan_of(given).diagnostics}


# --- exchucutil: the trigger predicate -------------------------------------------------------------------------------


def test_the_script_is_not_due_where_everything_it_makes_is_there() -> None:
    assert due(joined(plan_declared("Redmond"), plan_declared("Dublin"))) == []


@pytest.mark.parametrize("address", [*CENTRAL_POOLS, "sba1.contoso.com"])
def test_the_script_is_due_where_a_pool_has_no_gateway(address: str) -> None:
    given = without_observed(joined(plan_declared()), f"ip_gateway/{address}", f"hunt_group/{address}/Redmond")
    assert [task.reasons[0] for task in due(given)] == [f"no gateway for {address}"]


@pytest.mark.parametrize("address", [*CENTRAL_POOLS, "sba1.contoso.com"])
def test_the_script_is_due_where_a_hunt_group_is_missing(address: str) -> None:
    given = without_observed(joined(plan_declared()), f"hunt_group/{address}/Redmond")
    assert [task.reasons[0] for task in due(given)] == [f"no hunt group links Redmond with {address}"]


def test_the_script_is_due_where_a_permission_is_missing() -> None:
    given = with_observed(joined(plan_declared()), permissions(False)[0])
    assert "permission missing" in due(given)[0].reasons[0]


def test_a_director_without_a_gateway_is_no_reason_for_the_script() -> None:
    given = without_observed(
        joined(plan_declared()), "ip_gateway/dir1.contoso.com", "hunt_group/dir1.contoso.com/Redmond"
    )
    assert due(given) == []


def test_flags_and_names_of_gateways_are_no_reason_for_the_script() -> None:
    given = joined(plan_declared())
    changed = [gateway(address, "renamed", outcalls=False) for address in POOLS]
    assert due(with_observed(given, *changed)) == []


def test_a_hunt_group_of_another_name_links_as_well() -> None:
    given = without_observed(joined(plan_declared()), "hunt_group/pool1.contoso.com/Redmond")
    assert due(with_observed(given, hunt_group("pool1.contoso.com", "redmond", "Other"))) == []


def test_the_script_is_due_for_a_sip_dial_plan_only() -> None:
    given = joined(plan_declared())
    assert due(with_observed(given, plan_observed("Legacy", uri_type="TelExtn"))) == []
    assert due(with_observed(given, plan_observed("Other"))) != []


def test_nothing_managed_means_nothing_is_missing() -> None:
    assert due(with_observed(contoso(), plan_observed())) == []


def test_what_cannot_be_read_is_not_missing() -> None:
    given = without_observed(joined(plan_declared()), "ip_gateway/pool1.contoso.com")
    unreadable = {Address("ip_gateway", "*"): plan_of(contoso(plan_declared(site="Nowhere"))).diagnostics[0]}
    assert due(replace(given, unreadable=unreadable)) == []


def test_a_dial_plan_that_this_plan_makes_makes_the_script_due() -> None:
    (action,) = actions(contoso(plan_declared()), "exchucutil")
    assert action.needs == (Address("dial_plan", "Redmond"),)
    assert str(action.commands[0]) == "exchucutil.ps1"
    assert action.address.key == "contoso.com"


def test_without_pools_there_is_nothing_to_join() -> None:
    given = contoso(plan_declared())
    given = given.with_observed("lync_service", type(given.all("pool"))())
    assert "UM020" in codes(given)


# --- exchucutil: what it predicts, destroys and owes -----------------------------------------------------------------


def test_the_script_predicts_gateways_of_all_pools_with_their_flags_reset() -> None:
    given = contoso(plan_declared())
    given = with_observed(given, plan_observed(), gateway("sba1.contoso.com", "1:4", outcalls=True))
    (task,) = due(given)
    action = Action(task.resource.address, ActionKind.RUN)
    after = EXCHUCUTIL.foresee(action, given)
    flags = {one.key: one.get("outcalls_allowed") for one in after.all("ip_gateway").values()}
    assert flags == {address: address != "sba1.contoso.com" for address in POOLS}
    assert after.all("ip_gateway")["sba1.contoso.com"].name == "1:4"
    assert after.all("ip_gateway")["pool1.contoso.com"].get("message_waiting_allowed") is True
    groups = after.all("hunt_group")
    assert set(groups) == {f"{address}/Redmond" for address in POOLS}
    assert groups["pool1.contoso.com/Redmond"].get("pilot_identifier") == "Redmond"
    assert not due(after)


def test_the_script_destroys_custom_hunt_groups_of_pool_gateways_alone() -> None:
    given = without_observed(joined(plan_declared()), "hunt_group/pool2.contoso.com/Redmond")
    custom = hunt_group("pool1.contoso.com", "Redmond", "Custom")
    foreign = hunt_group("sbc.contoso.com", "Redmond", "Kept")
    (task,) = due(with_observed(given, custom, foreign))
    assert [str(one) for one in task.destroyed] == ["hunt_group/pool1.contoso.com/Custom"]
    (action,) = actions(with_observed(given, custom, foreign), "exchucutil")
    assert (action.expects or {})["replaces"] == ("pool1.contoso.com/Custom",)
    assert "UM021" in codes(with_observed(given, custom))


def test_a_declared_custom_hunt_group_is_made_again_after_the_script_and_destroys_nothing() -> None:
    custom = resource("hunt_group/pool1.contoso.com/Custom", gateway="pool1.contoso.com", dial_plan="Redmond")
    given = joined(plan_declared())
    given = replace(given, declared={**given.declared, "hunt_group": type(given.all("pool"))([custom])})
    given = with_observed(given, hunt_group("pool1.contoso.com", "Redmond", "Custom"))
    given = without_observed(given, "hunt_group/pool2.contoso.com/Redmond")
    (script,) = actions(given, "exchucutil")
    (made,) = actions(given, "hunt_group")
    assert script.destroyed == ()
    assert (made.kind, made.expects) == (ActionKind.CREATE, None)
    assert script.address in made.needs


def test_the_script_creates_obligations_to_restart_front_ends_and_to_choose_gateways() -> None:
    (task,) = due(with_observed(contoso(plan_declared()), plan_observed()))
    owed = {(one.duty, one.subject) for one in task.owes}
    assert owed == {
        *(("front-end-restart", host) for host in ALL_FRONT_ENDS),
        ("lower-outcalls", "Redmond"),
    }


def test_the_obligation_to_restart_begins_by_each_front_ends_own_clock() -> None:
    given = with_observed(contoso(plan_declared()), plan_observed(), front_end("fe2.contoso.com", clock=LATER))
    (task,) = due(given)
    action = Action(task.resource.address, ActionKind.RUN, owes=task.owes)
    since = {one.subject: one.since for one in EXCHUCUTIL.owed_after(action, given)}
    assert since.keys() == ALL_FRONT_ENDS
    assert (since["fe1.contoso.com"], since["fe2.contoso.com"]) == (NOW, LATER)


def test_the_script_is_proved_by_what_is_there_and_never_by_its_reply() -> None:
    action = Action(Address("exchucutil", "contoso.com"), ActionKind.RUN)
    assert EXCHUCUTIL.is_done(action, joined(plan_declared()))
    assert not EXCHUCUTIL.is_done(
        action, without_observed(joined(plan_declared()), "hunt_group/se1.contoso.com/Redmond")
    )


def test_lync_in_another_forest_is_named() -> None:
    servers = [
        exchange_server("ex1.contoso.com"),
        resource("organization/O", distinguished_name="CN=O,DC=contoso,DC=com"),
    ]
    given = landscape(
        [
            *servers,
            global_catalog(),
            plan_observed(),
            site("S"),
            *pool("pool1.lync.fabrikam.net", "S", "fe1.lync.fabrikam.net"),
        ],
        [plan_declared()],
    )
    assert due(given)[0].commands[0].parameters == (("Forest", "lync.fabrikam.net"),)
    own_tree = with_observed(given, global_catalog("dc2.lync.fabrikam.net"))
    assert due(own_tree)[0].commands[0].parameters == ()


def test_names_that_agree_up_to_the_first_dot_share_a_pilot_identifier() -> None:
    assert "UM022" in codes(contoso(plan_declared("dp.paris"), plan_declared("dp.lyon")))
    assert "UM022" not in codes(contoso(plan_declared("Paris"), plan_declared("Lyon")))


def answers(
    commands: Sequence[Command], reply: SessionError | Callable[[Command], Reply | SessionError]
) -> list[Answer]:
    return [(command, reply if isinstance(reply, SessionError) else reply(command)) for command in commands]


def test_the_script_waits_until_every_catalogue_knows_the_dial_plans() -> None:
    given = with_observed(contoso(plan_declared()), plan_observed(), global_catalog("dc2.contoso.com"))
    action = Action(Address("exchucutil", "contoso.com"), ActionKind.RUN)
    commands = EXCHUCUTIL.waits_for(action, given)

    def waiting(plans: Reply | SessionError, late: Reply | SessionError | None = None) -> object:
        def reply(command: Command) -> Reply | SessionError:
            if command.cmdlet == "Get-Service":
                return QUIET
            is_late = dict(command.parameters).get("DomainController") == "dc2.contoso.com"
            return Reply(()) if command.cmdlet != "Get-UMDialPlan" else late if late and is_late else plans

        return EXCHUCUTIL.is_ready(action, answers(commands, reply), given)

    known = Reply(({"Name": "redmond"},))
    assert waiting(known, Reply(())) == "dc2.contoso.com does not have Redmond yet"
    assert waiting(known) is None
    assert "dc1" in str(waiting(NotFound()))
    assert waiting(Unreachable()) is None, "nor will the script ask a catalogue that does not answer"


QUIET = Reply(({"Name": "WinRM", "Status": "Running", "ScriptRunning": False},))


@pytest.mark.parametrize("told", [Unreachable(), Reply(()), Reply(({"Name": "WinRM", "Status": "Running"},))])
def test_a_script_of_which_nothing_is_known_may_be_running(told: Reply | SessionError) -> None:
    given = joined(plan_declared())
    for kind, key in ((EXCHUCUTIL, "contoso.com"), (RESTART, "fe1.contoso.com")):
        action = Action(Address(kind.name, key), ActionKind.RUN)

        def reply(command: Command) -> Reply | SessionError:
            return told if command.cmdlet == "Get-Service" and command.endpoint.host is None else QUIET

        found = kind.is_ready(action, answers(kind.waits_for(action, given), reply), given)
        assert str(found).startswith("it is unknown whether exchucutil still runs")


def test_neither_script_nor_restart_goes_while_a_script_runs() -> None:
    given = joined(plan_declared())
    running = Reply(({"Name": "WinRM", "Status": "Running", "ScriptRunning": True},))

    def reply(command: Command) -> Reply:
        is_script_read = command.cmdlet == "Get-Service" and command.endpoint.host is None
        return running if is_script_read else Reply(({"Name": "Redmond", "Status": "Running"},))

    for kind, key in ((EXCHUCUTIL, "contoso.com"), (RESTART, "fe1.contoso.com")):
        action = Action(Address(kind.name, key), ActionKind.RUN)
        found = kind.is_ready(action, answers(kind.waits_for(action, given), reply), given)
        assert found == "exchucutil is still running"


# --- Front End restart: the level ------------------------------------------------------------------------------------


def restarted(given: Landscape) -> set[str]:
    return {task.resource.key for task in due(given, "service_restart")}


def test_no_front_end_is_restarted_where_all_started_after_the_newest_hunt_group() -> None:
    given = joined(plan_declared(), made="2026-01-01T05:59:59.000000Z")
    assert restarted(given) == set()


def test_front_ends_that_started_before_the_newest_hunt_group_are_restarted() -> None:
    given = joined(plan_declared(), made=LATER)
    given = with_observed(given, front_end("fe2.contoso.com", started="2026-01-04T00:00:01.000000Z"))
    assert restarted(given) == ALL_FRONT_ENDS - {"fe2.contoso.com"}


def test_a_front_end_whose_clock_was_compared_with_none_is_reported_and_not_taken_as_equal() -> None:
    given = joined(plan_declared(), made=LATER)
    hosts = [one.address for one in given.all("um_service_restart").values()]
    uncompared = without_observed(given, *map(str, hosts))
    assert restarted(given) == ALL_FRONT_ENDS
    assert restarted(uncompared) == set()
    told = [one for one in RESTART.check(uncompared) if one.code == "UM032"]
    assert {one.address for one in told} == {f"service_restart/{host}" for host in ALL_FRONT_ENDS}
    assert "unknown" in told[0].detail
    assert "UM032" not in codes(given)


def test_only_hunt_groups_of_managed_plans_on_pool_gateways_count() -> None:
    given = joined(plan_declared())
    foreign = hunt_group("sbc.contoso.com", "Redmond", made=LATER)
    unmanaged = hunt_group("pool1.contoso.com", "Other", made=LATER)
    assert restarted(with_observed(given, foreign, unmanaged)) == set()


def test_flags_permissions_and_renamed_gateways_ask_for_no_restart() -> None:
    given = with_observed(joined(plan_declared()), *permissions(True), *(gateway(one, "x") for one in POOLS))
    assert restarted(given) == set()


@pytest.mark.parametrize("since", [None, NOW, "2026-01-01T06:00:00.000000Z"])
def test_an_open_obligation_asks_for_a_restart(since: str | None) -> None:
    given = joined(plan_declared())
    owed = Obligation("front-end-restart", "FE1.contoso.com", since)
    given = replace(given, prior=replace(given.prior, obligations=(owed,)))
    assert restarted(given) == {"fe1.contoso.com"}
    assert not met([RESTART], given)


def test_an_obligation_met_by_anybody_asks_for_nothing() -> None:
    given = joined(plan_declared())
    owed = Obligation("front-end-restart", "fe1.contoso.com", "2026-01-01T05:00:00.000000Z")
    given = replace(given, prior=replace(given.prior, obligations=(owed,)))
    assert restarted(given) == set()
    assert list(met([RESTART], given)) == [owed]


def test_a_planned_script_asks_for_all_restarts_and_they_wait_for_it() -> None:
    found = actions(contoso(plan_declared()), "service_restart")
    assert {action.address.key for action in found} == ALL_FRONT_ENDS
    assert all(Address("exchucutil", "contoso.com") in action.needs for action in found)


def test_a_director_is_never_restarted() -> None:
    assert "dir1.contoso.com" not in restarted(joined(plan_declared(), made=LATER))


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_wrong_changes_nothing(hours: int) -> None:
    """The Front End started at 06:00 by the right clock; its own shows something else for the same moments."""
    wrong = {
        "clock": f"2026-01-05T{12 + hours}:00:00Z".replace("T1:", "T01:"),
        "started": f"2026-01-01T0{6 + hours}:00:00Z",
    }
    host = front_end("fe1.contoso.com", clock=wrong["clock"], started=wrong["started"])
    before = joined(plan_declared(), made="2026-01-01T05:00:00.000000Z")
    after = joined(plan_declared(), made="2026-01-01T07:00:00.000000Z")
    assert "fe1.contoso.com" not in restarted(with_observed(before, host))
    assert "fe1.contoso.com" in restarted(with_observed(after, host))


def test_a_restart_just_after_the_script_is_enough_also_where_the_clock_is_half_a_minute_slow() -> None:
    host = front_end("fe1.contoso.com", clock="2026-01-05T11:59:30Z", started="2026-01-05T11:59:25Z")
    given = with_observed(joined(plan_declared(), made="2026-01-05T11:59:50.000000Z"), host)
    assert "fe1.contoso.com" not in restarted(given)


# --- Front End restart: commands, order, pool ------------------------------------------------------------------------


def test_a_restart_brings_back_exactly_the_dependents_that_ran() -> None:
    given = with_observed(
        joined(plan_declared(), made=LATER), front_end("fe1.contoso.com", dependents=("RTCRGS", "RTCCAA"))
    )
    task = next(one for one in due(given, "service_restart") if one.resource.key == "fe1.contoso.com")
    assert [str(command) for command in task.commands] == [
        "Stop-CsWindowsService -Name RTCSRV -Graceful:$true -NoWait:$true",
        "Start-CsWindowsService -Name RTCSRV -NoWait:$true",
        "Start-CsWindowsService -Name RTCCAA -NoWait:$true",
        "Start-CsWindowsService -Name RTCRGS -NoWait:$true",
    ]
    assert {command.endpoint.host for command in task.commands} == {"fe1.contoso.com"}


def test_front_ends_of_a_pool_go_one_after_the_other_and_pools_side_by_side() -> None:
    settings = Settings(options=SETTLE.of(1200) | INTERRUPT.of(True))
    tasks = {
        task.resource.key: task
        for task in due(joined(plan_declared(), made=LATER, settings=settings), "service_restart")
    }
    previous = {key: [need.key for need in task.needs if need.type == "service_restart"] for key, task in tasks.items()}
    assert previous["fe1.contoso.com"] == []
    assert previous["fe2.contoso.com"] == ["fe1.contoso.com"]
    assert previous["fe3.contoso.com"] == ["fe2.contoso.com"]
    assert previous["fe4.contoso.com"] == []
    assert tasks["fe1.contoso.com"].settle_seconds == 1200
    assert tasks["se1.contoso.com"].settle_seconds == 0


def test_a_stopped_front_end_with_an_open_restart_is_only_started() -> None:
    given = with_observed(joined(plan_declared()), front_end("fe1.contoso.com", status="Stopped", started=None))
    assert restarted(given) == set()
    owed = Obligation("front-end-restart", "fe1.contoso.com", LATER)
    given = replace(given, prior=replace(given.prior, obligations=(owed,)))
    (task,) = due(given, "service_restart")
    assert [str(command) for command in task.commands] == ["Start-CsWindowsService -Name RTCSRV -NoWait:$true"]


def test_a_standard_edition_server_is_restarted_only_where_that_is_allowed() -> None:
    given = joined(plan_declared(), made=LATER, settings=Settings(options=INTERRUPT.of(False)))
    told = {(one.code, one.address) for one in plan_of(given).diagnostics}
    assert told >= {("UM030", "service_restart/se1.contoso.com"), ("UM030", "service_restart/sba1.contoso.com")}
    assert "UM030" not in codes(joined(plan_declared(), made=LATER))


def test_a_restart_that_would_take_the_pool_below_its_quorum_is_refused() -> None:
    given = joined(plan_declared(), made=LATER)
    given = with_observed(given, front_end("fe3.contoso.com", status="Stopped", started=None))
    told = [one for one in plan_of(given).diagnostics if one.code == "UM031"]
    assert {one.address for one in told} == {"service_restart/fe1.contoso.com", "service_restart/fe2.contoso.com"}
    assert "fe3.contoso.com" in told[0].detail


def test_lync_2010_has_no_quorum() -> None:
    given = joined(plan_declared(), made=LATER)
    services = [one for one in given.all("lync_service").values() if one.get("pool") == "pool1.contoso.com"]
    old = [replace(one, attributes={**one.attributes, "version": 5}) for one in services]
    given = with_observed(given, *old, front_end("fe3.contoso.com", status="Stopped", started=None))
    assert "UM031" not in codes(given)


def test_an_unreadable_front_end_is_reported_and_not_restarted() -> None:
    given = without_observed(joined(plan_declared(), made=LATER), "service_restart/fe1.contoso.com")
    assert "fe1.contoso.com" not in restarted(given)
    assert "UM032" in codes(given)


def ready(
    given: Landscape,
    host: str,
    states: dict[str, str],
    known: Sequence[str] | None = None,
    upgrade: str | None = "Ready",
) -> str | UnderWay | NotNow | None:
    task = next(one for one in due(given, "service_restart") if one.resource.key == host)
    action = Action(task.resource.address, ActionKind.RUN, commands=task.commands)
    guids = [one.guid for one in given.all("hunt_group").values()] if known is None else known

    def reply(command: Command) -> Reply:
        if command.cmdlet == "Get-UMHuntGroup":
            return Reply(tuple({"Guid": guid} for guid in guids))
        if command.cmdlet == "Get-CsPoolUpgradeReadinessState":
            return Reply(({"PoolUpgradeState": upgrade},))
        status = states.get(command.endpoint.host or "", "Running")
        return Reply(({"Name": "RTCSRV", "Status": status, "ScriptRunning": False},))

    return RESTART.is_ready(action, answers(RESTART.waits_for(action, given), reply), given)


def test_a_front_end_is_stopped_only_while_the_others_carry_the_pool() -> None:
    given = joined(plan_declared(), made=LATER)
    assert ready(given, "fe2.contoso.com", {}) is None
    waiting = ready(given, "fe2.contoso.com", {"fe1.contoso.com": "StartPending"})
    assert isinstance(waiting, UnderWay)
    assert waiting == UnderWay("RTCSRV on fe1.contoso.com is starting for 0 s", 3600)
    assert "needs 2" in str(ready(given, "fe2.contoso.com", {"fe1.contoso.com": "Stopped"}))
    assert ready(given, "se1.contoso.com", {}) is None


def test_a_pool_is_asked_whether_a_front_end_may_stop() -> None:
    given = joined(plan_declared(), made=LATER)
    assert isinstance(ready(given, "fe1.contoso.com", {}, upgrade="Busy"), UnderWay)
    for state in ("InsufficientActiveFrontEnds", None):
        assert isinstance(ready(given, "fe1.contoso.com", {}, upgrade=state), NotNow)
    skipped = replace(given, settings=Settings(options={**given.settings.options, **READINESS.of(False)}))
    assert ready(skipped, "fe1.contoso.com", {}, upgrade=None) is None
    assert ready(given, "fe4.contoso.com", {}, upgrade=None) is None, "a pool of two is not asked"


@pytest.mark.parametrize(
    ("version", "cmdlet"), [(5, None), (6, "Get-CsPoolUpgradeReadinessState"), (8, "Get-CsUpgradeDomainInfo")]
)
def test_each_version_is_asked_by_the_cmdlet_that_it_has(version: int, cmdlet: str | None) -> None:
    given = joined(plan_declared(), made=LATER)
    services = [one for one in given.all("lync_service").values() if one.get("pool") == "pool1.contoso.com"]
    given = with_observed(given, *(replace(one, attributes={**one.attributes, "version": version}) for one in services))
    task = next(one for one in due(given, "service_restart") if one.resource.key == "fe1.contoso.com")
    action = Action(task.resource.address, ActionKind.RUN, commands=task.commands)
    asked = [one.cmdlet for one in RESTART.waits_for(action, given) if one.cmdlet.startswith("Get-Cs")]
    assert asked == ([cmdlet] if cmdlet else [])


def test_a_front_end_drops_its_calls_only_where_that_is_declared() -> None:
    given = joined(plan_declared(), made=LATER)
    drained = [str(one.commands[0]) for one in due(given, "service_restart")]
    assert all("-Graceful" in command for command in drained)
    at_once = replace(given, settings=Settings(options={**given.settings.options, **DRAIN.of(False)}))
    assert not any("-Graceful" in str(one.commands[0]) for one in due(at_once, "service_restart"))


def test_a_restart_waits_until_the_hunt_groups_have_reached_every_catalogue() -> None:
    given = joined(plan_declared(), made=LATER)
    assert "dc1.contoso.com does not have" in str(ready(given, "fe1.contoso.com", {}, known=()))


def test_a_restart_is_done_when_the_service_started_after_the_need_arose() -> None:
    given = joined(plan_declared())
    expects: dict[str, Value] = {"status": "Running", "start_time": BOOT, "running_dependents": ()}
    owed = (Obligation("front-end-restart", "fe1.contoso.com"),)
    action = Action(Address("service_restart", "fe1.contoso.com"), ActionKind.RUN, expects=expects, discharges=owed)
    assert not RESTART.is_done(action, given)
    again = front_end("fe1.contoso.com", started="2026-01-05T12:00:01Z")
    assert RESTART.is_done(action, with_observed(given, again))
    assert not RESTART.is_done(
        action, with_observed(joined(plan_declared(), made="2026-01-05T12:00:02.000000Z"), again)
    )
    pending = front_end("fe1.contoso.com", started="2026-01-05T12:00:01Z", status="StartPending")
    assert not RESTART.is_done(action, with_observed(given, pending))


def test_users_cut_off_by_restarts_are_counted_once() -> None:
    users = [
        resource(f"lync_user/u{n}@c.com", enterprise_voice=True, registrar_pool="pool1.contoso.com") for n in range(7)
    ]
    given = with_observed(joined(plan_declared(), made=LATER), *users)
    assert plan_of(given).impact["interrupted_users"] == 7


@pytest.mark.parametrize(
    ("size", "needed"),
    [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (8, 4), (9, 4), (10, 5), (11, 5), (12, 5)],
)
def test_the_published_quorum(size: int, needed: int) -> None:
    assert needed_to_stay_up(size) == needed
    members = [f"fe{number}" for number in range(size)]
    assert keeps_quorum(members, members[:needed])
    assert not keeps_quorum(members, members[: needed - 1])


def test_beyond_a_size_only_the_first_front_ends_count() -> None:
    members = [f"fe{number}" for number in range(8)]
    assert not keeps_quorum(members, {"fe0", "fe1", "fe2", "fe7"})
    assert keeps_quorum(members, {"fe0", "fe1", "fe2", "fe6"})


# --- UM service restart ----------------------------------------------------------------------------------------------


def owing(subject: str, since: str | None, given: Landscape) -> Landscape:
    owed = Obligation("um-service-restart", subject, since)
    return replace(given, prior=replace(given.prior, obligations=(owed,)))


def test_um_services_are_restarted_only_while_the_obligation_is_open() -> None:
    given = joined(plan_declared())
    assert due(given, "um_service_restart") == []
    (task,) = due(owing("ex1.contoso.com", LATER, given), "um_service_restart")
    assert [str(command) for command in task.commands] == ["Restart-Service -Name MSExchangeUM"]
    assert task.commands[0].endpoint.host == "ex1.contoso.com"


def test_a_change_of_the_startup_mode_asks_for_the_restart_in_the_same_plan() -> None:
    found = actions(contoso(plan_declared()), "um_service_restart")
    assert {action.address.key for action in found} == {f"ex{number}.contoso.com" for number in range(1, 5)}
    assert all(need.type == "server_binding" for action in found for need in action.needs)


def test_um_services_wait_until_every_domain_controller_knows_the_mode() -> None:
    given = contoso(plan_declared())
    action = Action(Address("um_service_restart", "ex1.contoso.com"), ActionKind.RUN)
    asked = [command for command in UM_RESTART.waits_for(action, given) if command.operation is Operation.INVOKE]
    controllers = [dict(command.parameters).get("DomainController") for command in asked]
    assert set(controllers) == {None, *(one.key for one in given.all("domain_controller").values())}
    for lagging in (None, *set(controllers) - {None}):
        answers = [
            (command, Reply(({"UMStartupMode": "TCP" if lagging and controller == lagging else "Dual"},)))
            for command, controller in zip(asked, controllers, strict=True)
        ]
        told = UM_RESTART.is_ready(action, answers, given)
        assert told == (f"{lagging} does not have the startup mode of ex1.contoso.com yet" if lagging else None)
    modes = [Reply(({"UMStartupMode": "Dual"},)) if controller is None else Unreachable() for controller in controllers]
    assert UM_RESTART.is_ready(action, list(zip(asked, modes, strict=True)), given) is None, (
        "a silent one is passed over"
    )
    silent: list[Answer] = [(command, Unreachable()) for command in asked]
    assert UM_RESTART.is_ready(action, silent, given) == "the startup mode of ex1.contoso.com cannot be read"


def test_um_services_that_started_since_meet_the_obligation() -> None:
    given = owing("ex1.contoso.com", LATER, joined(plan_declared()))
    assert not met([UM_RESTART], given)
    again = with_observed(given, um_services("ex1.contoso.com", started=NOW))
    assert len(met([UM_RESTART], again)) == 1
    action = Action(Address("um_service_restart", "ex1.contoso.com"), ActionKind.RUN, expects={})
    assert UM_RESTART.is_done(action, again)
    assert not UM_RESTART.is_done(action, given)


def test_services_of_an_unreachable_host_are_unreadable_and_not_absent() -> None:
    given = contoso(plan_declared())
    queries = RESTART.queries(given, frozenset({"fe1.contoso.com"}))
    assert [query.endpoint.host for query in queries] == ["fe1.contoso.com", None], (
        "the clock to compare with comes along"
    )
    (found,) = RESTART.observe([(query, Unreachable()) for query in queries], given)
    assert not isinstance(found, Resource)
    assert found.address == Address("service_restart", "fe1.contoso.com")


@pytest.mark.parametrize("second_hop", [True, False])
def test_the_script_is_refused_where_the_connection_cannot_reach_the_directory(second_hop: bool) -> None:
    given = contoso(plan_declared())
    given = replace(
        given,
        settings=replace(given.settings, without_second_hop=frozenset() if second_hop else frozenset({"exchange"})),
    )
    end, _ = decide(resource_types(), given)
    assert any(address.type == "exchucutil" for address in end.actions)
    assert ("UM026" in {told.code for told in EXCHUCUTIL.check(end)}) is not second_hop


@pytest.mark.parametrize(
    ("address", "version", "is_told"),
    [
        ("r&d@contoso.com", 6, True),
        ("r&d@contoso.com", 7, False),
        ("o'brien@contoso.com", 6, False),
        ("first.last@contoso.com", 6, False),
    ],
)
def test_sip_address_after_which_a_front_end_is_known_not_to_start_is_reported(
    address: str, version: int, is_told: bool
) -> None:
    given = joined(plan_declared(), made=LATER)
    services = [one for one in given.all("lync_service").values() if one.get("pool") == "pool1.contoso.com"]
    released = [replace(one, attributes={**one.attributes, "version": version}) for one in services]
    user = resource(f"lync_user/{address}", enterprise_voice=True, registrar_pool="pool1.contoso.com")
    told = [one for one in plan_of(with_observed(given, *released, user)).diagnostics if one.code == "UM034"]
    assert [address in one.detail for one in told] == [True] * is_told


def test_the_reasons_of_a_restart_name_no_certificate_that_is_left_out() -> None:
    case = read_case("um_service_restart/after_a_change_of_mode")
    alone = build_plan(types(), landscape_of(case))
    certificates = {"um_certificates": {"ex4.contoso.com": {"um": "5AB2F30C1D9E4B7786A0C3D2E1F4B5A69788C0D1"}}}
    shown = {"um_certificate/ex4.contoso.com": {"um": None, "router": None}}
    both = {**case, "declared": case["declared"] | certificates, "observed": case["observed"] | shown}
    beside = build_plan(types(), landscape_of(both))
    assert [one.code for one in beside.diagnostics if one.leaves_out] == ["UM064"]
    reasons = [one.reasons for plan in (alone, beside) for one in plan.actions() if one.address.type == UM_RESTART.name]
    assert len(reasons) == 2
    assert reasons[0] == reasons[1]
