"""Numbers and their uses are plain values."""

from reconciler.model.numbers import NumberRange, NumberUse


def test_a_use_forbids_another_one_unless_it_says_otherwise() -> None:
    use = NumberUse("41001", "Redmond", "um_mailbox/alice@contoso.com", "declared")
    assert (use.is_exclusive, use.position) == (True, None)


def test_ranges_that_share_their_numbers_have_one_name_for_that() -> None:
    one, other = (NumberRange(name, 5, "dublin") for name in ("Redmond", "Dublin"))
    assert (one == other, one.shared == other.shared) == (False, True)
