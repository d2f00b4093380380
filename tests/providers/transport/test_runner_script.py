"""What the runner does in a real PowerShell; what its text may hold is in ``test_runner_dialect``.

The engine is PowerShell 7, so these tests show nothing of Windows PowerShell 2.0 to 5.1 beyond the dialect. Cmdlets
that only Windows has are stubs here, and are called so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.transport import wire
from providers.transport.session.channel import Channel
from providers.transport.session.host_clocks import HostClocks
from providers.transport.settings import Adapter, SessionMode
from reconciler.model.commands import Argument, Command, Delta, Operation, Reply, read, write
from reconciler.model.diagnostics import AccessDenied, NotFound, PermanentError, SessionError, TransientError
from reconciler.model.ports import Request
from tests.support.fakes import Allowed
from tests.support.powershell_host import PowerShellHost, channel_to
from tests.support.runner_stubs import KINDS, LYNC, WINDOWS, ask, next_id, powershell, record, write_module

ALLOWED = ("Get-CsEcho", "Get-CsKinds", "Set-CsThing", "Get-CsCount", "Get-Missing", "Get-Service", "exchucutil.ps1")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module folder with a stub of the module Lync."""
    return write_module(tmp_path_factory.mktemp("modules"), LYNC)


@pytest.fixture(scope="module")
def host(modules: Path) -> PowerShellHost:
    return PowerShellHost({"PSModulePath": str(modules), "LC_ALL": "de_DE.UTF-8"})


@pytest.fixture(scope="module")
def channel(host: PowerShellHost) -> Iterator[Channel]:
    opened = channel_to(host, ALLOWED, always={"DomainController": "dc1.contoso.com"})
    yield opened
    opened.close()


