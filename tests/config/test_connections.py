"""How the entry points are reached: what is left out follows, a host may differ, a secret is never repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.connections import ConnectionConfig, SecretReference
from reconciler.config.environment import Environment, load
from reconciler.config.schema import json_schema
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.provider import Provider
from tests.support.example_environments import connection, files, refused
from tests.support.example_types import EXAMPLE_TYPES, ExamplePool


def test_host_takes_the_settings_of_the_connection_and_its_own() -> None:
    config = connection(
        "{host: ex1.contoso.com, adapter: remote, ca: ca.pem, hosts: {EX2.contoso.com: {port: 8443, adapter: snapin}}}"
    )
    assert config.for_host("ex2.CONTOSO.com") == ConnectionConfig(
        "ex2.CONTOSO.com", port=8443, adapter="snapin", ca="ca.pem"
    )
    assert config.for_host("ex3.contoso.com") == ConnectionConfig("ex3.contoso.com", adapter="remote", ca="ca.pem")


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
    with pytest.raises(ValueError, match="is not a reference") as raised:
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


def test_a_host_and_its_overrides_say_which_secrets_a_session_needs() -> None:
    hosts = "{ex2: {password: env:OTHER}, ex3: {password: env:UM}}"
    config = connection(f"{{host: ex1, auth: ntlm, user: svc, password: env:UM, hosts: {hosts}}}")
    assert [str(secret) for secret in config.secrets] == ["env:UM", "env:OTHER"]


def test_the_key_of_a_client_certificate_is_a_secret_in_a_file() -> None:
    config = connection("{host: ex1, auth: certificate, certificate: c.pem, certificate_key: k.pem}")
    assert config.secrets == (SecretReference("file", "k.pem"),)


def test_every_file_of_a_connection_and_of_its_hosts_is_found_from_one_place() -> None:
    config = ConnectionConfig("ex1", ca="ca.pem", hosts={"ex2": {"ca": "other.pem", "port": 1}})
    found = config.with_paths(lambda name: f"/etc/{name}")
    assert (found.ca, found.certificate, found.hosts["ex2"]) == (
        "/etc/ca.pem",
        None,
        {"ca": "/etc/other.pem", "port": 1},
    )


@pytest.mark.parametrize(
    "text",
    [
        "[ex1]",
        "{port: 443}",
        "{host: 'https://ex1'}",
        "{host: ex1, port: 0}",
        "{host: ex1, port: 70000}",
        "{host: ex1, tls: maybe}",
        "{host: ex1, auth: digest}",
        "{host: ex1, prot: 443}",
        "{host: ex1, hosts: {ex2: {host: ex3}}}",
        "{host: ex1, auth: ntlm}",
        "{host: ex1, auth: certificate}",
    ],
)
def test_a_wrong_connection_is_refused_at_its_place(text: str) -> None:
    found = refused({"a.yaml": f"environment: x\nconnections:\n  exchange: {text}\n"})
    assert {place.rpartition(":")[0] for _, place in found} == {"a.yaml:3"}


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
    environment, told = load(Files({"x.yaml": text.encode()}), EXAMPLE_TYPES)
    assert environment is not None, told
    assert environment.settings.has_second_hop("exchange") is expected


# --- another product -------------------------------------------------------------------------------------------------


class Relay(ExamplePool):
    """A type of a product that only this test knows."""

    name = "relay"
    provider = Provider("smtp", "Relay", "mx1.contoso.com", ("direct", "proxied"), "Ask for reading.", "Ask for more.")


def test_a_product_is_declared_by_its_types_alone() -> None:
    types = (*EXAMPLE_TYPES, Relay())
    hosts = "exchange: {host: ex1.contoso.com}, lync: {host: fe1.contoso.com}"

    def load_with(more: str) -> tuple[Environment | None, tuple[Diagnostic, ...]]:
        files = Files({"x.yaml": f"environment: x\nconnections: {{{hosts}{more}}}\n".encode()})
        return load(files, types, is_reached=True)

    environment, _ = load_with(", smtp: {host: mx2.contoso.com, adapter: proxied}")
    assert environment is not None
    assert environment.connections["smtp"] == ConnectionConfig("mx2.contoso.com", adapter="proxied")
    assert [one.summary for one in load_with("")[1]] == ["Missing connection"]
    (wrong,) = load_with(", smtp: {host: mx2.contoso.com, adapter: snapin}")[1]
    assert wrong.summary == "Invalid value"
    sections = json_schema(types)["properties"]
    assert isinstance(sections, dict)
    assert sections["connections"]["properties"].keys() == {"exchange", "lync", "smtp", "simulator"}
