"""Hostile strings arrive as one argument of one cmdlet, unchanged, whatever kind of value carries them.

The cmdlets are stubs that tell the code units of what reached them, so that the writer of replies, which is of the
runner as well, cannot mend what its reader broke. How often a cmdlet ran and what was bound is counted by the stub.
"""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from providers.cmdlets.products import LYNC as LYNC_SHELL
from providers.simulator.estate.estate import Estate
from providers.simulator.powershell.engine import PowerShellEngine
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.server import Server, Settings
from providers.transport import wire
from providers.transport.session.greeting import Runner
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Secret
from reconciler.app.simulated_world import powershell_program
from reconciler.model.commands import Argument, Command, Delta, Reply
from reconciler.model.ports import Request
from tests.support.hostile_values import TABLE, hostile_strings
from tests.support.powershell_host import OWN_MUTEX, PowerShellHost, WallClock
from tests.support.runner_stubs import KINDS, LYNC, WINDOWS, powershell, write_module
from tests.support.transport_support import connection
from tests.support.two_hosts import is_password, world_for
from tests.support.winrm_server import PASSWORD, USER

pytestmark = powershell

STRINGS = 10_000
SEED = 20_161_103
NONCE = "0123456789abcdef"

ECHO = r"""
$script:Calls = 0
function Set-CsHostile {
    [CmdletBinding()]
    param(
        [string]$Identity, [string]$A1, [string]$A2, $A3, $A4, $A5, $Server, [object[]]$List, [hashtable]$Change,
        [Security.SecureString]$S0, [Security.SecureString]$S1, [Security.SecureString]$S2,
        [Security.SecureString]$S3, [Security.SecureString]$S4, [Security.SecureString]$S5
    )
    $script:Calls++
    $told = New-Object Text.StringBuilder
    foreach ($one in @($Identity, $A1, $A2, $A3, $A4, $A5, $Server) + $List + $Change['Add'] + $Change['Remove']) {
        if ($one -isnot [string]) { throw 'no text' }
        $bytes = New-Object byte[] (2 * $one.Length)
        [Buffer]::BlockCopy($one.ToCharArray(), 0, $bytes, 0, $bytes.Length)
        [void]$told.Append('=').Append([Convert]::ToBase64String($bytes)).Append(' ')
    }
    foreach ($one in $S0, $S1, $S2, $S3, $S4, $S5) {
        if ($null -eq $one) { continue }
        $bytes = New-Object byte[] (2 * $one.Length)
        $pointer = [Runtime.InteropServices.Marshal]::SecureStringToGlobalAllocUnicode($one)
        [Runtime.InteropServices.Marshal]::Copy($pointer, $bytes, 0, $bytes.Length)
        [Runtime.InteropServices.Marshal]::ZeroFreeGlobalAllocUnicode($pointer)
        [void]$told.Append('=').Append([Convert]::ToBase64String($bytes)).Append(' ')
    }
    New-Object PSObject -Property @{ Calls = $script:Calls; Bound = $PSBoundParameters.Count; Units = $told.ToString() }
}
Export-ModuleMember -Function Set-CsHostile
"""


def units(texts: Sequence[str]) -> str:
    return " ".join("=" + base64.b64encode(text.encode("utf-16-le", "surrogatepass")).decode() for text in texts) + " "


def converse(
    environment: Mapping[str, str],
    requests: Sequence[dict[str, Any]],
    *,
    adapter: str = "lync",
    always: Mapping[str, str] | None = None,
    stubs: str = "",
) -> tuple[list[Mapping[str, Any]], list[bytes]]:
    """Return what one process answers to the requests sent at once, and the lines of bytes after READY.

    How often it sent what it had, and with that a blank line, is a matter of the clock.
    """
    shipped = Runner.shipped()
    host = PowerShellHost(environment)
    allow = sorted({str(one["cmdlet"]) for one in requests if "cmdlet" in one})
    init: dict[str, wire.Json] = {
        "op": "init", "id": "0", "nonce": NONCE, "protocol": 1, "adapter": adapter, "allow": [*allow],
        "always": dict(always or {}),
    }  # fmt: skip
    script = wire.encode_script(b"\n".join((stubs.encode("ascii"), shipped.script, OWN_MUTEX.encode("ascii"))))
    data = script + wire.encode(init) + b"".join(map(wire.encode, requests))
    host.run_command("s", "powershell.exe", ("-EncodedCommand", wire.encoded_command(shipped.bootstrap)), False)
    feeder = threading.Thread(target=host.send_command_input, args=("s", "c", data, True))
    feeder.start()
    output = errors = b""
    is_done = False
    while not is_done:
        more, errors, _, is_done = host.get_command_output_raw("s", "c")
        output += more
    feeder.join()
    assert host.exit_code == 0, errors
    host.cleanup_command("s", "c")
    lines = wire.LineReader(NONCE).feed(output)
    told = [line.data for line in lines if isinstance(line, wire.ReplyLine)]
    assert any(isinstance(line, wire.Ready) for line in lines), lines
    return told, [line for line in output.partition(b" READY ")[2].split(b"\n")[1:] if line]


