"""Sealed bodies as clients write them, accounts in every form, and certificates."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import spnego
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.wire.authentication import Accounts
from providers.simulator.wire.certificates import Authority, user_of
from providers.simulator.wire.sealing import Seal, SealBroken, protocol_of, sealed_parts

SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
CREDSSP = "application/HTTP-CredSSP-session-encrypted"


def part(data: bytes, length: int, *, tab: bytes = b"\t", boundary: bytes = b"--Encrypted Boundary") -> bytes:
    return (
        boundary
        + b"\r\n"
        + tab
        + b"Content-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
        + tab
        + b"OriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % length
        + boundary
        + b"\r\n"
        + tab
        + b"Content-Type: application/octet-stream\r\n"
        + data
    )


@pytest.mark.parametrize("tab", [b"\t", b""])
@pytest.mark.parametrize("boundary", [b"--Encrypted Boundary", b"-- Encrypted Boundary"])
@given(messages=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=3))
def test_parts_are_found_however_they_are_written(tab: bytes, boundary: bytes, messages: list[bytes]) -> None:
    body = b"".join(part(b"\x04\0\0\0SIGN" + data, len(data), tab=tab, boundary=boundary) for data in messages)
    found = sealed_parts(body + boundary + b"--\r\n")
    assert found == [(len(data), b"\x04\0\0\0SIGN" + data) for data in messages]


def test_cipher_text_may_contain_the_boundary() -> None:
    data = b"x--Encrypted Boundary\r\n--Encrypted Boundary--\r\ny"
    assert sealed_parts(part(data, len(data)) + b"--Encrypted Boundary--\r\n") == [(len(data), data)]


@given(st.binary(max_size=300))
def test_any_other_body_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="sealed parts"):
        sealed_parts(body)


def test_a_body_that_was_cut_is_refused() -> None:
    whole = part(b"\x04\0\0\0SIGNabc", 3) + b"--Encrypted Boundary--\r\n"
    for cut in range(len(whole)):
        with pytest.raises(ValueError, match="sealed parts"):
            sealed_parts(whole[:cut])


@pytest.mark.parametrize(
    ("content_type", "protocol"),
    [
        ("application/soap+xml;charset=UTF-8", None),
        ("", None),
        (f'multipart/encrypted;protocol="{SPNEGO}";boundary="Encrypted Boundary"', SPNEGO),
        (f'Multipart/X-Multi-Encrypted;protocol="{CREDSSP}";boundary="Encrypted Boundary"', CREDSSP),
        ("multipart/encrypted", SPNEGO),
    ],
)
def test_the_content_type_tells_the_seal(content_type: str, protocol: str | None) -> None:
    assert protocol_of(content_type) == protocol


def _contexts(accounts: Accounts, user: str, password: str) -> tuple[spnego.ContextProxy, spnego.ContextProxy]:
    """A client's and a server's context after their handshake."""
    client = spnego.client(user, password, protocol="ntlm")
    with accounts.seen():
        server = spnego.server(protocol="ntlm")
        token = client.step()
        while token and not server.complete:
            answer = server.step(token)
            token = client.step(answer) if answer else None
    return client, server


@pytest.mark.parametrize("password", ["plain", "with:colon", "ünïcödé", "spaces and\ttabs", "密码"])
def test_what_one_side_seals_the_other_opens_and_nothing_else(password: str) -> None:
    accounts = Accounts({"CONTOSO\\reconciler": password})
    try:
        sender, receiver = (Seal(context, SPNEGO) for context in _contexts(accounts, "reconciler", password))
        content_type, body = sender.close(b"<s:Envelope/>")
        assert protocol_of(content_type) == SPNEGO
        assert b"Envelope" not in body
        assert receiver.open(body) == b"<s:Envelope/>"
        with pytest.raises(SealBroken):
            receiver.open(body)
        altered = bytearray(sender.close(b"<s:Envelope/>")[1])
        altered[-40] ^= 1
        with pytest.raises(SealBroken):
            receiver.open(bytes(altered))
    finally:
        accounts.close()


def test_the_lan_manager_hash_of_an_account_is_nothing_one_could_know() -> None:
    accounts = Accounts({"CONTOSO\\reconciler": "secret"})
    hashes = {line.split(":")[2] for line in accounts.file.read_text("utf-8").splitlines()}
    accounts.close()
    assert "0" * 32 not in hashes
    assert all(len(value) == 32 for value in hashes)


@pytest.mark.parametrize("form", ["CONTOSO\\a", "contoso\\A", "a", "a@contoso.com", "A@CONTOSO.COM"])
def test_an_account_is_found_in_any_form(form: str) -> None:
    accounts = Accounts({"CONTOSO\\a": "1", "CONTOSO\\b": "2"}, "contoso.com")
    try:
        assert accounts.check(form, "1") == "CONTOSO\\a"
        assert accounts.check(form, "2") is None
        assert accounts.check("c", "1") is None
    finally:
        accounts.close()


@pytest.mark.parametrize("name", ["", "a:b", "a\nb"])
def test_a_name_that_would_break_the_account_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        Accounts({name: "1"})


def test_accounts_show_no_password() -> None:
    accounts = Accounts({"CONTOSO\\a": "canary"})
    accounts.close()
    assert "canary" not in repr(accounts) + str(accounts)


def test_certificates_name_their_hosts_and_users_and_are_private(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, client = authority.issue_server(), authority.issue_client("reconciler@contoso.com")
    parsed = x509.load_pem_x509_certificate(server.certificate.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    shown = x509.load_pem_x509_certificate(client.certificate.read_bytes())
    from cryptography.hazmat.primitives.serialization import Encoding

    assert user_of(shown.public_bytes(Encoding.DER)) == "reconciler@contoso.com"
    assert user_of(parsed.public_bytes(Encoding.DER)) is None
    assert user_of(b"no certificate") is None
    if os.name != "nt":
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
