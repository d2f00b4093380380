"""Cmdlets and scripts that misbehave do no harm to the session: each request is answered, and no write runs twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from providers.transport import wire
from providers.transport.session.channel import Channel
from providers.transport.settings import Adapter
from reconciler.model.commands import Command, Operation, Reply, read, write
from reconciler.model.diagnostics import AmbiguousOutcome, PermanentError, SessionError
from reconciler.model.ports import Request
from tests.support.powershell_host import PowerShellHost, channel_to
from tests.support.runner_stubs import WINDOWS, ask, next_id, powershell, record, write_module

pytestmark = powershell

MISBEHAVING = r"""
$script:Calls = 0
function Get-CsCalls { [CmdletBinding()] param() New-Object PSObject -Property @{ Calls = $script:Calls } }
function Set-CsBreak { [CmdletBinding()] param() $script:Calls++; break }
function Set-CsContinue { [CmdletBinding()] param() $script:Calls++; continue }
function Get-CsNoise {
    [CmdletBinding()]
    param()
    $Host.UI.Write('no end of line')
    [Console]::Out.Write('nor here')
    New-Object PSObject -Property @{ Name = 'told' }
}
function Get-CsLoud {
    [CmdletBinding()]
    param()
    $VerbosePreference = $DebugPreference = 'Continue'
    Write-Verbose 'v'; Write-Debug 'd'; Write-Warning 'w'; Write-Progress -Activity 'a' -Status 's'
    $Host.UI.WriteLine('h')
    New-Object PSObject -Property @{ Name = 'told' }
}
function Set-CsStopped {
    [CmdletBinding()]
    param([string]$Identity)
    $script:Calls++
    if ($Identity) { throw (New-Object Management.Automation.ActionPreferenceStopException $Identity) }
    [void][powershell]::Create('CurrentRunspace').AddScript(
        "Write-Error -Exception (New-Object TimeoutException 'too slow') -Category OperationTimeout -ErrorAction Stop"
    ).Invoke()
}
function Get-CsTables {
    [CmdletBinding()]
    param()
    $generic = New-Object 'Collections.Generic.Dictionary[int,string]'
    $generic[7] = 'seven'
    $likeMembers = @{ Keys = 1; Values = 2; Count = 3; GetEnumerator = 4; PSObject = 5; plain = 6 }
    New-Object PSObject -Property @{ Generic = $generic; LikeMembers = $likeMembers; Empty = @{} }
}
function Get-CsCycle {
    [CmdletBinding()]
    param()
    $list = New-Object Collections.ArrayList
    [void]$list.Add($list)
    $bag = New-Object PSObject -Property @{ Own = $null }
    $bag.Own = $bag
    New-Object PSObject -Property @{ List = $list; Bag = $bag; Name = 'told' }
}
function Set-CsSettings {
    [CmdletBinding()]
    param()
    $global:ErrorActionPreference = 'SilentlyContinue'
    $global:ConfirmPreference = 'Low'
    $global:OFS = ';'
    Set-Location '/'
    [Threading.Thread]::CurrentThread.CurrentCulture = 'tr-TR'
    foreach ($name in 'Request', 'Id', 'cmdlet', 'command', 'splat', 'operation', 'json', 'pairs', 'turn') {
        Set-Variable -Name $name -Value 'theirs' -Scope Global
    }
}
function Get-CsCulture {
    [CmdletBinding()]
    param($Keys)
    Write-Error 'this ends it' -ErrorAction $ErrorActionPreference
    New-Object PSObject -Property @{ Culture = [Threading.Thread]::CurrentThread.CurrentCulture.Name }
}
function Get-CsParameters {
    [CmdletBinding()]
    param($Keys, $Count)
    New-Object PSObject -Property @{ Keys = $Keys; Count = $Count }
}
Export-ModuleMember -Function *
"""
ALLOWED = (
    "Get-CsCalls", "Set-CsBreak", "Set-CsContinue", "Set-CsStopped", "Get-CsNoise", "Get-CsLoud", "Get-CsTables",
    "Get-CsCycle", "Set-CsSettings", "Get-CsCulture", "Get-CsParameters",
)  # fmt: skip


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> PowerShellHost:
    return PowerShellHost({"PSModulePath": str(write_module(tmp_path_factory.mktemp("modules"), MISBEHAVING))})


@pytest.fixture(scope="module")
def channel(host: PowerShellHost) -> Iterator[Channel]:
    opened = channel_to(host, ALLOWED)
    yield opened
    opened.close()


def tell(host: PowerShellHost, *requests: dict[str, wire.Json]) -> Sequence[dict[str, Any]]:
    """Return what the process of a host answers to lines of its own: one reply for each of ``requests``."""
    data = b"".join(wire.encode({**one, "flush": True}) for one in requests)
    return [dict(line.data) for line in host.told(data, len(requests))]


def calls(channel: Channel) -> int:
    return int(record(ask(channel, read("Get-CsCalls", "Calls")))["Calls"])


@pytest.mark.parametrize("cmdlet", ["Set-CsBreak", "Set-CsContinue"])
def test_a_command_that_leaves_by_a_loop_it_does_not_have_is_returned_as_unknown(channel: Channel, cmdlet: str) -> None:
    before = calls(channel)
    first, second = Request(next_id(), write(cmdlet)), Request(next_id(), read("Get-CsCalls", "Calls"))
    left, after = channel.invoke([first, second])
    assert isinstance(left, AmbiguousOutcome), left
    assert record(after) == {"Calls": before + 1}
    assert isinstance(channel.invoke([first])[0], AmbiguousOutcome)
    assert calls(channel) == before + 1


@pytest.mark.parametrize("cmdlet", ["Get-CsNoise", "Get-CsLoud"])
def test_what_a_cmdlet_writes_beside_its_objects_costs_no_reply(channel: Channel, cmdlet: str) -> None:
    assert [record(ask(channel, read(cmdlet, "Name"))) for _ in range(2)] == [{"Name": "told"}] * 2


def test_a_table_is_returned_whatever_its_keys_are_called(channel: Channel) -> None:
    found = record(ask(channel, read("Get-CsTables", "Generic", "LikeMembers", "Empty")))
    like_members = {"Keys": 1, "Values": 2, "Count": 3, "GetEnumerator": 4, "PSObject": 5, "plain": 6}
    assert found == {"Generic": {"7": "seven"}, "LikeMembers": like_members, "Empty": {}}


def test_a_parameter_may_be_called_as_a_member_of_a_table_is(channel: Channel) -> None:
    assert record(ask(channel, read("Get-CsParameters", "Keys", "Count", Keys="a", Count="b"))) == {
        "Keys": "a", "Count": "b",
    }  # fmt: skip


def test_an_object_that_holds_itself_is_returned_to_a_limited_depth(channel: Channel) -> None:
    found = record(ask(channel, read("Get-CsCycle", "List", "Bag", "Name")))
    assert found["Name"] == "told"
    assert "$type" in str(found["List"])
    assert "$type" in str(found["Bag"])


def test_what_a_cmdlet_changes_for_everybody_changes_nothing_of_the_next_call(channel: Channel) -> None:
    assert isinstance(ask(channel, write("Set-CsSettings")), Reply)
    error = ask(channel, read("Get-CsCulture", "Culture"))
    assert isinstance(error, PermanentError)
    assert error.record is not None
    assert error.record.message == "this ends it"
    assert isinstance(ask(channel, read("Get-CsCalls", "Calls")), Reply)


@pytest.mark.parametrize(
    ("identity", "kind", "message"),
    [("", "TimeoutException", "too slow"), ("alone", "ActionPreferenceStopException", "alone")],
)
def test_an_error_that_a_preference_made_an_end_of_is_returned_as_itself(
    channel: Channel, identity: str, kind: str, message: str
) -> None:
    """PowerShell 2.0 hands on every error of a call in this wrapping; this engine does where a call is nested."""
    error = ask(channel, write("Set-CsStopped", Identity=identity))
    assert isinstance(error, SessionError)
    assert error.record is not None
    assert (error.record.type, error.record.message) == (kind, message)


def test_what_fails_before_the_call_is_returned_as_not_made_and_may_come_again(
    host: PowerShellHost, channel: Channel
) -> None:
    calls(channel)
    request: dict[str, wire.Json] = {"op": "invoke", "id": "tag", "cmdlet": "Get-CsParameters", "properties": ["Keys"]}
    wrong, right = tell(host, {**request, "params": {"Keys": {"$unknown": 1}}}, {**request, "params": {"Keys": "then"}})
    assert wrong["error"]["executed"] is False
    assert right["records"] == [{"Keys": "then"}]


def test_a_session_begins_once(host: PowerShellHost, channel: Channel) -> None:
    """A second init would widen the list of cmdlets that the first one closed."""
    calls(channel)
    (told,) = tell(
        host,
        {"op": "init", "id": "again", "nonce": "f" * 16, "protocol": 1, "adapter": "lync", "allow": ["Get-Command"]},
    )
    assert (told["error"]["type"], told["error"]["executed"]) == ("AlreadyReady", False)
    (told,) = tell(host, {"op": "invoke", "id": next_id(), "cmdlet": "Get-Command", "params": {}})
    assert told["error"]["type"] == "CommandNotAllowed"


TAKEN = ("install", "file", "splat", "folder", "mutex", "directory", "pipeline", "remote", "options", "Id", "Request")


def test_the_servers_own_scripts_may_use_any_name_for_a_variable(tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    (tmp_path / "bin").mkdir()
    theirs = "".join(f"${name} = 'theirs'\n" for name in TAKEN)
    (tmp_path / "bin" / "RemoteExchange.ps1").write_text(
        f"{theirs}Set-StrictMode -Version 2\nfunction Connect-ExchangeServer {{ param([switch]$auto)\n{theirs}}}\n"
    )
    script = tmp_path / "Scripts" / "exchucutil.ps1"
    script.write_text("param($Forest)\n'ran ' + $MyInvocation.MyCommand.Path + ' with ' + $Forest\nthrow 'the end'\n")
    environment = {
        "ExchangeInstallPath": str(tmp_path),
        "STUB_SNAPINS": "Microsoft.Exchange.Management.PowerShell.Admin",
    }
    opened = channel_to(PowerShellHost(environment), ("exchucutil.ps1",), stubs=WINDOWS, adapter=Adapter.SNAPIN)
    for _ in range(2):
        reply = ask(opened, Command("exchucutil.ps1", (("Forest", "a.b"),), operation=Operation.SCRIPT))
        assert isinstance(reply, Reply), reply
        assert reply.output.splitlines() == [f"ran {script} with a.b", "the end"]
    opened.close()
