"""Bindings, security, names, policies, attendants and mailboxes: what follows, what is sent, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.catalogue import resource_types
from providers.resources.hunt_group import HuntGroupType
from providers.resources.lync_dial_plan import LyncDialPlanType
from providers.schema.exchange import UMMailbox
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Delta
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered
from reconciler.model.values import Value
from reconciler.plan.build import build_plan
from reconciler.plan.effects import expectation, predicted
from reconciler.plan.plan import Plan
from tests.support.landscapes import (
    binding,
    by_type,
    contoso,
    default_policy,
    exchange_server,
    hunt_group,
    joined,
    lync_user,
    mailbox_declared,
    mailbox_observed,
    plan_declared,
    plan_observed,
    resource,
    with_observed,
    without_observed,
)
from tests.support.types import the

TYPES = {kind.name: kind for kind in resource_types()}


def plan_of(given: Landscape) -> Plan:
    return build_plan(tuple(TYPES.values()), given)


def actions(given: Landscape, type_name: str) -> dict[str, Action]:
    return {a.address.key: a for a in plan_of(given).actions() if a.address.type == type_name}


def sent(given: Landscape, type_name: str) -> list[str]:
    return [str(command) for action in actions(given, type_name).values() for command in action.commands]


def told(given: Landscape, code: str) -> list[Diagnostic]:
    return [one for one in plan_of(given).diagnostics if one.code == code]


def declaring(given: Landscape, *declared: Resource) -> Landscape:
    return replace(given, declared={**given.declared, **by_type(declared)})


def remembering(given: Landscape, *resources: Resource) -> Landscape:
    known = {one.address: Remembered(one.address, one.attributes) for one in resources}
    return replace(given, prior=replace(given.prior, resources=known))


def servers(given: Landscape, *found: Resource, bindings: tuple[Resource, ...] = ()) -> Landscape:
    given = given.with_observed("exchange_server", Resources(found))
    return given.with_observed("server_binding", Resources(bindings))


# --- bindings --------------------------------------------------------------------------------------------------------


def test_all_servers_means_every_service_and_call_router() -> None:
    keys = set(actions(contoso(plan_declared()), "server_binding"))
    assert keys == {
        "ex1.contoso.com/um_service",
        "ex2.contoso.com/um_service",
        "ex3.contoso.com/call_router",
        "ex4.contoso.com/um_service",
        "ex4.contoso.com/call_router",
    }


def test_bindings_of_others_are_left_alone() -> None:
    given = with_observed(joined(plan_declared()), binding("ex1.contoso.com/um_service", "Other", "Third", mode="Dual"))
    assert sent(given, "server_binding") == ["Set-UMService -Identity EX1 -DialPlans @{Add='Redmond'}"]


def test_a_dial_plan_that_left_the_configuration_leaves_the_servers() -> None:
    given = joined(plan_declared(), plan_declared("Dublin"))
    given = with_observed(given, binding("ex1.contoso.com/um_service", "Redmond", "Dublin", "Other", mode="Dual"))
    given = declaring(given, plan_declared(servers=("ex2.contoso.com",)))
    given = remembering(given, binding("ex1.contoso.com/um_service", "Redmond", "Dublin", mode=None))
    assert sent(given, "server_binding") == ["Set-UMService -Identity EX1 -DialPlans @{Remove='Dublin','Redmond'}"]


def test_before_2013_the_whole_list_is_written_and_guarded() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 14.3 (Build 123.4)")
    given = servers(
        joined(plan_declared()), old, bindings=(binding("ex1.contoso.com/um_server", "Other", mode="Dual"),)
    )
    action = actions(given, "server_binding")["ex1.contoso.com/um_server"]
    assert [str(command) for command in action.commands] == ["Set-UMServer -Identity EX1 -DialPlans Other,Redmond"]
    assert action.expects == {"dial_plans": ("Other",)}
    assert action.expects_after == {"dial_plans": ("Other", "Redmond")}


def test_exchange_2007_has_no_startup_mode() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 8.3 (Build 83.6)")
    given = servers(joined(plan_declared()), old, bindings=(binding("ex1.contoso.com/um_server", mode=None),))
    assert sent(given, "server_binding") == ["Set-UMServer -Identity EX1 -DialPlans Redmond"]


def test_exchange_2016_has_both_services_on_a_mailbox_server() -> None:
    new = exchange_server("ex1.contoso.com", "Mailbox", version="Version 15.1 (Build 2507.6)")
    found = (binding("ex1.contoso.com/um_service", mode="TLS"), binding("ex1.contoso.com/call_router", mode="Dual"))
    given = servers(joined(plan_declared()), new, bindings=found)
    assert sent(given, "server_binding") == [
        "Set-UMCallRouterSettings -Server ex1.contoso.com -DialPlans @{Add='Redmond'}",
        "Set-UMService -Identity EX1 -DialPlans @{Add='Redmond'}",
    ]


def test_a_secured_plan_on_tcp_changes_the_mode_and_requires_a_restart() -> None:
    given = with_observed(joined(plan_declared()), binding("ex1.contoso.com/um_service", "Redmond", mode="TCP"))
    action = actions(given, "server_binding")["ex1.contoso.com/um_service"]
    assert [str(command) for command in action.commands] == ["Set-UMService -Identity EX1 -UMStartupMode Dual"]
    assert [(one.duty, one.subject) for one in action.owes] == [("um-service-restart", "ex1.contoso.com")]
    assert set(actions(given, "um_service_restart")) == {"ex1.contoso.com"}


def test_servers_that_do_not_fit_are_reported() -> None:
    given = contoso(plan_declared(servers=("ex11.contoso.com",)))
    (unknown,) = told(given, "UM010")
    assert unknown.remedy == 'Did you mean "ex1.contoso.com"?'
    edge = with_observed(
        contoso(plan_declared(servers=("edge.contoso.com",))), exchange_server("edge.contoso.com", "Edge")
    )
    assert told(edge, "UM011")
    newest = exchange_server("ex9.contoso.com", "Mailbox", version="Version 15.2 (Build 221.12)")
    assert told(with_observed(contoso(plan_declared(servers=("ex9.contoso.com",))), newest), "UM011")
    assert told(contoso(plan_declared(servers=("ex1.contoso.com",))), "UM013")
    assert told(contoso(plan_declared(servers=())), "UM014")
    old = exchange_server("ex0.contoso.com", "UnifiedMessaging", version="Version 14.1 (Build 218.15)")
    assert told(with_observed(contoso(plan_declared()), old), "UM012")


@pytest.mark.parametrize("build", ["221.12", "1544.4", "2562.17"], ids=["2019", "2019 CU14", "SE"])
def test_organization_without_unified_messaging_is_refused_once(build: str) -> None:
    given = without_observed(contoso(plan_declared()), *(f"exchange_server/ex{n}.contoso.com" for n in range(1, 5)))
    newest = exchange_server("ex9.contoso.com", "Mailbox", version=f"Version 15.2 (Build {build})")
    (found,) = told(with_observed(given, newest), "UM016")
    assert found.is_error
    assert "ex9.contoso.com" in found.detail
    assert not told(with_observed(given, newest), "UM014")
    assert not told(with_observed(contoso(plan_declared()), newest), "UM016")


def test_a_mixed_organization_is_asked_on_servers_of_each_kind() -> None:
    old = exchange_server("ex0.contoso.com", "UnifiedMessaging", version="Version 14.1 (Build 218.15)")
    commands = TYPES["server_binding"].queries(with_observed(contoso(), old))
    hosts = {command.cmdlet: command.endpoint.host for command in commands}
    assert hosts["Get-UMServer"] == "ex0.contoso.com"
    assert hosts["Get-UMService"] == "ex1.contoso.com"


def test_old_servers_of_two_versions_are_listed_once_and_with_their_modes_by_the_newer_one() -> None:
    """A second listing, without the modes, would hide those of the first."""
    for first, second in (("8.3", "14.3"), ("14.3", "8.3")):
        versions = {"ex01.contoso.com": first, "ex02.contoso.com": second}
        old = [
            exchange_server(fqdn, "UnifiedMessaging", version=f"Version {version} (Build 1.1)")
            for fqdn, version in versions.items()
        ]
        commands = TYPES["server_binding"].queries(with_observed(contoso(), *old))
        (listing,) = (command for command in commands if command.cmdlet == "Get-UMServer")
        assert listing.endpoint.host is not None
        assert versions[listing.endpoint.host] == "14.3"
        assert "UMStartupMode" in listing.properties


def test_products_that_no_document_mentions_together_are_reported_once() -> None:
    new = exchange_server("ex1.contoso.com", "Mailbox", version="Version 15.1 (Build 2507.6)")
    (found,) = told(servers(contoso(plan_declared()), new), "UM015")
    assert "Exchange 2016" in found.detail
    assert "Lync Server 2013" in found.detail
    assert not told(contoso(plan_declared()), "UM015")


# --- security (DOMAIN 3.14) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "suitable"),
    [
        ("RequireEncryption", {"Secured"}),
        ("SupportEncryption", {"SIPSecured", "Secured"}),
        ("DoNotSupportEncryption", {"SIPSecured"}),
    ],
)
def test_the_security_that_suits_an_encryption_level(level: str, suitable: set[str]) -> None:
    media = resource("media_configuration/global", encryption_level=level)
    for value in ("Unsecured", "SIPSecured", "Secured"):
        given = with_observed(contoso(plan_declared(voip_security=value)), media)
        assert bool(told(given, "UM001")) == (value not in suitable)
    derived = actions(with_observed(contoso(plan_declared()), media), "dial_plan")["Redmond"]
    assert dict(derived.commands[0].parameters)["VoIPSecurity"] in suitable


def test_the_narrowest_scope_counts_and_pools_may_exclude_one_another() -> None:
    media = [
        resource("media_configuration/site:dublin", encryption_level="DoNotSupportEncryption"),
        resource("media_configuration/service:mediationserver:se1.contoso.com", encryption_level="SupportEncryption"),
    ]
    (found,) = told(with_observed(contoso(plan_declared()), *media), "UM001")
    assert "se1.contoso.com SupportEncryption" in found.detail
    assert "exclude" in found.detail


def test_pools_without_a_registrar_do_not_count() -> None:
    edge = resource("pool/edge.contoso.com", site="Edge")
    media = resource("media_configuration/site:edge", encryption_level="DoNotSupportEncryption")
    assert not told(with_observed(contoso(plan_declared()), edge, media), "UM001")


def test_exchange_2007_without_service_pack_cannot_be_secured() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 8.0 (Build 685.25)")
    assert told(servers(contoso(plan_declared()), old), "UM002")


# --- dial plans ------------------------------------------------------------------------------------------------------


def test_a_new_dial_plan_needs_digits_and_country_code() -> None:
    bare = Resource(Address("dial_plan", "Redmond"), {"servers": "all"})
    assert [one.detail.rsplit(" ", 1)[1] for one in told(contoso(bare), "UM003")] == [
        '"country_code".',
        '"extension_digits".',
    ]
    assert not told(joined(bare), "UM003")


def test_exchange_2007_is_given_a_country_code_after_creation() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 8.3 (Build 83.6)")
    given = servers(contoso(plan_declared()), old)
    made, later, *_ = actions(given, "dial_plan")["Redmond"].commands
    assert "CountryOrRegionCode" not in dict(made.parameters)
    assert later.cmdlet == "Set-UMDialPlan"
    assert "CountryOrRegionCode" in dict(later.parameters)


def test_a_dial_plan_of_another_type_is_refused() -> None:
    assert told(with_observed(contoso(plan_declared()), plan_observed(uri_type="TelExtn")), "UM004")


def test_a_new_dial_plan_brings_its_policy_and_phone_context() -> None:
    after = joined()
    plan = plan_declared()
    action = Action(plan.address, ActionKind.CREATE)
    after = predicted(TYPES["dial_plan"], [(action, plan)], contoso(plan))
    assert after.all("dial_plan")["Redmond"].get("phone_context") == "Redmond.contoso.com"
    assert "Redmond/default" in after.all("mailbox_policy")


def test_a_dial_plan_is_removed_with_what_came_with_it_and_refused_while_others_use_it() -> None:
    given = joined(plan_declared("Redmond"), plan_declared("Dublin"))
    given = remembering(declaring(given, plan_declared("Redmond")), plan_observed("Dublin"))
    unbound = [binding(one.key, "Redmond", mode="Dual") for one in given.all("server_binding").values()]
    given = with_observed(given, *unbound)
    commands = [str(command) for command in actions(given, "dial_plan")["Dublin"].commands]
    assert commands[-2:] == [
        "Remove-UMMailboxPolicy -Identity 'Dublin Default Policy'",
        "Remove-UMDialPlan -Identity guid-of-Dublin",
    ]
    assert len(commands) == 2 + len(given.all("ip_gateway"))
    assert not told(given, "UM102")
    used = with_observed(given, mailbox_observed("a@b.com", dial_plan="Dublin", policy="Dublin/default"))
    assert told(used, "UM102")


# --- Lync dial plans -------------------------------------------------------------------------------------------------


def test_the_name_rule_holds_only_before_2010_sp1() -> None:
    lync = resource("lync_dial_plan/Redmond", simple_name="Short")
    plan = plan_declared(lync_dial_plan="Redmond")
    for version, is_told in (("14.0 (Build 639.21)", True), ("14.1 (Build 218.15)", False)):
        old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version=f"Version {version}")
        given = servers(joined(plan), old, bindings=(binding("ex1.contoso.com/um_server"),))
        assert bool(told(with_observed(given, lync), "UM081")) == is_told


def test_the_simple_name_is_derived_where_the_rule_asks_for_it() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 14.0 (Build 639.21)")
    declared = (plan_declared(lync_dial_plan="Redmond"), resource("lync_dial_plan/Redmond", description="x"))
    given = servers(contoso(*declared), old, bindings=(binding("ex1.contoso.com/um_server"),))
    assert (
        sent(given, "lync_dial_plan")
        == ["New-CsDialPlan -Identity Redmond -Description x -SimpleName Redmond.contoso.com"]
        or "-SimpleName Redmond.contoso.com" in sent(given, "lync_dial_plan")[0]
    )
    assert not told(given, "UM081")


def test_a_lync_dial_plan_that_is_not_there_is_reported() -> None:
    given = with_observed(joined(plan_declared(lync_dial_plan="Redmont")), resource("lync_dial_plan/Redmond"))
    assert [one.remedy for one in told(given, "UM080")] == ['Did you mean "Redmond"?']


def test_the_global_lync_dial_plan_is_never_removed() -> None:
    prior = resource("lync_dial_plan/Global", simple_name="x")
    assert the(LyncDialPlanType).is_forgotten(prior, contoso())


# --- policies --------------------------------------------------------------------------------------------------------


def test_a_default_policy_to_come_is_set_by_the_promise_of_its_name() -> None:
    given = contoso(plan_declared(), resource("mailbox_policy/Redmond/default", dial_plan="Redmond", min_pin_length=8))
    assert sent(given, "mailbox_policy") == [
        "Set-UMMailboxPolicy -Identity <default policy of Redmond> -MinPINLength 8"
    ]


def test_what_nobody_can_know_of_a_predicted_policy_is_no_reason_to_stop() -> None:
    policy = resource("mailbox_policy/Redmond/default", dial_plan="Redmond", min_pin_length=8)
    action = actions(contoso(plan_declared(), policy), "mailbox_policy")["Redmond/default"]
    made = resource("mailbox_policy/Redmond/default", name="x", dial_plan="Redmond", min_pin_length=6)
    later = with_observed(contoso(plan_declared(), policy), made)
    assert expectation(TYPES["mailbox_policy"], action, later) == action.expects


def test_a_policy_goes_and_a_default_policy_stays() -> None:
    gone = [resource("mailbox_policy/old", dial_plan="Redmond"), default_policy()]
    given = remembering(with_observed(joined(plan_declared()), *gone), *gone)
    assert sent(given, "mailbox_policy") == ["Remove-UMMailboxPolicy -Identity old"]


def test_a_policy_that_never_resets_the_pin_is_refused() -> None:
    values: dict[str, Value] = {"logon_failures_before_pin_reset": 9, "max_logon_attempts": 9}
    assert told(joined(plan_declared(), resource("mailbox_policy/p", dial_plan="Redmond", **values)), "UM060")


# --- auto attendants -------------------------------------------------------------------------------------------------


def attendant(name: str = "Main", **attributes: Value) -> Resource:
    return resource(f"auto_attendant/{name}", dial_plan="Redmond", **attributes)


def test_the_status_of_an_attendant_has_cmdlets_of_its_own() -> None:
    given = with_observed(joined(plan_declared(), attendant(status="Enabled")), attendant(status="Disabled"))
    assert sent(given, "auto_attendant") == ["Enable-UMAutoAttendant -Identity Main"]
    given = with_observed(joined(plan_declared(), attendant(status="Disabled")), attendant(status="Enabled"))
    assert sent(given, "auto_attendant") == ["Disable-UMAutoAttendant -Identity Main"]


def test_the_star_key_leaves_before_an_attendant_is_disabled() -> None:
    declared = attendant(status="Disabled", is_default=False)
    given = with_observed(joined(plan_declared(), declared), attendant(status="Enabled", is_default=True))
    assert sent(given, "auto_attendant") == [
        "Set-UMDialPlan -Identity guid-of-Redmond -UMAutoAttendant $null",
        "Disable-UMAutoAttendant -Identity Main",
    ]
    assert not told(given, "UM053")
    kept = with_observed(joined(plan_declared(), attendant(status="Disabled")), attendant(is_default=True))
    assert told(kept, "UM053")


def test_an_attendant_of_another_dial_plan_is_another_attendant() -> None:
    given = with_observed(joined(plan_declared(), attendant()), resource("auto_attendant/Main", dial_plan="Dublin"))
    action = actions(given, "auto_attendant")["Main"]
    assert action.kind is ActionKind.REPLACE


def test_a_fallback_attendant_is_made_first() -> None:
    given = joined(plan_declared(), attendant(dtmf_fallback="Touch", speech_enabled=True), attendant("Touch"))
    assert Address("auto_attendant", "Touch") in actions(given, "auto_attendant")["Main"].needs


def test_numbers_and_defaults_of_attendants_are_unique() -> None:
    number = ("+14255550100",)
    assert told(joined(plan_declared(), attendant(pilot_numbers=number), attendant("B", pilot_numbers=number)), "UM050")
    assert told(joined(plan_declared(access_numbers=number), attendant(pilot_numbers=number)), "UM050")
    assert told(joined(plan_declared(), attendant(is_default=True), attendant("B", is_default=True)), "UM052")
    fallback = joined(plan_declared(), attendant(dtmf_fallback="B", speech_enabled=False), attendant("B"))
    assert all(one.is_error for one in told(fallback, "UM051"))
    assert told(fallback, "UM051")
    assert not told(joined(plan_declared(), attendant(pilot_numbers=number)), "UM050")


# --- hunt groups -----------------------------------------------------------------------------------------------------


def custom(**attributes: Value) -> Resource:
    values: dict[str, Value] = {"gateway": "pool1.contoso.com", "dial_plan": "Redmond", **attributes}
    return resource("hunt_group/pool1.contoso.com/Custom", **values)


def test_a_hunt_group_cannot_be_changed_and_is_made_anew() -> None:
    observed = replace(custom(pilot_identifier="1"), name="1:1\\Custom")
    given = with_observed(joined(plan_declared(), custom(pilot_identifier="2")), observed)
    assert sent(given, "hunt_group") == [
        "Remove-UMHuntGroup -Identity '1:1\\Custom'",
        "New-UMHuntGroup -Name Custom -UMDialPlan Redmond -UMIPGateway '1:1' -PilotIdentifier 2",
    ]


def test_hunt_groups_of_the_script_are_never_ours() -> None:
    given = joined(plan_declared())
    assert the(HuntGroupType).derive(given) == ()
    assert not actions(with_observed(given, hunt_group("sbc.contoso.com", "Redmond", "X")), "hunt_group")


def test_a_hunt_group_on_no_gateway_is_reported() -> None:
    declared = resource("hunt_group/pool9.contoso.com/X", gateway="pool9.contoso.com", dial_plan="Redmond")
    assert told(joined(plan_declared(), declared), "UM023")


def test_exchange_2007_asks_for_a_pilot_identifier() -> None:
    old = exchange_server("ex1.contoso.com", "UnifiedMessaging", version="Version 8.3 (Build 83.6)")
    assert told(servers(joined(plan_declared(), custom()), old), "UM025")
    assert not told(servers(joined(plan_declared(), custom(pilot_identifier="1")), old), "UM025")


# --- contact objects -------------------------------------------------------------------------------------------------


def contact(number: str = "+14255550100", *, is_attendant: bool = False, home: str = "pool1.contoso.com") -> Resource:
    return resource(f"contact_object/{number}", "sip", None, is_auto_attendant=is_attendant, registrar_pool=home)


def test_each_number_without_a_contact_is_a_card_and_no_action() -> None:
    numbers = ("+14255550100",)
    given = joined(plan_declared(access_numbers=numbers), attendant(pilot_numbers=("+14255550190",)))
    cards = told(given, "UM090")
    assert [card.address for card in cards] == ["contact_object/+14255550100", "contact_object/+14255550190"]
    assert "Redmond.contoso.com" in cards[0].remedy
    assert "Subscriber Access" in cards[0].remedy
    assert "Auto-Attendant Main" in cards[1].remedy
    assert not actions(given, "contact_object")


def test_a_contact_that_is_there_is_verified() -> None:
    given = joined(plan_declared(access_numbers=("+14255550100",)))
    fine = plan_of(with_observed(given, contact())).diagnostics
    assert not [one for one in fine if one.code in ("UM090", "UM091", "UM092")]
    assert told(with_observed(given, contact(is_attendant=True)), "UM091")
    assert told(with_observed(given, contact(home="old.contoso.com")), "UM092")


# --- mailboxes -------------------------------------------------------------------------------------------------------


def users(*rows: Resource, **attributes: Value) -> list[Resource]:
    found = [lync_user(row.get(UMMailbox.sip_address) or row.key, **attributes) for row in rows]
    return [*found, *(resource(f"mailbox/{row.key}") for row in rows)]


def with_rows(*rows: Resource, observed: tuple[Resource, ...] = (), **attributes: Value) -> Landscape:
    return with_observed(joined(plan_declared(), *rows), *users(*rows, **attributes), *observed)


ALICE, BOB = mailbox_declared("alice@contoso.com", "41001"), mailbox_declared("bob@contoso.com", "41002")


def test_a_mailbox_is_enabled_without_a_pin() -> None:
    assert sent(with_rows(ALICE), "um_mailbox") == [
        "Enable-UMMailbox -Identity alice@contoso.com -UMMailboxPolicy 'Redmond Default Policy' -Extensions 41001"
        " -SIPResourceIdentifier alice@contoso.com"
    ]
    assert not [one for one in plan_of(with_rows(ALICE)).diagnostics if one.is_error]


def test_equal_mailboxes_are_one_step_by_policy_and_wave() -> None:
    rows = [ALICE, BOB, mailbox_declared("carol@contoso.com", "41003", wave="2")]
    steps = [step.id for step in plan_of(with_rows(*rows)).steps]
    assert steps == ["create um_mailbox Redmond/default", "create um_mailbox Redmond/default, wave 2"]


def test_a_policy_of_the_same_dial_plan_is_set() -> None:
    policy = resource("mailbox_policy/lync-users", name="lync-users", dial_plan="Redmond")
    row = mailbox_declared("alice@contoso.com", policy="lync-users")
    given = with_rows(row, observed=(policy, mailbox_observed("alice@contoso.com")))
    assert sent(given, "um_mailbox") == ["Set-UMMailbox -Identity alice@contoso.com -UMMailboxPolicy lync-users"]


def test_another_dial_plan_is_disable_and_enable_and_counts_as_destroyed() -> None:
    row = mailbox_declared("alice@contoso.com", policy="Redmond/default")
    there = mailbox_observed("alice@contoso.com", policy="Dublin/default", dial_plan="Dublin")
    action = actions(with_rows(row, observed=(there,)), "um_mailbox")["alice@contoso.com"]
    assert (action.kind, action.destroyed) == (ActionKind.REPLACE, (action.address,))
    assert [command.cmdlet for command in action.commands] == ["Disable-UMMailbox", "Enable-UMMailbox"]


def test_extension_and_sip_address_change_without_a_new_pin() -> None:
    row = mailbox_declared("alice@contoso.com", "41009", sip_address="al@contoso.com")
    given = with_rows(row, observed=(mailbox_observed("alice@contoso.com", "41001"),))
    (command,) = actions(given, "um_mailbox")["alice@contoso.com"].commands
    assert command.cmdlet == "Set-Mailbox"
    context = ";phone-context=Redmond.contoso.com"
    delta = dict(command.parameters)["EmailAddresses"]
    assert getattr(delta, "add", None) == (f"EUM:al@contoso.com{context}", f"eum:41009{context}")
    assert getattr(delta, "remove", None) == (f"eum:alice@contoso.com{context}", f"eum:41001{context}")


def test_a_mailbox_no_longer_declared_is_left_as_it_is() -> None:
    given = remembering(with_observed(joined(plan_declared()), mailbox_observed("alice@contoso.com")), ALICE)
    assert not actions(given, "um_mailbox")
    assert [action.address.key for action in plan_of(given).forgotten] == ["alice@contoso.com"]


def test_a_user_of_hosted_voice_mail_is_left_out_and_reported() -> None:
    given = with_rows(ALICE, hosted_voicemail=True)
    assert not actions(given, "um_mailbox")
    assert [one.severity.value for one in told(given, "UM072")] == ["warning"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (mailbox_declared("alice@contoso.com", "4101"), "UM074"),
        (mailbox_declared("alice@contoso.com", dial_plan="Dublin"), "UM077"),
        (replace(ALICE, attributes={"policy": "Redmond/default"}), "UM078"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(row: Resource, code: str) -> None:
    (found,) = told(with_rows(row), code)
    assert found.is_error


def test_mailboxes_and_users_must_be_there() -> None:
    assert told(without_observed(with_rows(ALICE), "mailbox/alice@contoso.com"), "UM070")
    assert told(with_rows(ALICE, enterprise_voice=False), "UM071")
    assert told(without_observed(with_rows(ALICE), "lync_user/alice@contoso.com"), "UM073")
    other = lync_user("al@contoso.com", email="alice@contoso.com")
    given = with_observed(without_observed(with_rows(ALICE), "lync_user/alice@contoso.com"), other)
    assert [one.remedy for one in told(given, "UM073")] == ["Write sip_address: al@contoso.com."]


def test_extensions_and_sip_addresses_are_unique_in_a_dial_plan() -> None:
    twin = mailbox_declared("bob@contoso.com", "41001")
    assert told(with_rows(ALICE, twin), "UM075")
    assert told(
        with_rows(ALICE, mailbox_declared("bob@contoso.com", "41002", sip_address="alice@contoso.com")), "UM076"
    )
    held = mailbox_observed("zoe@contoso.com", "41001")
    assert told(with_rows(ALICE, observed=(held,)), "UM075")
    elsewhere = mailbox_observed("zoe@contoso.com", "41001", dial_plan="Dublin", policy="Dublin/default")
    assert not told(with_rows(ALICE, observed=(elsewhere,)), "UM075")


def test_a_swap_of_extensions_needs_no_place_to_park() -> None:
    there = (mailbox_observed("alice@contoso.com", "41002"), mailbox_observed("bob@contoso.com", "41001"))
    given = with_rows(ALICE, BOB, observed=there)
    assert not told(given, "UM075")
    sent = [command for action in plan_of(given).actions() for command in action.commands]
    told_in_order = [(str(c.parameters[0][1])[:5], c.parameters[1][1]) for c in sent if c.cmdlet == "Set-Mailbox"]
    first, second = (f"eum:{extension};phone-context=Redmond.contoso.com" for extension in ("41002", "41001"))
    assert told_in_order == [
        ("alice", Delta(remove=(first,))),
        ("bob@c", Delta(add=(first,))),
        ("bob@c", Delta(remove=(second,))),
        ("alice", Delta(add=(second,))),
    ]
