"""Two claims are equal where the servers refuse the second."""

from __future__ import annotations

import pytest

from reconciler.model.claims import Claim

CLAIM = Claim.of("dial_plan/Redmond", "extensions", "50101")


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Claim.of("dial_plan/REDMOND", "extensions", "50101"), True),
        (Claim.of("dial_plan/Redmond", "operator_extension", "50101"), True),
        (Claim.of("dial_plan/Bellevue", "extensions", "50101"), False),
        (Claim.of("dial_plan/Redmond", "extensions", "50102"), False),
    ],
)
def test_a_claim_is_its_value_within_its_scope_whichever_attribute_holds_it(other: Claim, is_same: bool) -> None:
    assert (other == CLAIM) is is_same
    assert ({CLAIM: 1}.get(other) == 1) is is_same


def test_values_compare_as_names_and_show_as_written() -> None:
    assert Claim.of("", "name", "Zürich") == Claim.of("", "name", "ZURICH")
    assert str(Claim.of("", "name", "Zürich")) == "Zürich"
