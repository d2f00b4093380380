"""Services that obey late or never, and media settings that an administrator changes."""

from __future__ import annotations

from typing import Any

import pytest

from providers.simulator.answers import CmdletError
from providers.simulator.estate.estate import Estate
from providers.simulator.estate.invoke import invoke_line
from providers.simulator.world.schema import World
from tests.support.worlds import CONTOSO, SteppingClock, world_of

FE1, FE2, FE3 = (f"fe{number}.contoso.com" for number in (1, 2, 3))


def estate_of(clock: SteppingClock, size: int = 1, **said: Any) -> Estate:
    """Return an estate with one pool; ``said``: of the pool, and ``fe1`` of its first Front End's services."""
    described = world_of(0, [size], director=False, branch=False).model_dump(mode="json", exclude_unset=True)
    (pool,) = described["lync"]["pools"]
    pool["computers"] = [{"fqdn": f"fe{number}.contoso.com"} for number in range(1, size + 1)]
    pool["computers"][0]["services"] = said.pop("fe1", {})
    pool |= said
    return Estate(World.model_validate(described), clock=clock)


def state(estate: Estate, host: str = FE1, name: str = "RTCSRV") -> dict[str, Any]:
    (record,) = estate.call(host, "service", "Get-Service", {"Name": [name]}, ()).records
    return record


def act(estate: Estate, line: str, host: str = FE1) -> float:
    """Run a line and return how many seconds it works."""
    return invoke_line(estate, line, host=host).seconds


def test_service_that_will_not_start_ends_again() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, fe1={"rtcsrv": {"starts": False, "start_time": "10s"}})
    act(estate, "Stop-CsWindowsService RTCSRV")
    assert act(estate, "Start-CsWindowsService RTCSRV") == 10
    assert state(estate)["Status"] == "StartPending"
    clock.pass_seconds(10)
    assert (state(estate)["Status"], state(estate)["StartTime"]) == ("Stopped", None)


def test_graceful_stop_waits_for_the_calls_there_are() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, calls_last="5m")
    assert act(estate, "Stop-CsWindowsService RTCSRV -Graceful -NoWait") == 0
    clock.pass_seconds(200)
    paused = state(estate)
    assert (paused["Status"], len(paused["RunningDependents"])) == ("Paused", 3)
    assert act(estate, "Stop-CsWindowsService RTCSRV -Graceful") == 100
    act(estate, "Start-CsWindowsService RTCSRV")
    assert state(estate)["Status"] == "Paused", "it starts only when it has stopped"
    clock.pass_seconds(100)
    stopped = state(estate)
    assert (stopped["Status"], stopped["RunningDependents"]) == ("Stopped", [])
    assert stopped["StoppedDependents"] == ["RTCCAA", "RTCCAS", "RTCRGS"]


def test_stop_without_grace_ends_a_drain() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, calls_last="5m")
    act(estate, "Stop-CsWindowsService RTCSRV -Graceful")
    act(estate, "Stop-CsWindowsService RTCSRV")
    assert state(estate)["Status"] == "Stopped"


@pytest.mark.parametrize(("option", "seconds"), [("", 90.0), (" -NoWait", 0.0)])
def test_start_waits_until_the_service_runs_unless_nobody_waits(option: str, seconds: float) -> None:
    clock = SteppingClock()
    estate = estate_of(clock, start_time="90s")
    act(estate, "Stop-CsWindowsService RTCSRV")
    assert act(estate, f"Start-CsWindowsService RTCSRV{option}") == seconds
    assert state(estate)["Status"] == "StartPending"
    clock.pass_seconds(90)
    assert state(estate)["Status"] == "Running"


def test_dependent_starts_what_it_needs_and_waits_for_it() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, start_time="90s")
    act(estate, "Stop-CsWindowsService RTCSRV")
    act(estate, "Start-CsWindowsService RTCRGS")
    assert (state(estate)["Status"], state(estate, name="RTCRGS")["Status"]) == ("StartPending", "StartPending")
    clock.pass_seconds(90)
    assert state(estate)["RunningDependents"] == ["RTCRGS"]


