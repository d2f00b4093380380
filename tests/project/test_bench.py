"""The benchmark's own functions at a size that takes seconds; no time is asserted anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.bench.child import exported_from, first_plan, inside
from tests.bench.generate import change_users, write_environment
from tests.bench.listing import measure_listing, render_listing
from tests.bench.measure import Failed, Figures, run_child
from tests.bench.parts import parts_of, render_parts
from tests.bench.report import render_size
from tests.bench.results import Results
from tests.bench.rounds import APPLY, HTTP, INSIDE, NO_OP, PRIVATE, Measured, Size, leave_connections
from tests.bench.state_size import size_of
from tests.bench.terraform import APPLIED, Terraform, loopback_store
from tests.bench.terraform_files import write_terraform
from tests.bench.traffic import measure_traffic
from tests.bench.transport import BATCH, STREAM, USUAL, measure_transport, render_transport
from tests.support.powershell_host import find_powershell

MAILBOXES = 50


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    directory = tmp_path / "environment"
    write_environment(directory, MAILBOXES, seed=7)
    return directory


def test_equal_seeds_write_equal_files_and_others_deal_the_users_out_differently(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        write_environment(tmp_path / name, MAILBOXES, seed)
    one, same, other = ((tmp_path / name / "users.csv").read_bytes() for name in ("one", "same", "other"))
    assert one == same
    assert one != other
    assert one.count(b"\n") == MAILBOXES + 1


def test_the_generated_environment_is_applied_over_the_wire_and_then_there_is_nothing_to_do(environment: Path) -> None:
    applied = run_child("wire", "apply", environment, changes=True)
    assert applied.requests > 3 * MAILBOXES
    over_wire = run_child("wire", "plan", environment, changes=False)
    in_process = run_child("inside", "plan", environment, changes=False)
    assert 0 < over_wire.requests == in_process.requests < MAILBOXES
    assert over_wire.cpu > 0
    assert over_wire.simulator_cpu > in_process.simulator_cpu > 0
    assert over_wire.estate_mb == 0 < in_process.estate_mb


def test_a_run_that_did_something_else_than_was_to_be_measured_is_no_figure(environment: Path) -> None:
    with pytest.raises(Failed):
        run_child("inside", "plan", environment, changes=False)


def test_the_peer_has_one_resource_for_each_action_and_its_references_are_whole(
    environment: Path, tmp_path: Path
) -> None:
    plan = first_plan(environment)
    count = write_terraform(plan, tmp_path / "peer")
    assert count == sum(1 for _ in plan.actions()) + len(plan.adopted)
    state = json.loads((tmp_path / "peer" / APPLIED).read_text())
    inputs = {one["name"]: one["instances"][0]["attributes"]["input"]["value"] for one in state["resources"]}
    assert len(inputs) == count
    assert {len(fields) for fields in inputs.values()} == {11}
    addresses = {fields["address"] for fields in inputs.values()}
    named = {value for fields in inputs.values() for name, value in fields.items() if name.startswith("after")}
    assert named - {""} <= addresses
    assert all(fields["after0"] for name, fields in inputs.items() if name.startswith("um_mailbox"))


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here")
def test_terraform_takes_the_written_state_for_what_an_apply_leaves(environment: Path, tmp_path: Path) -> None:
    directory = tmp_path / "peer"
    write_terraform(first_plan(environment), directory)
    with loopback_store() as store:
        terraform = Terraform(str(shutil.which("terraform")), directory, store)
        terraform.prepare(directory / APPLIED)
        assert terraform.plan_nothing().wall > 0
        terraform.prepare()
        terraform.apply()
        assert terraform.plan_nothing().cpu > 0


def test_the_phases_run_in_this_process(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = inside("apply", environment)
    assert told["exit_code"] == 0
    assert told["changes"] > MAILBOXES
    assert "Applied" in capsys.readouterr().out


def test_users_that_are_enabled_already_are_adopted_and_their_changes_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "environment"
    write_environment(directory, MAILBOXES, seed=7, enabled=True)
    applied = inside("apply", directory, keeps=True)
    assert applied["exit_code"] == 0
    assert applied["requests"] < 10 * MAILBOXES
    size = size_of(directory / PRIVATE)
    assert MAILBOXES * 100 < size.without_journal < size.whole
    assert inside("plan", directory)["changes"] == 0
    leave_connections(directory, tmp_path / "bare")
    assert inside("export", tmp_path / "bare")["changes"] > MAILBOXES
    assert inside("plan", exported_from(tmp_path / "bare"))["changes"] == 0
    change_users(directory, step=10)
    assert inside("plan", directory)["changes"] == MAILBOXES // 10
    assert "Executives" in capsys.readouterr().out


def test_parts_are_measured_in_one_process(environment: Path) -> None:
    parts = parts_of(environment, groups=2)
    assert min(part.microseconds for part in parts.all) > 0
    assert min(part.usual_microseconds for part in parts.all if part.usual) > 0
    assert f"{MAILBOXES} mailboxes" in render_parts(parts)


def test_what_a_plan_costs_on_the_wire_is_counted_outside_of_it(environment: Path) -> None:
    traffic = measure_traffic(environment)
    assert 20 < traffic.requests < 200
    assert traffic.sent > 1_000
    assert traffic.received > 10_000
    assert 0 < traffic.after_last_seconds < traffic.seconds


def test_ratios_are_taken_pair_by_pair() -> None:
    ours, theirs = [Figures(1.0, 1.0, 50), Figures(2.0, 1.0, 50)], [Figures(6.0, 4.0, 100), Figures(4.0, 8.0, 150)]
    figures = {(INSIDE, NO_OP): ours, (HTTP, NO_OP): theirs, (INSIDE, APPLY): ours}
    measured = Measured(Size(1000, 2, {}), 1010, figures=figures)
    shown = render_size(measured)
    assert "4.0 (2.0 to 6.0), 6.0, 2.5" in shown
    assert shown.count(" (") == 2
    told = Results({"cores": 2}, 1, sizes={1000: measured}).as_json()
    assert [len(one["rounds"]) for one in told["sizes"][0]["figures"]] == [2, 2, 2]


def test_the_ways_over_the_wire_are_measured_on_one_server() -> None:
    rows = measure_transport(rounds=1, operations=500, few=2)
    assert len(rows) == 8
    by_way = {(row.authentication, row.way): row.requests for row in rows}
    assert by_way["basic", USUAL] == 5.0
    assert by_way["ntlm", USUAL] > 5.0
    for authentication in ("basic", "ntlm"):
        assert by_way[authentication, STREAM] * 500 <= 12
        assert by_way[authentication, BATCH] < by_way[authentication, STREAM]
    shown = render_transport(rows)
    assert shown.count("basic: ") == shown.count("ntlm: ") == 4


@pytest.mark.powershell
@pytest.mark.skipif(find_powershell() is None, reason="no PowerShell: set RECONCILER_PWSH, or put pwsh on PATH")
def test_a_listing_is_measured_in_the_engine() -> None:
    listing = measure_listing(rounds=1, objects=50)
    assert min(listing.live, listing.deserialised, listing.recursive, listing.convert) > 0
    assert "50 objects of 12 properties" in render_listing(listing)
    assert "not measured" in render_listing(None)
