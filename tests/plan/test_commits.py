"""What Git says of the files, in words for people and in one word for machines."""

from __future__ import annotations

import pytest

from reconciler.plan.commits import Source, Trouble

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        (Source(), "none"),
        (Source(has_git=True), "answers"),
        (Source(COMMIT, has_git=True), "answers"),
        (Source(trouble=Trouble("It is another's."), has_git=True), "fails"),
    ],
)
def test_git_is_not_there_answers_or_fails(source: Source, answer: str) -> None:
    assert source.answer == answer


def test_a_commit_is_shown_by_its_beginning_with_the_files_that_differ() -> None:
    edited = Source(COMMIT, ("a.yaml", "b.csv"), has_git=True)
    assert COMMIT[:12] in str(edited)
    assert COMMIT not in str(edited)
    assert all(name in str(edited) for name in edited.uncommitted)
    assert "a.yaml" not in str(Source(COMMIT, has_git=True))


def test_each_state_has_words_of_its_own() -> None:
    states = (Source(), Source(has_git=True), Source(COMMIT, has_git=True), Source(trouble=Trouble("?"), has_git=True))
    assert len({str(state) for state in states}) == len(states)
