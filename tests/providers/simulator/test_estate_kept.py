"""Replication between domain controllers, changes that are kept, several processes, and the log of calls."""

import contextlib
import os
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.simulator.estate.estate import CmdletError, Estate
from providers.simulator.world.schema import World
from reconciler.model.diagnostics import ConfigurationError
from tests.support.worlds import CONTOSO, SteppingClock, estate_of, small_worlds, world_of

EX = "ex1.contoso.com"
GATEWAY = {"Name": "g", "Address": "g.contoso.com"}


def run(estate: Estate, cmdlet: str, /, *properties: str, **parameters: object) -> tuple[dict[str, Any], ...]:
    return estate.call(EX, "invoke", cmdlet, parameters, properties).records


def names(estate: Estate, dc: str | None = None) -> list[str]:
    where = {"DomainController": f"{dc}.contoso.com"} if dc else {}
    return [str(record["Name"]) for record in run(estate, "Get-UMIPGateway", "Name", **where)]


# --- replication -----------------------------------------------------------------------------------------------------


def test_a_change_arrives_at_each_controller_after_its_delay() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, delays=(0.0, 10.0, 60.0))
    run(estate, "New-UMIPGateway", **GATEWAY, DomainController="dc1")
    assert (names(estate), names(estate, "dc1"), names(estate, "dc2"), names(estate, "dc3")) == (["g"], ["g"], [], [])
    clock.pass_seconds(10)
    assert (names(estate, "dc2"), names(estate, "dc3")) == (["g"], [])
    clock.pass_seconds(50)
    assert names(estate, "dc3") == ["g"]


def test_an_object_not_replicated_yet_is_not_found_there() -> None:
    estate = estate_of(SteppingClock(), delays=(0.0, 10.0))
    run(estate, "New-UMIPGateway", **GATEWAY)
    with pytest.raises(CmdletError) as caught:
        run(estate, "Set-UMIPGateway", Identity="g", OutcallsAllowed=False, DomainController="dc2.contoso.com")
    assert caught.value.type == "ManagementObjectNotFoundException"
    assert "dc2.contoso.com" in caught.value.message


def test_a_removed_object_is_still_seen_where_the_news_did_not_arrive() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, delays=(0.0, 10.0), gateways=[{"name": "g", "Address": "g.contoso.com"}])
    run(estate, "Remove-UMIPGateway", Identity="g")
    assert (names(estate), names(estate, "dc2")) == ([], ["g"])
    clock.pass_seconds(10)
    assert names(estate, "dc2") == []


def test_changes_made_on_two_controllers_both_survive() -> None:
    clock = SteppingClock()
    estate = estate_of(clock, delays=(10.0, 10.0), gateways=[{"name": "g", "Address": "g.contoso.com"}])
    run(estate, "Set-UMIPGateway", Identity="g", Port=5061, DomainController="dc1")
    run(estate, "Set-UMIPGateway", Identity="g", OutcallsAllowed=False, DomainController="dc2")

    def seen(dc: str) -> tuple[object, ...]:
        (record,) = run(estate, "Get-UMIPGateway", "Port", "OutcallsAllowed", Identity="g", DomainController=dc)
        return tuple(record.values())

    assert (seen("dc1"), seen("dc2")) == ((5061, True), (5060, False))
    clock.pass_seconds(10)
    assert seen("dc1") == seen("dc2") == (5061, False)