class TestInPowerShell:
    pytestmark = powershell

    def test_ready_tells_of_the_host(self, channel: Channel) -> None:
        record(ask(channel, read("Get-CsEcho", "Name")))
        assert channel.about["adapter"] == "lync"
        assert channel.about["culture"] == "de-DE"
        assert re.fullmatch(r"[0-9]+\.[0-9]+", channel.about["ps"])

    def test_values_are_flattened_by_the_rules(self, channel: Channel) -> None:
        reply = ask(channel, read("Get-CsKinds", *KINDS, "Missing"))
        assert isinstance(reply, Reply)
        assert reply.warnings == ("careful",)
        assert record(reply) == KINDS

    @pytest.mark.parametrize(
        ("value", "told", "kind"),
        [
            (None, None, "null"),
            (True, True, "System.Boolean"),
            (7, 7, "System.Int32"),
            (2**40, 2**40, "System.Int64"),
            ("", "", "System.String"),
            ("007", "007", "System.String"),
            ((), [], "System.Object[]"),
            (("a",), ["a"], "System.Object[]"),
            (("a", "b"), ["a", "b"], "System.Object[]"),
            (Delta(("a",), ()), {"Add": ["a"]}, "System.Collections.Hashtable"),
            (Delta(("a", "b"), ("c",)), {"Add": ["a", "b"], "Remove": ["c"]}, "System.Collections.Hashtable"),
        ],
    )
    def test_arguments_keep_their_kind(self, channel: Channel, value: Argument, told: object, kind: str) -> None:
        found = record(ask(channel, read("Get-CsEcho", "Value", "Type", Value=value)))
        assert (found["Value"], found["Type"]) == (told, kind)

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.text(
                st.characters(codec=None)
                | st.sampled_from("'\"`$();|&{}@#%\\-\u2018\u2019\u201c\u201d\u2013\u2015\0\r\n")
            ),
            min_size=1,
            max_size=20,
        )
    )
    def test_hostile_strings_arrive_and_come_back_unchanged(self, channel: Channel, texts: list[str]) -> None:
        requests = [
            Request(next_id(), read("Get-CsEcho", "Identity", "Value", Identity=text, Value=(text,))) for text in texts
        ]
        found = [record(result) for result in channel.invoke(requests)]
        assert found == [{"Identity": text, "Value": [text]} for text in texts]

    @pytest.mark.parametrize(
        "text", ["-Force", "$(exit 5)", "x\nexit", "\ud800", "_x000A_", "\uff3c", "Set\u00adThing"]
    )
    def test_look_alikes_and_tricks_are_text(self, channel: Channel, text: str) -> None:
        assert record(ask(channel, read("Get-CsEcho", "Identity", Identity=text)))["Identity"] == text

    def test_a_long_value_arrives(self, channel: Channel) -> None:
        text = "x\u00e9'" * 60_000
        assert record(ask(channel, read("Get-CsEcho", "Identity", Identity=text)))["Identity"] == text

    def test_a_long_listing_comes_whole(self, channel: Channel) -> None:
        reply = ask(channel, read("Get-CsEcho", "Name", Count=2500))
        assert isinstance(reply, Reply)
        assert [found["Name"] for found in reply.records] == [f"n{index}" for index in range(2500)]

    def test_a_long_listing_is_compressed(self, host: PowerShellHost, channel: Channel) -> None:
        before = host.received
        reply = ask(channel, read("Get-CsEcho", "Name", Count=2500))
        assert isinstance(reply, Reply)
        assert host.received - before < 2500 * len('{"Name":"n1000"},') / 2

    def test_a_host_that_cannot_compress_answers_in_plain_text(self, modules: Path) -> None:
        host = PowerShellHost({"PSModulePath": str(modules)})
        opened = channel_to(host, ALLOWED, settings="function Compress-ReconcilerBytes { throw 'no such type' }")
        try:
            reply = ask(opened, read("Get-CsEcho", "Name", Count=2500))
        finally:
            opened.close()
        assert isinstance(reply, Reply)
        assert len(reply.records) == 2500
        assert host.received > 2500 * len('{"Name":"n1000"},')

    def test_always_parameters_are_added_where_the_cmdlet_has_them(self, channel: Channel) -> None:
        assert record(ask(channel, read("Get-CsEcho", "DC")))["DC"] == "dc1.contoso.com"
        assert record(ask(channel, read("Get-CsEcho", "DC", DomainController="dc9")))["DC"] == "dc9"
        assert isinstance(ask(channel, write("Set-CsThing", Identity="x")), Reply)

    def test_the_culture_of_the_server_does_not_matter(self, channel: Channel) -> None:
        assert record(ask(channel, read("Get-CsCount", "Culture")))["Culture"] == "en-US"

    def test_a_repeated_id_of_a_write_never_runs_again(self, channel: Channel) -> None:
        before = record(ask(channel, read("Get-CsCount", "Count")))["Count"]
        request = Request("same", Command("Set-CsThing", (("Identity", "x"),), properties=("Count",)), Allowed(60.0))
        first, second = channel.invoke([request])[0], channel.invoke([request])[0]
        assert first == second
        assert record(ask(channel, read("Get-CsCount", "Count")))["Count"] == before + 1

    def test_a_lost_reply_is_sent_again(self, host: PowerShellHost, channel: Channel) -> None:
        assert record(ask(channel, read("Get-CsEcho", "Name")))
        host.send_command_input("s", "c", wire.encode({"op": "ping", "id": "p", "flush": True})[:-20], False)
        before = record(ask(channel, read("Get-CsCount", "Count")))["Count"]
        assert isinstance(ask(channel, write("Set-CsThing", Identity="x"), 60.0), Reply)
        assert record(ask(channel, read("Get-CsCount", "Count")))["Count"] == before + 1

    def test_an_error_record_is_reported_by_type_id_and_category(self, channel: Channel) -> None:
        gone = ask(channel, write("Set-CsThing", Identity="missing one"))
        assert isinstance(gone, NotFound)
        assert gone.record is not None
        assert gone.record.error_id.startswith("Gone,")
        assert gone.record.category == "ObjectNotFound"
        assert gone.record.target == "missing one"
        slow = ask(channel, write("Set-CsThing", Identity="throw"))
        assert isinstance(slow, SessionError)
        assert slow.record is not None
        assert (slow.record.type, slow.record.message) == ("TimeoutException", "zu langsam")

    @pytest.mark.parametrize("arguments", [{"Identity": "x", "Nope": 1}, {"Identity": "x", "Number": "abc"}])
    def test_a_call_that_does_not_bind_did_not_run(self, channel: Channel, arguments: dict[str, Argument]) -> None:
        before = record(ask(channel, read("Get-CsCount", "Count")))["Count"]
        error = ask(channel, write("Set-CsThing", **arguments))
        assert isinstance(error, PermanentError)
        assert record(ask(channel, read("Get-CsCount", "Count")))["Count"] == before

    def test_a_cmdlet_that_is_not_there_and_one_that_is_not_allowed_are_refused(self, channel: Channel) -> None:
        assert isinstance(ask(channel, read("Get-Missing")), AccessDenied)
        assert isinstance(ask(channel, read("Get-Process")), AccessDenied)
        assert isinstance(ask(channel, read("Get-CsEch*")), AccessDenied)

    def test_what_comes_too_late_is_not_run(self, channel: Channel) -> None:
        before = record(ask(channel, read("Get-CsCount", "Count")))["Count"]
        requests = [
            Request("slow", write("Set-CsThing", Identity="sleep", Number=300), Allowed(60.0)),
            Request("late", write("Set-CsThing", Identity="x"), Allowed(0.2)),
        ]
        first, second = channel.invoke(requests)
        assert isinstance(first, Reply)
        assert isinstance(second, TransientError)
        assert second.record is not None
        assert second.record.type == "CommandExpired"
        assert record(ask(channel, read("Get-CsCount", "Count")))["Count"] == before + 1
        assert isinstance(channel.invoke([Request("late", requests[1].command, Allowed(60.0))])[0], Reply)

    @pytest.mark.parametrize(
        ("window", "runs"),
        [([0, 4e9, 4e9], True), ([0, 0.5, 4e9], False), ([4e9, 5e9, 4e9], False), ([0, 4e9, 1.5], False)],
    )
    def test_a_command_begins_only_in_its_window_on_both_clocks(
        self, channel: Channel, window: list[float], runs: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(HostClocks, "window", lambda *_: window)
        result = ask(channel, write("Set-CsThing", Identity="x"), 60.0)
        assert isinstance(result, Reply if runs else TransientError)

    def test_a_secret_becomes_a_secure_string_at_once(self, host: PowerShellHost, channel: Channel) -> None:
        line = wire.encode(
            {
                "op": "invoke",
                "id": "secret",
                "cmdlet": "Set-CsThing",
                "params": {"Identity": "x", "Pin": {"$secure": "1234567"}},
                "properties": ["Pin"],
                "flush": True,
            }
        )
        (told,) = host.told(line)
        assert told.data["records"] == [{"Pin": 7}]

    def test_a_bad_line_is_reported_and_does_no_harm(self, host: PowerShellHost, channel: Channel) -> None:
        assert record(ask(channel, read("Get-CsEcho", "Name")))
        for line in (b"garbage\n", b"4 00000000 AAAA\n", b"\n", b"99 0 x\n", wire.encode({"id": "x"})):
            host.send_command_input("s", "c", line, False)
        assert record(ask(channel, read("Get-CsEcho", "Name"))) == {"Name": "n0"}

    def test_a_thousand_requests_are_answered_in_order(self, channel: Channel) -> None:
        requests = [Request(next_id(), read("Get-CsEcho", "Identity", Identity=str(n))) for n in range(1000)]
        assert [record(result)["Identity"] for result in channel.invoke(requests)] == [str(n) for n in range(1000)]

    def test_batch_mode_and_the_end_of_input(self, modules: Path) -> None:
        host = PowerShellHost({"PSModulePath": str(modules), "LC_ALL": "tr_TR.UTF-8"})
        opened = channel_to(host, ALLOWED, mode=SessionMode.BATCH)
        results = opened.invoke(
            [Request("a", read("Get-CsEcho", "Name")), Request("b", read("Get-CsCount", "Culture"))]
        )
        assert [record(result) for result in results] == [{"Name": "n0"}, {"Culture": "en-US"}]
        assert opened.about["culture"] == "tr-TR"

    def test_exit_ends_the_process_with_code_0(self, modules: Path) -> None:
        host = PowerShellHost({"PSModulePath": str(modules)})
        opened = channel_to(host, ALLOWED)
        ask(opened, read("Get-CsEcho", "Name"))
        opened.close()
        assert host.exit_code == 0

    @pytest.mark.parametrize("line_ends", [b"\n", b"\n\n", b"\r\n"])
    def test_empty_lines_and_the_end_of_input_go_well_with_exit(self, modules: Path, line_ends: bytes) -> None:
        """What comes with exit, before it to end a torn line and after it, is neither a request nor a bad line."""
        host = PowerShellHost({"PSModulePath": str(modules)})
        opened = channel_to(host, ALLOWED)
        assert record(ask(opened, read("Get-CsEcho", "Name"))) == {"Name": "n0"}
        exit_line = wire.encode({"op": "exit", "id": "bye"})
        host.send_command_input("s", "c", line_ends + exit_line + line_ends, True)
        output, errors, is_done = b"", b"", False
        while not is_done:
            more, errors, _, is_done = host.get_command_output_raw("s", "c")
            output += more
        told = wire.LineReader(host.nonce).feed(output)
        assert [(one.id, one.data["ok"]) for one in told if isinstance(one, wire.ReplyLine)] == [("bye", True)]
        assert (len(told), host.exit_code, errors) == (1, 0, b"")
        host.cleanup_command("s", "c")

    def test_an_adapter_that_is_not_there_is_reported(self, tmp_path: Path) -> None:
        host = PowerShellHost({"PSModulePath": str(tmp_path)})
        with pytest.raises(PermanentError) as raised:
            ask(channel_to(host, ALLOWED), read("Get-CsEcho", "Name"))
        assert raised.value.diagnostics[0].summary == "Management shell did not load"
        assert host.process is None


# --- what only Windows has, as stubs ---------------------------------------------------------------------------------

SHADOWING = r"""
function Connect-ExchangeServer {
    param([switch]$Auto, CLOBBER)
    $global:StubClobber = [bool]$AllowClobber
    New-Module -Name 'tmp_theirs' -ScriptBlock {
        function Get-UMDialPlan { param($Identity) New-Object PSObject -Property @{ Name = 'theirs' } }
        function Get-UMIPGateway { param($Identity) New-Object PSObject -Property @{ Name = 'theirs' } }
    } | Import-Module -Global
}
"""
"""The management shell of the server: a module of its own takes the names, whether or not it can be made to."""


@contextmanager
def exchange_in(folder: Path) -> Iterator[tuple[Channel, PowerShellHost, Path]]:
    """A session to a stub of Exchange, its host, and the folder of its scripts."""
    scripts = folder / "V15" / "Scripts"
    (folder / "V15" / "bin").mkdir(parents=True)
    scripts.mkdir()
    (folder / "V15" / "bin" / "RemoteExchange.ps1").write_text(
        "'banner'\n[int]::Parse('nein')\n"
        "function Connect-ExchangeServer { param([switch]$auto) [int]::Parse('no'); $env:STUB_CONNECTED = 'yes' }\n"
    )
    (scripts / "Get-UCPool.ps1").write_text("Write-Host ('companion ' + $env:STUB_CONNECTED)\n")
    (scripts / "exchucutil.ps1").write_text(
        "param([string]$Forest)\n"
        "Write-Host 'Using Global Catalog:' $Forest -ForegroundColor Green\n"
        "& .\\Get-UCPool.ps1\n'from the pipeline'\nWrite-Error 'caught, told, no failure'\n"
    )
    host = PowerShellHost(
        {
            "ExchangeInstallPath": str(folder / "V15"),
            "STUB_SNAPINS": "Microsoft.Exchange.Management.PowerShell.E2010,Other",
            "STUB_COMMAND_LINE": "powershell.exe",
        }
    )
    allow = ("Get-UMDialPlan", "Get-UMIPGateway", "Get-Service", "exchucutil.ps1")
    opened = channel_to(host, allow, stubs=WINDOWS, adapter=Adapter.AUTO, always={"DomainController": "dc1"})
    yield opened, host, scripts
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Channel, PowerShellHost, Path]]:
    """For tests that leave the host and its scripts as they are."""
    with exchange_in(tmp_path_factory.mktemp("exchange")) as opened:
        yield opened


