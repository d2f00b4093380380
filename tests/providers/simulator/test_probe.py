"""What a session on a simulated host tells of itself, as its world says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from providers.simulator.answers import CmdletError
from providers.simulator.estate.estate import Estate
from providers.simulator.estate.probe import is_missing
from providers.simulator.wire.process import PowerShell
from providers.simulator.wire.runner import Runner
from providers.simulator.world.file import parse_world
from providers.simulator.world.hosts import Host
from reconciler.model.diagnostics import ConfigurationError
from tests.support.winrm_server import NONCE, Client, init_line, listening, replies, request_line, start
from tests.support.worlds import SteppingClock

EX, OLD, FE = "ex1.contoso.com", "ex2010.contoso.com", "fe1.contoso.com"
ASKED = ["Get-UMDialPlan", "New-UMDialPlan", "Get-CsPool"]


def estate(exchange: str = "", lync: str = "", world: str = "") -> Estate:
    text = f"""\
{world}
exchange:
  servers:
    - {{fqdn: {EX}{", " + exchange if exchange else ""}}}
    - {{fqdn: {OLD}, version: 14.3.123.4, roles: [UnifiedMessaging]}}
lync:
  sites: [{{name: Redmond}}]
  pools: [{{fqdn: pool1.contoso.com, site: Redmond, computers: [{{fqdn: {FE}{", " + lync if lync else ""}}}]}}]
