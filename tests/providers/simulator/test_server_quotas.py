"""Quotas that a host enforces, and command lines that its cmd.exe takes apart."""

from __future__ import annotations

import pytest
from winrm.exceptions import WSManFaultError

from providers.simulator.wire import fault_codes
from providers.simulator.wire.process import refused_command_line
from providers.simulator.wire.service import limits_with
from providers.simulator.wire.wsman import Limits
from tests.support.winrm_server import (
    ARGUMENTS,
    PASSWORD,
    USER,
    Client,
    TinyEstate,
    exit_line,
    init_line,
    listening,
    replies,
    start,
)
from tests.support.worlds import estate_of

# --- quotas of a host ------------------------------------------------------------------------------------------------


def narrow(**quotas: int) -> TinyEstate:
    """An estate one host of which has limits of its own."""

    class Narrow(TinyEstate):
        def about(self, host: str) -> dict[str, object]:
            told = super().about(host)
            return told | {"quotas": quotas} if host.startswith("fe1") else told

    return Narrow()


def code_of(error: pytest.ExceptionInfo[WSManFaultError]) -> int | None:
    return error.value.wsman_fault_code


def test_an_envelope_above_the_quota_of_its_host_is_refused_there_alone() -> None:
    with listening(estate=narrow(MaxEnvelopeSizekb=60)) as server:
        wide, tight = Client(server).open(), Client(server, path="/fe1.contoso.com").open()
        wide.send(b"x" * 60_000)
        with pytest.raises(WSManFaultError) as caught:
            tight.send(b"x" * 60_000)
        assert code_of(caught) == fault_codes.ENVELOPE_TOO_LARGE
        tight.send(b"x" * 30_000)
        wide.close()
        tight.close()


def test_shells_and_users_above_the_quotas_of_their_host_are_refused() -> None:
    accounts = {USER: PASSWORD, "CONTOSO\\other": PASSWORD}
    estate = narrow(MaxShellsPerUser=1, MaxConcurrentUsers=1)
    with listening(estate=estate, accounts=accounts) as server:
        first = Client(server, path="/fe1.contoso.com").open()
        for user, code in ((USER, fault_codes.QUOTA_MAX_SHELLS), ("CONTOSO\\other", fault_codes.QUOTA_MAX_USERS)):
            with pytest.raises(WSManFaultError) as caught:
                Client(server, path="/fe1.contoso.com", user=user).open()
            assert code_of(caught) == code
        Client(server).open().close()
        first.close()


def test_a_shell_with_less_memory_than_powershell_needs_ends_it() -> None:
    with listening(estate=narrow(MaxMemoryPerShellMB=32)) as server:
        client = Client(server, path="/fe1.contoso.com").open()
        client.send(start())
        client.receive_all()
        assert client.exit_code == 1
        assert b"OutOfMemoryException" in client.stderr
        client.close()


def test_of_a_quota_and_a_setting_the_narrower_counts() -> None:
    usual = Limits(max_shells_per_user=7)
    assert limits_with(usual, {"MaxShellsPerUser": 5}).max_shells_per_user == 5
    assert limits_with(usual, {"MaxShellsPerUser": 9}).max_shells_per_user == 7
    assert limits_with(usual, {"IdleTimeout": 180_000}).idle_timeout_seconds == 180.0
    assert limits_with(usual, None) == usual


PATH = r"C:\Program Files\PowerShell\powershell.exe"


@pytest.mark.parametrize(
    "program", [f'"{PATH}"', '"powershell.exe"', f'"{PATH.upper()}"', r"C:\Windows\powershell.exe"]
)
def test_a_program_is_found_with_quotes_and_without(program: str) -> None:
    assert refused_command_line(" ".join((program, *ARGUMENTS))) is None


@pytest.mark.parametrize("line", [PATH, '"C:\\Program Files\\other.exe" x', "", '""', '"', "'powershell.exe'"])
def test_what_cmd_would_not_find_is_not_found(line: str) -> None:
    said = refused_command_line(" ".join((line, *ARGUMENTS)))
    assert said is not None
    assert "is not recognized as an internal or external command" in said


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("14.3.123.4", "maximum number of 2 concurrent shells"),
        ("15.0.1497.2", "connections allowed : 2 for the policy"),
    ],
)
def test_sessions_above_the_throttling_policy_of_exchange_are_refused_until_one_ends(version: str, said: str) -> None:
    limited = estate_of(servers=[version], costs={"hosts": {"*": {"shells": 2}}})
    with listening(estate=limited) as server:
        first, second, third = (Client(server).open() for _ in range(3))
        for client in (first, second, third):
            client.send(start())
            client.receive_until(1)
        (refused,) = replies(third.stdout)
        assert [refused["ok"], refused["error"]["type"]] == [False, "PSRemotingTransportException"]
        assert said in refused["error"]["message"]
        lync = Client(server, path="/fe1.contoso.com").open()
        lync.send(start())
        assert lync.receive_until(1)[0]["ok"]
        first.send(exit_line())
        first.receive_all()
        third.send(init_line(id="1"))
        assert third.receive_until(2)[1]["ok"]
        for client in (first, second, third, lync):
            client.close()
