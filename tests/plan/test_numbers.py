"""Which numbers are free, who has one, and which are used twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.numbers import NumberRange, NumberUse
from reconciler.plan.numbers import Numbers

RANGES = {
    "A": NumberRange("A", 3, "a"),
    "B": NumberRange("B", 3, "a"),
    "C": NumberRange("C", 3, "c"),
}


def use(number: str, where: str = "A", holder: str = "alice", *, is_exclusive: bool = True) -> NumberUse:
    return NumberUse(number, where, holder, "declared", is_exclusive)


def free(*uses: NumberUse, name: str = "A", count: int = 3, start: str = "") -> list[str]:
    return [one.number for one in Numbers(RANGES, uses).free(name, count, start)]


def test_free_numbers_follow_the_first_used_one_of_the_range() -> None:
    assert free(use("410"), use("412")) == ["411", "413", "414"]


def test_without_uses_the_first_number_has_no_leading_zero() -> None:
    assert free() == ["100", "101", "102"]


def test_a_start_is_a_start_and_at_the_end_the_numbers_below_follow() -> None:
    assert free(start="998", count=4) == ["998", "999", "100", "101"]
    assert free(start="000", count=2) == ["000", "001"]


def test_a_number_is_not_free_where_it_is_used_in_a_range_that_shares_it_or_outside_all() -> None:
    uses = (use("100", "B"), use("101", "C"), use("102", "", is_exclusive=False))
    assert free(*uses, start="100") == ["101", "103", "104"]


def test_a_full_range_has_no_free_number() -> None:
    ranges = {"A": NumberRange("A", 1, "a")}
    uses = [use(str(number)) for number in range(10)]
    assert Numbers(ranges, uses).free("A", 3) == ()
    assert [one.number for one in Numbers(ranges, uses[1:]).free("A", 3)] == ["0"]


def test_duplicates_are_uses_of_several_people_in_ranges_that_share_their_numbers() -> None:
    uses = (
        use("100", "A", "alice"),
        use("100", "B", "bob"),
        use("100", "C", "carol"),
        use("101", "A", "alice"),
        use("101", "B", "alice"),
        use("102", "A", "alice"),
        use("102", "A", "operator", is_exclusive=False),
        use("103", "A", "alice"),
        use("103", "", "bob"),
    )
    assert [one.holder for one in Numbers(RANGES, uses).duplicates()] == ["alice", "bob"]


def test_who_has_a_number_is_answered_with_every_use() -> None:
    uses = (use("100", "A", "alice"), use("100", "", "bob"), use("101"))
    assert [one.holder for one in Numbers(RANGES, uses).who("100")] == ["alice", "bob"]


@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["A", "B", "C", ""])), max_size=60), st.integers(1, 1000)
)
def test_free_numbers_are_never_in_use_and_never_given_twice(used: list[tuple[int, str]], count: int) -> None:
    uses = [use(f"{number:03}", where, f"user{place}") for place, (number, where) in enumerate(used)]
    found = free(*uses, count=count)
    taken = {f"{number:03}" for number, where in used if where != "C"}
    assert len(set(found)) == len(found) == min(count, 1000 - len(taken))
    assert not taken & set(found)
