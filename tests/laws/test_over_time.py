"""Laws of an environment over time: whatever is edited and whatever others do, each apply keeps its promises.

Estates of every shape live through additions, moves, swaps, ends, other names and destruction, beside strangers. Pools
of dial plans, waves, grants of Lync dial plans and certificates change with them. After each single write the estate is
looked at; each apply that ends well leaves nothing to do; one that is refused has written nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from providers.cmdlets.products import LYNC
from reconciler.config.ending import ending
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.commands import Command, Reply, write
from reconciler.model.ports import Request
from tests.laws.instants import Instants
from tests.laws.joined import unjoined, unreached
from tests.laws.oracles import left_down, unseen_links, violations
from tests.laws.wave_order import WaveOrder
from tests.support.advice import complaints, follow
from tests.support.configurations import Sections, Situation, situations
from tests.support.edited import SECTIONS, Edit
from tests.support.estate_sessions import EstateSessions
from tests.support.histories import PLUS, edits, strangers
from tests.support.joins import equipped, thumbprint
from tests.support.trial import Applied, Trial, environment_of, law, types
from tests.support.worlds import world_of

ANY = 1000
A_WHILE = 60.0
REFUSED = {"UM041", "UM043", "UM049", "UM085", "UM102", "UM103"}
"""What an edit may be refused for: gateways that cannot be had, and names and objects that others use or would lose."""
CHOICES = {"UM041", "UM043", "UM049"}
"""Those of which the remedy is another choice, which the reader can make in the files."""


def environment_for(edit: Edit) -> Environment | None:
    """Return the environment of an edit; None where its files are not valid."""
    told = {"environment": "test", **{name: told for name, told in edit.sections.items() if told}}
    loaded, _ = load(Files({"all.yaml": yaml.safe_dump(told, sort_keys=False).encode()}), types())
    if loaded is None or not edit.destroys:
        return loaded
    meant = {(section, key.casefold()) for section, key in edit.destroys}
    return ending(loaded, types(), lambda address: (SECTIONS[address.type], address.key.casefold()) in meant)


def applied(trial: Trial) -> Applied:
    return trial.apply(max_destroy=ANY, allow_replace=True)


def lives(situation: Situation, data: st.DataObject, seed: int, most: int) -> Instants:
    """Let an environment live through edits; return what watched it."""
    trial = Trial(situation.world, environment_of(situation.sections), seed)
    trial.administrator(*strangers(situation.world))
    trial.pass_time(A_WHILE)
    watch = Instants(trial)
    sections: Any = situation.sections
    first = Edit("begin", sections, sections)
    for number in range(most + 1):
        edit = first if number == 0 else data.draw(edits(situation.world, sections, number))
        environment = environment_for(edit)
        if environment is None:
            event(f"{edit.name}: not valid")
            continue
        before, trial.environment = trial.environment, environment
        trial.administrator(*edit.lines)
        trial.pass_time(A_WHILE)
        watch.begin(edit)
        done = applied(trial)
        watch.broken += violations(done, trial)
        for part in edit.name.split(PLUS):
            event(f"{part}: {done.exit_code}")
        if done.exit_code == 4:
            codes = {str(one.code) for one in trial.plan().diagnostics if one.forbids}
            event(f"refused by {' '.join(sorted(codes))}")
            watch.broken += [f"{edit.name} is refused by {code}" for code in sorted(codes - REFUSED)]
            watch.broken += [f"refused, and wrote {line['cmdlet']}" for line in done.ours]
            watch.broken += unhelpful(trial, edit)
            trial.environment = before
            continue
        if done.exit_code != 0:
            watch.broken.append(f"{edit.name}: {done.told()}")
            return watch
        sections = edit.after
        watch.broken += [*watch.at_rest(), *unjoined(trial), *left_down(trial), *unseen_links(trial)]
        watch.broken += unreached(trial)
        watch.broken += unsettled(trial)
        if watch.broken:
            return watch
    return watch


def unsettled(trial: Trial) -> list[str]:
    """Return what is still to do after an apply that ended well: the end of each is a fixed point."""
    plan = trial.plan()
    left = [f"{action.kind.value} {action.address}" for action in (*plan.actions(), *plan.adopted, *plan.forgotten)]
    again = trial.apply()
    return [
        *(f"not settled: {one}" for one in left),
        *(f"sent for nothing: {sent.request.command}" for sent in again.doors.sent),
        *([f"the second apply: {again.told()}"] if again.exit_code != 0 else []),
    ]


def unhelpful(trial: Trial, edit: Edit) -> list[str]:
    """Return the refusals about gateways that are still there when the reader has done what their remedies say."""
    if edit.destroys:
        return []
    refusals = [one for one in trial.plan().diagnostics if one.forbids and one.code in CHOICES]
    return [
        f"{edit.name} is refused as before: {told.code} {told.detail} {told.remedy}"
        for told in refusals
        for left in complaints(trial, follow(trial, edit.sections, told))
        if (left.code, left.address) == (told.code, told.address)
    ]


@law(6)
@given(situations().flatmap(equipped), st.data(), st.integers(1, 1000))
def test_every_promise_is_kept_at_every_instant_of_a_life(situation: Situation, data: st.DataObject, seed: int) -> None:
    watch = lives(situation, data, seed, most=4)
    assert not watch.broken, watch.broken


# --- the watch has eyes ----------------------------------------------------------------------------------------------

EX = "ex1.contoso.com"
BEST, OTHER = thumbprint(0, 0), thumbprint(0, 1)
CERTIFICATES: list[dict[str, Any]] = [
    {"thumbprint": BEST, "services": ["UM", "UMCallRouter"]},
    {"thumbprint": OTHER, "expires": "2030-01-01T00:00:00Z"},
]
PLAN = {"country_code": "1", "extension_digits": 4, "servers": "all"}
ROW = {"identity": "user1@contoso.com", "sip_address": "user1@contoso.com", "extension": "1001", "dial_plan": "Redmond"}
SECTIONS_OF_ONE = {
    "dial_plans": {"Redmond": PLAN},
    "auto_attendants": {"Main": {"dial_plan": "Redmond", "speech_enabled": False}},
    "mailboxes": [ROW],
}


def small_estate(sections: Sections) -> Trial:
    """Return a small estate with strangers, after an apply of the sections."""
    world = world_of(2, [2, 1], director=False, branch=False, without_voice=1, certificates=CERTIFICATES)
    trial = Trial(world, environment_of(sections))
    trial.administrator(*strangers(world))
    trial.pass_time(A_WHILE)
    assert applied(trial).exit_code == 0
    return trial


@pytest.mark.parametrize(
    ("command", "marks"),
    [
        (write("Set-UMDialPlan", Identity="Other", MaxCallDuration=99), "I13"),
        (write("Set-UMIPGateway", Identity="OtherPBX", OutcallsAllowed=False), "I13"),
        (write("Remove-UMMailboxPolicy", Identity="Other Staff"), "I13 I14"),
        (write("Disable-UMMailbox", Identity="mail1@contoso.com"), "I13 I14"),
        (write("Remove-UMAutoAttendant", Identity="Main"), "I14"),
        (write("Set-UMService", Identity="ex1", DialPlans=("Redmond",)), "D9"),
        (write("Set-UMIPGateway", Identity="1:1", OutcallsAllowed=False), "D6"),
        (write("Set-UMIPGateway", Identity="2:1", OutcallsAllowed=True), "D8"),
        (write("Grant-CsDialPlan", LYNC, Identity="sip:user1@contoso.com", PolicyName="OtherLync"), "I13"),
        (write("Enable-ExchangeCertificate", Server=EX, Thumbprint=OTHER, Services=("UM", "SMTP")), "I13"),
        (write("Set-UMDialPlan", Identity="Redmond", MaxCallDuration=99), ""),
        (write("Disable-UMMailbox", Identity="user1@contoso.com"), ""),
    ],
    ids=str,
)
def test_the_watch_sees_what_no_apply_may_do(command: Command, marks: str) -> None:
    """A declared row may lose its voice mail for an instant, because a move to another dial plan ends it first."""
    trial = small_estate(SECTIONS_OF_ONE)
    watch = Instants(trial)
    watch.begin(Edit("by hand", SECTIONS_OF_ONE, SECTIONS_OF_ONE))
    host = "fe1.contoso.com" if command.endpoint == LYNC else EX
    (reply,) = EstateSessions(trial.estate).answer(host, [Request("by-hand", command)])
    assert isinstance(reply, Reply), reply
    watch()
    assert {found.partition(":")[0] for found in watch.broken} == {*marks.split()}


JOINED = {
    **SECTIONS_OF_ONE,
    "dial_plans": {"Redmond": {**PLAN, "lync_dial_plan": "Users", "site": "site1", "pools": ["pool1.contoso.com"]}},
    "lync_dial_plans": {"Users": {"grant": True}},
    "um_certificates": {EX: {"um": "best", "router": BEST}},
}


@pytest.mark.parametrize(
    "line",
    [
        "New-UMHuntGroup -Name Redmond -UMDialPlan Redmond -UMIPGateway 2:1 -PilotIdentifier Redmond",
        "Remove-UMHuntGroup '1:1\\Redmond'",
        "Grant-CsDialPlan sip:user1@contoso.com -PolicyName OtherLync",
        f"Enable-ExchangeCertificate -Server {EX} -Thumbprint {OTHER} -Services UM",
        f"Enable-ExchangeCertificate -Server {EX} -Thumbprint {OTHER} -Services UMCallRouter",
    ],
)
def test_the_judge_of_joins_sees_what_is_not_as_declared(line: str) -> None:
    trial = small_estate(JOINED)
    assert not list(unjoined(trial))
    assert trial.administrator(line) == [line]
    assert list(unjoined(trial))


def test_the_judge_of_calls_sees_a_user_who_cannot_be_called() -> None:
    trial = small_estate(JOINED)
    assert not list(unreached(trial))
    trial.administrator("Remove-UMHuntGroup '1:1\\Redmond'")
    trial.environment = environment_of({**JOINED, "dial_plans": {"Redmond": PLAN}, "lync_dial_plans": {}})
    assert list(unreached(trial))


def test_the_judge_of_joins_sees_a_gateway_that_is_not_the_best() -> None:
    trial = small_estate({"dial_plans": {"Redmond": {**PLAN, "site": "site1"}}})
    assert not list(unjoined(trial))
    trial.administrator("Set-UMIPGateway 1:1 -OutcallsAllowed $false", "Set-UMIPGateway 2:1 -OutcallsAllowed $true")
    assert list(unjoined(trial))


@pytest.mark.parametrize(("first", "is_too_early"), [("user1", True), ("user2", False)])
def test_the_watch_sees_a_change_before_an_earlier_wave(first: str, is_too_early: bool) -> None:
    other = {**ROW, "identity": "user2@contoso.com", "sip_address": "user2@contoso.com", "extension": "1002"}
    rows = [{**ROW, "wave": "rest"}, {**other, "wave": "pilot"}]
    trial = small_estate({**SECTIONS_OF_ONE, "mailboxes": rows, "waves": ["pilot", "rest"]})
    order = WaveOrder(trial)
    for user in (first, "user1" if first == "user2" else "user2"):
        assert trial.administrator(f"Disable-UMMailbox {user}@contoso.com")
        order.look()
    assert bool(list(order.broken())) == is_too_early