"""
    return Estate(parse_world(text.encode()), clock=SteppingClock())


def probe(there: Estate, host: str = EX, *, delegated: bool = True, **asked: Any) -> dict[str, Any]:
    parameters = {"Cmdlets": ASKED, "Directory": True, **asked}
    reply = there.call(host, "probe", "Test-ReconcilerSession", parameters, (), "CONTOSO\\svc", delegated=delegated)
    (record,) = reply.records
    return record


KEYS = {
    "User",
    "Authentication",
    "Impersonation",
    "Elevated",
    "Language",
    "FarLanguage",
    "ExecutionPolicy",
    "Clr",
    "Clock",
    "Missing",
    "Quotas",
    "DirectoryOk",
    "DirectoryServer",
    "DirectoryError",
    "Script",
}


def test_a_world_that_says_nothing_is_in_order() -> None:
    told = probe(estate())
    assert set(told) == KEYS
    assert told["User"] == "CONTOSO\\svc"
    assert told["Language"] == "FullLanguage"
    assert told["Missing"] == ["Get-CsPool"], "a server of Exchange has no cmdlets of Lync"
    assert told["Quotas"]["MaxMemoryPerShellMB"] == 1024
    assert (told["DirectoryOk"], told["DirectoryServer"], told["DirectoryError"]) == (True, "dc1.contoso.com", None)
    assert told["Script"] is True
    assert told["Clock"] == "2024-06-03T09:00:00.000000Z"


def test_an_old_windows_has_its_small_limits() -> None:
    told = probe(estate(), OLD)
    assert told["Quotas"] == {
        "MaxMemoryPerShellMB": 150,
        "MaxShellsPerUser": 5,
        "MaxProcessesPerShell": 15,
        "MaxConcurrentUsers": 5,
        "IdleTimeout": 180_000,
        "MaxEnvelopeSizekb": 150,
    }
    assert told["Clr"].startswith("2.0.")


def test_limits_may_differ_or_be_unreadable() -> None:
    quotas = probe(estate("quotas: {MaxMemoryPerShellMB: 300}"))["Quotas"]
    assert (quotas["MaxMemoryPerShellMB"], quotas["MaxShellsPerUser"]) == (300, 30)
    assert probe(estate("quotas: unreadable"))["Quotas"] is None
    with pytest.raises(ConfigurationError, match="MaxMemoryPerShellGB"):
        estate("quotas: {MaxMemoryPerShellGB: 1}")


def test_a_cmdlet_without_a_role_is_not_there() -> None:
    there = estate("missing_cmdlets: ['new-um*']")
    assert probe(there)["Missing"] == ["New-UMDialPlan", "Get-CsPool"]
    assert probe(there, OLD)["Missing"] == ["Get-CsPool"]
    with pytest.raises(CmdletError) as caught:
        there.call(EX, "invoke", "New-UMDialPlan", {"Name": "A", "NumberOfDigitsInExtension": 5}, ())
    assert caught.value.type == "CommandNotFoundException"
    assert not caught.value.executed


def test_names_of_cmdlets_are_patterns_of_any_case() -> None:
    host = Host(fqdn=EX, missing_cmdlets=("New-UM*", "Set-Mailbox"))
    assert is_missing(host, "new-ummailboxpolicy")
    assert is_missing(host, "Set-Mailbox")
    assert not is_missing(host, "Set-MailboxPlan")


@pytest.mark.parametrize(
    ("world", "delegated", "ok", "error"),
    [
        ("enforce_second_hop: true", True, True, None),
        ("enforce_second_hop: true", False, False, "DirectoryServicesCOMException"),
        ("enforce_second_hop: false", False, True, None),
    ],
)
def test_the_directory_is_reached_where_the_credential_reaches_it(
    world: str, delegated: bool, ok: bool, error: str | None
) -> None:
    told = probe(estate(world=world), delegated=delegated)
    assert (told["DirectoryOk"], told["DirectoryError"]) == (ok, error)
    assert told["Impersonation"] == ("Delegation" if delegated else "Impersonation")


def test_the_directory_is_left_alone_where_it_is_not_asked_for() -> None:
    told = probe(estate(world="enforce_second_hop: true"), delegated=False, Directory=False)
    assert (told["DirectoryOk"], told["DirectoryServer"], told["DirectoryError"]) == (None, None, None)


def test_a_clock_that_is_ahead_and_a_script_that_is_gone() -> None:
    there = estate("clock_skew: 7m, has_script: false")
    told = probe(there)
    assert told["Clock"] == "2024-06-03T09:07:00.000000Z"
    assert told["Script"] is False
    with pytest.raises(CmdletError):
        there.call(EX, "script", "exchucutil.ps1", {}, ())


def test_a_probe_is_logged_and_changes_nothing() -> None:
    there = estate()
    probe(there)
    (entry,) = there.log()
    assert (entry["operation"], entry["cmdlet"], entry["error"]) == ("probe", "Test-ReconcilerSession", None)


# --- through the runner ----------------------------------------------------------------------------------------------


def asked(there: Estate, host: str, adapter: str = "auto") -> list[dict[str, Any]]:
    runner = Runner(there, host, "CONTOSO\\svc", lambda: (0.0, 0.0))
    cmdlet = "Test-ReconcilerSession"
    lines = [
        init_line(adapter=adapter, allow=[cmdlet]).strip(),
        request_line(op="probe", id="1", cmdlet=cmdlet, params={"Cmdlets": ASKED, "Directory": True}, read=True),
    ]
    return replies(b"".join(runner.answer(line) for line in lines))


def test_the_far_side_of_exchange_knows_cmdlets_alone() -> None:
    ready, reply = asked(estate(), EX)
    assert ready["ready"]["adapter"] == "remote"
    (record,) = reply["records"]
    assert set(record) == KEYS
    assert record["FarLanguage"] == "NoLanguage"
    assert asked(estate(), FE)[1]["records"][0]["FarLanguage"] is None


@pytest.mark.parametrize(("host", "adapter"), [(EX, "auto"), (EX, "remote"), (FE, "lync"), (FE, "snapin")])
def test_a_management_shell_that_is_not_installed_is_reported(host: str, adapter: str) -> None:
    there = estate("shells: [snapin]", "shells: []")
    (refused,) = replies(
        Runner(there, host, "CONTOSO\\svc", lambda: (0.0, 0.0)).answer(init_line(adapter=adapter).strip())
    )
    assert (refused["ok"], refused["error"]["type"]) == (False, "AdapterNotAvailable")


def test_constrained_language_ends_powershell_before_it_is_ready() -> None:
    with listening(estate=estate("language_mode: ConstrainedLanguage"), powershell=PowerShell()) as server:
        client = Client(server, path=f"/{EX}").open()
        client.receive_all()
        assert client.exit_code == 1
        assert client.stdout == b""
        assert b"CannotCreateTypeConstrainedLanguage" in client.stderr
        client.close()
        other = Client(server, path=f"/{FE}").open()
        other.send(start(nonce=NONCE))
        assert other.receive_until(1)[0]["ready"]["host"] == FE
        other.close()


def test_what_a_probe_says_is_ascii() -> None:
    there = estate("missing_cmdlets: ['*']")
    runner = Runner(there, EX, "CONTOSO\\müller", lambda: (0.0, 0.0))
    runner.answer(init_line(allow=["Test-ReconcilerSession"]).strip())
    line = request_line(op="probe", id="1", cmdlet="Test-ReconcilerSession", params={"Cmdlets": ASKED}, read=True)
    reply = runner.answer(line)
    assert reply.isascii()
    told = json.loads(base64.b64decode(reply.split()[-1]))["records"][0]
    assert told["User"] == "CONTOSO\\müller"
    assert told["Missing"] == ASKED
