"""The kinds of obligation: what the state keeps of one, and how it is said."""

from __future__ import annotations

from reconciler.model.obligations import Duty
from reconciler.model.snapshot import Obligation

RESTART = Duty("restart", "{subject} has to restart")


def test_an_obligation_keeps_the_name_of_its_kind_alone() -> None:
    assert RESTART.of("fe1", "2026-01-05T08:00:00Z") == Obligation("restart", "fe1", "2026-01-05T08:00:00Z")


def test_a_kind_knows_its_own() -> None:
    assert RESTART.is_kind_of(Obligation("restart", "fe1"))
    assert not RESTART.is_kind_of(Obligation("renewal", "fe1"))


def test_a_clause_names_the_subject_or_both_its_parts() -> None:
    assert RESTART.clause("fe1") == "fe1 has to restart"
    assert Duty("runs", "{item} on {host} has to run").clause("fe1/RTCCAA") == "RTCCAA on fe1 has to run"


def test_two_kinds_for_one_subject_are_two_obligations() -> None:
    assert len({Obligation("restart", "fe1"), Obligation("renewal", "fe1")}) == 2
