"""For each check whose advice cannot be played: a world where it fires, and a quiet one that differs in one thing.

The other checks fire in ``advice_situations``, and are quiet once their advice was followed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from providers.catalogue import resource_types
from providers.estate.forests import LYNC_FOREST
from providers.estate.restart_pool import SETTLE
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import NameOf, Reply, write
from reconciler.model.diagnostics import AccessDenied, Diagnostic
from reconciler.model.events import Reported
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.ports import Request
from reconciler.model.resources import Address, Resources
from reconciler.model.shares import TENTH
from reconciler.model.waves import Wave
from reconciler.plan.build import build_plan
from reconciler.plan.checks import nobody_brings
from tests.plan.test_exchanges import USERS
from tests.plan.test_replacement import renamed
from tests.providers.resources.test_outcalls import GATEWAYS, linked
from tests.run.test_rehearse import UNNUMBERED, asked, plan_of, with_rows
from tests.run.test_waves import Estate, crowd
from tests.support.advice_situations import SMALL, TWO_POOLS, attendants, changed, plans, row, users, world
from tests.support.landscapes import across, binding, contoso, exchange_server, plan_declared, resource
from tests.support.trial import Applied, Trial, environment_of

Codes: TypeAlias = Collection[str | None]
World: TypeAlias = Callable[[bool], Codes]
"""Returns the codes that are found in the world where a check fires (True), or in the one where it is quiet."""


def planned(given: Landscape) -> Codes:
    return {one.code for one in build_plan(resource_types(), given).diagnostics}


def of(trial: Trial) -> Codes:
    return {one.code for one in trial.plan().diagnostics}


def refused(applied: Applied) -> Codes:
    return {one.code for one in applied.error.diagnostics} if applied.error else set()


def settled(sections: Mapping[str, Any], **described: Any) -> Trial:
    trial = Trial(world(**described), environment_of(sections))
    assert trial.apply().exit_code == 0
    return trial


# --- the topology and its gateways -----------------------------------------------------------------------------------


def no_pool(fires: bool) -> Codes:
    given = contoso(plan_declared())
    return planned(given.with_observed("lync_service", Resources()) if fires else given)


def no_candidate(fires: bool) -> Codes:
    given = linked({"A": ["sbc1.contoso.com", *(["sbc2.contoso.com"] if fires else [])]})
    return {one.code for one in GATEWAYS.check(given)}


def conflict(fires: bool) -> Codes:
    shared = ["pool1.contoso.com", "sbc1.contoso.com"]
    chosen = {"A": shared[0], "B": shared[1 if fires else 0]}
    declared = [plan_declared(name, outcall_gateway=gateway) for name, gateway in chosen.items()]
    return planned(linked({"A": shared, "B": shared}, *declared))


def links_others(fires: bool) -> Codes:
    kind = "SipName" if fires else "TelExtn"
    other = {"name": "Other", "NumberOfDigitsInExtension": 4, "URIType": kind, "CountryOrRegionCode": "1"}
    return of(Trial(changed(SMALL, dial_plans=[other]), environment_of(plans())))


def guessed_forest(fires: bool) -> Codes:
    return planned(
        across(Settings("contoso", options=SETTLE.of(0) | ({} if fires else LYNC_FOREST.of("voice.example"))))
    )


def unseen_trust(fires: bool) -> Codes:
    return planned(across() if fires else contoso(plan_declared()))


# --- what stays when a dial plan ends --------------------------------------------------------------------------------


def ended(fires: bool) -> Codes:
    """Another dial plan uses the gateways, the servers and the rights."""
    last = plans("Redmond")["dial_plans"]
    others = {} if fires else plans("Dublin")["dial_plans"]
    trial = settled({"dial_plans": {**last, **others}})
    trial.environment = environment_of({"dial_plans": {"Redmond": {"state": "absent"}, **others}})
    return of(trial)


# --- the checks of the engine ----------------------------------------------------------------------------------------


def nothing_to_set(fires: bool) -> Codes:
    server = exchange_server("ex1.contoso.com", "Mailbox")
    bindings = [] if fires else [binding("ex1.contoso.com/um_service")]
    given = contoso(plan_declared()).with_observed("exchange_server", Resources([server]))
    return planned(given.with_observed("server_binding", Resources(bindings)))


def destroyed(fires: bool) -> Codes:
    trial = settled(attendants(One={}))
    trial.environment = environment_of(plans())
    return refused(trial.apply(max_destroy=0 if fires else 1))


def forgotten(fires: bool) -> Codes:
    several = [row(one, f"4100{one}") for one in range(1, 5)]
    trial = settled(users(*several), users=4)
    trial.environment = environment_of(users(*several[:1]) if fires else users(*several))
    return refused(trial.apply(max_forget=TENTH))


def open_outcome(fires: bool) -> Codes:
    trial, at = Trial(TWO_POOLS, environment_of(plans())), 1
    while not trial.store.read().open_intents:
        assert trial.apply(kill_at=at).was_killed
        at += 1
    trial.pass_time(120)
    if not fires:
        assert trial.apply().exit_code == 0
    return of(trial)


def refused_user(fires: bool) -> Codes:
    """Exchange takes a missing extension from the telephone number, and the user has none."""
    numbered = {**UNNUMBERED, "extension": "41003"}
    return of(with_rows(UNNUMBERED if fires else numbered))


def not_rehearsed(fires: bool) -> Codes:
    denied = AccessDenied(Diagnostic("Not said", "why"))
    said, _ = asked(plan_of("a"), lambda _: denied if fires else Reply())
    return {one.code for one in said.notes}


def without_rights(fires: bool) -> Codes:
    missing = ["New-UMDialPlan"] if fires else []
    described = changed(
        SMALL, exchange__servers=lambda several: [{**several[0], "missing_cmdlets": missing}, *several[1:]]
    )
    return of(Trial(described, environment_of(plans())))


def nobody(fires: bool) -> Codes:
    naming = write("New-UMHuntGroup", UMIPGateway=NameOf(Address("ip_gateway", "a.contoso.com"), "gateway"))
    action = Action(Address("hunt_group", "a.contoso.com/x"), ActionKind.CREATE, commands=(naming,))
    there = Resources([] if fires else [resource("ip_gateway/a.contoso.com", name="1:1")])
    end = replace(Landscape().with_observed("ip_gateway", there), actions={action.address: action})
    return {one.code for one in nobody_brings(end, end.actions)}


def renamed_there(fires: bool) -> Codes:
    trial = settled(attendants(One={}))
    assert trial.administrator("Set-UMAutoAttendant One -Name Other") if fires else True
    return of(trial)


def replacement(fires: bool) -> Codes:
    return refused(renamed(*USERS[:3]).apply(max_destroy=9, allow_replace=not fires))


def moved_already(fires: bool) -> Codes:
    trial = renamed(*USERS[:3])
    if fires:
        assert trial.apply(max_destroy=9, allow_replace=True).exit_code == 0
    return of(trial)


def changed_again(fires: bool) -> Codes:
    estate = Estate((Wave("p"),), crowd(p=2) | {"rest": ""})
    reads = [0]

    def meddle(request: Request) -> None:
        """Paint a box after the read that proves its creation, before the look at the end of the wave."""
        reads[0] += len(estate.world.boxes) == 2 and not request.command.writes
        if fires and reads[0] == 2:
            estate.world.boxes["p0"]["Colour"] = "black"

    engine = estate.engine(before=meddle)
    engine.apply(estate.rows)
    return {one.diagnostic.code for one in engine.events.events if isinstance(one, Reported)}


CHECK_WORLDS: Final[Mapping[str, World]] = {
    "UM019": links_others,
    "UM020": no_pool,
    "UM042": no_candidate,
    "UM043": conflict,
    "UM088": refused_user,
    "UM203": ended,
    "UM204": ended,
    "UM205": ended,
    "UM211": guessed_forest,
    "UM212": unseen_trust,
    "UM104": nothing_to_set,
    "UM105": destroyed,
    "UM106": open_outcome,
    "UM108": nobody,
    "UM109": forgotten,
    "UM110": renamed_there,
    "UM111": replacement,
    "UM112": moved_already,
    "UM113": changed_again,
    "UM114": not_rehearsed,
    "UM115": without_rights,
}
