"""A whole environment over sealed HTTP to a real PowerShell: the same plan, the same estate as with the interpreter."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.powershell.engine import PowerShellEngine
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.server import Server, Settings
from providers.simulator.wire.shell_command import Launch
from reconciler.app import open_workspace, vocabulary
from reconciler.app.simulated_world import find_powershell, powershell_program
from reconciler.model.diagnostics import ReconcilerError
from reconciler.plan.plan import Plan
from reconciler.views.plan import render_plan
from reconciler.views.style import Style
from tests.conftest import powershell_header
from tests.support import two_hosts
from tests.support.two_hosts import Real, host_for, is_password, standing, world_for
from tests.support.winrm_server import PASSWORD, USER, Client, invoke, start, wait_until
from tests.support.worlds import CONTOSO, SteppingClock

powershell = two_hosts.powershell


# --- the sample ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What became of the sample with one engine."""

    plan: str
    exit_code: int
    again: Plan
    estate: Mapping[str, Any]


def trial(directory: Path, engine: str) -> Trial:
    """Plan, apply and plan again; the simulator runs as a child, as it does for anyone."""
    sample = Path(shutil.copytree(CONTOSO.parent, directory / engine, ignore=shutil.ignore_patterns(".reconciler")))
    shown: list[str] = []

    def approve(plan: Plan) -> bool:
        shown.append(render_plan(plan, Style(width=100), vocabulary(), commands=True))
        return True

    # A service learns its mode from a domain controller of its site; how late that hears of it is a matter of time.
    world = sample / "world.yaml"
    world.write_text(re.sub("replication_delay: [0-9]+m?s", "replication_delay: 0s", world.read_text("utf-8")), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONCILER_SIMULATOR_ENGINE", engine)
        patch.chdir(sample)  # places are shown with the directory, which differs between the two
        with open_workspace(Path(), parallelism=3) as workspace:
            account = workspace.apply(approve)
            again = workspace.plan()
    assert account is not None
    estate = Estate.open(sample / "world.yaml", sample / ".reconciler" / "world.json")
    return Trial(shown[0], account.exit_code(), again, settled(estate))


_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|\+00:00)?")


def settled(estate: Estate) -> dict[str, Any]:
    """Return an estate object by object, without what is chance: objects go by their DN, times are only there."""
    held = standing(estate)
    entries = held["directory"]["entries"]
    names = {row[0]: row[3] for row in entries}

    def told(value: Any) -> Any:
        text = _GUID.sub(lambda found: f"<{names.get(found[0], 'id')}>", json.dumps(value, sort_keys=True))
        return json.loads(_TIME.sub("<time>", text))

    objects = {f"{row[1]} {row[3]}": told(row[2:]) for row in entries}
    assert len(objects) == len(entries)
    return {"objects": objects, "services": told(held["services"]), "counters": told(held["counters"])}


@pytest.mark.powershell
@two_hosts.needs_powershell
def test_the_sample_is_planned_applied_and_stays_as_with_the_interpreter(tmp_path: Path) -> None:
    # One test, because what it compares costs a dozen PowerShells, and tests of a module may run in several processes.
    real, interpreted = trial(tmp_path, "powershell"), trial(tmp_path, "interpreter")
    assert real.exit_code == 0
    assert (real.again.has_changes, real.again.adopted) == (False, ())
    assert real.plan == interpreted.plan
    for part, expected in interpreted.estate.items():
        assert real.estate[part].keys() == expected.keys()
        for name, found in real.estate[part].items():
            assert (name, found) == (name, expected[name])


# --- one host --------------------------------------------------------------------------------------------------------


def read(cmdlet: str, *properties: str, **parameters: object) -> dict[str, Any]:
    return {"op": "invoke", "cmdlet": cmdlet, "params": parameters, "properties": list(properties), "read": True}


SCRIPT = {"op": "script", "cmdlet": "exchucutil.ps1", "params": {"Forest": "contoso.com"}}
SERVICES = {"op": "service", "cmdlet": "Get-Service", "params": {"Name": ["MSExchangeUM", "none"]}, "read": True}


