"""The lab: a PowerShell on a simulated host, in a console and over WinRM, with any script."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pexpect
import pytest

from providers.simulator.estate.estate import Estate
from providers.simulator.estate.invoke import invoke_line
from providers.simulator.powershell.console import run_console
from providers.simulator.powershell.engine import PowerShellEngine
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.process import refused_command_line, taken_apart
from providers.simulator.wire.server import Server, Settings
from reconciler.app.simulated_world import powershell_program
from tests.support.cli import COMMAND, LONGEST_SECONDS, clean, contoso, little
from tests.support.two_hosts import host_for, is_password, powershell, world_for
from tests.support.winrm_server import PASSWORD, USER, Client
from tests.support.worlds import SteppingClock


@pytest.mark.parametrize(
    ("line", "program", "words"),
    [
        ("powershell -Command Get-X", "powershell", ["-Command", "Get-X"]),
        (r'"C:\Program Files\powershell.exe"  -Command "a b"', r"C:\Program Files\powershell.exe", ["-Command", "a b"]),
        (r'p "a \"b\" c" d\\e\ "f\\" g', "p", ['a "b" c', r"d\\e" + "\\", "f\\", "g"]),
        ('p "" b"c d"e "open', "p", ["", "bc de", "open"]),
        ("", "", []),
    ],
)
def test_a_command_line_is_split_as_windows_splits_it(line: str, program: str, words: list[str]) -> None:
    assert taken_apart(line) == (program, words)


def test_other_programs_start_in_no_lab() -> None:
    assert refused_command_line('"PowerShell.exe" -Command 1', any_script=True) is None
    assert refused_command_line("cmd /c calc", any_script=True) is not None
    assert refused_command_line("powershell -Command 1") is not None


class TestScripts:
    pytestmark = powershell

    def test_a_script_acts_on_the_estate_with_live_objects(self, capfd: pytest.CaptureFixture[str]) -> None:
        estate = Estate(world_for("e2013"), clock=SteppingClock())
        script = """
            new-umdialplan Typed -numberofdigitsinextension 5 -uritype sipname -countryorregioncode 1 | out-null
            $plan = get-umdialplan -id typed
            [Console]::WriteLine($plan.PhoneContext)
            get-umservice | set-umservice -DialPlans @{add=$plan.Name}
            get-umservice | foreach-object { set-umservice $_ -UMStartupMode Dual }
            exit 5
        """
        assert run_console(estate, powershell_program(), host_for("e2013"), script) == 5
        out, err = capfd.readouterr()
        assert (out.split(), err) == (["Typed.contoso.com"], "")
        called = [(entry["cmdlet"], entry["user"]) for entry in estate.log()]
        assert {user for _, user in called} == {"CONTOSO\\Administrator"}
        assert [cmdlet for cmdlet, _ in called].count("Set-UMService") == 4

    def test_exchucutil_runs_in_its_folder_alone(self, capfd: pytest.CaptureFixture[str]) -> None:
        estate = Estate(world_for("e2013"), clock=SteppingClock())
        folder = "$env:ExchangeInstallPath/Scripts"
        script = f"& {folder}/exchucutil.ps1; cd {folder}; ./exchucutil.ps1"
        run_console(estate, powershell_program(), host_for("e2013"), script)
        assert [entry["operation"] for entry in estate.log()].count("script") == 1
        assert capfd.readouterr().out.startswith("Error: ")

    def test_a_host_has_the_cmdlets_of_its_product(self, capfd: pytest.CaptureFixture[str]) -> None:
        script = "[Console]::WriteLine(@(Get-CsPool)[0].Fqdn); Get-UMDialPlan"
        run_console(Estate(world_for("l2013")), powershell_program(), host_for("l2013"), script)
        out, err = capfd.readouterr()
        assert "pool1.contoso.com" in out
        assert "Get-UMDialPlan" in err

    def test_changes_are_seen_by_the_next_plan(self, tmp_path: Path) -> None:
        environment = contoso(tmp_path / "contoso")
        subprocess.run(
            [*COMMAND, "simulate", ".", "--shell"],
            cwd=environment.directory,
            env=clean(HOME=str(tmp_path)),
            input=b"Rename-Thing; Set-UMDialPlan Workshop -Name Typed -MaxCallDuration 77",
            timeout=LONGEST_SECONDS,
            check=False,
        )
        assert "dial_plan/Typed" in environment.run("drift").out

    def test_a_changed_object_is_given_back_and_nothing_else_of_it_is_written(self) -> None:
        estate = Estate(world_for("e2013"), clock=SteppingClock())
        script = """
            $ums = get-umservice
            $ums[0].DialPlans += (get-umdialplan base).Identity
            $ums[0].MaxCallsAllowed = 50
            set-umservice ex1 -UMStartupMode Dual
            set-umservice -instance $ums[0] -UMStartupMode TLS
            try { set-umservice -instance ex1 } catch { [Console]::Error.WriteLine($_.FullyQualifiedErrorId) }
        """
        assert run_console(estate, powershell_program(), host_for("e2013"), script) == 0
        one, other = invoke_line(estate, "Get-UMService").records
        assert [one[name] for name in ("UMStartupMode", "MaxCallsAllowed", "Status")] == ["TLS", 50, "Enabled"]
        bound = one["DialPlans"]
        assert isinstance(bound, list)
        assert [plan["name"] for plan in bound] == ["Base"]
        assert other["DialPlans"] == []
        written = [line["parameters"] for line in estate.log() if line["cmdlet"] == "Set-UMService"]
        assert len(written) == 2, "a text is no object, and nothing ran"

    def test_a_line_with_variables_runs_from_the_command_line(self, tmp_path: Path) -> None:
        environment = contoso(tmp_path / "contoso")
        line = "$plan = get-umdialplan workshop; set-umdialplan $plan.Name -MaxCallDuration 77; $plan.Name"
        run = partial(environment.run, "simulate", ".", "--engine", "powershell", "--invoke", HOME=str(tmp_path))
        assert run(line).has(0).out.split() == ["Workshop"]
        assert "77" in environment.invoke("Get-UMDialPlan Workshop | Format-List MaxCallDuration")
        assert "nope" in run("get-umdialplan nope").has(1).err

    def test_any_script_of_a_winrm_client_runs_where_the_simulator_runs_alone(self) -> None:
        text = b"pool1.contoso.com"
        script = f"[Console]::Out.Write(@(Get-CsPool)[0].Fqdn); {END}"
        assert sent_over_winrm(Estate(world_for("l2013")), host_for("l2013"), "-Command", f'"{script}"') == text

    def test_a_free_script_of_a_winrm_client_has_pipelines_functions_and_live_objects(self) -> None:
        estate = Estate(world_for("e2013"), clock=SteppingClock())
        script = """
            Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn
            function Get-Long($least) { Get-UMDialPlan | Where-Object { $_.NumberOfDigitsInExtension -ge $least } }
            $ums = Get-UMService
            $ums[0].DialPlans += (Get-Long 5).Identity
            Set-UMService -Instance $ums[0]
            $bound = Get-UMService | Where-Object { $_.DialPlans.Count } | ForEach-Object { $_.Name }
            [Console]::Out.Write("$bound; $(@(Get-Long 6).Count) longer")
        """
        encoded = base64.b64encode(f"{script}\n{END}".encode("utf-16-le")).decode()
        assert sent_over_winrm(estate, host_for("e2013"), "-EncodedCommand", encoded) == b"EX1; 0 longer"
        assert [len(plans_of(record)) for record in invoke_line(estate, "Get-UMService").records] == [1, 0]

    def test_lines_typed_at_the_shell_in_a_terminal_act_on_the_estate(self, tmp_path: Path) -> None:
        """The engine of the tests has no prompt: a loop of ours reads lines, after all that the shell begins with."""
        environment = little(tmp_path / "little")
        (tmp_path / "loop.ps1").write_text(PROMPT_LOOP, "ascii")
        shell = tmp_path / "pwsh"
        loop = f". ([scriptblock]::Create([IO.File]::ReadAllText('{tmp_path}/loop.ps1')))"
        options = "-NoLogo -NoProfile -NonInteractive -Command"
        shell.write_text(f'#!/bin/sh\nfor begin; do :; done\nexec {powershell_program()} {options} "$begin; {loop}"\n')
        shell.chmod(0o700)
        terminal = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "simulate", ".", "--shell"],
            cwd=str(environment.directory),
            env=clean(HOME=str(tmp_path), TERM="xterm", RECONCILER_PWSH=str(shell), SOME_SECRET="not for the shell"),
            encoding="utf-8",
            timeout=LONGEST_SECONDS,
            dimensions=(40, 200),
        )
        for line, answer in TYPED:
            terminal.expect_exact("[ex1.contoso.com] PS ")
            terminal.sendline(line)
            terminal.expect_exact(f"={answer}=")
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 0
        written = [(entry["cmdlet"], entry["user"]) for entry in environment.writes()]
        assert written == [(name, "CONTOSO\\Administrator") for name in ("New-UMDialPlan", "Set-UMService")]
        assert "Typed" in environment.invoke("Get-UMService ex1 | Format-List DialPlans")


END = "exit 0"
"""The engine of the tests may look for an exit code of its own before the script has ended."""

PROMPT_LOOP = """
while ($true) {
    [Console]::Out.Write((prompt))
    $typed = [Console]::In.ReadLine()
    if ($null -eq $typed -or $typed -eq 'exit') { exit 0 }
    try { $told = . ([scriptblock]::Create($typed)) } catch { $told = $_.FullyQualifiedErrorId }
    [Console]::WriteLine("=$told=")
}
"""
TYPED = [
    ("$made = New-UMDialPlan Typed -NumberOfDigitsInExtension 5 -URIType SipName -CountryOrRegionCode 1", ""),
    ("Get-UMDialPlan | Where-Object { $_.NumberOfDigitsInExtension -eq 5 } | ForEach-Object { $_.Name }", "Typed"),
    ("$ums = @(Get-UMService)", ""),
    ("$ums[0].DialPlans += (Get-UMDialPlan typed).Identity", ""),
    ("Set-UMService -Instance $ums[0]", ""),
    ("Get-UMNothing", "CommandNotFoundException"),
    ("[IO.Path]::GetFileName($exscripts)", "Scripts"),
    ("$env:SOME_SECRET + $env:TERM", "xterm"),
]
"""Lines, and what is shown of them."""


def sent_over_winrm(estate: Estate, host: str, *words: str) -> bytes:
    """Return what a PowerShell with these arguments writes, started by a WinRM client that is not ours."""
    settings = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.NTLM}))
    with (
        PowerShellEngine(estate, is_password, powershell_program(), any_script=True) as engine,
        Server(estate, settings, start=engine.start) as server,
    ):
        client = Client(server, "ntlm", path=f"/{host}", timeout_seconds=60)
        client.open('"powershell.exe"', ("-NoProfile", *words))
        client.receive_all()
        client.close()
        assert (bytes(client.stderr), client.exit_code) == (b"", 0)
        return bytes(client.stdout)


def plans_of(record: Mapping[str, object]) -> list[object]:
    plans = record["DialPlans"]
    assert isinstance(plans, list)
    return plans


def test_in_a_terminal_the_shell_stays_with_the_cmdlets_loaded(tmp_path: Path) -> None:
    """Against a program that writes down what it was started with: the engine of the tests has no prompt."""
    shell = tmp_path / "pwsh"
    note = tmp_path / "note.json"
    shell.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        'begin = open(sys.argv[-1].split("\'")[1]).read()\n'
        f"json.dump([sys.argv[1:-1], begin, dict(os.environ)], open({str(note)!r}, 'w'))\nsys.exit(3)\n"
    )
    shell.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOME_SECRET", "not for the shell")
        patch.setenv("TERM", "xterm")
        assert run_console(Estate(world_for("e2013")), str(shell), host_for("e2013")) == 3
    options, begin, environment = json.loads(note.read_text())
    assert options == ["-NoLogo", "-NoProfile", "-NoExit", "-Command"]
    assert begin.splitlines()[0].startswith("Add-PSSnapin 'Microsoft.Exchange")
    assert "[ex1.contoso.com] PS" in begin.replace("' + '", "")
    assert ("SOME_SECRET" in environment, environment["TERM"]) == (False, "xterm")
