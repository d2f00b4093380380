"""The connections of an exported environment: the same connections, with references and without secrets."""

from __future__ import annotations

import pytest

from providers.estate.restart_pool import INTERRUPT, RESTARTS, SETTLE
from providers.estate.restart_windows import OUTSIDE, WINDOWS, parse_windows
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.export.connections import connections_text, options_text
from reconciler.model.landscape import Settings
from tests.support.trial import types


def loaded(text: str) -> Environment:
    environment, found = load(Files({"a.yaml": f"environment: x\n{text}\n".encode()}), types())
    assert environment is not None, found
    return environment


@pytest.mark.parametrize(
    "written",
    [
        "{exchange: {host: ex1.contoso.com}, lync: {host: fe1.contoso.com}}",
        "{exchange: {host: ex1.contoso.com, auth: ntlm, user: 'CONTOSO\\um', password: env:UM_PASSWORD, port: 5985, "
        "tls: false, hosts: {ex2.contoso.com: {user: other, password: 'file:secrets/um', auth: basic}}}, "
        "lync: {host: fe1.contoso.com, auth: certificate, certificate: c.pem, certificate_key: k.pem, slots: 4}}",
    ],
)
def test_connections_read_back(written: str) -> None:
    before = loaded(f"connections: {written}")
    text = connections_text(before.connections, str)
    assert loaded(text).connections == before.connections


def test_names_of_files_lead_to_the_same_files() -> None:
    before = loaded(
        "connections: {exchange: {host: ex1.contoso.com, ca: ca.pem, auth: ntlm, user: um, password: 'file:pw', hosts: "
        "{ex2.contoso.com: {ca: other.pem, password: 'file:pw2'}}}, lync: {host: fe1.contoso.com, auth: ntlm, "
        "user: um, password: env:PW}}"
    )
    after = loaded(connections_text(before.connections, lambda name: f"../old/{name}")).connections
    exchange, host = after["exchange"], after["exchange"].for_host("ex2.contoso.com")
    assert (exchange.ca, str(exchange.password)) == ("../old/ca.pem", "file:../old/pw")
    assert (host.ca, str(host.password)) == ("../old/other.pem", "file:../old/pw2")
    assert str(after["lync"].password) == "env:PW"


NIGHTS = parse_windows("Sat,Sun 22:00-04:00 Europe/Berlin; Wed 01:00-02:00 UTC")


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(options=SETTLE.of(90) | INTERRUPT.of(True)),
        Settings(options=WINDOWS.of({"default": NIGHTS, "pool1.contoso.com": NIGHTS}) | OUTSIDE.of(True)),
    ],
)
def test_restarts_read_back(settings: Settings) -> None:
    assert loaded(options_text(settings, [RESTARTS])).settings.options == settings.options
