"""A whole environment examined over real sockets: entry points, the hosts behind them, and what a plan would miss."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from providers.catalogue import resource_types
from providers.cmdlets.products import EXCHANGE, LYNC
from providers.schema.exchange_facts import DomainController
from providers.simulator.estate.estate import Estate
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import FaultPlan, Rule
from providers.simulator.world.file import parse_world
from providers.transport.settings import Adapter, Secret
from reconciler.doctor.report import HostReport, Report
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import ConfigurationError
from reconciler.model.events import Observing
from reconciler.model.findings import Check, Finding, Status
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.resource_types import providers_of
from reconciler.model.snapshot import Snapshot
from reconciler.run.examine import Examination
from reconciler.run.system import SystemClock, ThreadScheduler
from tests.support.estate_log import is_write
from tests.support.examining import EX, FE, examiner
from tests.support.fakes import Recorder, SeededRandom
from tests.support.winrm_server import PASSWORD, listening

TYPES = resource_types()
CMDLETS = frozenset(cmdlet for kind in TYPES for cmdlet in kind.cmdlets)


def estate(ex1: str = "", ex2: str = "", fe1: str = "", fe2: str = "", world: str = "", lync: str = "") -> Any:
    """Two Exchange servers and a pool of two Front Ends; what a host says of itself stands in its argument."""

    def host(fqdn: str, says: str) -> str:
        return f"{{fqdn: {fqdn}{', ' + says if says else ''}}}"

    text = f"""\
{world}
domain_controllers: [{{fqdn: dc1.contoso.com}}, {{fqdn: dc2.contoso.com}}]
exchange:
  servers: [{host(EX, ex1)}, {host("ex2.contoso.com", ex2)}]
lync:
  {lync}
  sites: [{{name: Redmond}}]
  pools:
    - {{fqdn: pool1.contoso.com, site: Redmond, computers: [{host(FE, fe1)}, {host("fe2.contoso.com", fe2)}]}}
"""
    return Estate(parse_world(text.encode()))


def examine(
    there: Any,
    *rules: Rule,
    only: Collection[str] = (),
    remembered: str | None = None,
    second_hop: bool = True,
    scheme: Scheme = Scheme.BASIC,
    connections: Sequence[str] = tuple(providers_of(TYPES)),
    **connection: Any,
) -> Report:
    """Examine the estate over a listener of its own; servers are only read, and no shell stays open."""
    prior = Snapshot("contoso", decisions={"domain_controller": remembered} if remembered else {})
    landscape = Landscape(
        Settings("contoso", without_second_hop=frozenset() if second_hop else frozenset({EXCHANGE.connection})),
        prior=prior,
    )
    scheduler = ThreadScheduler(4)
    with listening(scheme, estate=there, faults=FaultPlan(rules)) as server:
        try:
            with examiner(server.port, CMDLETS, auth=Authentication(scheme.value), **connection) as one:
                report = Examination(
                    TYPES, landscape, connections, one, SystemClock(), SeededRandom(), Recorder(), scheduler
                ).run(only)
        finally:
            scheduler.close()
        assert server.counts.open_shells == 0
        assert server.counts.failed_authentications <= 2
    assert not [entry for entry in there.log() if is_write(entry)]
    assert PASSWORD not in repr(report)
    return report


def of(report: Report, host: str) -> HostReport:
    (found,) = (one for one in report.hosts if one.host == host)
    return found


def at(report: Report, host: str, check: str) -> Finding:
    (found,) = (one for one in of(report, host).findings if one.check == check)
    return found


def amiss(report: Report) -> dict[tuple[str, str], Status]:
    """Return what is not in order, by host and check; the environment's own under ''."""
    found = {("", one.check): one.status for one in report.findings}
    found |= {(host.host, one.check): one.status for host in report.hosts for one in host.findings}
    return {place: status for place, status in found.items() if status is not Status.OK}


ALL = [EX, FE, "ex2.contoso.com", "fe2.contoso.com"]


@pytest.mark.parametrize("scheme", [Scheme.BASIC, Scheme.NTLM])
def test_an_estate_in_order_has_every_host_and_nothing_amiss(scheme: Scheme) -> None:
    report = examine(estate(), scheme=scheme)
    assert [host.host for host in report.hosts] == ALL
    assert [host.is_entry for host in report.hosts] == [True, True, False, False]
    assert amiss(report) == {}
    assert report.exit_code() == 0
    assert "ex2.contoso.com" in at(report, EX, Check.HOSTS).detail
    assert "fe2.contoso.com" in at(report, FE, Check.HOSTS).detail
    assert "Exchange 2013, Version 15.0 " in at(report, "ex2.contoso.com", Check.PRODUCT).detail
    assert at(report, "fe2.contoso.com", Check.PRODUCT).detail == "Lync Server 2013"
    assert "all 6 cmdlets" in at(report, FE, Check.CHANGING).detail, (
        "dial plans of Lync, their grants, and its services"
    )


