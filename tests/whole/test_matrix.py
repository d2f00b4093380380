"""The matrix of Exchange and Lync versions: each row is applied, damaged by hand in every attribute, and repaired.

What was applied is also exported: the files have to mean the same as those that it was made from.
"""

from __future__ import annotations

import copy

import pytest

from providers.simulator.estate.invoke import invoke_line
from reconciler.config.environment import Environment
from reconciler.model.diagnostics import Severity
from reconciler.model.resources import Address
from reconciler.plan.drift import DriftKind, DriftReport
from tests.support.damage import damage_all
from tests.support.exporting import exported, reopened
from tests.support.fakes import MemoryStore
from tests.support.matrix import Cell, cells
from tests.support.trial import Trial, environment_of
from tests.support.worlds import world_of

_DIFFERING = (DriftKind.DRIFTED, DriftKind.CONFLICT, DriftKind.UNREADABLE)


_WORKING = [cell for cell in cells() if cell.verdict != "no"]
_SURPLUS = 2
"""What a first apply destroys: the script links each dial plan with every pool, with a Director and another one too."""


@pytest.fixture(scope="module", params=_WORKING, ids=str)
def cell(request: pytest.FixtureRequest) -> Cell:
    found: Cell = request.param
    return found


@pytest.fixture(scope="module")
def trial(cell: Cell) -> Trial:
    """The world of a cell after an apply; the tests of the cell share it, so each leaves it as it was."""
    return _applied(cell, environment_of(cell.sections))


def _applied(cell: Cell, environment: Environment) -> Trial:
    trial = Trial(cell.world, environment)
    applied = trial.apply(max_destroy=_SURPLUS)
    assert applied.exit_code == 0, applied.told()
    return trial


def _differing(report: DriftReport) -> dict[Address, set[str]]:
    """Return the attributes that differ by address, without tasks that are due because of them.

    A link with a pool that the dial plan does not name differs as a whole.
    """
    entries = [entry for entry in report.entries if entry.kind in _DIFFERING]
    found = {entry.address: {one.attribute for one in entry.changes} for entry in entries}
    return {address: names for address, names in found.items() if names or address.type == "hunt_group"}


def _codes(trial: Trial, severity: Severity) -> set[str | None]:
    return {one.code for one in trial.plan().diagnostics if one.severity is severity}


def _unreached(trial: Trial) -> list[object]:
    """Return why Lync does not reach the voice mail of users; Lync Server 2010 has no such test."""
    if trial.world.lync.version == "2010":
        return []
    lines = [f"Test-CsExUMConnectivity pool1.contoso.com -UserSipAddress sip:user{n}@contoso.com" for n in (1, 2, 3)]
    found = [record for line in lines for record in invoke_line(trial.estate, line).records]
    return [record["Error"] for record in found if record["Result"] != "Success"]


def _rests(trial: Trial) -> bool:
    return not trial.plan().steps and not any(entry.kind in _DIFFERING for entry in trial.drift().entries)


@pytest.mark.parametrize("cell", [cell for cell in cells() if cell.verdict == "no"], ids=str)
def test_versions_that_do_not_work_together_are_refused_before_anything_is_sent(cell: Cell) -> None:
    trial = Trial(cell.world, environment_of(cell.sections))
    assert "UM017" in _codes(trial, Severity.ERROR)
    applied = trial.apply(max_destroy=1)
    assert (applied.exit_code, applied.log) == (4, ())


@pytest.mark.parametrize("cell", _WORKING, ids=str)
def test_versions_that_no_document_names_together_are_a_warning(cell: Cell) -> None:
    found = _codes(Trial(cell.world, environment_of(cell.sections)), Severity.WARNING)
    assert found == {
        *(["UM015"] if cell.verdict == "warned" else []),
        *(["UM012"] if cell.oldest.major != cell.newest.major else []),
    }


@pytest.mark.parametrize("build", ["15.2.221.12", "15.2.2562.17"], ids=["2019", "Subscription Edition"])
def test_an_organization_without_unified_messaging_is_refused(build: str) -> None:
    cell = Cell("2016", "2015")
    trial = Trial(world_of(1, [1], servers=[build]), environment_of(cell.sections))
    assert "UM016" in _codes(trial, Severity.ERROR)
    applied = trial.apply(max_destroy=1)
    assert (applied.exit_code, applied.log) == (4, ())


