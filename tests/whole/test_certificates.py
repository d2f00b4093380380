"""Certificates of Unified Messaging: assigned, changed by hand and repaired, on servers with good and bad ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from providers.simulator.answers import CmdletError
from providers.simulator.estate.invoke import invoke_line
from providers.simulator.world.schema import World
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.resources import Address
from reconciler.plan.drift import DriftKind
from tests.support.exporting import exported, reopened
from tests.support.trial import Applied, Trial, environment_of, types
from tests.support.worlds import world_of

EX = "ex1.contoso.com"
GOOD, OTHER, BAD = "A1" * 20, "B2" * 20, "C3" * 20
BEST = {EX: {"um": "best", "router": "best"}}
IN_USE = ["IIS", "UM", "UMCallRouter"]
FLAWED: Mapping[str, Mapping[str, Any]] = {
    "expired": {"expires": "2024-05-01T00:00:00Z"},
    "self-signed": {"self_signed": True},
    "other subject": {"subject": "CN=mail.contoso.com", "domains": ["mail.contoso.com"]},
    "wildcard subject": {"subject": "CN=*.contoso.com", "domains": ["*.contoso.com"]},
    "no private key": {"private_key": False},
    "revoked": {"status": "Revoked"},
}


def world(*certificates: Mapping[str, Any], version: str = "15.0.1497.2") -> World:
    """Return a world with one Exchange server, one Front End and one user."""
    roles = ["Mailbox", "ClientAccess", *(["UnifiedMessaging"] if version.startswith("14") else [])]
    server = {"fqdn": EX, "version": version, "roles": roles, "certificates": certificates}
    return world_of(1, [1], director=False, branch=False, exchange={"servers": [server]})


def trial(described: World, certificates: Mapping[str, Any] | None = None) -> Trial:
    plan = {"country_code": "1", "extension_digits": 5, "servers": "all", "voip_security": "Secured"}
    row = {"identity": "user1@contoso.com", "sip_address": "user1@contoso.com", "extension": "50101"}
    sections: dict[str, Any] = {"dial_plans": {"Redmond": plan}, "mailboxes": [{**row, "dial_plan": "Redmond"}]}
    return Trial(described, environment_of(sections | ({"um_certificates": certificates} if certificates else {})))


def error(of: Trial) -> str:
    """Return why a call of the user does not reach Exchange; '' where it does."""
    line = "Test-CsExUMConnectivity pool1.contoso.com -UserSipAddress sip:user1@contoso.com"
    (record,) = invoke_line(of.estate, line).records
    return str(record["Error"])


def steps(applied: Applied) -> list[str]:
    """Return the writes about modes, certificates and restarts of UM services, in order."""
    shown = {"Set-UMService": "mode", "Set-UMCallRouterSettings": "mode", "Enable-ExchangeCertificate": "certificate"}
    names = [str(line["cmdlet"]) for line in applied.ours]
    return [shown.get(name, "restart") for name in names if name in shown or name == "Restart-Service"]


def assigned(of: Trial) -> dict[str, object]:
    """Return what is read of the server's assignment."""
    found = of.look().one("um_certificate", EX)
    return dict(found.attributes) if found else {}


@pytest.mark.parametrize("version", ["15.0.1497.2", "15.1.225.42"])
def test_mode_certificate_and_one_restart_follow_each_other_and_calls_arrive(version: str) -> None:
    flawed = {"thumbprint": BAD, "self_signed": True, "services": IN_USE}
    one = trial(world(flawed, {"thumbprint": GOOD}, version=version), BEST)
    applied = one.apply()
    assert applied.exit_code == 0, applied.told()
    assert steps(applied) == ["mode", "mode", "certificate", "restart", "restart"]
    assert assigned(one) == {"um": GOOD, "router": GOOD}
    assert error(one) == ""
    assert not one.plan().steps
    assert not [entry for entry in one.drift().entries if entry.kind in (DriftKind.DRIFTED, DriftKind.UNREADABLE)]


def test_an_exchange_2010_server_has_one_service() -> None:
    one = trial(world({"thumbprint": GOOD}, version="14.3.123.4"), {EX: {"um": GOOD}})
    applied = one.apply()
    assert applied.exit_code == 0, applied.told()
    assert assigned(one) == {"um": GOOD}
    assert error(one) == ""


