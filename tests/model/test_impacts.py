"""How an impact is said."""

from __future__ import annotations

from reconciler.model.impacts import DESTROYS, Impact


def test_a_clause_counts_its_noun() -> None:
    assert Impact("restarts", "restart").clause(1) == "1 restart"
    assert Impact("users", "user", "voice mail of {count} changes").clause(1240) == "voice mail of 1,240 users changes"
    assert DESTROYS.clause(2) == "2 objects destroyed"
