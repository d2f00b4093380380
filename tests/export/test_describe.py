"""Observed objects as declarations: each was tried by a plan, and what cannot be declared says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.schema.attendant_values import DAYS
from reconciler.export.describe import Description, describe
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Nested, Value
from reconciler.plan.build import build_plan
from tests.support.landscapes import (
    binding,
    gateway,
    joined,
    plan_declared,
    plan_observed,
    resource,
    with_observed,
    without_observed,
)
from tests.support.trial import types


def estate(*more: Resource, plan: Resource | None = None) -> Landscape:
    """Return what was read of an estate that was joined for Redmond by somebody else."""
    given = joined(plan_declared())
    return replace(with_observed(given, plan or plan_observed(), *more), declared={})


def described(given: Landscape, *, in_full: bool = False) -> Description:
    return describe(types(), given, in_full=in_full)


def values_of(found: Description, address: str) -> dict[str, Value]:
    return {name: value for one in found.written if str(one.address) == address for name, value in one.values.items()}


def reasons(found: Description) -> dict[str, str]:
    return {str(one.address): f"{one.reason} {one.detail}" for one in found.left_out}


def user(name: str, extension: str, **more: Value) -> list[Resource]:
    address = f"{name}@contoso.com"
    values: dict[str, Value] = {"policy": "Redmond/default", "dial_plan": "Redmond", "extension": (extension,)}
    return [
        resource(f"um_mailbox/{address}", **{**values, "sip_address": address, **more}),
        resource(f"mailbox/{address}", type="UserMailbox"),
        resource(f"lync_user/{address}", enterprise_voice=True, registrar_pool="pool1.contoso.com"),
    ]


def test_intents_are_inferred_from_what_follows_from_them() -> None:
    found = values_of(described(estate()), "dial_plan/Redmond")
    assert (found["servers"], found["outcall_gateway"]) == ("all", "auto")
    assert found["voip_security"] == "Secured"


def test_a_default_of_the_server_is_left_out_unless_all_is_asked_for() -> None:
    given = estate(plan=plan_observed(max_call_duration=30, max_recording_duration=21, national_number_prefix=None))
    lean, whole = described(given), described(given, in_full=True)
    assert "max_call_duration" not in values_of(lean, "dial_plan/Redmond")
    assert values_of(lean, "dial_plan/Redmond")["max_recording_duration"] == 21
    assert values_of(whole, "dial_plan/Redmond")["max_call_duration"] == 30
    assert (len(lean.written), len(whole.written)) == (1, 2), "the default policy is brought by its dial plan"


def test_a_default_that_our_plan_would_change_is_written() -> None:
    """The server takes Unsecured for itself, a plan takes what Lync needs."""
    media = resource("media_configuration/global", encryption_level="SupportEncryption")
    found = described(estate(media, plan=plan_observed(voip_security="SIPSecured")))
    assert values_of(found, "dial_plan/Redmond")["voip_security"] == "SIPSecured"


@pytest.mark.parametrize(("language", "is_written"), [("en-GB", False), ("de-DE", True)])
def test_the_language_of_an_attendant_is_left_out_where_it_is_that_of_its_dial_plan(
    language: str, is_written: bool
) -> None:
    attendant = resource("auto_attendant/Main", dial_plan="Redmond", status="Enabled", language=language)
    given = estate(attendant, plan=plan_observed(default_language="en-GB"))
    assert ("language" in values_of(described(given), "auto_attendant/Main")) == is_written
    assert values_of(described(given, in_full=True), "auto_attendant/Main")["language"] == language


def test_the_language_of_an_attendant_is_written_where_that_of_its_dial_plan_is_unknown() -> None:
    attendant = resource("auto_attendant/Main", dial_plan="Redmond", status="Enabled", language="en-US")
    assert values_of(described(estate(attendant)), "auto_attendant/Main")["language"] == "en-US"


ALWAYS = Nested(dict.fromkeys(DAYS, ("00:00-24:00",)))


@pytest.mark.parametrize(
    ("name", "value", "hours", "holidays", "is_written"),
    [
        ("matched_name_selection", "InheritFromDialPlan", ALWAYS, Nested(), False),
        ("matched_name_selection", "Department", ALWAYS, Nested(), True),
        ("after_hours_transfer_to_operator", False, ALWAYS, Nested(), False),
        ("after_hours_transfer_to_operator", True, ALWAYS, Nested(), True),
        ("after_hours_transfer_to_operator", False, Nested({"monday": ("09:00-17:00",)}), Nested(), True),
        ("after_hours_transfer_to_operator", False, ALWAYS, Nested({"Day": Nested({"date": "2027-01-01"})}), True),
    ],
)
def test_what_is_inherited_or_never_happens_at_an_attendant_is_left_out(
    name: str, value: Value, hours: Nested, holidays: Nested, is_written: bool
) -> None:
    values: dict[str, Value] = {"business_hours": hours, "holidays": holidays, name: value}
    given = estate(resource("auto_attendant/Main", dial_plan="Redmond", status="Enabled", **values))
    assert (name in values_of(described(given), "auto_attendant/Main")) == is_written
    assert values_of(described(given, in_full=True), "auto_attendant/Main")[name] == value


def test_a_server_that_the_plan_would_change_is_not_named() -> None:
    found = described(estate(binding("ex1.contoso.com/um_service", "Redmond", mode="TCP")))
    (written,) = found.written
    assert written.values["servers"] == ("ex2.contoso.com", "ex3.contoso.com", "ex4.contoso.com")
    assert any("ex1.contoso.com" in note for note in written.notes)
    assert found.pending == ()


def test_gateways_that_no_rule_gives_are_unmanaged() -> None:
    found = described(estate(gateway("pool1.contoso.com", "1:1"), gateway("pool2.contoso.com", "1:2")))
    assert values_of(found, "dial_plan/Redmond")["outcall_gateway"] == "unmanaged"
    assert found.pending == ()


def test_a_gateway_that_only_an_operator_would_choose_is_named() -> None:
    both = gateway("pool1.contoso.com", "1:1", outcalls=False), gateway("sba1.contoso.com", "1:4")
    found = described(estate(*both))
    assert values_of(found, "dial_plan/Redmond")["outcall_gateway"] == "sba1.contoso.com"


@pytest.mark.parametrize(
    ("unread", "choice"),
    [("lync_user", "pool1.contoso.com"), ("lync_site", "pool1.contoso.com"), ("hunt_group", "unmanaged")],
)
def test_no_automatic_choice_is_written_where_it_could_turn_out_otherwise(unread: str, choice: str) -> None:
    given = replace(estate(), unreadable={Address(unread, "*"): Diagnostic("No answer")})
    assert values_of(described(given), "dial_plan/Redmond")["outcall_gateway"] == choice


def test_what_a_plan_refuses_is_left_out_with_every_reason_and_with_what_needs_it() -> None:
    plan = plan_observed("Workshop", uri_type="TelExtn", voip_security="Unsecured")
    attendant = resource("auto_attendant/Bell", dial_plan="Workshop", status="Enabled", is_default=False)
    found = reasons(described(estate(plan, attendant)))
    assert found.keys() == {"dial_plan/Workshop", "auto_attendant/Bell"}
    assert "UM001" in found["dial_plan/Workshop"]
    assert "UM004" in found["dial_plan/Workshop"]
    assert "dial_plan/Workshop" in found["auto_attendant/Bell"]


def test_a_name_that_files_cannot_hold_is_left_out() -> None:
    spaced = resource("auto_attendant/Main desk", dial_plan="Redmond", status="Enabled")
    found = reasons(described(estate(spaced)))
    assert found.keys() == {"auto_attendant/Main%20desk"}


def test_a_value_that_files_cannot_hold_is_left_out_alone() -> None:
    odd = resource("auto_attendant/Main", dial_plan="Redmond", status="Enabled", business_name="a\x07b")
    found = described(estate(odd))
    (written,) = (one for one in found.written if one.kind.name == "auto_attendant")
    assert written.values == {"dial_plan": "Redmond", "status": "Enabled"}
    assert any(note.startswith("business_name:") for note in written.notes)


def test_users_whom_a_plan_would_not_manage_are_left_out() -> None:
    given = estate(*user("alice", "50101"), *user("ben", "501"), *user("carla", "50103"))
    hosted = resource("lync_user/carla@contoso.com", enterprise_voice=True, hosted_voicemail=True)
    found = described(with_observed(given, hosted))
    assert [str(one.address) for one in found.of("um_mailbox")] == ["um_mailbox/alice@contoso.com"]
    assert values_of(found, "um_mailbox/alice@contoso.com") == {
        "sip_address": "alice@contoso.com",
        "extension": ("50101",),
        "dial_plan": "Redmond",
    }
    told = reasons(found)
    assert "UM074" in told["um_mailbox/ben@contoso.com"]
    assert "UM072" in told["um_mailbox/carla@contoso.com"]


def test_a_script_that_the_estate_lacks_is_announced() -> None:
    new = ("hunt_group/pool2.contoso.com/Redmond", "ip_gateway/pool2.contoso.com")
    found = described(without_observed(estate(), *new))
    assert [one.about for one in found.pending if one.about.startswith("run exchucutil")] == [
        "run exchucutil/contoso.com"
    ]
    assert [one.kind.name for one in found.written] == ["dial_plan"]


def test_a_pool_that_somebody_left_out_is_left_out_by_the_files() -> None:
    found = described(without_observed(estate(), "hunt_group/pool2.contoso.com/Redmond"))
    assert not [one.about for one in found.pending if one.about.startswith("run exchucutil")]
    pools = values_of(found, "dial_plan/Redmond")["pools"]
    assert isinstance(pools, tuple)
    assert "pool2.contoso.com" not in pools
    (written,) = found.written
    assert any(note.startswith("pools: without pool2.contoso.com") for note in written.notes)


def test_the_unreadable_is_told_and_never_taken_for_absent() -> None:
    whole = Address("mailbox_policy", "*")
    given = replace(estate(*user("alice", "50101", policy="Executives")), unreadable={whole: Diagnostic("No answer")})
    found = described(without_observed(given, "mailbox_policy/Redmond/default"))
    assert found.unread == ((whole, Diagnostic("No answer")),)
    assert "mailbox_policy/Executives" in reasons(found)["um_mailbox/alice@contoso.com"]


def test_a_plan_of_the_declarations_adopts_them_all() -> None:
    given = estate(*user("alice", "50101"), *user("ben", "50102"))
    found = described(given)
    by_type: dict[str, list[Resource]] = {}
    for one in found.written:
        by_type.setdefault(one.kind.name, []).append(one.resource)
    declared = {name: given.all(name).replaced(those).__class__(those) for name, those in by_type.items()}
    plan = build_plan(types(), replace(given, declared=declared))
    assert plan.steps == ()
    assert {one.address for one in found.written} <= {action.address for action in plan.adopted}


def test_order_of_the_listings_does_not_matter() -> None:
    given = estate(*user("alice", "50101"), *user("ben", "50102"))
    turned = {name: those.__class__(reversed([*those.values()])) for name, those in given.observed.items()}
    assert described(given) == described(replace(given, observed=turned))


def test_the_missing_object_that_the_files_show_is_the_reason() -> None:
    """A policy that comes with its dial plan stands in no file."""
    plan = plan_observed("Paris", voip_security="Unsecured")
    given = estate(plan, *user("claire", "50103", policy="Paris/default", dial_plan="Paris"))
    assert "dial_plan/Paris" in reasons(described(given))["um_mailbox/claire@contoso.com"]


def test_intents_stay_where_a_plan_refuses_one_attribute() -> None:
    """Exchange 2007 does not accept Mp3, which a later server may have written."""
    given = estate(plan=plan_observed(audio_codec="Mp3"))
    old: dict[str, Value] = {"version": "Version 8.3 (Build 83.6)", "roles": ("UnifiedMessaging",)}
    servers = [replace(one, attributes={**one.attributes, **old}) for one in given.all("exchange_server").values()]
    (written,) = described(with_observed(given, *servers)).of("dial_plan")
    assert written.values["outcall_gateway"] == "auto"
    assert "audio_codec" not in written.values
    assert [note for note in written.notes if "UM006" in note and not note.startswith("audio_codec:")] == []


def test_an_attribute_that_the_version_cannot_set_is_left_out_alone() -> None:
    """Policies of Exchange 2007 have no parameter for faxes."""
    given = estate(
        resource("mailbox_policy/Staff", name="Staff", dial_plan="Redmond", allow_fax=False, pin_lifetime=30)
    )
    old: dict[str, Value] = {"version": "Version 8.3 (Build 83.6)", "roles": ("UnifiedMessaging",)}
    servers = [replace(one, attributes={**one.attributes, **old}) for one in given.all("exchange_server").values()]
    (written,) = described(with_observed(given, *servers)).of("mailbox_policy")
    assert written.values == {"dial_plan": "Redmond", "pin_lifetime": 30}
    assert any(note.startswith("allow_fax:") and "UM006" in note for note in written.notes)
