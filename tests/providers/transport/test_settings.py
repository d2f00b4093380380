"""Where a host is, what differs for it, and what is refused before anything is sent."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from providers.transport.settings import TEXT_LIMIT, Adapter, Secret, is_loopback, redact, target_of
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import PermanentError
from tests.support.transport_support import connection


@pytest.mark.parametrize(
    ("changes", "host", "url"),
    [
        ({}, None, "http://ex1.contoso.com:5985/wsman"),
        ({"tls": True}, None, "https://ex1.contoso.com:5986/wsman"),
        ({"tls": True, "port": 443}, "EX2.contoso.com.", "https://ex2.contoso.com:443/wsman"),
        ({"via": ("127.0.0.1", 4711)}, None, "http://127.0.0.1:4711/wsman/ex1.contoso.com"),
        ({"via": ("127.0.0.1", 4711), "host": ""}, None, "http://127.0.0.1:4711/wsman"),
        ({"via": ("::1", 4711), "tls": True}, "FE1.contoso.com", "https://[::1]:4711/wsman/fe1.contoso.com"),
        ({"host": "fd00::1"}, None, "http://[fd00::1]:5985/wsman"),
    ],
)
def test_a_host_has_its_url(changes: dict[str, Any], host: str | None, url: str) -> None:
    assert target_of(connection(**changes), host).url == url


def test_overrides_hold_for_their_host_alone() -> None:
    own = {"address": "10.0.0.5", "port": 5999, "tls": True, "adapter": Adapter.SNAPIN, "user": "other"}
    settings = connection(hosts={"EX2.contoso.com": own})
    other = target_of(settings, "ex2.contoso.com")
    assert other.url == "https://10.0.0.5:5999/wsman"
    assert (other.settings.adapter, other.settings.user) == (Adapter.SNAPIN, "other")
    assert other.place == "ex2.contoso.com:5999"
    assert target_of(settings, None).settings.adapter is Adapter.REMOTE


@pytest.mark.parametrize("auth", [Authentication.BASIC, Authentication.CERTIFICATE])
def test_clear_text_is_refused_but_on_the_loopback(auth: Authentication) -> None:
    with pytest.raises(PermanentError):
        target_of(connection(auth=auth), None)
    assert target_of(connection(auth=auth, tls=True), None).settings.auth is auth
    assert target_of(connection(auth=auth, via=("127.0.0.1", 80)), None).is_loopback
    with pytest.raises(PermanentError):
        target_of(connection(auth=auth, via=("10.0.0.1", 80)), None)


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["localhost.example.com", "10.0.0.1", "127.0.0.1.example.com", ""])
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("canary")
    settings = connection(password=secret)
    target = target_of(settings, None)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>40}", repr(settings), repr(target)):
        assert "canary" not in text
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == "canary"


def test_text_of_a_server_is_one_short_line_without_secrets() -> None:
    text = redact("Kennwort hunter2\r\n\x00falsch " + "x" * 1000, ("hunter2",))
    assert text.startswith("Kennwort *** falsch")
    assert len(text) == TEXT_LIMIT


@pytest.mark.parametrize(
    "written",
    ["p&<ä\"'>", "p&amp;&lt;ä\"'&gt;", "p&amp;&lt;ä&quot;&apos;&gt;", "p&amp;&lt;ä&quot;&#39;&gt;", "p&<\\u00e4\\\"'>"],
)
def test_a_secret_is_known_in_the_writings_of_xml_and_json(written: str) -> None:
    assert redact(f"<S>Kennwort {written} ist falsch</S>", ("p&<ä\"'>",)) == "<S>Kennwort *** ist falsch</S>"