def test_a_controller_that_is_down_is_a_passing_trouble() -> None:
    estate = estate_of(
        domain_controllers=[{"fqdn": "dc1.contoso.com"}, {"fqdn": "dc2.contoso.com", "available": False}]
    )
    for dc in ("dc2", "dc9.contoso.com"):
        with pytest.raises(CmdletError) as caught:
            names(estate, dc)
        assert caught.value.type == "ADTransientException"
    assert [r["DnsHostName"] for r in run(estate, "Get-DomainController", "DnsHostName")] == ["dc1.contoso.com"]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("nsr"), st.sampled_from("abc"), st.integers(1, 3), st.integers(0, 9)), max_size=12
    )
)
def test_in_the_end_every_controller_tells_the_same(steps: list[tuple[str, str, int, int]]) -> None:
    clock = SteppingClock()
    estate = estate_of(clock, delays=(3.0, 7.0, 20.0))
    for kind, name, dc, port in steps:
        clock.pass_seconds(port)
        where = {"DomainController": f"dc{dc}"}
        try:
            if kind == "n":
                run(estate, "New-UMIPGateway", Name=name, Address=f"{name}{dc}.contoso.com", **where)
            elif kind == "s":
                run(estate, "Set-UMIPGateway", Identity=name, Port=port, **where)
            else:
                run(estate, "Remove-UMIPGateway", Identity=name, **where)
        except CmdletError:
            continue
    clock.pass_seconds(21)
    told = [run(estate, "Get-UMIPGateway", "Guid", "Name", "Port", DomainController=f"dc{dc}") for dc in (1, 2, 3)]
    assert told[0] == told[1] == told[2]


# --- keeping ---------------------------------------------------------------------------------------------------------


def test_changes_are_seen_by_the_next_estate(tmp_path: Path) -> None:
    changes = tmp_path / "estate" / "changes.json"
    first = Estate.open(CONTOSO, changes)
    run(first, "New-UMIPGateway", **GATEWAY)
    run(first, "Restart-Service", Name="MSExchangeUM")
    second = Estate.open(CONTOSO, changes)
    assert "g" in names(second)
    services = [e.call(EX, "service", "Get-Service", {"Name": "MSExchangeUM"}, ()).records[0] for e in (first, second)]
    assert services[0]["StartTime"] == services[1]["StartTime"]
    assert os.name != "posix" or changes.stat().st_mode & 0o077 == 0