class TestHost:
    pytestmark = powershell

    def test_exchange_2007_is_reached_by_its_snap_in_and_tells_live_objects(self) -> None:
        with Real(world_for("e2007"), host_for("e2007"), ("Get-UMDialPlan", "Get-UMMailboxPolicy")) as host:
            plan, policy = host.ask(
                [
                    read("Get-UMDialPlan", "Identity", "VoIPSecurity", "AccessTelephoneNumbers", "WhenCreated"),
                    read("Get-UMMailboxPolicy", "MaxLogonAttempts", "PINLifetime", "UMDialPlan"),
                ]
            )
        assert host.ready["ready"]["adapter"] == "snapin"
        (record,) = plan["records"]
        assert (record["Identity"].keys(), record["Identity"]["name"]) == ({"dn", "guid", "name"}, "Base")
        assert (record["VoIPSecurity"], record["AccessTelephoneNumbers"]) == ("Secured", [])
        assert record["WhenCreated"].endswith("0000000Z")
        (record,) = policy["records"]
        assert (record["MaxLogonAttempts"], record["PINLifetime"]) == (15, "60.00:00:00")

    def test_addresses_have_the_types_of_the_product_and_are_reported_as_text(self) -> None:
        with Real(world_for("e2007"), host_for("e2007"), ("Get-Mailbox", "Set-Mailbox")) as host:
            more = ["sip:user1@contoso.com", "X500:/o=Contoso/cn=user1", "X400:C=US;A= ;P=Contoso;S=user1;"]
            (before,) = host.ask([read("Get-Mailbox", "EmailAddresses", Identity="user1")])
            held = before["records"][0]["EmailAddresses"]
            listed = [*held, *(one for one in more if one not in held)]
            write = {"op": "invoke", "cmdlet": "Set-Mailbox", "params": {"Identity": "user1", "EmailAddresses": listed}}
            changed, after = host.ask([write, read("Get-Mailbox", "EmailAddresses", Identity="user1")])
        assert changed["ok"], changed
        assert any(one.casefold().startswith("eum:") for one in held)
        assert sorted(after["records"][0]["EmailAddresses"]) == sorted(listed)

    def test_later_exchange_is_reached_through_its_endpoint_and_tells_deserialised_objects(self) -> None:
        allow = ("Get-UMDialPlan", "Get-UMMailboxPolicy", "Get-UMService", "exchucutil.ps1", "Get-Service")
        world = world_for("e2013", language="de-DE", um_enabled=0)
        with Real(world, host_for("e2013"), allow) as host:
            plan, policy, missing, script, server, services = host.ask(
                [
                    read("Get-UMDialPlan", "Identity", "VoIPSecurity", "AccessTelephoneNumbers", "UMMailboxPolicies"),
                    read("Get-UMMailboxPolicy", "MaxLogonAttempts", "PINLifetime", "UMDialPlan"),
                    read("Get-UMDialPlan", Identity="nobody"),
                    SCRIPT,
                    read("Get-UMService", "AdminDisplayVersion", "Name", Identity="ex1"),
                    SERVICES,
                ]
            )
        assert (host.ready["ready"]["adapter"], host.ready["ready"]["culture"]) == ("remote", "de-DE")
        assert plan["records"] == [
            {
                "Identity": "Base",
                "VoIPSecurity": "Secured",
                "AccessTelephoneNumbers": [],
                "UMMailboxPolicies": ["Base Standardrichtlinie"],
            }
        ]
        assert policy["records"] == [{"MaxLogonAttempts": "15", "PINLifetime": "60.00:00:00", "UMDialPlan": "Base"}]
        assert missing["error"]["type"] == "ManagementObjectNotFoundException"
        assert missing["error"]["inner"] == ["ManagementObjectNotFoundException"]
        assert "konnte nicht ausgef\u00fchrt werden" in missing["error"]["message"]
        assert script["output"].startswith("Verwendeter globaler Katalog: dc1.contoso.com\n")
        assert host.estate.log()[-1]["operation"] != "invoke"
        # The script's full shell brings cmdlets of the same names: those of the session are still the ones called.
        assert server["records"] == [{"AdminDisplayVersion": "Version 15.0 (Build 1497.2)", "Name": "EX1"}]
        (service,) = services["records"]
        assert (service["Name"], service["Status"], service["ScriptRunning"]) == ("MSExchangeUM", "Running", False)

    def test_the_endpoint_takes_the_credential_that_arrived_over_stdin_and_no_other(self) -> None:
        world = world_for("e2016", enforce_second_hop=True)
        with Real(world, host_for("e2016"), ("Get-UMDialPlan",), delegates=False) as host:
            assert host.ready["ready"]["adapter"] == "remote"
        with Real(world, host_for("e2016"), ("Get-UMDialPlan",), delegates=False, password="another") as refused:
            assert refused.ready["error"]["type"] == "PSRemotingTransportException"

    def test_a_script_that_asks_for_credentials_ends_the_operation_and_not_the_session(self) -> None:
        with Real(world_for("e2010"), host_for("e2010"), ("exchucutil.ps1", "Get-UMServer")) as host:
            path = host.engine.installation("e2010") / "Scripts" / "exchucutil.ps1"
            path.write_text("param($Forest)\n$Host.UI.PromptForCredential('', '', 'me', '').UserName\n", "ascii")
            prompted, after = host.ask([SCRIPT, read("Get-UMServer", "Name", Identity="ex1")])
            path.write_text("param([Parameter(Mandatory = $true)] $Wanted)\n'ran'\n", "ascii")
            (asked,) = host.ask([{**SCRIPT, "params": {}}])
        assert "NonInteractive" in (prompted["output"] if prompted["ok"] else prompted["error"]["message"])
        assert after["records"] == [{"Name": "EX1"}]
        assert "ran" not in json.dumps(asked)

    def test_a_service_is_restarted_and_lync_tells_its_objects(self) -> None:
        allow = ("Get-CsDialPlan", "Get-CsService", "Get-Service", "Restart-Service")
        services = {**SERVICES, "params": {"Name": ["RTCSRV"]}}
        with Real(world_for("s2015"), host_for("s2015"), allow) as host:
            plan, before, _, after = host.ask(
                [
                    read("Get-CsDialPlan", "Identity", "NormalizationRules", Identity="Global"),
                    services,
                    {"op": "invoke", "cmdlet": "Restart-Service", "params": {"Name": "RTCSRV", "Force": True}},
                    services,
                ]
            )
        assert host.ready["ready"]["adapter"] == "lync"
        (record,) = plan["records"]
        assert (record["Identity"], record["NormalizationRules"][0]["Name"]) == ("Global", "Prefix All")
        assert before["records"][0]["StartTime"] < after["records"][0]["StartTime"]
        assert sorted(before["records"][0]["RunningDependents"]) == ["RTCCAA", "RTCCAS", "RTCRGS"]

    def test_the_process_receives_no_secret_of_its_simulator(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOME_PASSWORD", "hidden")
        with Real(world_for("l2013"), host_for("l2013"), ()) as host:
            pid = host.process.pid  # type: ignore[attr-defined]  # of PowerShellProcess
            environment = Path(f"/proc/{pid}/environ")
            if not environment.exists():
                pytest.skip("the environment of a process is read from /proc")
            told, line = environment.read_text(), Path(f"/proc/{pid}/cmdline").read_text()
        assert "RECONCILER_SIMULATOR_LINK" in told
        for secret in ("hidden", PASSWORD):
            assert secret not in told + line

    def test_a_command_line_that_is_not_ours_starts_nothing(self) -> None:
        estate = Estate(world_for("l2013"), clock=SteppingClock())
        with PowerShellEngine(estate, is_password, powershell_program()) as engine:
            told: list[Any] = []
            engine.start(
                Launch("fe1.contoso.com", USER, True, "cmd.exe /c ver", False, lambda *at: told.append(at), told.append)
            )
        assert told[-1] == 1
        assert b"not recognized" in told[0][1]


# --- processes -------------------------------------------------------------------------------------------------------


def children(of: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == of:
                found.append(int(path.parent.name))
    return found


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
class TestProcesses:
    pytestmark = powershell

    def test_closing_the_shell_ends_its_process(self) -> None:
        estate = Estate(world_for("l2013"), clock=SteppingClock())
        settings = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.NTLM}))
        with (
            PowerShellEngine(estate, is_password, powershell_program()) as engine,
            Server(estate, settings, start=engine.start) as server,
        ):
            client = Client(server, "ntlm", path="/fe1.contoso.com").open()
            client.send(start(adapter="lync", allow=["Get-CsDialPlan"]) + invoke("1", "Get-CsDialPlan", flush=True))
            assert [reply["ok"] for reply in client.receive_until(2)] == [True, True]
            (pid,) = [pid for pid in children(os.getpid()) if "pwsh" in Path(f"/proc/{pid}/comm").read_text()]
            client.close()
            wait_until(lambda: not is_alive(pid))
            folder = engine.folder
        assert not folder.exists()

    def test_killing_the_simulator_leaves_no_process(self, tmp_path: Path) -> None:
        world = shutil.copy(CONTOSO, tmp_path / "world.yaml")
        command = [sys.executable, "-m", "reconciler", "simulate", world, "--parent-pipe", "--engine", "powershell"]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=tmp_path
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"user": USER, "password": PASSWORD}).encode() + b"\n")
            process.stdin.flush()
            client = Client(Listening(json.loads(process.stdout.readline())["url"]), "ntlm").open()
            client.send(start(allow=["Get-UMDialPlan"]))
            client.receive_until(1)
            (pid,) = children(process.pid)
            (folder,) = re.findall(rb"LINK=([^\0]*)/1/setup.xml", Path(f"/proc/{pid}/environ").read_bytes())
            assert (is_alive(pid), Path(os.fsdecode(folder)).is_dir()) == (True, True)
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_until(lambda: not is_alive(pid))
        with PowerShellEngine(Estate(world_for("l2013")), is_password, powershell_program()):
            assert not Path(os.fsdecode(folder)).exists()


