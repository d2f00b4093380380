"""What the runner finds out about a host and its session, each fact by itself.

Accounts, quotas and the far side of a remote session are those of Windows: stubs stand for them here, and the engine's
own answer, where it has one, shows that a question without an answer takes no other along.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from providers.transport.session.channel import Channel
from providers.transport.settings import Adapter
from reconciler.model.commands import Argument, Command, Operation, read
from reconciler.model.diagnostics import PermanentError
from tests.support.powershell_host import PowerShellHost, channel_to
from tests.support.runner_stubs import LYNC, WINDOWS, ask, powershell, record, write_module

pytestmark = powershell

FACTS = {
    "User", "Authentication", "Impersonation", "Elevated", "Language", "FarLanguage", "ExecutionPolicy", "Clr", "Clock",
    "Missing", "Quotas", "DirectoryOk", "DirectoryServer", "DirectoryError", "Script",
}  # fmt: skip
ADMIN = "Microsoft.Exchange.Management.PowerShell.Admin"
E2010 = "Microsoft.Exchange.Management.PowerShell.E2010"
SUPPORT = "Microsoft.Exchange.Management.PowerShell.Support"

FAR = r"""
function Get-WSManInstance {
    param($ResourceURI)
    ([xml]'<c:Config xmlns:c="urn:c"><c:MaxEnvelopeSizekb>500</c:MaxEnvelopeSizekb><c:Winrs>
        <c:IdleTimeout>7200000</c:IdleTimeout><c:MaxMemoryPerShellMB>150</c:MaxMemoryPerShellMB>
        <c:MaxShellsPerUser>5</c:MaxShellsPerUser></c:Winrs></c:Config>').DocumentElement
}
function Invoke-Command {
    param($Session, $ScriptBlock)
    if ($env:STUB_FAR -eq 'none') {
        Write-Error -Message 'die Syntax ...' -Category ParserError -ErrorId 'ScriptsNotAllowed' -ErrorAction Stop
    }
    [Management.Automation.PSLanguageMode]$env:STUB_FAR
}
"""


def probe(channel: Channel, **parameters: Argument) -> dict[str, Any]:
    told = tuple(parameters.items())
    return record(ask(channel, Command("Test-ReconcilerSession", told, writes=False, operation=Operation.PROBE)))


def test_a_question_without_an_answer_is_null_and_the_others_are_answered(tmp_path: Path) -> None:
    host = PowerShellHost({"PSModulePath": str(write_module(tmp_path, LYNC))})
    channel = channel_to(host, ("Get-CsEcho", "Get-CsCount", "Test-ReconcilerSession"))
    found = probe(channel, Cmdlets=("Get-CsEcho", "Get-CsNothing", "Get-CsEch*", "Get-CsCount"), Directory=True)
    channel.close()
    assert set(found) == FACTS
    assert found["Missing"] == ["Get-CsNothing", "Get-CsEch*"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["Clock"])
    assert re.fullmatch(r"\d+(\.\d+)+", found["Clr"])
    assert (found["Language"], found["Script"]) == ("FullLanguage", False)
    assert found["User"].count("\\") == 1
    assert (found["Quotas"], found["FarLanguage"]) == (None, None)
    assert found["DirectoryOk"] is not True
    assert found["DirectoryError"]


def test_nothing_asked_is_nothing_missing_and_no_look_at_the_directory(tmp_path: Path) -> None:
    host = PowerShellHost({"PSModulePath": str(write_module(tmp_path, LYNC))})
    channel = channel_to(host, ("Get-CsEcho", "Test-ReconcilerSession"))
    found = probe(channel)
    channel.close()
    assert found["Missing"] == []
    assert (found["DirectoryOk"], found["DirectoryServer"], found["DirectoryError"]) == (None, None, None)


@pytest.mark.parametrize(("far", "told"), [("none", "NoLanguage"), ("RestrictedLanguage", "RestrictedLanguage")])
def test_quotas_and_the_far_sides_language_are_read(tmp_path: Path, far: str, told: str) -> None:
    (tmp_path / "V15" / "Scripts").mkdir(parents=True)
    (tmp_path / "V15" / "Scripts" / "exchucutil.ps1").write_text("throw 'it is only looked for'\n")
    environment = {"STUB_SNAPINS": E2010, "STUB_FAR": far, "ExchangeInstallPath": str(tmp_path / "V15")}
    allow = ("Get-UMDialPlan", "Remove-UMDialPlan", "Test-ReconcilerSession")
    channel = channel_to(PowerShellHost(environment), allow, stubs=WINDOWS + FAR, adapter=Adapter.AUTO)
    found = probe(channel, Cmdlets=("Get-UMDialPlan", "Remove-UMDialPlan"))
    channel.close()
    assert found["FarLanguage"] == told
    assert found["Missing"] == ["Remove-UMDialPlan"]
    assert found["Script"] is True
    assert found["Quotas"] == {
        "IdleTimeout": 7_200_000, "MaxMemoryPerShellMB": 150, "MaxShellsPerUser": 5, "MaxEnvelopeSizekb": 500,
    }  # fmt: skip


@pytest.mark.parametrize("snapins", [ADMIN, f"{ADMIN},{SUPPORT}"])
def test_exchange_2007_has_no_endpoint_and_says_so(snapins: str) -> None:
    channel = channel_to(
        PowerShellHost({"STUB_SNAPINS": snapins}), ("Get-UMDialPlan",), stubs=WINDOWS, adapter=Adapter.REMOTE
    )
    with pytest.raises(PermanentError) as raised:
        ask(channel, read("Get-UMDialPlan", "Name"))
    assert "2007" in raised.value.diagnostics[0].detail
    channel.close()


@pytest.mark.parametrize("snapins", [E2010, f"{ADMIN},{E2010}", "Other"])
def test_the_endpoint_is_asked_wherever_one_may_be(snapins: str) -> None:
    channel = channel_to(
        PowerShellHost({"STUB_SNAPINS": snapins}), ("Get-UMDialPlan",), stubs=WINDOWS, adapter=Adapter.REMOTE
    )
    ask(channel, read("Get-UMDialPlan", "Name"))
    assert channel.about["adapter"] == "remote"
    channel.close()


@pytest.mark.parametrize(("idle_seconds", "calls"), [(0, 2), (300, 1)])
def test_a_ping_uses_the_session_to_exchange_before_it_idles_away(idle_seconds: int, calls: int) -> None:
    """The session begins with a ping; the read that follows is the last call."""
    channel = channel_to(
        PowerShellHost({"STUB_SNAPINS": E2010}),
        ("Get-UMDialPlan",),
        stubs=WINDOWS,
        adapter=Adapter.REMOTE,
        settings=f"$Reconciler.SessionIdleSeconds = {idle_seconds}",
    )
    assert record(ask(channel, read("Get-UMDialPlan", "Calls")))["Calls"] == calls
    channel.close()