@pytest.mark.parametrize("flaw", FLAWED)
def test_calls_fail_with_a_flawed_certificate_and_the_rule_never_takes_it(flaw: str) -> None:
    described = world({"thumbprint": BAD, "services": IN_USE, **FLAWED[flaw]})
    unmanaged = trial(described)
    assert unmanaged.apply().exit_code == 0
    assert error(unmanaged) == "Failed to route to Exchange Server"
    one = trial(described, BEST)
    assert [found.code for found in one.plan().diagnostics if found.code == "UM065"] == ["UM065", "UM065"]
    assert "certificate" not in steps(one.apply())


def test_calls_fail_without_an_assigned_certificate() -> None:
    one = trial(world({"thumbprint": GOOD, "services": ["IIS"]}))
    assert one.apply().exit_code == 0
    assert error(one) == "Failed to route to Exchange Server"


SERVICES = {"um": "UM", "router": "UMCallRouter"}
VERSIONS: Mapping[str, Sequence[str]] = {
    "14.0.639.21": ["um"],
    "14.3.123.4": ["um"],
    "15.0.1497.2": ["um", "router"],
    "15.1.225.42": ["um", "router"],
}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_assignment_by_hand_is_found_and_repaired_with_one_restart(version: str) -> None:
    wanted = dict.fromkeys(VERSIONS[version], GOOD)
    one = trial(world({"thumbprint": GOOD}, {"thumbprint": OTHER}, version=version), {EX: wanted})
    assert one.apply().exit_code == 0
    for attribute in wanted:
        line = f"Enable-ExchangeCertificate -Server {EX} -Thumbprint {OTHER} -Services {SERVICES[attribute]}"
        invoke_line(one.estate, line)
        drifted = [entry for entry in one.drift().entries if entry.kind is DriftKind.DRIFTED]
        assert [entry.address.type for entry in drifted] == ["um_certificate", "um_service_restart"]
        assert [change.attribute for change in drifted[0].changes] == [attribute]
        repaired = one.apply()
        assert repaired.exit_code == 0, repaired.told()
        assert steps(repaired) == ["certificate", *["restart" for _ in wanted]]
        assert (assigned(one), error(one)) == (wanted, "")


def test_servers_of_two_versions_are_each_asked_for_what_they_have() -> None:
    old, new = (
        world({"thumbprint": thumbprint}, version=version).exchange.servers[0].model_dump(mode="json")
        for thumbprint, version in ((GOOD, "14.3.123.4"), (OTHER, "15.0.1497.2"))
    )
    servers = [old, {**new, "fqdn": "ex2.contoso.com"}]
    described = world_of(1, [1], director=False, branch=False, exchange={"servers": servers})
    one = trial(described, {EX: {"um": "best"}, "ex2.contoso.com": {"um": "best", "router": "best"}})
    applied = one.apply()
    assert applied.exit_code == 0, applied.told()
    found = {key: dict(each.attributes) for key, each in one.look().all("um_certificate").items()}
    assert found == {EX: {"um": GOOD}, "ex2.contoso.com": {"um": OTHER, "router": OTHER}}
    assert not one.plan().steps
    assert error(one) == ""


def test_a_renewed_certificate_takes_over_by_the_rule() -> None:
    first = {"thumbprint": GOOD, "expires": "2026-06-01T00:00:00Z"}
    one = trial(world(first), BEST)
    assert one.apply().exit_code == 0
    one.rebuild(world(first, {"thumbprint": OTHER, "expires": "2028-01-01T00:00:00Z"}))
    assert one.apply().exit_code == 0
    assert assigned(one) == {"um": OTHER, "router": OTHER}


def test_what_remoting_does_not_show_is_unknown_and_no_drift() -> None:
    one = trial(world({"thumbprint": GOOD, "hides": ["Services"]}), {EX: {"um": GOOD}})
    assert "certificate" not in steps(one.apply())
    entries = [entry for entry in one.drift().entries if entry.address.type == "um_certificate"]
    assert [entry.kind for entry in entries] == [DriftKind.UNREADABLE]


def test_what_is_no_longer_declared_keeps_its_certificate() -> None:
    one = trial(world({"thumbprint": GOOD}), BEST)
    assert one.apply().exit_code == 0
    one.environment = trial(world(), None).environment
    applied = one.apply()
    assert (applied.exit_code, steps(applied), error(one)) == (0, [], "")
    assert Address("um_certificate", EX) not in one.store.read().resources