@pytest.mark.parametrize("row", ["user1@contoso.com", "USER1"])
def test_a_mailbox_on_a_server_without_unified_messaging_is_left_out(row: str) -> None:
    people = [{"alias": "user1", "server": "ex1.contoso.com"}, {"alias": "user2", "server": "ex2.contoso.com"}]
    world = world_of(0, [1], servers=["15.2.221.12", "15.1.225.42", "15.1.225.42"], lync="2015", people=people)
    rows = [
        {"identity": name, "sip_address": f"user{n}@contoso.com", "extension": f"5010{n}", "dial_plan": "Redmond"}
        for n, name in enumerate([row, "user2@contoso.com"], 1)
    ]
    plan = {"country_code": "1", "extension_digits": 5, "servers": "all"}
    sections = {"dial_plans": {"Redmond": plan}, "mailboxes": rows}
    trial = Trial(world, environment_of(sections))
    found = [one.address for one in trial.plan().diagnostics if one.code == "UM079"]
    assert found == ["um_mailbox/user1@contoso.com"]
    assert trial.apply().exit_code == 3
    assert [one.key for one in trial.look().all("um_mailbox").values()] == ["user2@contoso.com"]


@pytest.mark.parametrize(
    ("exchange", "section", "key", "attribute", "value"),
    [
        ("2007 SP3", "mailbox_policies", "Executives", "allow_fax", False),
        ("2007 SP3", "dial_plans", "Redmond", "audio_codec", "Mp3"),
        ("2007 SP3", "auto_attendants", "Main", "business_name", "Contoso"),
    ],
)
def test_what_the_version_does_not_have_is_refused_at_its_place(
    exchange: str, section: str, key: str, attribute: str, value: object
) -> None:
    cell = Cell(exchange, "2010")
    sections = copy.deepcopy(dict(cell.sections))
    sections[section][key][attribute] = value
    trial = Trial(cell.world, environment_of(sections))
    (found,) = [one for one in trial.plan().diagnostics if one.severity is Severity.ERROR]
    assert (found.code, str(found.address).partition("/")[2]) == ("UM006", key)
    assert found.position is not None
    assert trial.apply().exit_code == 4
    modern = Trial(Cell("2010 SP3", "2010").world, environment_of(sections))
    assert not _codes(modern, Severity.ERROR)


# --- the files of a row's world --------------------------------------------------------------------------------------


_BROUGHT = {Address("lync_dial_plan", "Global")}
"""What every estate has, whether files say anything of it or not."""


def _adopted(trial: Trial) -> set[Address]:
    """Return what a plan without a state adopts; it changes nothing, refuses nothing and leaves no declaration out."""
    trial.store = MemoryStore()
    plan = trial.plan()
    assert not plan.steps, [f"{action.kind.value} {action.address}" for action in plan.actions()]
    assert not [one for one in plan.diagnostics if one.is_error], plan.diagnostics
    adopted = {action.address for action in plan.adopted}
    assert adopted >= {one.address for each in trial.environment.declared.values() for one in each.values()}
    return adopted


def test_the_export_of_a_row_adopts_everything_and_means_the_same_as_its_files(cell: Cell, trial: Trial) -> None:
    """Two environments mean the same where each makes, of the same servers, what the other asks for.

    Comparing the texts would ask for more: an export leaves out what has the default of the server.
    """
    written, store = trial.environment, trial.store
    made = exported(trial)
    assert made.exit_code() == 0
    assert (made.description.left_out, made.description.pending) == ((), ())
    reopened(trial, made)
    adopted = _adopted(trial) - _BROUGHT

    other = _applied(cell, trial.environment)
    assert exported(other).contents == made.contents
    other.environment = written
    assert _adopted(other) - _BROUGHT == adopted
    trial.environment, trial.store = written, store


# --- damage ----------------------------------------------------------------------------------------------------------


def test_an_apply_comes_to_rest_and_damage_by_hand_is_found_and_repaired(trial: Trial) -> None:
    assert _rests(trial)
    damaged = damage_all(trial)
    assert _differing(trial.drift()) == damaged
    repaired = trial.apply(max_destroy=1)
    assert repaired.exit_code == 0, repaired.told()
    assert _rests(trial)
    trial.pass_time(700.0)  # UM reads a dial plan again within ten minutes
    assert _unreached(trial) == []