def test_an_entry_point_also_needs_what_its_own_host_does() -> None:
    """ex1 is asked as an entry point and by its name: both are one session."""
    report = examine(estate(ex1="missing_cmdlets: [Restart-Service]", fe1="missing_cmdlets: [Stop-CsWindowsService]"))
    assert "Restart-Service" in at(report, EX, Check.CHANGING).detail
    assert "Stop-CsWindowsService" in at(report, FE, Check.CHANGING).detail
    assert report.exit_code() == 0


# --- one of several --------------------------------------------------------------------------------------------------


def test_one_bad_host_of_several_leaves_the_others_in_order() -> None:
    report = examine(estate(), Rule("create", host="fe2.contoso.com", fault=5))
    found = amiss(report)
    assert found.pop(("fe2.contoso.com", "shell")) is Status.FAILED
    assert {host for host, _ in found} == {"fe2.contoso.com"}
    assert set(found.values()) == {Status.SKIPPED}
    assert report.exit_code() == 1


def test_an_entry_point_out_of_reach_hides_only_what_is_behind_it() -> None:
    report = examine(estate(), Rule("create", host=EX, fault=2150859180))
    assert [host.host for host in report.hosts] == [EX, FE, "fe2.contoso.com"]
    assert at(report, EX, Check.SHELL).status is Status.FAILED
    assert at(report, EX, Check.HOSTS).status is Status.SKIPPED
    assert at(report, EX, DomainController.checked_as).status is Status.SKIPPED
    assert {host for host, _ in amiss(report)} == {EX}


def test_a_wrong_password_is_reported_at_both_entry_points_and_tried_twice() -> None:
    report = examine(estate(), scheme=Scheme.NTLM, password=Secret("wrong"))
    assert [at(report, host, Check.LOGON).status for host in (EX, FE)] == [Status.FAILED, Status.FAILED]
    assert [host.host for host in report.hosts] == [EX, FE]


# --- what a plan would miss ------------------------------------------------------------------------------------------


def test_a_listing_that_is_missing_fails_and_hides_the_hosts_behind() -> None:
    report = examine(estate(ex1="missing_cmdlets: [Get-ExchangeServer]"))
    assert "Get-ExchangeServer" in at(report, EX, Check.READING).detail
    assert at(report, EX, Check.HOSTS).status is Status.FAILED
    assert "ex2.contoso.com" not in [host.host for host in report.hosts]
    assert report.exit_code() == 1


FACTS = [
    (EX, "Get-ExchangeServer"),
    (EX, "Get-OrganizationConfig"),
    (EX, "Get-DomainController"),
    (FE, "Get-CsPool"),
    (FE, "Get-CsSite"),
    (FE, "Get-CsService"),
    (FE, "Get-CsComputer"),
]


@pytest.mark.parametrize(("host", "cmdlet"), FACTS)
def test_no_listing_that_is_missing_ends_the_examination(host: str, cmdlet: str) -> None:
    says = f"missing_cmdlets: [{cmdlet}]"
    report = examine(estate(ex1=says) if host == EX else estate(fe1=says))
    assert cmdlet in at(report, host, Check.READING).detail
    assert at(report, host, Check.HOSTS).status is Status.FAILED
    assert of(report, FE if host == EX else EX).status is Status.OK


def test_roles_that_only_read_are_a_warning() -> None:
    report = examine(estate(ex1="missing_cmdlets: ['New-*', 'Set-*', 'Remove-*', 'Enable-*', 'Disable-*']"))
    assert amiss(report) == {(EX, "changing"): Status.WARNING}
    assert report.exit_code() == 0


def test_servers_of_2010_need_other_cmdlets_and_have_them() -> None:
    old = "version: 14.3.123.4, roles: [UnifiedMessaging, Mailbox]"
    report = examine(estate(ex1=old, ex2=old))
    assert at(report, EX, Check.READING).status is Status.OK
    assert at(report, EX, Check.CHANGING).status is Status.OK
    assert amiss(report) == {(host, "quotas"): Status.WARNING for host in (EX, "ex2.contoso.com")}
    assert "Exchange 2010, Version 14.3" in at(report, EX, Check.PRODUCT).detail


def test_every_proven_version_of_lync_is_named_on_its_front_ends() -> None:
    report = examine(estate(lync="version: 2015"))
    assert amiss(report) == {}
    assert "Skype for Business Server 2015" in at(report, FE, Check.PRODUCT).detail


def test_a_version_that_is_not_proven_is_warned_of() -> None:
    old = "version: 8.0.685.25, roles: [UnifiedMessaging, Mailbox]"
    report = examine(estate(ex2=old))
    assert amiss(report)["ex2.contoso.com", "product"] is Status.WARNING
    assert (EX, "product") not in amiss(report)


