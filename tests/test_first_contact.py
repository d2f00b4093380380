"""The script that a first user runs on a real server, here in the engine against stubs: what it tells, and what not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.powershell_host import ROOT, find_powershell
from tests.runner_stubs import powershell, write_module

pytestmark = powershell

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


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    write_module(folder, LYNC)
    return write_module(folder, WINDOWS, "StandInOfWindows")


def run(modules: Path, *arguments: str, culture: str = "C") -> list[str]:
    program = find_powershell()
    assert program is not None
    script = str(ROOT / "samples" / "first_contact.ps1")
    done = subprocess.run(
        [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", script, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PSModulePath": str(modules), "LC_ALL": culture, "STUB_WRITTEN": str(modules / "written")},
        timeout=120,
        check=False,
    )
    return done.stdout.decode("ascii").splitlines()


@pytest.fixture(scope="module")
def report(modules: Path) -> list[str]:
    """What the script told, having written it to a file as well."""
    out = modules / "report.txt"
    told = run(modules, str(ROOT / "providers" / "transport" / "runner.ps1"), str(out), culture="tr_TR.UTF-8")
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


def test_absent_empty_and_refused_cmdlets_are_told(report: list[str]) -> None:
    assert "absent  Get-UMDialPlan" in report
    assert "ok      Get-CsPool: 0 objects" in report
    assert any(line.startswith("refused Get-CsSite: UnauthorizedAccessException") for line in report)


def test_services_and_the_probe_are_asked(report: list[str]) -> None:
    assert any(line.startswith("ok      service RTCSRV: Running, start time null") for line in report)
    assert "ok      probe Language: FullLanguage" in report
    assert report[-1] == "failures: 0"


def test_no_value_of_an_object_is_told_and_nothing_is_changed(report: list[str], modules: Path) -> None:
    assert SECRET not in "\n".join(report)
    assert not (modules / "written").exists()


def test_without_a_management_shell_it_says_so(tmp_path: Path) -> None:
    told = run(tmp_path, str(ROOT / "providers" / "transport" / "runner.ps1"))
    assert "FAILED  init: the runner is not ready" in told
    assert told[-1] == "failures: 1"