def request(number: int, cmdlet: str, params: Mapping[str, object], **more: object) -> dict[str, Any]:
    return {"op": "invoke", "id": str(number), "cmdlet": cmdlet, "params": dict(params), **more}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_module(tmp_path_factory.mktemp("modules"), ECHO)


ALWAYS = "".join(text for text in TABLE if len(text) < 20)
ROW = 6
NAMES = ("Identity", "A1", "A2", "A3", "A4", "A5")
BOUND = 18
"""The fifteen parameters that are given, and the three the runner adds: ErrorAction, WarningAction, WarningVariable."""


def hostile_request(number: int, row: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return a request with each text of ``row`` as every kind of value, and the code units the cmdlet must tell."""
    params: dict[str, object] = dict(zip(NAMES, row, strict=True))
    params |= {f"S{index}": {"$secure": text} for index, text in enumerate(row)}
    params |= {"List": list(row), "Change": {"$add": list(row), "$remove": list(row)}}
    told = request(number, "Set-CsHostile", params, read=True, properties=["Units", "Calls", "Bound"])
    return told, units([*row, ALWAYS, *row, *row, *row, *row])


def rows(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), ROW):
        row = tuple(texts[start : start + ROW])
        yield row + ("x",) * (ROW - len(row))


def test_ten_thousand_strings_arrive_unchanged_as_every_kind_of_value(modules: Path) -> None:
    all_rows = list(rows(list(hostile_strings(STRINGS, SEED))))
    sent = [hostile_request(number, row) for number, row in enumerate(all_rows, 1)]
    told, _ = converse({"PSModulePath": str(modules)}, [one for one, _ in sent], always={"Server": ALWAYS})
    assert len(told) == len(sent)
    for number, (reply, (_, expected)) in enumerate(zip(told, sent, strict=True), 1):
        (found,) = reply["records"]
        assert found["Units"] == expected, all_rows[number - 1]
        assert (found["Calls"], found["Bound"]) == (number, BOUND)


def test_the_strings_arrive_through_the_sealed_connection_as_arguments_of_commands() -> None:
    """The whole way of a command: pywinrm, sealed HTTP, the shell, the bootstrap, the runner, the cmdlet."""
    estate = Estate(world_for("l2013"))
    listening = Settings(users={USER: PASSWORD}, schemes=frozenset({Scheme.NTLM}))
    all_rows = list(rows(list(hostile_strings(STRINGS, SEED))))
    requests = []
    for number, row in enumerate(all_rows):
        lists: tuple[tuple[str, Argument], ...] = ("List", tuple(row)), ("Change", Delta(tuple(row), tuple(row)))
        arguments = (*zip(NAMES, row, strict=True), *lists)
        command = Command("Set-CsHostile", arguments, LYNC_SHELL, writes=False, properties=("Units", "Bound"))
        requests.append(Request(str(number), command))
    with (
        PowerShellEngine(estate, is_password, powershell_program()) as engine,
        Server(estate, listening, start=engine.start) as server,
    ):
        shutil.rmtree(engine.folder / "l2013" / "Lync")
        write_module(engine.folder / "l2013", ECHO)
        settings = connection(
            connection=LYNC_SHELL.connection,
            host="fe1.contoso.com",
            via=("127.0.0.1", server.port),
            password=Secret(PASSWORD),
            adapter=Adapter.LYNC,
        )
        always = {"Server": ALWAYS}
        with WinRMSessions([settings], allow=["Set-CsHostile"], clock=WallClock(), always=always) as sessions:
            results = sessions.open(LYNC_SHELL).invoke(requests)
    for row, result in zip(all_rows, results, strict=True):
        assert isinstance(result, Reply), (row, result)
        (found,) = result.records
        assert found["Units"] == units([*row, ALWAYS, *row, *row, *row]), row
        assert found["Bound"] == BOUND - len(NAMES)


def test_long_strings_arrive_whole(modules: Path) -> None:
    sent = []
    for number, size in enumerate((64, 256, 32_768, 65_536, 1_000_000), 1):
        row = (("\u202e'\u2019\"$(x) caf\u00e9" * size)[:size], *"abcde")
        one, expected = hostile_request(number, row)
        if len(row[0]) > 65_536:  # no SecureString is longer
            one["params"] |= {f"S{index}": {"$secure": "s"} for index in range(ROW)}
            expected = units([*row, ALWAYS, *row, *row, *row, *("s" * ROW)])
        sent.append((one, expected))
    told, _ = converse({"PSModulePath": str(modules)}, [one for one, _ in sent], always={"Server": ALWAYS})
    for reply, (_, expected) in zip(told, sent, strict=True):
        assert reply["ok"], reply
        assert reply["records"][0]["Units"] == expected


SERVICES = r"""
function Get-WmiObject {
    param($Class)
    if (-not $Class.StartsWith('Win32_Service')) { return }
    foreach ($line in [IO.File]::ReadAllLines($env:STUB_SERVICES)) {
        $name = [Text.Encoding]::Unicode.GetString([Convert]::FromBase64String($line))
        New-Object PSObject -Property @{ Name = $name; ProcessId = 0 }
    }
}
function Get-Service {
    param($Name)
    New-Object PSObject -Property @{ Name = $Name; Status = 'Running'; DependentServices = @() }
}
"""


def test_the_name_of_a_service_is_compared_as_it_is(tmp_path: Path) -> None:
    # The stub's file cannot hold a name that is no Unicode; upper and lower case are one name to Windows.
    names = sorted(
        {text.casefold() for text in TABLE if text and text.isprintable() and text.casefold() == text.lower()}
    )
    (tmp_path / "services").write_bytes(b"".join(base64.b64encode(one.encode("utf-16-le")) + b"\n" for one in names))
    asked = {"op": "service", "cmdlet": "Get-Service", "read": True}
    requests = [{**asked, "id": str(number), "params": {"Name": [one]}} for number, one in enumerate(names, 1)]
    requests.append({**asked, "id": "all", "params": {"Name": names}})
    environment = {
        "STUB_SERVICES": str(tmp_path / "services"),
        "STUB_SNAPINS": "Microsoft.Exchange.Management.PowerShell.SnapIn",
    }
    told, _ = converse(environment, requests, adapter="snapin", stubs=WINDOWS + SERVICES)
    found = [[one["Name"] for one in reply["records"]] for reply in told]
    assert found == [*([one] for one in names), names]


SCRIPT = r"""param([string]$Forest)
$bytes = New-Object byte[] (2 * $Forest.Length)
[Buffer]::BlockCopy($Forest.ToCharArray(), 0, $bytes, 0, $bytes.Length)
Write-Host ([string]$args.Count + ' =' + [Convert]::ToBase64String($bytes) + ' ')
"""


def test_a_parameter_of_the_script_is_one_argument(tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    (tmp_path / "Scripts" / "exchucutil.ps1").write_text(SCRIPT)
    requests = [
        {"op": "script", "id": str(number), "cmdlet": "exchucutil.ps1", "params": {"Forest": text}}
        for number, text in enumerate(TABLE, 1)
    ]
    environment = {
        "ExchangeInstallPath": str(tmp_path),
        "STUB_SNAPINS": "Microsoft.Exchange.Management.PowerShell.Admin",
    }
    told, _ = converse(environment, requests, adapter="snapin", stubs=WINDOWS)
    for text, reply in zip(TABLE, told, strict=True):
        lines = [line for line in reply["output"].splitlines() if " =" in line]
        assert lines == [f"0 {units([text])}"], text


def test_replies_are_the_same_bytes_in_every_culture_of_a_server(tmp_path: Path) -> None:
    write_module(tmp_path, LYNC)
    shown = TABLE[::4]
    requests = [
        request(1, "Get-CsKinds", {}, read=True, properties=sorted(KINDS)),
        request(2, "Get-CsEcho", {"Identity": "x", "Nope": 1}, read=True),
        request(3, "Set-CsThing", {"Identity": "x", "Number": "abc"}),
        request(4, "Set-CsThing", {"Identity": "missing i\u0130I\u0131"}),
        request(5, "Set-CsThing", {"Identity": "throw"}),
        request(6, "Get-CsCount", {}, read=True, properties=["Count", "Culture"]),
        request(7, "Get-CsMissing", {}, read=True),
        request(8, "Get-CsEcho", {"Value": 1.5, "Count": "2"}, read=True, properties=["Value", "Type", "Name"]),
        {"op": "replay", "id": "9", "ids": ["1", "4", "none"]},
        *(request(10 + number, "Get-CsEcho", {"Identity": text}, read=True, properties=["Identity"])
          for number, text in enumerate(shown)),
    ]  # fmt: skip
    answers = {
        culture: converse(
            {"PSModulePath": str(tmp_path), "LC_ALL": culture}, requests, always={"DomainController": "\u0130"}
        )
        for culture in ("C", "de_DE.UTF-8", "ja_JP.UTF-8", "tr_TR.UTF-8")
    }
    told, plain = answers["C"]
    assert [one["records"][0]["Identity"] for one in told[-len(shown) :]] == list(shown)
    assert told[0]["records"] == [KINDS]
    assert {culture: lines == plain for culture, (_, lines) in answers.items()} == dict.fromkeys(answers, True)