def test_a_run_that_is_killed_anywhere_is_completed_by_the_next() -> None:
    at = 0
    while True:
        at += 1
        one = trial(world({"thumbprint": GOOD}), BEST)
        if not one.apply(kill_at=at).was_killed:
            break
        one.pass_time(120.0)
        applied = one.apply()
        assert applied.exit_code == 0, (at, applied.told())
        assert (assigned(one), error(one)) == ({"um": GOOD, "router": GOOD}, ""), at
        assert not one.plan().steps, at
    assert at > 10


def test_servers_that_do_not_answer_are_unknown_and_the_others_are_done() -> None:
    first = world({"thumbprint": GOOD}).exchange.servers[0].model_dump(mode="json")
    other = {**first, "fqdn": "ex2.contoso.com", "certificates": [{"thumbprint": OTHER}]}
    described = world_of(1, [1], director=False, branch=False, exchange={"servers": [first, other]})
    one = trial(described, {EX: {"um": "best"}, "ex2.contoso.com": {"um": "best"}})
    one.away = frozenset({"ex2.contoso.com"})
    assert one.apply().exit_code != 0
    found = [
        entry.kind for entry in one.drift().entries if entry.address == Address("um_certificate", "ex2.contoso.com")
    ]
    assert found == [DriftKind.UNREADABLE]
    one.away = frozenset()
    applied = one.apply()
    assert applied.exit_code == 0, applied.told()
    there = one.look()
    assert [dict(found.attributes)["um"] for found in there.all("um_certificate").values()] == [GOOD, OTHER]


def test_a_server_without_any_certificate_is_named() -> None:
    one = trial(world(), {EX: {"um": "best", "router": GOOD}})
    assert [found.code for found in one.plan().diagnostics if found.code] == ["UM064", "UM065"]


def test_names_of_servers_and_thumbprints_are_read_in_any_form() -> None:
    spaced = " ".join(GOOD[at : at + 2].lower() for at in range(0, 40, 2))
    one = trial(world({"thumbprint": GOOD}), {EX.upper(): {"um": spaced, "router": "BEST"}})
    assert one.apply().exit_code == 0
    assert assigned(one) == {"um": GOOD, "router": GOOD}


def test_an_assignment_has_no_end() -> None:
    text = f"environment: x\num_certificates:\n  {EX}: {{state: absent}}\n"
    environment, (found,) = load(Files({"a.yaml": text.encode()}), types())
    assert environment is None
    assert (found.summary, str(found.position)) == ("Setting has no end", "a.yaml:3:21")


def test_a_certificate_that_cannot_be_assigned_does_not_hold_back_the_restart_for_the_mode() -> None:
    one = trial(world({"thumbprint": GOOD}), {EX: {"um": OTHER}})
    assert steps(one.apply()) == ["mode", "mode", "restart", "restart"]
    assert steps(one.apply()) == []


def test_certificates_are_not_read_where_none_is_declared() -> None:
    one = trial(world({"thumbprint": GOOD, "services": IN_USE}))
    one.plan()
    assert "Get-ExchangeCertificate" not in {str(line["cmdlet"]) for line in one.estate.log()}
    assert not one.look().all("exchange_certificate")


def test_exchange_refuses_what_a_plan_refuses() -> None:
    one = trial(world({"thumbprint": GOOD}, {"thumbprint": BAD, "private_key": False}))
    line = f"Enable-ExchangeCertificate -Server {EX} -Services UM -Thumbprint"
    for thumbprint, type_name in (
        (GOOD, "InvalidOperationException"),  # its startup mode is TCP
        (BAD, "CertificateNotValidException"),
        (OTHER, "CertificateNotFoundException"),
    ):
        with pytest.raises(CmdletError) as caught:
            invoke_line(one.estate, f"{line} {thumbprint}")
        assert caught.value.type == type_name
    assert one.plan().steps


def test_an_export_declares_what_is_assigned_and_a_plan_of_it_changes_nothing() -> None:
    one = trial(world({"thumbprint": GOOD, "services": ["IIS", "UM"]}, {"thumbprint": OTHER}))
    assert one.apply().exit_code == 0
    made = exported(one)
    reopened(one, made)
    (declared,) = one.environment.declared["um_certificate"].values()
    assert (declared.key, dict(declared.attributes)) == (EX, {"um": GOOD})
    assert not one.plan().steps


def test_an_export_declares_no_certificate_of_a_server_that_no_dial_plan_binds() -> None:
    one = trial(world({"thumbprint": GOOD, "services": IN_USE}))
    made = exported(one)
    assert not made.declared.get("um_certificate")
    assert "Get-ExchangeCertificate" not in {str(line["cmdlet"]) for line in one.estate.log()}
