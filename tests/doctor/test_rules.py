"""How what an examination saw of a host is judged: what fails, and what only warns."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from providers.cmdlets.products import EXCHANGE, EXCHANGE_PROVIDER, LYNC
from providers.estate.script_host import SCRIPT
from providers.schema.exchange_facts import DomainController, ExchangeServer
from reconciler.doctor.needs import NOTHING, Needs
from reconciler.doctor.rules import LIMITS, hosts_finding, replica_finding
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic, PermanentError
from reconciler.model.findings import Check, Status
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Product
from reconciler.model.resources import Address, Resource, Resources
from tests.support.example_examined import QUOTAS, UNDELEGATED, judged, only, reported, seen, unreachable

replica = partial(replica_finding, DomainController(), EXCHANGE_PROVIDER)

# --- a host ----------------------------------------------------------------------------------------------------------


def test_a_host_in_order_has_findings_that_are_ok_in_their_order() -> None:
    report = reported(seen())
    assert {finding.status for finding in report.findings} == {Status.OK}
    order = [str(check) for check in Check]
    order.insert(order.index(Check.CLOCK), SCRIPT)
    places = [order.index(finding.check) for finding in report.findings]
    assert places == sorted(places)
    assert report.status is Status.OK
    assert report.facts["powershell"] == "4.0"
    assert report.facts["quotas"] == QUOTAS


def test_cmdlets_that_read_fail_where_they_are_missing() -> None:
    found = only(seen(Missing=["get-umdialplan", "Get-CsPool"]), Check.READING)
    assert found.status is Status.FAILED
    assert "Get-UMDialPlan" in found.detail
    assert "Get-CsPool" not in found.detail, "nobody needs it there"
    assert "Organization Management" in found.remedy


def test_cmdlets_that_only_change_are_a_warning() -> None:
    found = only(seen(Missing=["New-UMDialPlan"]), Check.CHANGING)
    assert found.status is Status.WARNING
    assert "UM Management" in found.remedy


def test_roles_are_those_of_the_product() -> None:
    one = seen("fe1.contoso.com", endpoint=LYNC, Missing=["Get-CsPool"])
    found = only(one, Check.READING, needs=Needs(frozenset({"Get-CsPool"})))
    assert "CsViewOnlyAdministrator" in found.remedy


def test_many_missing_cmdlets_are_counted() -> None:
    names = frozenset(f"Get-Thing{number}" for number in range(9))
    found = judged(seen(Missing=sorted(names)), Needs(names))[Check.READING]
    named = [f"Get-Thing{number}" in found.detail for number in range(9)]
    assert named == [True] * 4 + [False] * 5


@pytest.mark.parametrize(
    ("check", "one"),
    [
        (Check.LANGUAGE, {"Language": None}),
        (Check.READING, {"Missing": None}),
        (Check.READING, {"Missing": "Get-UMDialPlan"}),
        (Check.CHANGING, {"Missing": {}}),
        (Check.CLOCK, {"ahead": None}),
        (Check.PRODUCT, {"about": {"product": ""}}),
        (Check.PRODUCT, {"about": {"product": None}}),
    ],
)
def test_what_a_host_does_not_tell_is_not_in_order(check: Check, one: dict[str, Any]) -> None:
    found = judged(seen(**one))[check]
    assert (found.status, found.summary) == (Status.WARNING, "Missing information")
    assert found.remedy


def test_what_is_not_needed_is_not_reported() -> None:
    found = judged(seen(), NOTHING)
    assert not {Check.READING, Check.CHANGING, Check.SECOND_HOP, SCRIPT} & set(found)


def test_the_product_is_named_as_the_servers_list_it_and_else_as_the_session_reports() -> None:
    found = judged(seen(about={"product": ""}), product=Product("Exchange 2013, Version 15.0", is_proven=True))
    assert (found[Check.PRODUCT].status, found[Check.PRODUCT].detail) == (Status.OK, "Exchange 2013, Version 15.0")
    assert judged(seen(about={"product": "Version 15.0"}))[Check.PRODUCT].detail == "Version 15.0"


def test_a_product_that_applies_were_not_proven_for_is_warned_of() -> None:
    found = only(seen(), Check.PRODUCT, product=Product("Exchange 2010, Version 14.3", is_proven=False))
    assert found.status is Status.WARNING
    assert "Exchange 2010, Version 14.3" in found.detail
    assert found.remedy


@pytest.mark.parametrize(
    ("version", "product"),
    [
        ("Version 8.3 (Build 83.6)", Product("Exchange 2007, Version 8.3 (Build 83.6)", is_proven=True)),
        ("Version 14.3 (Build 123.4)", Product("Exchange 2010, Version 14.3 (Build 123.4)", is_proven=True)),
        ("Version 15.0 (Build 847.32)", Product("Exchange 2013, Version 15.0 (Build 847.32)", is_proven=True)),
        ("Version 15.1 (Build 225.42)", Product("Exchange 2016, Version 15.1 (Build 225.42)", is_proven=True)),
        ("Version 8.0 (Build 685.25)", Product("Exchange 2007, Version 8.0 (Build 685.25)", is_proven=False)),
        ("Version 15.3 (Build 1.1)", Product("Exchange 15.3, Version 15.3 (Build 1.1)", is_proven=False)),
        ("something else", Product("something else", is_proven=False)),
    ],
)
def test_applies_are_proven_for_documented_versions_with_unified_messaging(version: str, product: Product) -> None:
    server = Resource(Address("exchange_server", "ex1.contoso.com"), {"version": version})
    landscape = Landscape().with_observed("exchange_server", Resources([server]))
    assert ExchangeServer().products(landscape) == {"ex1.contoso.com": product}


@pytest.mark.parametrize("language", ["ConstrainedLanguage", "RestrictedLanguage", "NoLanguage"])
def test_a_constrained_language_fails(language: str) -> None:
    assert only(seen(Language=language), Check.LANGUAGE).status is Status.FAILED


def test_a_host_that_is_another_one_is_warned_of() -> None:
    found = only(seen("mail.contoso.com", about={"host": "ex1.contoso.com"}), Check.IDENTITY)
    assert found.status is Status.WARNING
    assert "host: ex1.contoso.com" in found.remedy
    for host in ("127.0.0.1", "localhost", "EX1", "ex1.contoso.com", "::1"):
        assert Check.IDENTITY not in judged(seen(host, about={"host": "EX1.contoso.com"})), host


def test_who_answers_for_a_simulated_host_says_nothing() -> None:
    one = replace(seen("ex1.contoso.com", about={"host": "laptop"}), stands_in=True)
    assert Check.IDENTITY not in judged(one)


# --- exchucutil ------------------------------------------------------------------------------------------------------


def test_a_directory_out_of_reach_fails_and_says_how_the_account_logs_on() -> None:
    one = seen(auth=Authentication.NTLM, DirectoryOk=False, DirectoryError="DirectoryServicesCOMException")
    found = only(one, Check.SECOND_HOP, settings=UNDELEGATED)
    assert found.status is Status.FAILED
    assert "ntlm" in found.detail
    assert "DirectoryServicesCOMException" in found.detail
    assert "credssp" in found.remedy
    assert "credssp" in only(seen(DirectoryOk=False), Check.SECOND_HOP).detail


def test_a_way_to_authenticate_that_a_plan_refuses_fails_though_the_directory_answers() -> None:
    found = only(seen(auth=Authentication.NTLM), Check.SECOND_HOP, settings=UNDELEGATED)
    assert found.status is Status.FAILED
    assert "dc1.contoso.com" in found.detail


def test_a_reach_without_an_answer_is_no_failure() -> None:
    found = judged(seen(DirectoryOk=None, DirectoryServer=None))[Check.SECOND_HOP]
    assert found.status is Status.WARNING


def test_a_script_that_is_not_there_fails() -> None:
    found = only(seen(Script=False), SCRIPT)
    assert found.status is Status.FAILED


# --- quotas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_that_bites_is_warned_of_with_the_command_that_raises_it(limit: Any) -> None:
    found = only(seen(Quotas={**QUOTAS, limit.name: limit.least - 1}), Check.QUOTAS)
    assert found.status is Status.WARNING
    assert limit.name in found.detail
    assert f"{limit.least - 1}" in found.detail
    assert f"@{{{limit.name}=" in found.remedy
    assert judged(seen(Quotas={limit.name: limit.least}))[Check.QUOTAS].status is Status.OK


def test_memory_of_an_old_windows_is_too_small() -> None:
    found = only(seen(Quotas={"MaxMemoryPerShellMB": 150}), Check.QUOTAS)
    assert '@{MaxMemoryPerShellMB="1024"}' in found.remedy


def test_limits_that_may_not_be_read_are_no_failure() -> None:
    found = judged(seen(Quotas=None))[Check.QUOTAS]
    assert found.status is Status.OK
    old = judged(seen(Quotas=None, about={"ps": "2.0"}))[Check.QUOTAS]
    assert (old.status, "150 MB" in old.detail) == (Status.WARNING, True)


@pytest.mark.parametrize("odd", [{"MaxMemoryPerShellMB": "viel"}, {"MaxMemoryPerShellMB": True}, {}, []])
def test_limits_that_are_no_numbers_are_passed_over(odd: Any) -> None:
    assert judged(seen(Quotas=odd))[Check.QUOTAS].status is Status.OK


# --- what is out of reach --------------------------------------------------------------------------------------------


def test_what_needs_a_session_is_skipped_without_one() -> None:
    found = judged(unreachable())
    assert found[Check.PORT].status is Status.FAILED
    needed = (Check.READING, Check.CHANGING, Check.SECOND_HOP, SCRIPT)
    for check in (Check.PRODUCT, *needed, Check.CLOCK, Check.QUOTAS):
        assert found[check].status is Status.SKIPPED
        assert "port" in found[check].detail


# --- discovery and domain controller ---------------------------------------------------------------------------------


def test_hosts_behind_are_counted_or_the_reason_is_reported() -> None:
    found = hosts_finding(EXCHANGE.connection, ["ex3.contoso.com", "ex2.contoso.com"], [])
    assert (found.status, found.detail) == (Status.OK, "2 hosts discovered: ex2.contoso.com and ex3.contoso.com")
    told = Diagnostic("Access denied", "Get-ExchangeServer was refused.", "Ask for a role.")
    found = hosts_finding(EXCHANGE.connection, [], [told])
    assert (found.status, found.summary, found.remedy) == (Status.FAILED, "Access denied", "Ask for a role.")
    assert told.detail in found.detail


def test_a_domain_controller_that_is_remembered_stays() -> None:
    found, pinned = replica("dc2", ["dc1", "dc2"], None)
    assert (found.status, pinned) == (Status.OK, "dc2")
    assert "used by the last apply" in found.detail


def test_a_domain_controller_that_is_gone_is_replaced_by_the_first() -> None:
    found, pinned = replica("dc9", ["dc1", "dc2"], None)
    assert (found.status, pinned) == (Status.WARNING, "dc1")
    assert "dc9" in found.detail
    assert "dc1" in found.detail


def test_a_domain_controller_that_does_not_answer_fails() -> None:
    error = PermanentError(Diagnostic("Server down", "dc1 is away.", ""))
    found, _ = replica(None, ["dc1"], error)
    assert found.status is Status.FAILED
    assert "dc1 is away." in found.detail


def test_without_domain_controllers_the_servers_choose() -> None:
    found, pinned = replica(None, [], None)
    assert (found.status, pinned) == (Status.OK, None)
