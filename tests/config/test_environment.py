"""A directory becomes one environment, whatever the order and number of its files."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE, LYNC
from providers.estate.restart_pool import INTERRUPT, SETTLE
from providers.estate.restart_windows import WINDOWS
from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.landscape import Settings
from reconciler.model.resources import Resources
from tests.support.effort import effort
from tests.support.example_environments import ROWS, SECTIONS, WHOLE, files, loaded, refused
from tests.support.example_types import EXAMPLE_TYPES

# --- what is read ----------------------------------------------------------------------------------------------------


def test_everything_written_is_there() -> None:
    environment = loaded(WHOLE)
    assert environment.name == "contoso"
    assert environment.settings == Settings(
        "contoso", options=SETTLE.of(0) | INTERRUPT.of(True), without_second_hop=frozenset({"exchange", "lync"})
    )
    assert environment.connections[EXCHANGE.connection] == ConnectionConfig(
        "ex1.contoso.com", auth=Authentication.NTLM, user="svc", password=SecretReference("env", "UM")
    )
    assert environment.connections[LYNC.connection] == ConnectionConfig("fe1.contoso.com")
    assert {name: list(resources) for name, resources in environment.declared.items()} == {
        "dial_plan": ["Berlin", "Redmond"],
        "mailbox_policy": [],
        "auto_attendant": ["Main", "Night"],
        "um_mailbox": ["alice@contoso.com", "bob@contoso.com", "carol@contoso.com", "dora@contoso.com"],
    }


def test_windows_are_read_by_pool_in_any_case() -> None:
    text = "restarts:\n  windows: {Pool1.contoso.com: daily 01:00-02:00 UTC, default: Sat 0:00-24:00 UTC}\n"
    windows = loaded({"a.yaml": f"environment: x\n{text}"}).settings.option(WINDOWS)
    assert {pool: [one.text for one in those] for pool, those in windows.items()} == {
        "pool1.contoso.com": ["daily 01:00-02:00 UTC"],
        "default": ["Sat 0:00-24:00 UTC"],
    }


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("windows: {a.example: Caturday 01:00-02:00 UTC}", 3, 24),
        ("windows: {a.example: Sat 01:00-02:00 Europe/Atlantis}", 3, 24),
        ("windows: {a.example: [Sat 01:00-02:00 UTC]}", 3, 24),
        ("windows: {a.example: }", 3, 13),
        ("windows: {a.example: daily 01:00-02:00 UTC, A.example: daily 01:00-02:00 UTC}", 3, 47),
        ("windows: daily 01:00-02:00 UTC", 3, 12),
        ("outside: maybe", 3, 12),
        ("drain: slowly", 3, 10),
        ("readiness: perhaps", 3, 14),
    ],
)
def test_what_is_wrong_with_restarts_is_said_at_its_place(written: str, line: int, column: int) -> None:
    _, (found,) = load(files({"a.yaml": f"environment: x\nrestarts:\n  {written}\n"}), EXAMPLE_TYPES)
    assert found.position is not None
    assert (found.position.line, found.position.column) == (line, column)
    assert found.remedy


def test_a_window_that_is_wrong_is_shown() -> None:
    text = "environment: x\nrestarts:\n  windows: {default: Caturday 01:00-02:00 UTC}\n"
    _, (found,) = load(files({"a.yaml": text}), EXAMPLE_TYPES)
    assert "Caturday 01:00-02:00 UTC" in found.detail


def test_explicitly_empty_section_declares_nothing() -> None:
    environment = loaded({"a.yaml": "environment: x\nmailboxes: []\ndial_plans: {}\n"})
    assert environment.declared["um_mailbox"] == Resources()


def test_environment_is_the_only_thing_needed() -> None:
    environment = loaded({"a.yaml": "environment: x\n"})
    assert environment.settings == Settings("x")
    assert environment.connections == {}
    assert environment.simulator is None


def test_environment_is_frozen() -> None:
    environment = loaded(WHOLE)
    assert isinstance(environment.declared, MappingProxyType)
    assert isinstance(environment.connections, MappingProxyType)
    with pytest.raises(AttributeError):
        environment.name = "other"  # type: ignore[misc]  # that it is refused is the point


# --- order and files do not matter -----------------------------------------------------------------------------------


@given(
    st.permutations(sorted(SECTIONS)), st.lists(st.sampled_from("abc"), min_size=len(SECTIONS), max_size=len(SECTIONS))
)
def test_order_and_split_of_files_make_no_difference(order: list[str], places: list[str]) -> None:
    contents = dict(ROWS)
    taken: dict[str, set[str]] = {}
    for name, place in zip(order, places, strict=True):
        section = SECTIONS[name].partition(":")[0]
        # A section stands once in a file, so a second part of it moves to a file of its own.
        file = f"{place}.yaml" if section not in taken.setdefault(place, set()) else f"{place}-{name}.yaml"
        taken[place].add(section)
        contents[file] = contents.get(file, "") + SECTIONS[name]
    assert loaded(contents) == loaded(WHOLE)


@given(st.permutations(sorted(WHOLE)))
def test_order_of_reading_makes_no_difference(order: list[str]) -> None:
    assert loaded({name: WHOLE[name] for name in order}) == loaded(WHOLE)


@given(st.permutations([f"{section}.yaml" for section in ("a", "b", "c")]))
def test_mistakes_are_reported_in_the_order_of_files(order: list[str]) -> None:
    contents = {"a.yaml": "x: 1\n", "b.yaml": "environment: ../x\n", "c.yaml": "restarts: {settle: 1}\n"}
    assert refused({name: contents[name] for name in order}) == [
        ("Unknown key", "a.yaml:1:1"),
        ("Invalid name", "b.yaml:1:14"),
        ("Invalid value", "c.yaml:1:20"),
    ]


# --- the simulator's world -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "world", ["servers: [ex1]\n", "- not: a mapping\n", "broken: [\n", "environment: other\n", b"\xff"]
)
def test_world_of_the_simulator_is_no_part_of_the_environment(world: str | bytes) -> None:
    text = "environment: x\nconnections: {simulator: ./world.yaml}\n"
    environment = loaded({"a.yaml": text, "world.yaml": world})
    assert environment.simulator == "world.yaml"


def test_world_may_be_larger_than_what_is_read() -> None:
    told = Diagnostic("File too large", "It is.", "Split it.")
    contents = {"a.yaml": b"environment: x\nconnections: {simulator: world.yaml}\n"}
    environment, found = load(Files(contents, {"world.yaml": told}), EXAMPLE_TYPES)
    assert found == ()
    assert environment is not None


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["whole.yaml", "users.csv", "more/users.yaml"])
def test_truncation_anywhere_never_fails(name: str) -> None:
    parts = ["environment", "restarts", "exchange", "redmond", "attendants", "csv"]
    whole = (
        "".join(SECTIONS[part] for part in parts) + "- file: more/users.yaml\n" + SECTIONS["berlin"].partition("\n")[2]
    )
    contents: dict[str, str | bytes] = {**ROWS, "whole.yaml": whole}
    content = str(contents[name]).encode()
    for length in range(len(content)):
        environment, found = load(files({**contents, name: content[:length]}), EXAMPLE_TYPES)
        assert (environment is None) == any(one.severity is Severity.ERROR for one in found)


@given(st.dictionaries(st.sampled_from(["a.yaml", "b.yaml", "u.csv"]), st.binary(max_size=80)))
def test_any_bytes_are_read_or_refused(contents: dict[str, bytes]) -> None:
    environment, found = load(Files(contents), EXAMPLE_TYPES)
    assert environment is not None or found


@given(
    st.recursive(
        st.text(max_size=5) | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)
    )
)
def test_any_tree_in_any_section_is_read_or_refused(tree: object) -> None:
    import json

    for section in ("environment", "connections", "restarts", "dial_plans", "mailboxes"):
        text = f"{section}: {json.dumps(tree, ensure_ascii=False)}\n"
        environment, found = load(files({"a.yaml": text}), EXAMPLE_TYPES)
        assert environment is not None or found


# --- size ------------------------------------------------------------------------------------------------------------


def test_ten_times_the_rows_take_ten_times_the_work() -> None:
    def contents(count: int) -> dict[str, str]:
        rows = (f"user{n}@contoso.com,user{n}@contoso.com,{n:05},Redmond/default,Redmond,1\n" for n in range(count))
        text = "identity,sip_address,extension,policy,dial_plan,wave\n" + "".join(rows)
        return {"a.yaml": "environment: x\nmailboxes: [{file: u.csv}]\n" + SECTIONS["redmond"], "u.csv": text}

    few, many = contents(500), contents(5_000)
    assert len(loaded(many).declared["um_mailbox"]) == 5_000
    assert effort(lambda: loaded(many)) < 11 * effort(lambda: loaded(few))


HOSTILE: Mapping[str, Callable[[int], dict[str, str]]] = {
    "unknown columns": lambda n: _users(",".join(f"c{one}" for one in range(n)) + "\n"),
    "one column written often": lambda n: _users(",".join(["identity"] * n) + "\n"),
    "columns without name": lambda n: _users("identity" + "," * n + "x\n"),
    "mangled numbers": lambda n: _users(f"identity{',extension' * n}\na@x.com{',4E+10' * n}\n"),
    "secret columns": lambda n: _users(f"identity{',pin' * n}\na@x.com{',#REF!' * n}\n"),
    "blank cells": lambda n: _users("identity,extension\na@x.com,1" + ", " * n + "\n"),
    "too many cells": lambda n: _users("identity,extension\na@x.com,1" + ",1" * n + "\n"),
    "wrong rows": lambda n: _users("identity,extension\n" + "".join(f"u{one}@x.com,x\n" for one in range(n))),
    "unknown references": lambda n: {
        "a.yaml": "environment: x\nauto_attendants:\n"
        + "".join(f"  a{one}: {{dial_plan: p{one}x}}\n" for one in range(n // 2))
        + "dial_plans:\n"
        + "".join(f"  q{one}: {{extension_digits: 5}}\n" for one in range(n // 2))
    },
    "unknown attributes": lambda n: {
        "a.yaml": "environment: x\ndial_plans:\n  a:\n" + "".join(f"    k{one}: 1\n" for one in range(n))
    },
    "unknown sections": lambda n: {"a.yaml": "environment: x\n" + "".join(f"k{one}: 1\n" for one in range(n))},
    "many files": lambda n: {f"f{one}.yaml": "k: 1\n" for one in range(n // 4)},
    "unreadable files": lambda n: {f"f{one}.yaml": "a: [\n" for one in range(n // 4)},
}


def _users(rows: str) -> dict[str, str]:
    return {"a.yaml": "environment: x\nmailboxes: [{file: u.csv}]\n", "u.csv": rows}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_take_no_more_work_than_they_have_bytes(kind: str) -> None:
    """A file of ten times the mistakes takes about ten times the work: a pull request cannot hold up a pipeline."""
    few, many = HOSTILE[kind](200), HOSTILE[kind](2_000)
    assert effort(lambda: load(files(many), EXAMPLE_TYPES)) < 13 * effort(lambda: load(files(few), EXAMPLE_TYPES))
