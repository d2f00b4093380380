"""Who decides where a secret goes: the operator, outside the repository; never a branch of a stranger."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from providers.catalogue import resource_types
from providers.cmdlets.products import EXCHANGE, LYNC
from providers.transport.settings import Approval, ConnectionSettings, Secret, target_of
from reconciler.app.declared import check
from reconciler.app.trusted import Secrets, trust_of
from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.config.trust import Pinned, Trust, parse_named, parse_pinned, refusals
from reconciler.model.commands import Authentication, HostPatterns
from reconciler.model.diagnostics import ConfigurationError, PermanentError
from tests.support.cli import little, run
from tests.support.example_types import PROVIDERS

UM = SecretReference("env", "UM_PASSWORD")
OTHER = SecretReference("env", "OTHER_SECRET")
PINS = """\
connections:
  exchange: {host: ex1.contoso.com, auth: ntlm, user: svc, password: env:UM_PASSWORD}
  lync: {host: fe1.contoso.com, auth: ntlm, user: svc, password: env:UM_PASSWORD}
"""
BRANCH = """\
environment: a
connections:
  exchange: {host: evil.example.com, auth: basic, user: a, password: env:OTHER_SECRET, ca: evil.pem}
  lync: {host: fe1.contoso.com, auth: kerberos}