def test_a_second_hop_that_is_enforced_and_absent() -> None:
    there = estate(world="enforce_second_hop: true")
    report = examine(there, scheme=Scheme.NTLM, second_hop=False)
    assert amiss(report) == {(EX, "second hop"): Status.FAILED}
    assert "auth is ntlm" in at(report, EX, Check.SECOND_HOP).detail


def test_a_script_that_is_not_there() -> None:
    assert amiss(examine(estate(ex1="has_script: false"))) == {(EX, "exchucutil"): Status.FAILED}
    assert amiss(examine(estate(ex2="has_script: false"))) == {}, "it runs at the entry point"


def test_a_host_seven_minutes_off() -> None:
    report = examine(estate(fe2="clock_skew: -7m"))
    assert amiss(report) == {("", "clocks"): Status.WARNING, ("fe2.contoso.com", "clock"): Status.WARNING}
    assert "7 min 0 s behind" in at(report, "fe2.contoso.com", Check.CLOCK).detail


def test_small_and_unreadable_quotas() -> None:
    report = examine(estate(fe1="quotas: {MaxMemoryPerShellMB: 150}", fe2="quotas: unreadable"))
    assert amiss(report) == {(FE, "quotas"): Status.WARNING}


def test_a_language_mode_and_a_shell_that_stop_one_host_each() -> None:
    report = examine(estate(ex2="shells: []", fe2="language_mode: ConstrainedLanguage"))
    failed = {place for place, status in amiss(report).items() if status is Status.FAILED}
    assert failed == {("ex2.contoso.com", "adapter"), ("fe2.contoso.com", "language")}


def test_a_snapin_where_there_is_a_supported_way() -> None:
    report = examine(estate(), adapter=Adapter.SNAPIN, connections=[EXCHANGE.connection])
    assert [at(report, host, Check.ADAPTER).status for host in (EX, "ex2.contoso.com")] == [Status.WARNING] * 2
    assert "adapter: remote" in at(report, EX, Check.ADAPTER).remedy


def test_a_connection_that_is_not_declared() -> None:
    report = examine(estate(), connections=[EXCHANGE.connection])
    assert amiss(report) == {("", "connection"): Status.FAILED}
    assert 'no connection "lync"' in report.findings[-2].detail


# --- domain controller -----------------------------------------------------------------------------------------------


def test_the_domain_controller_of_the_state_is_read_through() -> None:
    there = estate()
    report = examine(there, remembered="dc2.contoso.com")
    assert "dc2.contoso.com answers; used by the last apply" in at(report, EX, DomainController.checked_as).detail
    asked = [entry["parameters"] for entry in there.log() if entry["cmdlet"] == "Get-OrganizationConfig"]
    assert {"DomainController": "dc2.contoso.com"} in asked


def test_a_domain_controller_that_is_gone_is_warned_of() -> None:
    report = examine(estate(), remembered="dc9.contoso.com")
    assert amiss(report) == {(EX, "controller"): Status.WARNING}
    assert "will use dc1.contoso.com" in at(report, EX, DomainController.checked_as).detail


def test_a_domain_controller_that_fails_is_reported() -> None:
    fault = "faults: [{cmdlet: Get-OrganizationConfig, nth: 2}]"
    report = examine(estate(world=fault))
    assert at(report, EX, DomainController.checked_as).status is Status.FAILED


# --- chosen hosts ----------------------------------------------------------------------------------------------------


def test_chosen_hosts_are_examined_besides_the_entry_points() -> None:
    report = examine(estate(), only=["FE2.contoso.com.", EX])
    assert [host.host for host in report.hosts] == [EX, FE, "fe2.contoso.com"]


def test_a_host_that_is_none_of_the_estate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"neither an entry point nor a discovered host") as caught:
        examine(estate(), only=["fe3.contoso.com"])
    assert 'Did you mean "fe' in caught.value.diagnostics[0].remedy


def test_a_chosen_host_is_taken_at_its_word_where_nothing_could_be_discovered() -> None:
    report = examine(estate(), Rule("create", host=EX, fault=5), only=["ex2.contoso.com"])
    assert [host.host for host in report.hosts] == [EX, FE, "ex2.contoso.com"]
    assert of(report, "ex2.contoso.com").status is Status.OK


def test_each_host_is_reported_to_every_listener() -> None:
    events = Recorder()
    scheduler = ThreadScheduler(2)
    with listening(estate=estate()) as server, examiner(server.port, CMDLETS) as one:
        landscape = Landscape(Settings("contoso"))
        Examination(TYPES, landscape, [LYNC.connection], one, SystemClock(), SeededRandom(), events, scheduler).run()
    scheduler.close()
    assert {event.host for event in events.events if isinstance(event, Observing)} == {"lync", "fe2.contoso.com"}
