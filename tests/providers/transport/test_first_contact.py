"""The script that a first user runs on a real server, here in the engine against stubs: what it tells, and what not."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from providers.simulator.powershell.engine import SHORT_LIVED
from providers.transport.session.greeting import Runner
from providers.transport.wsman.shell import ARGUMENTS
from tests.support import runner_stubs as windows_stubs
from tests.support.paths import ROOT
from tests.support.powershell_host import find_powershell
from tests.support.runner_stubs import powershell, write_module

pytestmark = powershell

SCRIPT = ROOT / "samples" / "first_contact.ps1"
RUNNER = str(ROOT / "providers" / "transport" / "runner")
SECRET = "Alice Personal"
LYNC = rf"""
function Get-CsUser {{
    [CmdletBinding()]
    param([int]$ResultSize)
    foreach ($n in 1..2) {{
        $user = New-Object PSObject -Property @{{
            DisplayName = '{SECRET}'; Enabled = $true; Lines = @('tel:1'); Pin = (New-Object Security.SecureString)
            Odd = (New-Object Text.StringBuilder '{SECRET}'); Empty = $null; Asked = $ResultSize
        }}
        $user | Add-Member -MemberType ScriptProperty -Name Broken -Value {{ throw 'x' }}
        $user
    }}
}}
function Get-CsPool {{ [CmdletBinding()] param() }}
function Get-CsSite {{ [CmdletBinding()] param() throw (New-Object UnauthorizedAccessException '{SECRET}') }}
function Set-CsUser {{ [CmdletBinding()] param() [IO.File]::WriteAllText($env:STUB_WRITTEN, 'x') }}
Export-ModuleMember -Function *
"""
WINDOWS = r"""
function Get-WmiObject {
    param($Class)
    if ($Class.StartsWith('Win32_Service')) { New-Object PSObject -Property @{ Name = 'RTCSRV'; ProcessId = 0 } }
}
function Get-Service {
    param($Name)
    New-Object PSObject -Property @{ Name = $Name; Status = 'Running'; DependentServices = @() }
}
Export-ModuleMember -Function *
"""


EXCHANGE = rf"""
function Get-UMDialPlan {{
    [CmdletBinding()]
    param()
    New-Object PSObject -Property @{{ Name = '{SECRET}'; Digits = 5 }}
}}
function Set-UMDialPlan {{ [CmdletBinding()] param() [IO.File]::WriteAllText($env:STUB_WRITTEN, 'x') }}
Export-ModuleMember -Function *
"""
SNAPINS = {
    "snapin": "Microsoft.Exchange.Management.PowerShell.Admin",
    "remote": "Microsoft.Exchange.Management.PowerShell.E2010",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    write_module(folder, LYNC)
    return write_module(folder, WINDOWS, "StandInOfWindows")


def run(modules: Path, *arguments: str, culture: str = "C", script: Path = SCRIPT, **environment: str) -> list[str]:
    program = find_powershell()
    assert program is not None
    done = subprocess.run(
        [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(script), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={
            **os.environ,
            **SHORT_LIVED,
            "PSModulePath": str(modules),
            "LC_ALL": culture,
            "STUB_WRITTEN": str(modules / "written"),
            **environment,
        },
        timeout=120,
        check=False,
    )
    return done.stdout.decode("ascii").splitlines()


@pytest.fixture(scope="module")
def report(modules: Path) -> list[str]:
    """What the script printed; it wrote the same to a file."""
    out = modules / "report.txt"
    told = run(modules, RUNNER, str(out), culture="tr_TR.UTF-8")
    assert out.read_text("ascii").splitlines() == told
    return told


def test_it_tells_versions_adapter_and_time(report: list[str]) -> None:
    begins = ("ok      ps: ", "ok      os: ", "ok      product: ", "ok      culture: tr-TR", "ok      load_ms: ")
    assert all(any(line.startswith(one) for line in report) for one in (*begins, "ok      adapter: lync"))
    assert "ok      ping" in report
    assert "ok      a damaged line is told" in report


def test_it_sends_hostile_texts_around(report: list[str]) -> None:
    assert "ok      21 hostile texts came back unchanged" in report


def test_it_tells_types_and_kinds_of_each_property_and_marks_what_no_rule_knows(report: list[str]) -> None:
    start = next(index for index, line in enumerate(report) if line.startswith("ok      Get-CsUser: 2 of 2 objects"))
    told = {}
    for line in report[start + 1 : start + 9]:
        name, _, rest = line.strip().partition(" : ")
        told[name] = rest.partition(" -> ")[2]
    assert told == {
        "DisplayName": f"text (longest {len(SECRET)})",
        "Enabled": "Boolean (longest 0)",
        "Lines": "list of text (longest 1)",
        "Pin": "!! $refused SecureString (longest 0)",
        "Odd": "!! $type System.Text.StringBuilder (longest 0)",
        "Empty": "null (longest 0)",
        "Asked": "Int32 (longest 0)",
        "Broken": "!! $error RuntimeException (longest 0)",
    }


def test_absent_empty_and_refused_cmdlets_are_reported(report: list[str]) -> None:
    assert "absent  Get-UMDialPlan" in report
    assert "ok      Get-CsPool: 0 objects" in report
    assert any(line.startswith("refused Get-CsSite: UnauthorizedAccessException") for line in report)


def test_services_and_the_probe_are_asked(report: list[str]) -> None:
    assert any(line.startswith("ok      service RTCSRV: Running, start time null") for line in report)
    assert "ok      probe Language: FullLanguage" in report
    assert report[-1] == "failures: 0"


def test_no_value_of_an_object_is_reported_and_nothing_is_changed(report: list[str], modules: Path) -> None:
    assert SECRET not in "\n".join(report)
    assert not (modules / "written").exists()


def test_without_a_management_shell_it_says_so(tmp_path: Path) -> None:
    told = run(tmp_path, RUNNER)
    assert "FAILED  init: the runner is not ready" in told
    assert told[-1] == "failures: 1"


def told_by_the_process(report: list[str]) -> list[str]:
    """What the report tells of the process that it started, without numbers."""
    told = [line.partition("process: ")[2] for line in report if line[8:].startswith("process: ")]
    return [re.sub(r"[0-9]+(\.[0-9])?", "N", line) for line in told]


STARTED = "started with a command line of N characters"
ENDED = ["exit code N N s after the end of its input", "N characters of standard error"]


def test_a_process_is_started_as_a_session_does_and_its_answers_and_end_are_timed(report: list[str]) -> None:
    assert told_by_the_process(report) == [
        STARTED,
        "LOADING answered while its input is open, after N s",
        "READY answered while its input is open, after N s",
        "ping answered while its input is open, after N s",
        "exit answered after N s",
        "ended while its input is open, after N s",
        *ENDED,
    ]
    assert any(line.startswith("ok      process: exit code 0 ") for line in report)


def test_the_bootstrap_in_it_and_its_command_line_are_those_of_the_product() -> None:
    text = SCRIPT.read_text("ascii")
    (bootstrap,) = re.findall(r"^\$ContactBootstrap = @'\n(.*?)\n'@$", text, re.MULTILINE | re.DOTALL)
    assert bootstrap == Runner.shipped().bootstrap.rstrip("\n")
    assert f"'{' '.join(ARGUMENTS)} '" in text


def test_a_host_that_passes_input_on_only_at_its_end_is_reported(modules: Path, tmp_path: Path) -> None:
    """Such a host is a program that reads all of its input before PowerShell gets any."""
    script = tmp_path / "first_contact.ps1"
    text = SCRIPT.read_text("ascii").replace("ShortPatience = 60", "ShortPatience = 1")
    late = tmp_path / "late"
    late.write_text(f'#!/bin/sh\ncat > {tmp_path}/input\nexec {find_powershell()} "$@" < {tmp_path}/input\n')
    late.chmod(0o700)
    script.write_text(
        re.sub(r"(?s)(function Get-ContactProgram \{).*?\n\}", rf"\1\n    return '{late}'\n}}", text), "ascii"
    )
    told = run(modules, RUNNER, script=script)
    assert told_by_the_process(told) == [
        STARTED,
        "LOADING not answered while its input is open, after N s",
        "READY answered at the end of its input, after N s",
        *ENDED,
    ]
    assert told[-1] == "failures: 1"


@pytest.mark.parametrize("adapter", list(SNAPINS))
def test_exchange_is_reached_by_its_snap_in_or_its_endpoint(tmp_path: Path, adapter: str) -> None:
    write_module(tmp_path, EXCHANGE, SNAPINS["snapin"])
    write_module(tmp_path, windows_stubs.WINDOWS + "\nExport-ModuleMember -Function *\n", "StandInOfWindows")
    told = run(tmp_path, RUNNER, STUB_SNAPINS=SNAPINS[adapter], STUB_COMMAND_LINE="powershell.exe")
    assert f"ok      adapter: {adapter}" in told
    assert any(line.startswith("ok      Get-UMDialPlan: 1 of 1 objects") for line in told)
    assert "absent  Get-CsUser" in told
    assert "ok      21 hostile texts came back unchanged" in told
    assert "READY answered while its input is open, after N s" in told_by_the_process(told)
    assert told_by_the_process(told)[-2:] == ENDED
    assert told[-1] == "failures: 0"
    assert SECRET not in "\n".join(told)
    assert not (tmp_path / "written").exists()