class TestWithStubsOfWindows:
    pytestmark = powershell

    @pytest.fixture
    def exchange(self, tmp_path: Path) -> Iterator[tuple[Channel, PowerShellHost, Path]]:
        with exchange_in(tmp_path) as opened:
            yield opened

    def test_the_remote_endpoint_is_the_choice_where_exchange_is_2010_or_later(
        self, shared: tuple[Channel, PowerShellHost, Path]
    ) -> None:
        found = record(ask(shared[0], read("Get-UMDialPlan", "Name", "DC", "User", "Uri", Identity="Redmond")))
        assert shared[0].about["adapter"] == "remote"
        assert (found["Name"], found["DC"], found["User"]) == ("Redmond", "dc1", "CONTOSO\\reconciler")
        assert re.fullmatch(r"http://[^/]+/PowerShell/", found["Uri"])

    def test_exchucutil_runs_where_it_is_and_its_output_is_kept(
        self, shared: tuple[Channel, PowerShellHost, Path]
    ) -> None:
        command = Command("exchucutil.ps1", (("Forest", "contoso.com"),), operation=Operation.SCRIPT)
        reply = ask(shared[0], command, 60.0)
        assert isinstance(reply, Reply), reply
        lines = reply.output.splitlines()
        assert lines[:3] == ["Using Global Catalog: contoso.com", "companion yes", "from the pipeline"]
        assert "caught, told, no failure" in reply.output

    @pytest.mark.parametrize("clobber", ["[switch]$AllowClobber", "[switch]$Other"])
    def test_the_scripts_shell_takes_names_and_the_session_keeps_its_cmdlets(
        self, exchange: tuple[Channel, PowerShellHost, Path], clobber: str
    ) -> None:
        channel, _, scripts = exchange
        (scripts.parent / "bin" / "RemoteExchange.ps1").write_text(SHADOWING.replace("CLOBBER", clobber))
        (scripts / "exchucutil.ps1").write_text(
            "(Get-UMDialPlan -Identity x).Name\n(Get-UMIPGateway -Identity x).Name\n$global:StubClobber\n"
        )
        before = record(ask(channel, read("Get-UMDialPlan", "Name", Identity="mine")))
        reply = ask(channel, Command("exchucutil.ps1", operation=Operation.SCRIPT), 60.0)
        assert isinstance(reply, Reply), reply
        assert reply.output.splitlines() == ["theirs", "theirs", str("AllowClobber" in clobber)]
        again, first = (read(name, "Name", Identity="mine") for name in ("Get-UMDialPlan", "Get-UMIPGateway"))
        assert [before, record(ask(channel, again)), record(ask(channel, first))] == [{"Name": "mine"}] * 3

    def test_a_script_that_is_not_there_is_reported(self, exchange: tuple[Channel, PowerShellHost, Path]) -> None:
        (exchange[2] / "exchucutil.ps1").unlink()
        error = ask(exchange[0], Command("exchucutil.ps1", operation=Operation.SCRIPT))
        assert isinstance(error, NotFound)

    def test_services_are_read_with_start_clock_and_dependents(
        self, shared: tuple[Channel, PowerShellHost, Path]
    ) -> None:
        command = Command(
            "Get-Service", (("Name", ("rtcsrv", "Spooler", "none")),), writes=False, operation=Operation.SERVICE
        )
        reply = ask(shared[0], command)
        assert isinstance(reply, Reply), reply
        first, second = [dict(found) for found in reply.records]
        clock = first.pop("HostClock")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", clock)
        assert first == {
            "Name": "RTCSRV",
            "Status": "Running",
            "StartTime": "2026-01-05T08:00:00.000000Z",
            "StartMode": "Auto",
            "RunningDependents": ["RTCASMCU"],
            "StoppedDependents": ["RTCIMMCU"],
            "ScriptRunning": False,
        }
        assert (second["Name"], second["Status"], second["StartTime"]) == ("Spooler", "Stopped", None)
        assert second["StartMode"] == "Disabled"

    @pytest.mark.parametrize(
        ("line", "told"),
        [("", None), ("powershell.exe -File C:\\V15\\Scripts\\ExchUCUtil.ps1", True), ("cmd /c dir", False)],
    )
    def test_a_shell_whose_command_line_is_not_read_may_run_the_script(
        self, line: str, told: bool | None, modules: Path
    ) -> None:
        host = PowerShellHost({"PSModulePath": str(modules), "STUB_COMMAND_LINE": line})
        opened = channel_to(host, ("Get-Service",), stubs=WINDOWS)
        command = Command("Get-Service", (("Name", ("rtcsrv",)),), writes=False, operation=Operation.SERVICE)
        found = record(ask(opened, command))
        opened.close()
        assert found["ScriptRunning"] is told

    def test_the_snap_in_is_the_choice_on_exchange_2007(self) -> None:
        name = "Microsoft.Exchange.Management.PowerShell.Admin"
        host = PowerShellHost({"STUB_SNAPINS": name})
        opened = channel_to(host, ("Get-UMDialPlan",), stubs=WINDOWS, adapter=Adapter.AUTO)
        ask(opened, read("Get-UMDialPlan", "Name"))
        assert opened.about["adapter"] == "snapin"
        opened.close()
