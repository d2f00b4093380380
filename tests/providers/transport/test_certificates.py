"""Bad certificates, each shown by a real server on loopback: the session refuses it before a word is said, by its name.

The server itself is made to accept what it shall show (weak keys and old signatures), so that it is the client that
refuses; a good certificate in the same server is the control.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Certificate
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret
from reconciler.model.commands import Authentication, read
from reconciler.model.diagnostics import UntrustedServer
from reconciler.model.ports import Request
from tests.support.fakes import VirtualClock
from tests.support.transport_support import connection, kinds
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, listening

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True)
class Party:
    """A certificate with its key: an authority, or the server."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def names(*texts: str) -> list[x509.GeneralName]:
    return [x509.DNSName(text) if text[0].isalpha() else x509.IPAddress(ipaddress.ip_address(text)) for text in texts]


LOCAL = names("localhost", "127.0.0.1")


def made(
    subject: str,
    *,
    by: Party | None = None,
    is_ca: bool = False,
    alternatives: Sequence[x509.GeneralName] = (),
    use: ObjectIdentifier | None = None,
    key: Key | None = None,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    allowed: Sequence[x509.GeneralName] = (),
) -> Party:
    """A certificate for ``subject``, issued by ``by`` or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if use:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    if allowed:
        builder = builder.add_extension(x509.NameConstraints(list(allowed), None), critical=True)
    return Party(builder.sign(by.key if by else key, hashes.SHA256()), key)


SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")


def signed_with_sha1(party: Party, by: Party) -> Party:
    """The same certificate with the signature that ``cryptography`` no longer makes; both have the same length."""
    assert isinstance(by.key, rsa.RSAPrivateKey)
    der = party.certificate.public_bytes(serialization.Encoding.DER).replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    body = party.certificate.tbs_certificate_bytes.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    signature = by.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    return Party(x509.load_der_x509_certificate(der[: -len(signature)] + signature), party.key)


@dataclass(frozen=True)
class Shown:
    """What a server shows, and what its client trusts."""

    chain: Sequence[Party]
    trusted: Party
    host: str = "localhost"


def leaf(ca: Party, **changes: Any) -> Party:
    return made("localhost", **{"by": ca, "alternatives": LOCAL, "use": SERVER, **changes})


def good(ca: Party) -> Shown:
    return Shown([leaf(ca)], ca)


def through_an_intermediate(ca: Party) -> Shown:
    middle = made("intermediate", by=ca, is_ca=True)
    return Shown([leaf(middle), middle], ca)


def expired(ca: Party) -> Shown:
    return Shown([leaf(ca, begin=NOW - 2 * DAY, end=NOW - DAY)], ca)


def not_yet_valid(ca: Party) -> Shown:
    return Shown([leaf(ca, begin=NOW + DAY, end=NOW + 2 * DAY)], ca)


def wrong_name(ca: Party) -> Shown:
    return Shown([leaf(ca, alternatives=names("ex2.contoso.com"))], ca)


def name_in_the_subject_alone(ca: Party) -> Shown:
    return Shown([leaf(ca, alternatives=())], ca)


def address_that_is_not_held(ca: Party) -> Shown:
    return Shown([leaf(ca, alternatives=names("localhost", "127.0.0.2"))], ca, "127.0.0.1")


def address_among_the_names(ca: Party) -> Shown:
    return Shown([leaf(ca, alternatives=[x509.DNSName("127.0.0.1")])], ca, "127.0.0.1")


def self_signed(ca: Party) -> Shown:
    return Shown([made("localhost", alternatives=LOCAL, use=SERVER)], ca)


def unknown_authority(ca: Party) -> Shown:
    return Shown([leaf(made("another authority", is_ca=True))], ca)


def unknown_authority_that_is_sent_along(ca: Party) -> Shown:
    other = made("another authority", is_ca=True)
    return Shown([leaf(other), other], ca)


def missing_intermediate(ca: Party) -> Shown:
    return Shown([leaf(made("intermediate", by=ca, is_ca=True))], ca)


def issued_by_a_server(ca: Party) -> Shown:
    other = made("another server", by=ca, alternatives=names("ex2.contoso.com"), use=SERVER)
    return Shown([leaf(other), other], ca)


def for_clients(ca: Party) -> Shown:
    return Shown([leaf(ca, use=CLIENT)], ca)


def weak_key(ca: Party) -> Shown:
    return Shown([leaf(ca, key=rsa.generate_private_key(65537, 1024))], ca)


def weak_signature(ca: Party) -> Shown:
    issuer = made("authority", is_ca=True, key=rsa.generate_private_key(65537, 2048))
    return Shown([signed_with_sha1(leaf(issuer), issuer)], issuer)


def weak_authority(ca: Party) -> Shown:
    middle = made("intermediate", by=ca, is_ca=True, key=rsa.generate_private_key(65537, 1024))
    return Shown([leaf(middle), middle], ca)


def outside_the_constraints(ca: Party) -> Shown:
    middle = made("intermediate", by=ca, is_ca=True, allowed=names("contoso.com"))
    return Shown([leaf(middle, alternatives=names("localhost")), middle], ca)


BAD: list[tuple[Callable[[Party], Shown], str, str]] = [
    (expired, "Server certificate has expired", "Renew"),
    (not_yet_valid, "Server certificate is not valid yet", "clocks"),
    (wrong_name, "Server certificate is for another name", "Connect by a name"),
    (name_in_the_subject_alone, "Server certificate is for another name", "common name"),
    (address_that_is_not_held, "Server certificate is for another name", "alternative names"),
    (address_among_the_names, "Server certificate is for another name", "address among the DNS names"),
    (self_signed, "Server certificate is signed by itself", "ca: of the connection"),
    (unknown_authority, "Issuer of the server certificate is unknown", "ca: of the connection"),
    (unknown_authority_that_is_sent_along, "Server certificate is not trusted", "ca: of the connection"),
    (missing_intermediate, "Issuer of the server certificate is unknown", "intermediate"),
    (issued_by_a_server, "Server certificate was issued by a certificate that is not an authority", "may not issue"),
    (for_clients, "Server certificate is not for servers", "server authentication"),
    (weak_key, "Server certificate is too weak", "2048 bits"),
    (weak_signature, "Server certificate is too weak", "SHA-256"),
    (weak_authority, "Server certificate is too weak", "authority"),
    (outside_the_constraints, "Server certificate has a name that its authority may not issue", "constraints"),
]


@pytest.fixture(scope="module")
def ca() -> Party:
    return made("authority", is_ca=True)


@dataclass
class Asked:
    results: list[str]
    error: UntrustedServer | None
    messages: int


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[Shown], Asked]:
    """Ask a server that shows this, trusting that."""

    def ask(shown: Shown) -> Asked:
        (tmp_path / "ca.pem").write_bytes(shown.trusted.pem)
        (tmp_path / "chain.pem").write_bytes(b"".join(party.pem for party in shown.chain))
        (tmp_path / "key.pem").write_bytes(
            shown.chain[0].key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        certificate = Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
        context = permissive(certificate)
        with listening(Scheme.BASIC, certificate=certificate, tls_context=lambda _: context) as server:
            settings = connection(
                host="",
                via=(shown.host, server.port),
                tls=True,
                ca=str(tmp_path / "ca.pem"),
                auth=Authentication.BASIC,
                user=USER,
                password=Secret(PASSWORD),
                adapter=Adapter.AUTO,
                deadlines=Deadlines(operation=2, read=5),
            )
            with WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock()) as pool:
                try:
                    results = pool.open(EXCHANGE).invoke([Request("r", read("Get-Echo", "Identity", Identity="x"))])
                except UntrustedServer as error:
                    with pytest.raises(UntrustedServer):
                        pool.open(EXCHANGE)
                    return Asked([], error, server.counts.total)
            return Asked(kinds(results), None, server.counts.total)

    return ask


def permissive(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@pytest.mark.parametrize("show", [good, through_an_intermediate])
def test_a_good_certificate_is_accepted(
    show: Callable[[Party], Shown], ca: Party, asked: Callable[[Shown], Asked]
) -> None:
    assert asked(show(ca)).results == ["Reply"]


@pytest.mark.parametrize(("show", "summary", "remedy"), BAD)
def test_a_bad_certificate_is_refused_before_a_word_is_said(
    show: Callable[[Party], Shown], summary: str, remedy: str, ca: Party, asked: Callable[[Shown], Asked]
) -> None:
    ended = asked(show(ca))
    assert ended.error is not None
    told = ended.error.diagnostics[0]
    assert told.summary == summary
    assert remedy in told.remedy
    assert ended.messages == 0


def test_a_certificate_that_signed_itself_is_trusted_where_it_is_named(asked: Callable[[Shown], Asked]) -> None:
    own = made("localhost", alternatives=LOCAL, is_ca=True)
    assert asked(Shown([own], own)).results == ["Reply"]
