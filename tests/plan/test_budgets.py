"""What a plan may take away without being asked: no object, and of the remembered users one in ten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.app import open_workspace
from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Refused
from reconciler.model.resources import Address
from reconciler.model.shares import TENTH, Share
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.model.values import EMPTY
from reconciler.plan.admission import admit
from reconciler.plan.budgets import Budgets
from reconciler.plan.plan import Plan
from tests.support.cli import little
from tests.support.plans import nothing


def users(count: int) -> list[Address]:
    return [Address("um_mailbox", f"user{number:04}@contoso.com") for number in range(count)]


def remembering(total: int) -> Snapshot:
    return Snapshot("contoso", resources={address: Remembered(address) for address in users(total)})


def forgetting(count: int, *, gone: int = 0) -> Plan:
    """A plan that forgets ``count`` users who stay on the servers, and ``gone`` more who are gone there too."""
    actions = [Action(address, ActionKind.FORGET, expects=EMPTY) for address in users(count + gone)]
    return replace(
        nothing(), forgotten=tuple(replace(a, expects=None) if i >= count else a for i, a in enumerate(actions))
    )


@pytest.mark.parametrize(
    ("total", "most"), [(1, 1), (2, 1), (5, 1), (9, 1), (10, 1), (11, 2), (60, 6), (61, 7), (2000, 200)]
)
def test_a_tenth_of_the_users_may_be_forgotten_and_one_always(total: int, most: int) -> None:
    admit(forgetting(most), Budgets(), remembering(total))
    if most < total:
        with pytest.raises(Refused) as caught:
            admit(forgetting(most + 1), Budgets(), remembering(total))
        (told,) = caught.value.diagnostics
        assert (told.code, caught.value.exit_code) == ("UM109", 4)
        assert "user0000@contoso.com" in told.detail
        assert f"--max-forget {most + 1}" in told.remedy


def test_what_is_gone_from_the_servers_too_does_not_count() -> None:
    admit(forgetting(1, gone=50), Budgets(), remembering(60))


@pytest.mark.parametrize(("share", "fits"), [("0", False), ("0%", False), ("29", False), ("30", True), ("50%", True)])
def test_the_budget_is_a_number_or_a_share(share: str, fits: bool) -> None:
    budgets = Budgets(max_forget=Share.parse(share))
    assert (budgets.exceeded(forgetting(30), remembering(60)) == ()) is fits


USERS = (("alice", "50101"), ("ben", "50103"))


def test_a_list_of_users_that_lost_its_end_is_refused_with_its_plan(tmp_path: Path) -> None:
    """Through files, servers and state: the whole way of a CSV that was cut at the end of a row."""
    environment = little(tmp_path / "little")
    text = (environment.directory / "little.yaml").read_text("utf-8").partition("mailboxes:")[0]
    (environment.directory / "little.yaml").write_text(text + "mailboxes: [{file: users.csv}]\n", "utf-8")
    users_file = environment.directory / "users.csv"
    header = "identity,sip_address,extension,dial_plan\n"
    alice, ben = (f"{name}@contoso.com,{name}@contoso.com,{digits},Redmond\n" for name, digits in USERS)
    users_file.write_text(header + alice + ben, "utf-8")
    with open_workspace(environment.directory) as workspace:
        account = workspace.apply(lambda _: True)
        assert account is not None
        assert account.exit_code() == 0
    shown: list[Plan] = []
    users_file.write_text(header + alice, "utf-8")
    with open_workspace(environment.directory) as workspace:
        with pytest.raises(Refused, match="um_mailbox/ben") as caught:
            workspace.apply(lambda _: True, show=shown.append, max_forget=Share(0))
        assert [told.code for told in caught.value.diagnostics] == ["UM109"]
        assert [str(action.address) for action in shown[0].forgotten] == ["um_mailbox/ben@contoso.com"]
        # One may always go: the tenth of two is rounded up.
        assert workspace.apply(lambda _: True, max_forget=TENTH) is not None
