"""A provider is a value: two that say the same are one family."""

from __future__ import annotations

from reconciler.model.provider import Product, Provider


def test_providers_that_say_the_same_are_one() -> None:
    def one() -> Provider:
        return Provider("box", "Box", "box1.example.com", ("auto",), "Read it.", "Change it.")

    assert {one().name: one()} == {"box": one()}
    assert not one().spelt


def test_a_product_is_proven_or_not() -> None:
    assert Product("Box 2", is_proven=True) != Product("Box 2", is_proven=False)
