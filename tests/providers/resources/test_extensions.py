"""Who uses which extension, over the files and an estate."""

from __future__ import annotations

from reconciler.plan.numbers import Numbers
from tests.plan.test_exchanges import PLAN, USERS, applied, base, rewritten, row
from tests.support.trial import Trial, types

TWO = {"dial_plans": {"Base": {**PLAN}, "Other": {**PLAN}}}


def numbers(trial: Trial) -> Numbers:
    return Numbers.of(types(), trial.look())


def who(trial: Trial, number: str) -> list[tuple[str, str]]:
    return [(use.range, use.holder) for use in numbers(trial).who(number)]


def test_a_user_who_is_declared_and_enabled_is_one_use_with_its_place() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    (use,) = numbers(trial).who("41001")
    assert (use.holder, use.how) == (f"um_mailbox/{USERS[0]}", "declared, on the servers")
    assert use.position is not None
    assert numbers(trial).duplicates() == ()


def test_a_row_by_another_name_is_the_same_user() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    rewritten(trial, base({**row("user1", "41001"), "sip_address": USERS[0]}))
    assert who(trial, "41001") == [("Base", f"um_mailbox/{USERS[0]}")]


def test_an_address_left_on_a_mailbox_is_a_use() -> None:
    trial = applied(base(row(USERS[0], "41001")))
    line = f"Set-Mailbox -Identity {USERS[3]} -EmailAddresses @{{Add='eum:41002;phone-context=Base.contoso.com'}}"
    assert trial.administrator(line)
    assert who(trial, "41002") == [("Base", f"um_mailbox/{USERS[3]}")]
    assert [one.number for one in numbers(trial).free("Base", 2)] == ["41003", "41004"]


def test_an_extension_is_used_twice_over_equivalent_dial_plans() -> None:
    rows = [row(USERS[0], "41001"), row(USERS[1], "41001", dial_plan="Other")]
    trial = applied({**TWO, "mailboxes": rows})
    assert numbers(trial).duplicates() == ()
    assert trial.administrator("Set-UMDialPlan -Identity Base -EquivalentDialPlanPhoneContexts Other.contoso.com")
    assert [use.holder for use in numbers(trial).duplicates()] == [f"um_mailbox/{user}" for user in USERS[:2]]
    assert [one.number for one in numbers(trial).free("Other", 1)] == ["41002"]


def test_an_operator_and_a_telephone_use_an_extension_without_forbidding_another_use() -> None:
    main = {"auto_attendants": {"Main": {"dial_plan": "Base", "operator_extension": "41001"}}}
    trial = applied({**base(row(USERS[0], "41001")), **main})
    assert trial.administrator(f"Set-CsUser {USERS[1]} -LineURI 'tel:+14255550100;ext=41002'")
    assert ("Base", "auto_attendant/Main") in who(trial, "41001")
    assert who(trial, "41002") == [("", f"lync_user/{USERS[1]}")]
    assert numbers(trial).duplicates() == ()
    assert [one.number for one in numbers(trial).free("Base", 1)] == ["41003"]