def test_reading_writes_no_changes(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate.open(CONTOSO, changes)
    names(estate)
    assert not changes.exists()
    assert [entry["cmdlet"] for entry in estate.log()] == ["Get-UMIPGateway"]


def test_two_estates_over_the_same_changes_see_each_other(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    one, other = Estate.open(CONTOSO, changes), Estate.open(CONTOSO, changes)
    run(one, "New-UMIPGateway", **GATEWAY)
    run(other, "Set-UMIPGateway", Identity="g", Port=5061)
    assert run(one, "Get-UMIPGateway", "Port", Identity="g") == ({"Port": 5061},)
    assert [entry["cmdlet"] for entry in one.log()] == [entry["cmdlet"] for entry in other.log()]
    assert len(one.log()) == 3


def test_ids_never_repeat_across_estates(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    for number in range(4):
        run(Estate.open(CONTOSO, changes), "New-UMIPGateway", Name=f"n{number}", Address=f"n{number}.contoso.com")
    guids = [record["Guid"] for record in run(Estate.open(CONTOSO, changes), "Get-UMIPGateway", "Guid")]
    assert len(set(guids)) == len(guids)


def test_calls_from_many_threads_are_taken_one_at_a_time(tmp_path: Path) -> None:
    estate = Estate(world_of(), tmp_path / "changes.json", SteppingClock(tick=0.001))

    def work(number: int) -> None:
        for step in range(5):
            run(estate, "New-UMIPGateway", Name=f"{number}-{step}", Address=f"g{number}-{step}.contoso.com")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(estate)) == 20


def test_processes_sharing_an_estate_lose_nothing(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    code = (
        "import sys; from pathlib import Path; from providers.simulator.estate.estate import Estate\n"
        "estate = Estate.open(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "for step in range(5):\n"
        "    name = f'{sys.argv[3]}-{step}'\n"
        "    estate.call('ex1.contoso.com', 'invoke', 'New-UMIPGateway',"
        " {'Name': name, 'Address': name + '.contoso.com'}, ())\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(CONTOSO), str(changes), f"p{number}"]) for number in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    estate = Estate.open(CONTOSO, changes)
    assert len([name for name in names(estate) if name.startswith("p")]) == 15
    assert len([entry for entry in estate.log() if entry["cmdlet"] == "New-UMIPGateway"]) == 15


def test_a_crash_between_changes_and_log_loses_no_line(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate.open(CONTOSO, changes)
    run(estate, "New-UMIPGateway", **GATEWAY)
    log = tmp_path / "changes.json.log"
    whole = log.read_bytes()
    for length in (0, 5, len(whole)):
        log.write_bytes(whole[:length])
        assert [entry["cmdlet"] for entry in Estate.open(CONTOSO, changes).log()] == ["New-UMIPGateway"]


def test_what_a_new_version_of_the_world_adds_appears_and_changes_stay(tmp_path: Path) -> None:
    world, changes = tmp_path / "world.yaml", tmp_path / "changes.json"
    text = CONTOSO.read_text(encoding="utf-8")
    world.write_text(text, encoding="utf-8")
    estate = Estate.open(world, changes)
    run(estate, "New-UMDialPlan", Name="R", NumberOfDigitsInExtension=5, CountryOrRegionCode="1", URIType="SipName")
    enable = {
        "UMMailboxPolicy": "R Default Policy",
        "Extensions": "50101",
        "SIPResourceIdentifier": "alice@contoso.com",
    }
    run(estate, "Enable-UMMailbox", Identity="alice", **enable)
    run(estate, "Set-UMService", Identity="ex1", DialPlans="R")
    new_pool = "    - {fqdn: pool3.contoso.com, type: enterprise, site: Dublin, computers: [fe9.contoso.com]}\n  media:"
    world.write_text(text.replace("  media:", new_pool, 1) + "  - {alias: newcomer}\n", encoding="utf-8")
    later = Estate.open(world, changes)
    assert "fe9.contoso.com" in later.hosts()
    assert run(later, "Get-UMMailbox", "Extensions", Identity="alice") == ({"Extensions": ["50101"]},)
    assert run(later, "Get-UMService", "DialPlans", Identity="ex1")[0]["DialPlans"][0]["name"] == "R"
    assert run(later, "Get-Mailbox", "Name", Identity="newcomer")
    later.call(EX, "script", "exchucutil.ps1", {}, ())
    addresses = [record["Address"] for record in run(later, "Get-UMIPGateway", "Address", DomainController="dc2")]
    assert "pool3.contoso.com" in addresses
    guids = [record["Guid"] for record in run(later, "Get-UMIPGateway", "Guid", DomainController="dc2")]
    assert len(set(guids)) == len(guids)


def test_the_same_clock_and_calls_give_the_same_estate() -> None:
    def history() -> list[Any]:
        estate = estate_of(SteppingClock(tick=0.01), plans={"Redmond": 5}, um_enabled=2)
        estate.call(EX, "script", "exchucutil.ps1", {}, ())
        with pytest.raises(CmdletError) as caught:
            run(estate, "Get-UMDialPlan", Identity="nope")
        return [run(estate, "Get-UMHuntGroup", "*"), run(estate, "Get-UMMailbox", "*"), caught.value.error_id]

    assert history() == history()


def test_a_turn_keeps_what_it_changed_and_not_what_there_is(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate(world_of(users=400), changes)
    run(estate, "New-UMIPGateway", **GATEWAY)
    whole, sizes = changes.stat().st_size, []
    for port in range(5001, 5101):
        run(estate, "Set-UMIPGateway", Identity="g", Port=port)
        sizes.append(changes.stat().st_size)
    appended = [after - before for before, after in pairwise([whole, *sizes]) if after > before]
    assert len(appended) > 90
    assert max(appended) < whole / 20
    assert max(sizes) <= 2 * whole
    run(estate, "Remove-UMIPGateway", Identity="g")
    assert names(Estate(world_of(users=400), changes)) == []


def test_changes_that_somebody_removed_are_written_again_as_a_whole(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate(world_of(users=100), changes)
    run(estate, "New-UMIPGateway", Name="a", Address="a.contoso.com")
    changes.unlink()
    run(estate, "New-UMIPGateway", Name="b", Address="b.contoso.com")
    assert names(Estate(world_of(users=100), changes)) == ["a", "b"]


def test_a_turn_that_a_crash_tore_never_happened_and_the_next_goes_on_from_before(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate(world_of(users=100), changes)
    for name in ("a", "b"):
        run(estate, "New-UMIPGateway", Name=name, Address=f"{name}.contoso.com")
    whole = changes.read_bytes()
    last = whole.rindex(b"\n")
    for length in range(last, len(whole), 97):
        changes.write_bytes(whole[:length])
        again = Estate(world_of(users=100), changes)
        assert names(again) == ["a"]
        run(again, "New-UMIPGateway", Name="c", Address="c.contoso.com")
        assert names(Estate(world_of(users=100), changes)) == ["a", "c"]


def test_a_line_damaged_among_others_is_reported_and_left_as_it_is(tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    estate = Estate(world_of(users=100), changes)
    for name in ("a", "b", "c"):
        run(estate, "New-UMIPGateway", Name=name, Address=f"{name}.contoso.com")
    first, second, third = changes.read_bytes().split(b"\n")
    for content in (b"\n".join((first, second[:-5], third)), b"\n".join((first, second[:-5], third[:-5]))):
        changes.write_bytes(content)
        with pytest.raises(ConfigurationError, match="Simulated estate cannot be read"):
            names(Estate(world_of(users=100), changes))
        assert changes.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 99}'])
def test_damaged_changes_are_reported_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    changes = tmp_path / "changes.json"
    changes.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Estate.open(CONTOSO, changes)
    assert str(changes) in caught.value.diagnostics[0].remedy
    assert changes.read_bytes() == content


@settings(max_examples=15)
@given(
    world=small_worlds(), steps=st.lists(st.sampled_from(["plan", "script", "enable", "restart", "fail"]), max_size=6)
)
def test_what_is_kept_is_what_there_is(
    world: World, steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    changes = tmp_path_factory.mktemp("kept") / "changes.json"
    clock = SteppingClock(tick=0.5)
    estate = Estate(world, changes, clock)
    country = {} if world.exchange.servers[0].release == "e2007" else {"CountryOrRegionCode": "1"}
    for place, step in enumerate(steps):
        with contextlib.suppress(CmdletError):
            match step:
                case "plan":
                    run(
                        estate,
                        "New-UMDialPlan",
                        Name=f"P{place}",
                        NumberOfDigitsInExtension=4,
                        URIType="SipName",
                        **country,
                    )
                case "script":
                    estate.call(EX, "script", "exchucutil.ps1", {}, ())
                case "enable":
                    policy = f"P{place - 1} Default Policy"
                    run(estate, "Enable-UMMailbox", Identity="user1", UMMailboxPolicy=policy, Extensions="0001")
                case "restart":
                    run(estate, "Restart-Service", Name="MSExchangeUM")
                case "fail":
                    run(estate, "Get-UMDialPlan", Identity="none")
    clock.pass_seconds(60)
    again = Estate(world, changes, clock)
    for cmdlet in (
        "Get-UMDialPlan",
        "Get-UMIPGateway",
        "Get-UMHuntGroup",
        "Get-UMMailboxPolicy",
        "Get-Mailbox",
        "Get-UMMailbox",
    ):
        assert run(estate, cmdlet, "*") == run(again, cmdlet, "*")
    assert estate.log() == again.log()


# --- log and faults --------------------------------------------------------------------------------------------------


def test_what_never_reached_a_cmdlet_is_not_in_the_log() -> None:
    estate = estate_of()
    for cmdlet in ("Get-Nothing", "New-UMDialPlan"):
        with pytest.raises(CmdletError):
            run(estate, cmdlet)
    with pytest.raises(CmdletError):
        run(estate, "Get-UMDialPlan", Identity="nope")
    assert [(entry["cmdlet"], entry["error"]) for entry in estate.log()] == [
        ("Get-UMDialPlan", "ManagementObjectNotFoundException")
    ]


@pytest.mark.parametrize(("when", "made"), [("before", []), ("after", ["g"])])
def test_a_fault_comes_before_or_after_the_effect_and_passes(when: str, made: list[str]) -> None:
    fault = {"cmdlet": "New-UMIPGateway", "when": when, "error": "throttled"}
    estate = estate_of(faults=[fault, {"message": "Receive", "status": 500}])
    with pytest.raises(CmdletError) as caught:
        run(estate, "New-UMIPGateway", **GATEWAY)
    assert caught.value.type == "OverBudgetException"
    assert names(estate) == made
    run(estate, "New-UMIPGateway", Name="h", Address="h.contoso.com")
    assert [dict(fault) for fault in estate.faults] == [{"message": "Receive", "status": 500}]
