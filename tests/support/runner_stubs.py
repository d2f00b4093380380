"""Cmdlets and Windows in script, for tests of the runner in a real PowerShell: stubs, and called so.

``LYNC`` is a module of harmless cmdlets that tell what reached them; ``WINDOWS`` has what only Windows has.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from providers.transport.session.channel import Channel
from reconciler.model.commands import Command, Reply
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from tests.support.fakes import Allowed
from tests.support.powershell_host import find_powershell

powershell = [
    pytest.mark.powershell,
    pytest.mark.skipif(find_powershell() is None, reason="no PowerShell: set RECONCILER_PWSH, or put pwsh on PATH"),
]

_ids = count()


def next_id() -> str:
    return f"id{next(_ids)}"


def ask(channel: Channel, command: Command, expires: float | None = None) -> Reply | SessionError:
    return channel.invoke([Request(next_id(), command, None if expires is None else Allowed(expires))])[0]


def record(result: Reply | SessionError) -> dict[str, Any]:
    assert isinstance(result, Reply), result
    (only,) = result.records
    return dict(only)


def write_module(folder: Path, text: str, name: str = "Lync") -> Path:
    """Write a script module below ``folder``, which is then a part of PSModulePath; return ``folder``."""
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.psm1").write_text(text, "ascii")
    return folder


LYNC = r"""
function Get-CsEcho {
    [CmdletBinding()]
    param([string]$Identity, $Value, [int]$Count = 1, [switch]$Flag, [string]$DomainController)
    for ($i = 0; $i -lt $Count; $i++) {
        $type = 'null'
        if ($null -ne $Value) { $type = $Value.GetType().FullName }
        New-Object PSObject -Property @{
            Identity = $Identity; Value = $Value; Type = $type; Flag = [bool]$Flag; DC = $DomainController; Name = "n$i"
        }
    }
}
function Get-CsKinds {
    [CmdletBinding()]
    param()
    Write-Warning 'careful'
    $bag = [pscustomobject]@{ A = 1; B = @('x') }
    $serializer = [Management.Automation.PSSerializer]
    $deserialised = $serializer::Deserialize($serializer::Serialize($bag))
    $enum = $serializer::Deserialize($serializer::Serialize([DayOfWeek]::Friday))
    $secure = New-Object Security.SecureString
    $object = New-Object PSObject -Property @{
        Null = $null; Text = 'a"b\c'; True = $true; Int = [int]5; Long = [long]9007199254740993
        Double = 1.5; Whole = 3.0
        Decimal = [decimal]2.50; When = (New-Object DateTime 2020, 1, 2, 3, 4, 5, ([DateTimeKind]::Utc))
        Span = (New-Object TimeSpan 1, 2, 3, 4, 5); Guid = [Guid]'AAAAAAAA-0000-0000-0000-00000000000B'
        Enum = [DayOfWeek]::Monday; Flags = [IO.FileAttributes]'ReadOnly, Hidden'; One = @(1); None = @()
        Bytes = [byte[]](1, 2, 3); Version = (New-Object Version 15, 0, 1497, 2); Map = @{ k = 'v' }; Secure = $secure
        Bag = $bag; Deserialised = $deserialised; DeserialisedEnum = $enum
        Opaque = (New-Object Text.StringBuilder 'sb')
        Uri = [Uri]'http://example.com/'; Char = [char]'x'; Deep = @(, @(, @(, @(, @(, @(1))))))
    }
    $object | Add-Member -MemberType ScriptProperty -Name Throws -Value {
        throw (New-Object InvalidOperationException 'no')
    }
    $object
}
function Set-CsThing {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
    param([Parameter(Mandatory = $true)][string]$Identity, [int]$Number, [Security.SecureString]$Pin)
    if ($PSCmdlet.ShouldProcess($Identity)) {
        $script:Count++
        if ($Identity.StartsWith('missing')) {
            Write-Error -Message 'nicht da' -Category ObjectNotFound -ErrorId 'Gone' -TargetObject $Identity
        }
        if ($Identity.StartsWith('throw')) { throw (New-Object TimeoutException 'zu langsam') }
        if ($Identity.StartsWith('sleep')) { [Threading.Thread]::Sleep($Number) }
        New-Object PSObject -Property @{ Identity = $Identity; Pin = $Pin.Length; Count = $script:Count }
    }
}
function Get-CsCount {
    [CmdletBinding()]
    param()
    $culture = [Threading.Thread]::CurrentThread.CurrentCulture.Name
    New-Object PSObject -Property @{ Count = $script:Count; Culture = $culture }
}
$script:Count = 0
Export-ModuleMember -Function *
"""

WINDOWS = r"""
function Get-PSSnapin {
    [CmdletBinding()]
    param([string]$Name, [switch]$Registered)
    $found = @(([string]$env:STUB_ADDED).Split(';'))
    if ($Registered) { $found = @($env:STUB_SNAPINS.Split(',')) }
    $found = @($found | ForEach-Object { if ($_ -and (-not $Name -or $_ -eq $Name)) { $_ } })
    if ($Name -and $found.Length -eq 0) { Write-Error "no snap-in '$Name'" }
    foreach ($one in $found) { New-Object PSObject -Property @{ Name = $one } }
}
function Add-PSSnapin {
    [CmdletBinding()]
    param([string]$Name)
    if (@(Get-PSSnapin -Name $Name -ErrorAction SilentlyContinue).Length -gt 0) {
        Write-Error -Exception (New-Object Management.Automation.PSArgumentException 'It is added already.') `
            -ErrorId 'AddPSSnapInRead' -Category InvalidArgument -TargetObject $Name
    } else {
        $env:STUB_ADDED = $env:STUB_ADDED + $Name + ';'
    }
}
function New-PSSession { param($ConfigurationName, $ConnectionUri, $Authentication, $Credential)
    $env:STUB_URI = $ConnectionUri
    $env:STUB_USER = $Credential.UserName
    'session'
}
function Remove-PSSession { param($Session) }
function Import-PSSession {
    param($Session, $CommandName, [switch]$DisableNameChecking)
    New-Module -Name 'tmp_import' -ScriptBlock {
        function Get-UMDialPlan {
            [CmdletBinding()]
            param([string]$Identity, [string]$DomainController)
            $global:StubCalls++
            New-Object PSObject -Property @{
                Name = $Identity; DC = $DomainController; User = $env:STUB_USER; Uri = $env:STUB_URI
                Calls = $global:StubCalls
            }
        }
        function Get-UMIPGateway {
            [CmdletBinding()]
            param([string]$Identity)
            New-Object PSObject -Property @{ Name = $Identity }
        }
    } | Import-Module -Global -PassThru
}
function Get-WmiObject {
    param($Class)
    if ($Class -eq 'Win32_Service') {
        New-Object PSObject -Property @{ Name = 'RTCSRV'; ProcessId = 42; StartMode = 'Auto' }
        New-Object PSObject -Property @{ Name = 'Spooler'; ProcessId = 0; StartMode = 'Disabled' }
        New-Object PSObject -Property @{ Name = 'Other'; ProcessId = 7; StartMode = 'Manual' }
        New-Object PSObject -Property @{ Name = 'RTCASMCU'; ProcessId = 8; StartMode = 'Auto' }
        New-Object PSObject -Property @{ Name = 'RTCIMMCU'; ProcessId = 0; StartMode = 'Auto' }
        New-Object PSObject -Property @{ Name = 'RTCCHAT'; ProcessId = 0; StartMode = 'Disabled' }
    } else {
        $process = New-Object PSObject -Property @{
            Name = 'PowerShell.exe'; ProcessId = 42; CommandLine = $env:STUB_COMMAND_LINE; CreationDate = 'stub'
        }
        $process | Add-Member -MemberType ScriptMethod -Name ConvertToDateTime -Value {
            New-Object DateTime 2026, 1, 5, 8, 0, 0, ([DateTimeKind]::Utc)
        }
        $process
    }
}
function Get-Service {
    param($Name)
    $status = 'Stopped'
    if ($Name -eq 'RTCSRV') { $status = 'Running' }
    New-Object PSObject -Property @{ Name = $Name; Status = $status; DependentServices = @(
            (New-Object PSObject -Property @{ Name = 'RTCASMCU'; Status = 'Running' }),
            (New-Object PSObject -Property @{ Name = 'RTCIMMCU'; Status = 'Stopped' }),
            (New-Object PSObject -Property @{ Name = 'RTCCHAT'; Status = 'Stopped' })) }
}
"""

KINDS: dict[str, object] = {
    "Null": None,
    "Text": 'a"b\\c',
    "True": True,
    "Int": 5,
    "Long": "9007199254740993",
    "Double": "1.5",
    "Whole": 3,
    "Decimal": "2.5",
    "When": "2020-01-02T03:04:05.0000000Z",
    "Span": "1.02:03:04.0050000",
    "Guid": "aaaaaaaa-0000-0000-0000-00000000000b",
    "Enum": "Monday",
    "Flags": "ReadOnly, Hidden",
    "One": [1],
    "None": [],
    "Bytes": {"$bytes": "AQID"},
    "Version": "15.0.1497.2",
    "Map": {"k": "v"},
    "Secure": {"$refused": "SecureString"},
    "Bag": {"A": 1, "B": ["x"]},
    "Deserialised": {"A": 1, "B": ["x"]},
    "DeserialisedEnum": "Friday",
    "Opaque": {"$type": "System.Text.StringBuilder", "$str": "sb"},
    "Uri": "http://example.com/",
    "Char": "x",
    "Deep": [[[[{"$type": "System.Object[]", "$str": "System.Object[]"}]]]],
    "Throws": {"$error": "InvalidOperationException"},
}
"""What Get-CsKinds must be told as."""