def test_disabled_service_is_not_missed_and_does_not_start() -> None:
    estate = estate_of(SteppingClock(), fe1={"RTCRGS": {"runs": False, "start_mode": "Disabled"}})
    assert (state(estate)["RunningDependents"], state(estate)["StoppedDependents"]) == (["RTCCAA", "RTCCAS"], [])
    assert state(estate, name="RTCRGS")["StartMode"] == "Disabled"
    with pytest.raises(CmdletError, match="disabled"):
        act(estate, "Start-CsWindowsService RTCRGS")


def test_failed_start_of_one_front_end_does_not_end_those_that_wait_for_their_pool() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, 3, fe1={"RTCSRV": {"starts": False}})
    for host in (FE1, FE2):
        act(estate, "Stop-CsWindowsService RTCSRV", host)
    for host in (FE1, FE2, FE3):
        act(estate, "Start-CsWindowsService RTCSRV", host)
    clock.pass_seconds(60)
    assert [state(estate, host)["Status"] for host in (FE1, FE2, FE3)] == ["Stopped", "StartPending", "StartPending"]


def test_pool_that_begins_without_quorum_is_down() -> None:
    estate = estate_of(SteppingClock(), 2, fe1={"RTCSRV": {"runs": False}})
    assert [state(estate, host)["Status"] for host in (FE1, FE2)] == ["Stopped", "Running"]
    described = world_of(0, [3], director=False, branch=False).model_dump(mode="json", exclude_unset=True)
    (pool,) = described["lync"]["pools"]
    down = {"services": {"RTCSRV": {"runs": False}}}
    pool["computers"] = [{"fqdn": FE1, **down}, {"fqdn": FE2, **down}, {"fqdn": FE3}]
    estate = Estate(World.model_validate(described), clock=SteppingClock())
    assert [state(estate, host)["Status"] for host in (FE1, FE2, FE3)] == ["Stopped"] * 3


def test_drains_media_and_start_modes_are_kept(tmp_path: Any) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(CONTOSO.read_text().replace("type: standard,", "type: standard, calls_last: 1h,"))
    kept, clock = tmp_path / "kept.json", SteppingClock()
    estate = Estate.open(world, kept, clock)
    act(estate, "Stop-CsWindowsService RTCSRV -Graceful", "std1.contoso.com")
    act(estate, "Set-CsMediaConfiguration -EncryptionLevel SupportEncryption", "std1.contoso.com")
    again = Estate.open(world, kept, clock)
    assert state(again, "std1.contoso.com")["Status"] == "Paused"
    assert levels(again, "std1.contoso.com") == {"Global": "SupportEncryption"}
    clock.pass_seconds(3600)
    assert state(again, "std1.contoso.com")["Status"] == "Stopped"
    assert state(Estate.open(world, kept, clock), "std1.contoso.com")["Status"] == "Stopped"


def levels(estate: Estate, host: str = FE1) -> dict[str, str]:
    records = estate.call(host, "invoke", "Get-CsMediaConfiguration", {}, ("*",)).records
    return {str(record["Identity"]): str(record["EncryptionLevel"]) for record in records}


def test_media_settings_come_change_and_go_by_scope() -> None:
    estate = estate_of(SteppingClock())
    act(estate, "New-CsMediaConfiguration site:site1 -EncryptionLevel DoNotSupportEncryption")
    act(estate, "Set-CsMediaConfiguration global -EncryptionLevel SupportEncryption")
    assert levels(estate) == {"Global": "SupportEncryption", "Site:site1": "DoNotSupportEncryption"}
    for line in ("New-CsMediaConfiguration site:SITE1", "Set-CsMediaConfiguration site:other"):
        with pytest.raises(CmdletError):
            act(estate, line)
    act(estate, "Remove-CsMediaConfiguration site:site1")
    act(estate, "Remove-CsMediaConfiguration global")
    assert levels(estate) == {"Global": "RequireEncryption"}
