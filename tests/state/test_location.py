"""Where state is kept is read strictly: a slip in an address is an error that repeats nothing, never a local file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.diagnostics import StateError
from state.location import SERVERS, parse_location
from state.store import open_store
from tests.support.state_support import Counting, RealClock

SECRET = "PW7canary"


@pytest.mark.parametrize(
    "text",
    [
        "/srv/reconciler/state.db",
        "/srv/a:b/state.db",
        "./a:b/state.db",
        "../state.db",
        "state.db",
        "kept here/state.db",
        "./kim@contoso.com/state.db",
    ],
)
def test_paths(text: str) -> None:
    assert parse_location(text, is_windows=False) == Path(text)


@pytest.mark.parametrize("text", ["C:\\state\\state.db", "c:/state/state.db", "\\\\?\\C:\\state.db"])
def test_paths_of_windows_are_paths_there_alone(text: str) -> None:
    assert parse_location(text, is_windows=True) == Path(text)
    with pytest.raises(StateError):
        parse_location(text, is_windows=False)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://kim@db.contoso.com/um",
        "postgresql://kim:pass/word@db.contoso.com:5433/um?sslrootcert=/etc/ca.pem",
        "postgres://kim:a%40b@localhost,db.contoso.com/um",
        "postgresql+psycopg://kim@[::1]:5432/um",
        "postgresql:///um?host=/run/postgresql",
    ],
)
def test_addresses(text: str) -> None:
    assert parse_location(text, is_windows=False) == text


WRONG = [
    f"postgresql:/rec:{SECRET}@host/rec",
    f"postgresql:rec:{SECRET}@host/rec",
    f"postgres:/rec:{SECRET}@host/rec",
    f"Postgresql://rec:{SECRET}@host/rec",
    f"POSTGRES://rec:{SECRET}@host/rec",
    f"postgresql//rec:{SECRET}@host/rec",
    f"postgresql;//rec:{SECRET}@host/rec",
    f"postgresql:///rec:{SECRET}@host/rec",
    f"postgresql://rec:a@{SECRET}@host/rec",
    f"postgresql://rec:{SECRET}@host",
    f"postgresql://rec {SECRET}@host/rec",
    f"postgresql://rec:{SECRET}@ho st/rec",
    f"postgresql+asyncpg://rec:{SECRET}@host/rec",
    f"posgtresql://rec:{SECRET}@host/rec",
    f"mysql://rec:{SECRET}@host/rec",
    f"http://rec:{SECRET}@host/rec",
    f"s3://{SECRET}/rec",
    f"rec:{SECRET}@host/rec",
    f"//rec:{SECRET}@host/rec",
    f"./postgresql:/rec:{SECRET}@host/rec",
    f"host=db dbname=um user=rec password={SECRET}",
    f"/x host=db password = {SECRET}",
    f" postgresql://rec:{SECRET}@host/rec",
    f'"postgresql://rec:{SECRET}@host/rec"',
    f"postgresql://rec:{SECRET}@host/rec\n",
    f"'{SECRET}/state.db'",
    f"sqlite:{SECRET}.db",
    f"sqlite:///{SECRET}.db",
    f"file:{SECRET}.db",
    f"env:{SECRET}-x",
    f"keyring:{SECRET}",
    f"~/{SECRET}.db",
    f"${SECRET}/state.db",
    f"C:\\{SECRET}\\state.db",
    f"a:{SECRET}/state.db",
    f"/srv/{SECRET}/",
    f"/srv/{SECRET}\0",
    "..",
    "/",
]


@pytest.mark.parametrize("text", WRONG)
def test_anything_else_is_refused_without_being_repeated(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StateError, match="Unknown state location") as caught:
        open_store(text, "contoso", clock=RealClock(), random=Counting())
    assert SECRET not in str(caught.value.diagnostics)
    assert os.listdir(tmp_path) == []


@given(st.sampled_from(SERVERS), st.text(st.sampled_from("pos:/@%?=. \\P"), max_size=12), st.booleans())
@example("postgresql", ":/rec:PW@host/rec", False)
def test_what_begins_like_the_address_of_a_server_is_never_a_file(scheme: str, rest: str, is_windows: bool) -> None:
    text = f"{scheme}:{rest}"
    try:
        found = parse_location(text, is_windows=is_windows)
    except StateError:
        return
    assert found == text


@given(st.text(st.sampled_from("ab:/@=.\\"), min_size=1, max_size=10), st.booleans())
def test_no_password_becomes_part_of_a_path(text: str, is_windows: bool) -> None:
    try:
        found = parse_location(text, is_windows=is_windows)
    except StateError:
        return
    assert not isinstance(found, Path) or is_windows or ":" not in str(found).rpartition("@")[0]
