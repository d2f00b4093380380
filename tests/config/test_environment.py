"""A directory becomes one environment, whatever the order and number of its files."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app import files as environment_files
from reconciler.app.files import prefix_of, read_files
from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import Environment, load, parse_duration
from reconciler.config.files import Files
from reconciler.model.commands import Adapter, Authentication, Connection
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.errors import ConfigurationError
from reconciler.model.landscape import Settings
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Resources
from tests.support.effort import effort
from tests.support.example_types import EXAMPLE_TYPES

SECTIONS = {
    "environment": "environment: contoso\n",
    "restarts": "restarts: {settle: 0s, interrupt: allow}\n",
    "exchange": "connections:\n  exchange: {host: EX1.contoso.com, auth: ntlm, user: svc, password: env:UM}\n",
    "lync": "connections:\n  lync: {host: fe1.contoso.com}\n",
    "redmond": 'dial_plans:\n  Redmond: {extension_digits: 5, access_numbers: ["+2", "+1"]}\n',
    "berlin": "dial_plans:\n  Berlin:\n    extension_digits: 4\n    pool: pool1.contoso.com\n",
    "attendants": "auto_attendants:\n  Main: {dial_plan: Redmond, fallback: Night}\n  Night: {dial_plan: redmond}\n",
    "csv": "mailboxes:\n- {file: users.csv, defaults: {policy: Redmond/default, wave: 1}}\n",
    "rows": "mailboxes:\n- {identity: dora@contoso.com, extension: 0044, policy: Berlin/default}\n",
    "yaml": "mailboxes:\n- file: more/users.yaml\n",
}
ROWS = {
    "users.csv": "\ufeffidentity;extension;wave;extensions\r\n"
    "alice@contoso.com;00042;;1|2\r\nbob@contoso.com;00043;2;3\r\n",
    "more/users.yaml": "- identity: smtp:Carol@contoso.com\n  extension: 0045\n  dial_plan: Berlin\n",
}


def files(contents: Mapping[str, str | bytes]) -> Files:
    return Files({name: text.encode() if isinstance(text, str) else text for name, text in contents.items()})


def loaded(contents: Mapping[str, str | bytes], types: Sequence[ResourceType] = EXAMPLE_TYPES) -> Environment:
    environment, found = load(files(contents), types)
    assert found == ()
    assert environment is not None
    return environment


def refused(contents: Mapping[str, str | bytes]) -> list[tuple[str, str]]:
    environment, found = load(files(contents), EXAMPLE_TYPES)
    assert environment is None
    return [(one.summary, str(one.position)) for one in found]


def connection(text: str) -> ConnectionConfig:
    return loaded({"a.yaml": f"environment: x\nconnections:\n  exchange: {text}\n"}).connections[Connection.EXCHANGE]


WHOLE = {**{f"{name}.yaml": text for name, text in SECTIONS.items()}, **ROWS}


# --- what is read ----------------------------------------------------------------------------------------------------


def test_everything_written_is_there() -> None:
    environment = loaded(WHOLE)
    assert environment.name == "contoso"
    assert environment.settings == Settings("contoso", settle_seconds=0, interrupt_allowed=True, second_hop=False)
    assert environment.connections[Connection.EXCHANGE] == ConnectionConfig(
        "ex1.contoso.com", auth=Authentication.NTLM, user="svc", password=SecretReference("env", "UM")
    )
    assert environment.connections[Connection.LYNC] == ConnectionConfig("fe1.contoso.com")
    assert {name: list(resources) for name, resources in environment.declared.items()} == {
        "dial_plan": ["Berlin", "Redmond"],
        "mailbox_policy": [],
        "auto_attendant": ["Main", "Night"],
        "um_mailbox": ["alice@contoso.com", "bob@contoso.com", "carol@contoso.com", "dora@contoso.com"],
    }


def test_row_of_a_csv_file_takes_its_defaults_and_splits_several_values() -> None:
    mailboxes = loaded(WHOLE).declared["um_mailbox"]
    assert mailboxes["alice@contoso.com"].attributes == {
        "policy": "Redmond/default",
        "wave": "1",
        "extension": "00042",
        "extensions": ("1", "2"),
    }
    assert mailboxes["bob@contoso.com"].attributes["wave"] == "2"
    assert mailboxes["bob@contoso.com"].attributes["extensions"] == ("3",)


def test_resource_knows_where_it_was_declared() -> None:
    declared = loaded(WHOLE).declared
    assert str(declared["dial_plan"]["Redmond"].position) == "redmond.yaml:2:3"
    assert str(declared["um_mailbox"]["bob@contoso.com"].position) == "users.csv:3:1"
    assert str(declared["um_mailbox"]["carol@contoso.com"].position) == "more/users.yaml:1:3"


def test_scalars_reach_the_type_as_text() -> None:
    mailboxes = loaded(WHOLE).declared["um_mailbox"]
    assert mailboxes["dora@contoso.com"].attributes["extension"] == "0044"
    assert mailboxes["carol@contoso.com"].attributes["extension"] == "0045"


def test_name_alone_declares_a_resource_with_nothing_managed() -> None:
    declared = loaded({"a.yaml": "environment: x\nmailbox_policies:\n  Guests:\n  Staff: {allow_fax: }\n"}).declared
    assert declared["mailbox_policy"]["guests"].attributes == {}
    assert declared["mailbox_policy"]["Staff"].attributes == {"allow_fax": None}


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
def test_mistakes_are_told_in_the_order_of_files(order: list[str]) -> None:
    contents = {"a.yaml": "x: 1\n", "b.yaml": "environment: ../x\n", "c.yaml": "restarts: {settle: 1}\n"}
    assert refused({name: contents[name] for name in order}) == [
        ("Unknown key", "a.yaml:1:1"),
        ("Invalid name", "b.yaml:1:14"),
        ("Invalid value", "c.yaml:1:20"),
    ]


# --- connections and settings ----------------------------------------------------------------------------------------


def test_port_follows_tls() -> None:
    assert connection("{host: ex1}").effective_port == 5986
    assert connection("{host: ex1, tls: false}").effective_port == 5985
    assert connection("{host: ex1, port: 443}").effective_port == 443


def test_host_takes_the_settings_of_the_connection_and_its_own() -> None:
    config = connection(
        "{host: ex1.contoso.com, adapter: remote, ca: ca.pem, hosts: {EX2.contoso.com: {port: 8443, adapter: snapin}}}"
    )
    assert config.for_host("ex2.CONTOSO.com") == ConnectionConfig(
        "ex2.CONTOSO.com", port=8443, adapter=Adapter.SNAPIN, ca="ca.pem"
    )
    assert config.for_host("ex3.contoso.com") == ConnectionConfig(
        "ex3.contoso.com", adapter=Adapter.REMOTE, ca="ca.pem"
    )


@pytest.mark.parametrize(
    "text", ["env:UM_PASSWORD", "file:/run/secrets/um", "file:C:\\secrets\\um", "keyring:reconciler/CONTOSO\\svc"]
)
def test_secret_reference_is_read_and_written_alike(text: str) -> None:
    assert str(SecretReference.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "canary", "env:", "env:1canary", "env:a b", "file: canary", "keyring:canary", "ENV:canary", "vault:canary"],
)
def test_anything_else_is_no_secret_reference(text: str) -> None:
    with pytest.raises(ValueError, match="is no reference") as raised:
        SecretReference.parse(text)
    assert "canary" not in str(raised.value)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20))
def test_literal_secret_is_never_repeated(secret: str) -> None:
    literal = f"canary{secret}"
    for quote in ("", "'", '"'):
        text = f"environment: x\nconnections:\n  exchange: {{host: a, password: {quote}{literal}{quote}, x: 1}}\n"
        environment, found = load(files({"a.yaml": text}), EXAMPLE_TYPES)
        assert environment is None
        assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("20m", 1200), ("1h", 3600), ("1h30m", 5400), ("24h", 86_400), ("1h0m5s", 3605)],
)
def test_duration_is_read_in_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "20", "20 m", "-1s", "1.5h", "20M", "1d", "25h", "30m1h", "٣s", "9999999s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


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


# --- references ------------------------------------------------------------------------------------------------------


def test_policy_that_a_declared_dial_plan_brings_may_be_named() -> None:
    declared = loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"] + SECTIONS["rows"]}).declared
    assert declared["um_mailbox"]["dora@contoso.com"].attributes["policy"] == "Berlin/default"


def test_caller_may_tell_what_else_is_implied() -> None:
    contents = files({"a.yaml": "environment: x\nmailboxes: [{identity: a, policy: Legacy}]\n"})
    environment, found = load(contents, EXAMPLE_TYPES, implied=lambda *_: {"mailbox_policy": frozenset(["legacy"])})
    assert environment is not None
    assert found == ()


def test_missing_target_proves_nothing_where_a_file_could_not_be_read() -> None:
    contents = {"a.yaml": "environment: x\n" + SECTIONS["attendants"], "b.yaml": SECTIONS["redmond"] + "x: [\n"}
    assert refused(contents) == [("Invalid YAML", "b.yaml:4:1")]


def test_only_the_fact_that_is_referred_to_is_left_to_the_world() -> None:
    assert (
        loaded({"a.yaml": "environment: x\n" + SECTIONS["berlin"]}).declared["dial_plan"]["Berlin"].attributes["pool"]
    )


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


# --- the directory ---------------------------------------------------------------------------------------------------


def write(directory: Path, contents: Mapping[str, str]) -> None:
    for name, text in contents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def test_directory_is_read_with_what_lies_below_it(tmp_path: Path) -> None:
    write(tmp_path, {**WHOLE, "README.md": "text", "notes.txt": "text"})
    assert load(read_files(tmp_path), EXAMPLE_TYPES)[0] == loaded(WHOLE)
    assert list(read_files(tmp_path).contents) == sorted(WHOLE)


def test_dot_directories_and_dot_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "environment: x\n", ".git/b.yaml": "x", ".reconciler/c.yaml": "x", ".d.yaml": "x"})
    assert list(read_files(tmp_path).contents) == ["a.yaml"]


def test_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_files(tmp_path / "nowhere")
    assert raised.value.diagnostics[0].summary == "No such environment"


def test_file_instead_of_a_directory_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "environment: x\n"})
    with pytest.raises(ConfigurationError) as raised:
        read_files(tmp_path / "a.yaml")
    assert str(tmp_path) in raised.value.diagnostics[0].remedy


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are POSIX")
def test_nothing_but_regular_files_within_the_directory_is_opened(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(tmp_path, {"root/a.yaml": "environment: x\n", "outside/secret.yaml": "canary"})
    (root / "link.yaml").symlink_to(outside / "secret.yaml")
    (root / "linked").symlink_to(outside)
    (root / "linked.yaml").symlink_to(outside)
    (root / "inside.csv").symlink_to(root / "a.yaml")
    (root / "broken.csv").symlink_to(root / "nothing.csv")
    (root / "loop.yaml").symlink_to(root / "loop.yaml")
    (root / "device.yaml").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.yaml")
    read = read_files(root)
    assert sorted(read.contents) == ["a.yaml", "inside.csv"]
    assert {name: told.summary for name, told in read.refused.items()} == {
        "broken.csv": "File cannot be read",
        "device.yaml": "File outside the environment",
        "link.yaml": "File outside the environment",
        "linked.yaml": "File outside the environment",
        "loop.yaml": "File cannot be read",
        "pipe.yaml": "Not a regular file",
    }
    environment, found = load(read, EXAMPLE_TYPES)
    assert environment is None
    assert len(found) == len(read.refused)


def test_large_file_is_told_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_files, "MAX_FILE_BYTES", 20)
    write(tmp_path, {"a.yaml": "environment: x\n", "b.yaml": "#" * 21})
    read = read_files(tmp_path)
    assert list(read.contents) == ["a.yaml"]
    assert read.refused["b.yaml"].summary == "File too large"


def test_reading_ends_where_there_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_files, "MAX_FILES", 2)
    write(tmp_path, {f"{name}.yaml": "" for name in "abcd"})
    assert [told.summary for told in read_files(tmp_path).refused.values()] == ["Directory too large"]


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


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("auth: kerberos", False),
        ("auth: kerberos, delegate: true", True),
        ("auth: credssp, user: svc, password: env:P", True),
        ("auth: ntlm, user: svc, password: env:P", False),
    ],
)
def test_second_hop_follows_from_how_the_session_is_authenticated(keys: str, expected: bool) -> None:
    text = f"environment: x\nconnections:\n  exchange: {{host: ex1.contoso.com, {keys}}}\n"
    environment, told = load(Files({"x.yaml": text.encode()}), ())
    assert environment is not None, told
    assert environment.settings.second_hop is expected


@pytest.mark.parametrize("place", [".", "estate", "./deep/estate", "absolute"])
def test_places_are_seen_from_where_the_user_stands(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "elsewhere" if place == "absolute" else Path(place)
    monkeypatch.chdir(tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "a.yaml").write_text("environment: x\nmailboxes: [{file: u.csv}]\nunknown: 1\n")
    (directory / "u.csv").write_text("identity,extension\na@x.com\n")
    os.mkfifo(directory / "p.yaml")
    _, found = load(read_files(directory, prefix=prefix_of(directory)), EXAMPLE_TYPES)
    named = {told.position.file for told in found if told.position}
    assert named == {os.path.normpath(directory / name) for name in ("a.yaml", "u.csv", "p.yaml")}
    assert all(Path(name).exists() for name in named)