@dataclass(frozen=True)
class Listening:
    url: str


# --- finding one -----------------------------------------------------------------------------------------------------


def test_the_powershell_that_is_named_is_the_first_choice(tmp_path: Path) -> None:
    on_path = tmp_path / "pwsh"
    on_path.write_text("#!/bin/sh\n")
    on_path.chmod(0o700)
    assert find_powershell({"RECONCILER_PWSH": "/opt/pwsh", "PATH": str(tmp_path)}) == "/opt/pwsh"
    assert find_powershell({"PATH": str(tmp_path)}) == str(on_path)


def test_without_a_powershell_the_three_places_are_named() -> None:
    with pytest.raises(ReconcilerError) as caught:
        powershell_program(lambda: None)
    (told,) = caught.value.diagnostics
    for place in ("RECONCILER_PWSH", "pwsh on PATH", "../shared/pwsh/bin/pwsh"):
        assert place in told.detail


def test_a_program_that_is_not_there_is_reported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PWSH", "/nowhere/pwsh")
    with pytest.raises(ReconcilerError) as caught:
        powershell_program()
    assert "/nowhere/pwsh" in caught.value.diagnostics[0].detail


def test_simulate_says_so_where_no_powershell_is(tmp_path: Path) -> None:
    environment = {**os.environ, "RECONCILER_PWSH": "/nowhere/pwsh"}
    command = [sys.executable, "-m", "reconciler", "simulate", str(CONTOSO), "--port", "0", "--engine", "powershell"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "PowerShell not found" in ended.stderr
    assert "/nowhere/pwsh" in ended.stderr


@pytest.mark.parametrize("found", ["/opt/pwsh", None])
def test_a_run_of_the_tests_says_first_which_powershell_it_found_or_that_there_is_none(found: str | None) -> None:
    assert (found or "NONE FOUND, its tests are skipped") in powershell_header(found)