"""


def ntlm(host: str, password: SecretReference = UM, **keys: object) -> ConnectionConfig:
    return ConnectionConfig(host, auth=Authentication.NTLM, user="svc", password=password, **keys)  # type: ignore[arg-type]


def told(trust: Trust, config: ConnectionConfig, *, outside: bool = False) -> list[str]:
    return [f"{one.summary}: {one.detail}" for one in refusals(trust, config, lambda _: outside)]


# --- what is used ----------------------------------------------------------------------------------------------------


def test_a_named_secret_is_used_and_no_other() -> None:
    trust = Trust(named=parse_named("UM_PASSWORD, keyring:svc/um"))
    assert told(trust, ntlm("ex1.contoso.com")) == []
    assert told(trust, ntlm("ex1.contoso.com", SecretReference("keyring", "svc/um"))) == []
    (refused,) = told(trust, ntlm("ex1.contoso.com", OTHER))
    assert refused.startswith("Secret not approved: RECONCILER_SECRETS does not list env:OTHER_SECRET.")


def test_an_empty_list_allows_none() -> None:
    assert told(Trust(named=parse_named("")), ntlm("ex1.contoso.com"))


@pytest.mark.parametrize("text", ["a b", "env:UM=*", "file:/x=http://a", "vault:x", "UM=*.contoso.com||", "=*.a.com"])
def test_a_wrong_list_of_secrets_is_reported(text: str) -> None:
    with pytest.raises(ValueError, match=r"entry 1 (names|is)"):
        parse_named(text)


def test_a_named_secret_goes_to_its_hosts_alone() -> None:
    trust = Trust(named=parse_named("UM_PASSWORD=*.contoso.com|ex9.fabrikam.com\nOTHER_SECRET"))
    assert told(trust, ntlm("ex1.contoso.com")) == told(trust, ntlm("ex9.fabrikam.com")) == []
    assert told(trust, ntlm("evil.example.com", OTHER)) == [], "no hosts were named for it"
    (refused,) = told(trust, ntlm("evil.example.com"))
    assert refused.startswith("Secret not approved: ")
    assert {"evil.example.com", "env:UM_PASSWORD."} <= {*refused.split()}


def test_the_overrides_of_a_host_are_held_to_the_same() -> None:
    trust = Trust(named=parse_named("UM_PASSWORD=*.contoso.com"))
    evil: Mapping[str, Mapping[str, object]] = {"evil.example.com": {"port": 443}}
    assert told(trust, ntlm("ex1.contoso.com", hosts=evil))
    assert told(trust, ntlm("ex1.contoso.com", hosts={"ex2.contoso.com": {"password": OTHER}}))


def test_what_the_program_itself_needs_is_no_password_of_a_server() -> None:
    variables = {"RECONCILER_PLAN_KEY": "env:PLAN_KEY", "RECONCILER_STATE": "env:STATE_URL"}
    trust = trust_of(Environment("a"), variables)
    for name in ("PLAN_KEY", "STATE_URL", "RECONCILER_STATE", "PGPASSWORD"):
        assert told(trust, ntlm("ex1.contoso.com", SecretReference("env", name))), name
    assert told(trust, ntlm("ex1.contoso.com")) == []


def test_a_file_outside_the_repository_has_to_be_named() -> None:
    key = ConnectionConfig("ex1.contoso.com", auth=Authentication.CERTIFICATE, certificate_key="/root/key.pem")
    for config in (ntlm("ex1.contoso.com", SecretReference("file", "/run/secrets/um")), key):
        assert told(Trust(), config, outside=True)
        assert told(Trust(), config) == []
        name = str(config.secrets[0])
        assert told(Trust(named=parse_named(name)), config, outside=True) == []


# --- pinned connections ----------------------------------------------------------------------------------------------


def pinned(text: str) -> Pinned:
    made, found = parse_pinned("pins.yaml", text.encode(), PROVIDERS)
    assert made is not None, found
    return made


def test_connections_of_the_repository_are_refused_beside_pinned_ones() -> None:
    files = Files({"a.yaml": BRANCH.encode()})
    made, found = load(files, resource_types(), pinned=pinned(PINS))
    (error,) = found
    assert made is None
    assert error.summary == "Connections are pinned"
    assert str(error.position) == "a.yaml:2:1"
    files = Files({"a.yaml": b"environment: a\nconnections: {simulator: world.yaml}\n", "world.yaml": b"world: a"})
    assert load(files, resource_types(), pinned=pinned(PINS))[0] is None, "a simulator hides that nothing is checked"


def test_pinned_connections_are_those_of_the_environment() -> None:
    made, found = load(Files({"a.yaml": b"environment: a\n"}), resource_types(), pinned=pinned(PINS))
    assert made is not None, found
    assert made.connections[EXCHANGE.connection].host == "ex1.contoso.com"
    assert made.connections[EXCHANGE.connection].password == UM


def test_a_pinned_secret_goes_to_the_domain_of_its_connection_unless_hosts_are_named() -> None:
    config = ntlm("ex1.contoso.com")
    (hosts,) = Trust(pinned(PINS)).approved(UM, config)
    assert ("fe7.contoso.com" in hosts, "ex1.fabrikam.com" in hosts) == (True, False)
    named = f"{PINS}secrets:\n  UM_PASSWORD: [ex*.contoso.com, '*.fabrikam.com', 'fe*.contoso.com']\n"
    (hosts,) = Trust(pinned(named)).approved(UM, config)
    assert ("fs1.contoso.com" in hosts, "ex1.fabrikam.com" in hosts) == (False, True)


@pytest.mark.parametrize(
    ("text", "summary", "line"),
    [
        ("", "Invalid value", 1),
        ("- a", "Invalid value", 1),
        ("secrets: {}", "Missing key", 1),
        ("connection: {}", "Unknown key", 1),
        (PINS + "environment: a", "Unknown key", 4),
        (PINS + "secrets: {UM_PASSWORD: '*'}", "Invalid value", 4),
        (PINS + "secrets: {UM_PASSWORD: []}", "Invalid value", 4),
        (PINS + "secrets: {OTHER: ['*.contoso.com']}", "Secret not approved", 2),
        (PINS.replace("env:UM_PASSWORD", "Pa55word!"), "Literal secret", 2),
    ],
)
def test_a_wrong_file_of_pinned_connections_is_reported_with_its_place(text: str, summary: str, line: int) -> None:
    made, found = parse_pinned("pins.yaml", text.encode(), PROVIDERS)
    assert made is None
    assert (found[0].summary, found[0].position and found[0].position.line) == (summary, line)
    assert "Pa55word!" not in repr(found)


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    directory = tmp_path / "repository" / "estate"
    directory.mkdir(parents=True)
    (directory.parent / ".git").mkdir()
    (directory / "a.yaml").write_text("environment: a\n")
    (tmp_path / "secret").write_text("outside")
    (directory.parent / "secret").write_text("inside")
    (directory / "link").symlink_to(tmp_path / "secret")
    return directory


def fetched(directory: Path, trust: Trust, config: ConnectionConfig) -> str:
    masked: list[str] = []
    secrets = Secrets(trust, directory, masked.append)
    secrets.admit(config)
    (reference,) = config.secrets
    assert [secrets.fetch(reference)] == masked
    return masked[0]


def of_file(name: str) -> ConnectionConfig:
    return ntlm("ex1.contoso.com", SecretReference("file", name))


def test_a_file_of_the_repository_is_a_secret_and_none_outside(estate: Path, tmp_path: Path) -> None:
    assert fetched(estate, Trust(), of_file("../secret")) == "inside"
    outside = str(tmp_path / "secret")
    for name in ("../../secret", outside, "link", "/proc/self/environ"):
        with pytest.raises(ConfigurationError) as caught:
            fetched(estate, Trust(), of_file(name))
        assert caught.value.diagnostics[0].summary == "Secret not approved"
    assert fetched(estate, Trust(named=parse_named(f"file:{outside}")), of_file(outside)) == "outside"


def test_files_of_pinned_connections_start_beside_their_file(estate: Path, tmp_path: Path) -> None:
    trust = Trust(Pinned(str(tmp_path / "pins.yaml")))
    assert fetched(estate, trust, of_file("secret")) == "outside"


def test_pinned_connections_lie_outside_the_repository(estate: Path, tmp_path: Path) -> None:
    (tmp_path / "pins.yaml").write_text(PINS)
    environment, _ = check(estate, tmp_path / "pins.yaml")
    assert environment.connections[LYNC.connection].host == "fe1.contoso.com"
    for path in (estate / "pins.yml", estate.parent / "pins.yml"):
        path.write_text(PINS)
        with pytest.raises(ConfigurationError, match="Connections file in the repository"):
            check(estate, path)
        path.unlink()
    (estate / "out.yml").symlink_to(tmp_path / "pins.yaml")
    with pytest.raises(ConfigurationError, match="Connections file in the repository"):
        check(estate, estate / "out.yml")
    (tmp_path / "link.yaml").symlink_to(estate / "a.yaml")
    for name, summary in {
        "link.yaml": "Connections file in the repository",
        "none.yaml": "File cannot be read",
    }.items():
        with pytest.raises(ConfigurationError, match=summary):
            check(estate, tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
@pytest.mark.parametrize("key", ["ca", "certificate", "certificate_key"])
def test_a_pipe_or_a_device_is_no_file_of_certificates(key: str, estate: Path) -> None:
    os.mkfifo(estate / "pipe")
    for name in ("pipe", "/dev/zero"):
        keys: dict[str, str] = {key: name}
        config = ConnectionConfig("ex1.contoso.com", auth=Authentication.CERTIFICATE, **keys)  # type: ignore[arg-type]
        named = Trust(named={SecretReference("file", name): None})
        with pytest.raises(ConfigurationError, match="Not a regular file"):
            Secrets(named, estate, lambda _: None).admit(config)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
def test_a_pipe_is_no_secret(estate: Path) -> None:
    os.mkfifo(estate / "pipe")
    with pytest.raises(ConfigurationError, match="Secret not found"):
        fetched(estate, Trust(), of_file("pipe"))


# --- hosts that are discovered ---------------------------------------------------------------------------------------


def test_a_discovered_host_that_is_not_approved_gets_no_session() -> None:
    contoso = Approval("env:UM_PASSWORD", HostPatterns.parse(["*.contoso.com"]))
    fabrikam = Approval("env:OTHER", HostPatterns.parse(["*.fabrikam.com"]))
    own = {"ex1.fabrikam.com": {"password": Secret("b"), "approvals": (fabrikam,)}}
    settings = ConnectionSettings(
        connection=EXCHANGE.connection,
        host="ex1.contoso.com",
        auth=Authentication.NTLM,
        user="svc",
        password=Secret("a"),
        approvals=(contoso,),
        hosts=own,
    )
    for host in (None, "ex2.emea.contoso.com", "ex1.fabrikam.com"):
        target_of(settings, host)
    with pytest.raises(PermanentError) as caught:
        target_of(settings, "ex2.fabrikam.com")
    assert "env:UM_PASSWORD is not approved for it" in caught.value.diagnostics[0].detail


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def moved(tmp_path: Path) -> Callable[[str], tuple[Path, str]]:
    """Writes an estate whose world lies outside, and the connections that pin it there."""

    def make(own: str) -> tuple[Path, str]:
        environment = little(tmp_path / "repository" / "little")
        environment.edit("little.yaml", "connections: {simulator: world.yaml}\n", own)
        (environment.directory / "world.yaml").rename(tmp_path / "world.yaml")
        (tmp_path / "pins.yaml").write_text("connections: {simulator: world.yaml}\n")
        return environment.directory, str(tmp_path / "pins.yaml")

    return make


def test_a_plan_with_pinned_connections_uses_them(moved: Callable[[str], tuple[Path, str]]) -> None:
    directory, pins = moved("")
    run("plan", "--connections", pins, "--target", "dial_plan", cwd=directory).has(0)
    assert run("validate", cwd=directory, RECONCILER_CONNECTIONS=pins).has(0).err == ""


def test_a_branch_that_writes_connections_is_refused_before_anything_is_sent(
    moved: Callable[[str], tuple[Path, str]],
) -> None:
    directory, pins = moved(BRANCH.partition("\n")[2])
    ran = run("plan", cwd=directory, RECONCILER_CONNECTIONS=pins, OTHER_SECRET="Kanarie").has(1)
    assert "Connections are pinned" in ran.err
    ran = run("plan", cwd=directory, RECONCILER_SECRETS="UM_PASSWORD=*.contoso.com", OTHER_SECRET="Kanarie").has(1)
    assert "Secret not approved" in ran.err
    assert "little.yaml:3:" in ran.err
    assert "Kanarie" not in ran.out + ran.err
