"""Layers against a plain dictionary, and how much a version of many entries costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.layers import Layers

KEYS = st.sampled_from("abcdefgh")
CHANGES = st.lists(st.tuples(st.dictionaries(KEYS, st.integers(0, 9), max_size=3), st.lists(KEYS, max_size=3)))


def changed(before: Mapping[str, int], put: Mapping[str, int], drop: Sequence[str]) -> dict[str, int]:
    """Return what ``Layers.changed`` is to return, by a copy."""
    after = dict(before)
    for key in drop:
        after.pop(key, None)
    after.update(put)
    return after


@given(st.dictionaries(KEYS, st.integers(0, 9)), CHANGES, st.sets(st.integers(0, 20)))
def test_every_version_is_what_a_copy_would_be(
    first: dict[str, int], changes: list[tuple[dict[str, int], list[str]]], walked: set[int]
) -> None:
    versions, copies = [Layers(first)], [first]
    for place, (put, drop) in enumerate(changes):
        versions.append(versions[-1].changed(put, drop))
        copies.append(changed(copies[-1], put, drop))
        if place in walked:
            versions[-1].flat()
    for version, copy in zip(versions, copies, strict=True):
        assert {key: version.get(key) for key in "abcdefgh" if version.get(key) is not None} == copy
        assert len(version) == len(copy)
    for version, copy in zip(versions, copies, strict=True):
        assert list(version.flat().items()) == list(copy.items()), "also in their order"
        assert len(version) == len(copy)


def test_what_changes_nothing_is_the_same_version() -> None:
    layers = Layers({"a": 1})
    assert layers.changed({}, ["b"]) is layers


def copied(entries: int, *, adds: bool) -> int:
    """Return how many entries are copied while all are put, ten at a time, into a version that has them or is empty."""
    keys = [f"user{number}" for number in range(entries)]
    version, count = Layers({} if adds else dict.fromkeys(keys, 0)), 0
    for start in range(0, entries, 10):
        known = {id(layer.put) for layer in version.layers}
        version = version.changed(dict.fromkeys(keys[start : start + 10], 1))
        count += sum(layer.size for layer in version.layers if id(layer.put) not in known)
        assert len(version.layers) <= math.log2(entries) + 2
    assert len(version) == entries
    return count


@pytest.mark.parametrize("adds", [True, False], ids=["new", "replaced"])
def test_a_run_copies_each_entry_a_few_times_however_many_there_are(adds: bool) -> None:
    for entries in (100, 1_000, 10_000):
        assert copied(entries, adds=adds) < 2 * math.log2(entries) * entries
