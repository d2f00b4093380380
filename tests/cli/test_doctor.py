"""``reconciler doctor`` as a process: what it shows, its exit codes, and that it changes nothing."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import FaultPlan, Rule
from state.tables import REVISIONS
from tests.state.test_migrations import go_back
from tests.support.cli import CHILD, Environment, Ran, applied, contoso, little, wait_until, with_ports
from tests.support.estate_log import is_write
from tests.support.state_support import Place, holder
from tests.support.winrm_server import PASSWORD, USER, listening
from tests.views.test_json_lines import VALIDATOR

_ALWAYS = ("world.json", "world.json.log", "world.json.lock", ".gitignore")
"""What the simulated estate needs: it stands for the servers, and Git is to take none of it."""


def digests(environment: Environment) -> dict[str, str]:
    """Return what every file says, but those of the simulated world, which stand for the servers."""
    files = (path for path in environment.directory.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.name not in _ALWAYS}


def test_the_sample_is_in_order_but_for_a_clock_that_is_behind(tmp_path: Path) -> None:
    environment = contoso(tmp_path / "contoso")
    before = digests(environment)
    ran = environment.run("doctor").has(0)
    assert ran.err == ""
    assert "ex1.contoso.com" in ran.out
    assert "fe3.contoso.com is 1 min 35 s behind most other hosts" in ran.out
    assert ran.out.splitlines()[-1] == "    reconciler plan ."
    assert "failed" not in ran.out
    assert digests(environment) == before, "no state, no lock, no key"
    assert environment.writes() == []
    probes = {entry["host"] for entry in environment.log() if entry["operation"] == "probe"}
    assert len(probes) == 11
    assert "dir1.contoso.com" not in probes, "a plan does not talk to a Director"


def test_after_an_apply_nothing_is_changed_and_the_state_is_used(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = applied(tmp_path, tmp_path_factory)
    before, writes = digests(environment), len(environment.writes())
    ran = environment.run("doctor", "--json").has(0)
    assert digests(environment) == before, "the state is read, and not a byte of it changes"
    assert len(environment.writes()) == writes
    (controller,) = (one for one in ran.of("doctor_finding") if one["check"] == "controller")
    assert controller["status"] == "ok"
    assert "used by the last apply" in controller["detail"]
    for message in ran.messages:
        VALIDATOR.validate(message)
    (summary,) = ran.of("doctor_summary")
    assert summary["counts"]["failed"] == 0
    assert len(ran.of("doctor_host")) == summary["hosts"] == 11
    assert ran.messages[-1] == {"format": "reconciler/1", "type": "end", "exit_code": 0}


def test_a_run_that_holds_the_lock_is_neither_waited_for_nor_disturbed(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.private.mkdir(mode=0o700)
    with closing(Place(environment.database, "little")) as place:
        place.open(lease_seconds=3600).acquire(holder(pid=os.getpid()))
        held = environment.rows("lease")
        assert held
        environment.run("doctor").has(0)
        assert environment.rows("lease") == held


def test_a_state_of_an_older_version_is_warned_of_and_left_as_it_is(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = applied(tmp_path, tmp_path_factory)
    go_back(environment.database, REVISIONS[0])
    before = digests(environment)
    ran = environment.run("doctor", "--json").has(0)
    assert digests(environment) == before
    (found,) = (one for one in ran.of("doctor_finding") if one["check"] == "state")
    assert (found["status"], found["summary"]) == ("warning", "State of an older version")
    environment.run("plan").has(0)
    (found,) = (
        one for one in environment.run("doctor", "--json").has(0).of("doctor_finding") if one["check"] == "state"
    )
    assert found["status"] == "ok"


def test_a_state_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.private.mkdir(mode=0o700)
    environment.database.write_bytes(b"no database" * 1000)
    ran = environment.run("doctor", "--json").has(1)
    failed = [found for found in ran.of("doctor_finding") if found["status"] == "failed"]
    assert [found["check"] for found in failed] == ["state"]
    assert failed[0]["remedy"]


def test_chosen_hosts_are_shown_in_full_and_unknown_ones_refused(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    ran = environment.run("doctor", "--host", "fe2.contoso.com").has(0)
    assert "discovered through lync" in ran.out
    assert "Hosts discovered through lync" not in ran.out
    refused = environment.run("doctor", "--host", "fe9.contoso.com").has(1)
    assert "Error: Unknown host" in refused.err
    assert "Did you mean" in refused.err


def test_wrong_files_are_reported_as_ever(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.edit("little.yaml", "country_code", "contry_code")
    ran = environment.run("doctor").has(1)
    assert "Error: " in ran.err
    assert 'Did you mean "country_code"?' in ran.err
    assert environment.log() == []


def test_a_world_says_what_doctor_meets(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    environment.edit(
        "world.yaml",
        "computers: [fe1.contoso.com, fe2.contoso.com]",
        "computers: [fe1.contoso.com, {fqdn: fe2.contoso.com, shells: [], quotas: {MaxMemoryPerShellMB: 150}}]",
    )
    environment.edit("world.yaml", "world: little", "world: little\nenforce_second_hop: true")
    ran = environment.run("doctor", "--json").has(1)
    failed = {(one["host"], one["check"]) for one in ran.of("doctor_finding") if one["status"] == "failed"}
    assert failed == {("fe2.contoso.com", "adapter"), ("ex1.contoso.com", "second hop")}
    assert "Traceback" not in ran.out + ran.err


def test_a_plan_says_that_the_script_cannot_run_in_a_world_that_enforces_the_second_hop(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    assert not [one for one in environment.run("plan", "--json").of("diagnostic") if one.get("code") == "UM026"]
    environment.edit("world.yaml", "world: little", "world: little\nenforce_second_hop: true")
    ran = environment.run("plan", "--json").has(4)
    assert "UM026" in {one.get("code") for one in ran.of("diagnostic")}


# --- declared connections --------------------------------------------------------------------------------------------


def declare(environment: Environment, port: int, *, password: str = PASSWORD, auth: str = "ntlm") -> None:
    keys = f"auth: {auth}, user: '{USER}', password: env:UM_PASSWORD, tls: false"
    environment.edit(
        "little.yaml",
        "connections: {simulator: world.yaml}",
        f"connections:\n  exchange: {{host: ex1.contoso.com, {keys}}}\n  lync: {{host: fe1.contoso.com, {keys}}}\n",
    )
    (environment.directory / "world.yaml").rename(environment.directory.parent / "world.yaml")
    environment.variables.update(UM_PASSWORD=password, **with_ports(via=["127.0.0.1", port]))


def child(environment: Environment, *arguments: str) -> Ran:
    with environment.started(*arguments, entry=CHILD) as started:
        return started.end()


def test_declared_servers_are_examined_and_what_ntlm_cannot_do_is_reported(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    there: Any = Estate.open(environment.directory / "world.yaml")
    faults = FaultPlan([Rule("create", host="fe2.contoso.com", fault=5)])
    with listening(Scheme.NTLM, estate=there, faults=faults) as server:
        declare(environment, server.port)
        ran = child(environment, "--log", "doctor.log", "doctor", "--json").has(1)
        assert server.counts.open_shells == 0
    failed = {(found["host"], found["check"]) for found in ran.of("doctor_finding") if found["status"] == "failed"}
    assert failed == {("ex1.contoso.com", "second hop"), ("fe2.contoso.com", "shell")}
    assert not [entry for entry in there.log() if is_write(entry)]
    kept = (environment.directory / "doctor.log").read_text("utf-8")
    assert PASSWORD not in ran.out + ran.err + kept


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_says_what_a_silent_host_is_waited_for(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        declare(environment, silent.getsockname()[1])
        with environment.started("doctor", entry=CHILD) as started, ExitStack() as taken:
            for _ in range(6):  # both entry points, each looked for once and then asked
                connection, _ = silent.accept()
                taken.enter_context(connection)
                if select.select([connection], [], [], 1.0)[0] and connection.recv(1, socket.MSG_PEEK):
                    break
            os.kill(started.pid, signal.SIGINT)
            wait_until(lambda: "Waiting up to half a minute" in started.err)
            taken.close()
            silent.close()
            ran = started.end().has(130)
    assert "Note: Interrupted" in ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_password_costs_two_logons_at_most(tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    there: Any = Estate.open(environment.directory / "world.yaml")
    with listening(Scheme.NTLM, estate=there) as server:
        declare(environment, server.port, password="wrong-canary")
        ran = child(environment, "doctor").has(1)
        assert 1 <= server.counts.failed_authentications <= 2
        assert server.counts.messages.get("create", 0) == 0
    assert ran.out.count("Logon refused") == 2
    assert "wrong-canary" not in ran.out + ran.err
    assert not environment.private.exists()
