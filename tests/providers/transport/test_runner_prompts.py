"""exchucutil as it ships, run by path: a script that asks a person does not hang a run.

The script stands in the Scripts folder of an Exchange installation as the server has it; what asks is PowerShell's own
prompt for a mandatory parameter, and cmdlets that are stand-ins here, since the engine comes without them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.transport.session.channel import Channel
from providers.transport.settings import Adapter
from reconciler.model.commands import Command, Operation, Reply
from reconciler.model.diagnostics import Throttled
from tests.support.powershell_host import PowerShellHost, channel_to
from tests.support.runner_stubs import WINDOWS, ask, powershell, record
from tests.support.winrm_server import wait_until

pytestmark = powershell

DEADLINE_SECONDS = 60.0
SNAPIN = "Microsoft.Exchange.Management.PowerShell.Admin"
ASKS = r"""
function Read-Host { param($Prompt, [switch]$AsSecureString) $Host.UI.ReadLine() }
function Get-Credential { param($Credential) $Host.UI.PromptForCredential('x', 'y', [string]$Credential, '') }
"""
SCRIPTS = {
    "a mandatory parameter": "param([Parameter(Mandatory = $true)]$Forest)\n'with ' + $Forest\n",
    "Get-Credential": "$c = Get-Credential\n'with ' + $c.UserName\n",
    "Read-Host": "$a = Read-Host 'Forest?'\n'with ' + $a\n",
    "a choice": "$Host.UI.PromptForChoice('a', 'b', [Management.Automation.Host.ChoiceDescription[]]@('&y'), 0)\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("V8")
    (folder / "Scripts").mkdir()
    return folder


@pytest.fixture(scope="module")
def channel(place: Path) -> Iterator[Channel]:
    host = PowerShellHost({"ExchangeInstallPath": str(place), "STUB_SNAPINS": SNAPIN})
    allow = ("Get-UMDialPlan", "exchucutil.ps1", "Test-ReconcilerSession")
    opened = channel_to(host, allow, stubs=WINDOWS + ASKS, adapter=Adapter.SNAPIN)
    yield opened
    opened.close()


SCRIPT = Command("exchucutil.ps1", operation=Operation.SCRIPT)
PROBE = Command("Test-ReconcilerSession", writes=False, operation=Operation.PROBE)


@pytest.mark.parametrize("kind", list(SCRIPTS))
def test_a_prompt_ends_at_once_and_the_session_goes_on(channel: Channel, place: Path, kind: str) -> None:
    (place / "Scripts" / "exchucutil.ps1").write_text(SCRIPTS[kind])
    began = time.monotonic()
    result = ask(channel, SCRIPT)
    assert time.monotonic() - began < DEADLINE_SECONDS
    told = result.output if isinstance(result, Reply) else str(result.record and result.record.message)
    assert "NonInteractive" in told or "non-interactive" in told.lower() or "mandatory" in told
    assert {line.strip() for line in told.splitlines() if line.startswith("with")} <= {"with"}
    assert record(ask(channel, PROBE))["Script"] is True


def test_a_script_gets_nothing_of_the_requests_on_standard_input(channel: Channel, place: Path) -> None:
    # Lines that wait for the runner are requests; the host reads them ahead, so that a script finds none of them.
    (place / "Scripts" / "exchucutil.ps1").write_text("'input: ' + @($input).Length\n")
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    assert "input: 0" in result.output


def test_what_a_script_says_judges_nothing(channel: Channel, place: Path) -> None:
    (place / "Scripts" / "exchucutil.ps1").write_text("Write-Error 'alles ist kaputt'\nWrite-Host 'FEHLER'\nexit 7\n")
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    assert "alles ist kaputt" in result.output
    assert "FEHLER" in result.output


def test_warnings_of_a_script_are_reported_where_they_came_unless_it_asks_for_none(
    channel: Channel, place: Path
) -> None:
    (place / "Scripts" / "exchucutil.ps1").write_text(
        "'first'\nWrite-Warning 'careful'\n'piped' | Write-Warning\nWrite-Warning 'x' -WarningAction SilentlyContinue\n"
        "$WarningPreference = 'SilentlyContinue'\nWrite-Warning 'y'\n'last'\n"
    )
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    assert result.output.splitlines() == ["first", "WARNING: careful", "WARNING: piped", "last"]


def test_what_was_printed_before_an_error_ended_the_script_is_reported_with_the_error(
    channel: Channel, place: Path
) -> None:
    script = place / "Scripts" / "exchucutil.ps1"
    script.write_text("Write-Host 'begun'\n'gateway made'\nthrow 'nein'\nWrite-Host 'after'\n")
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    first, second, *error = result.output.splitlines()
    assert (first, second) == ("begun", "gateway made")
    assert "nein" in "\n".join(error)
    assert "after" not in result.output
    assert isinstance(ask(channel, PROBE), Reply)


def test_a_statement_that_fails_ends_itself_and_the_script_goes_on(channel: Channel, place: Path) -> None:
    """As at a prompt, and under a try only where the script has one of its own, or asks for it by preference."""
    script = place / "Scripts" / "exchucutil.ps1"
    script.write_text(
        "function Get-Number { [int]::Parse('nein'); 'in the function' }\n"
        "Get-Number\n$nothing = $null\n$nothing.Split('.')\nGet-NoSuchCommand\n"
        "try { Get-Number } catch { 'caught' }\nWrite-Host 'on'\n"
        "$ErrorActionPreference = 'Stop'\n'last'\nWrite-Error 'the end'\n'after'\n"
    )
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    parse, inside, null, missing, *rest, end = result.output.splitlines()
    assert ("Parse" in parse, inside, "null" in null) == (True, "in the function", True)
    assert "Get-NoSuchCommand" in missing + "".join(rest)
    assert rest[-3:] == ["caught", "on", "last"]
    assert "the end" in end
    again = ask(channel, SCRIPT)
    assert isinstance(again, Reply), again
    assert again.output == result.output


def test_a_script_that_traps_its_errors_and_exits_ends_as_it_would_alone(channel: Channel, place: Path) -> None:
    """The shipped script traps every error in a function, prints it, and exits from there without a code."""
    (place / "Scripts" / "exchucutil.ps1").write_text(
        "function Start-All {\n    trap { Write-Host -NoNewLine 'trapped: '; Write-Host $_.Exception.Message; exit; }\n"
        "    $found = $null\n    Write-Host begun: $true\n    $found.Missing.Split('.')\n    Write-Host 'after'\n}\n"
        "Start-All\nWrite-Host 'after all'\n"
    )
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    first, second = result.output.splitlines()
    assert first == "begun: True"
    assert second.startswith("trapped: ")
    assert isinstance(ask(channel, PROBE), Reply)


DENIED = r"""
$StubCmdlet = $ExecutionContext.InvokeCommand.GetCommand('New-Object', 'Cmdlet')
function New-Object {
    param($TypeName, $ArgumentList, $Property)
    if ($TypeName -eq 'Threading.Mutex') {
        $inner = & $StubCmdlet UnauthorizedAccessException 'Zugriff verweigert'
        throw (& $StubCmdlet Management.Automation.MethodInvocationException 'Exception calling ".ctor"', $inner)
    }
    & $StubCmdlet @PSBoundParameters
}
"""


def test_a_script_that_another_account_runs_is_reported_as_running_and_is_not_run(place: Path) -> None:
    (place / "Scripts" / "exchucutil.ps1").write_text("Write-Host 'ran'\n")
    host = PowerShellHost({"ExchangeInstallPath": str(place), "STUB_SNAPINS": SNAPIN})
    opened = channel_to(host, ("exchucutil.ps1",), stubs=WINDOWS + DENIED, adapter=Adapter.SNAPIN)
    result = ask(opened, SCRIPT)
    opened.close()
    assert isinstance(result, Throttled), result
    assert result.record is not None
    assert result.record.type == "ScriptRunning"


def test_a_run_that_goes_on_keeps_the_next_one_out(place: Path) -> None:
    """The first one waits until the second was answered; what it holds is free again when it has ended."""
    script, told = place / "Scripts" / "exchucutil.ps1", place / "told"
    script.write_text(
        f"[IO.File]::WriteAllText('{place / 'begun'}', '')\n"
        f"for ($i = 0; $i -lt 6000 -and -not [IO.File]::Exists('{told}'); $i++) {{ [Threading.Thread]::Sleep(10) }}\n"
        "'ended ' + [IO.File]::Exists('" + str(told) + "')\n"
    )
    environment = {"ExchangeInstallPath": str(place), "STUB_SNAPINS": SNAPIN}
    allow = ("exchucutil.ps1", "Test-ReconcilerSession")
    first, second = (
        channel_to(PowerShellHost(environment), allow, stubs=WINDOWS, adapter=Adapter.SNAPIN) for _ in range(2)
    )
    assert isinstance(ask(first, PROBE), Reply)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask, first, SCRIPT)
        wait_until((place / "begun").exists)
        refused = ask(second, SCRIPT)
        told.touch()
        ended = running.result(DEADLINE_SECONDS)
    assert isinstance(refused, Throttled), refused
    assert isinstance(ended, Reply), ended
    assert "ended True" in ended.output
    assert isinstance(ask(second, SCRIPT), Reply)
    first.close()
    second.close()


def test_it_runs_in_its_folder_under_its_own_name(channel: Channel, place: Path) -> None:
    script = place / "Scripts" / "exchucutil.ps1"
    script.write_text(
        "Write-Host ('at ' + (Get-Location).Path)\nWrite-Host ('as ' + $MyInvocation.MyCommand.Path)\n"
        "Write-Host ('in ' + [Environment]::CurrentDirectory)\n"
    )
    result = ask(channel, SCRIPT)
    assert isinstance(result, Reply), result
    assert set(result.output.splitlines()) >= {f"at {script.parent}", f"as {script}", f"in {script.parent}"}
