"""Laws of an environment over time: whatever is edited and whatever others do, each apply keeps its promises.

Estates of every shape live through additions, moves, swaps, ends, other names and destruction, beside strangers. After
each single write the estate is looked at; each apply that ends well leaves nothing to do; one that is refused has
written nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.config.ending import ending
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.commands import Command, Reply, write
from reconciler.model.ports import Request
from tests.laws.instants import Instants
from tests.laws.oracles import violations
from tests.support.configurations import Situation, situations
from tests.support.estate_sessions import EstateSessions
from tests.support.histories import SECTIONS, Edit, edits, strangers
from tests.support.trial import Applied, Trial, environment_of, law, types
from tests.support.worlds import world_of

ANY = 1000
A_WHILE = 60.0
REFUSED = {"UM041", "UM043", "UM102", "UM103"}
"""What an edit may be refused for: a gateway that cannot be had, and what others use or would lose."""


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
        event(f"{edit.name}: {done.exit_code}")
        if done.exit_code == 4:
            codes = {str(one.code) for one in trial.plan().diagnostics if one.forbids}
            watch.broken += [f"{edit.name} is refused by {code}" for code in sorted(codes - REFUSED)]
            watch.broken += [f"refused, and wrote {line['cmdlet']}" for line in done.ours]
            trial.environment = before
            continue
        if done.exit_code != 0:
            watch.broken.append(f"{edit.name}: {done.told()}")
            return watch
        sections = edit.after
        watch.broken += watch.at_rest()
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


@law(6)
@given(situations(), st.data(), st.integers(1, 1000))
def test_every_promise_is_kept_at_every_instant_of_a_life(situation: Situation, data: st.DataObject, seed: int) -> None:
    watch = lives(situation, data, seed, most=4)
    assert not watch.broken, watch.broken


# --- the watch has eyes ----------------------------------------------------------------------------------------------

PLAN = {"country_code": "1", "extension_digits": 4, "servers": "all"}
ROW = {"identity": "user1@contoso.com", "sip_address": "user1@contoso.com", "extension": "1001", "dial_plan": "Redmond"}
SECTIONS_OF_ONE = {
    "dial_plans": {"Redmond": PLAN},
    "auto_attendants": {"Main": {"dial_plan": "Redmond", "speech_enabled": False}},
    "mailboxes": [ROW],
}


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
        (write("Set-UMDialPlan", Identity="Redmond", MaxCallDuration=99), ""),
        (write("Disable-UMMailbox", Identity="user1@contoso.com"), ""),
    ],
    ids=str,
)
def test_the_watch_sees_what_no_apply_may_do(command: Command, marks: str) -> None:
    """A declared row may lose its voice mail for an instant, because a move to another dial plan ends it first."""
    world = world_of(2, [2, 1], director=False, branch=False, without_voice=1)
    trial = Trial(world, environment_of(SECTIONS_OF_ONE))
    trial.administrator(*strangers(world))
    trial.pass_time(A_WHILE)
    assert applied(trial).exit_code == 0
    watch = Instants(trial)
    watch.begin(Edit("by hand", SECTIONS_OF_ONE, SECTIONS_OF_ONE))
    (reply,) = EstateSessions(trial.estate).answer("ex1.contoso.com", [Request("by-hand", command)])
    assert isinstance(reply, Reply), reply
    watch()
    assert {found.partition(":")[0] for found in watch.broken} == {*marks.split()}
