"""A temporary certification authority for a TLS listener and for clients with a certificate.

Its keys exist as long as their directory. Only the process that receives the path of ``ca.pem`` should trust it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

LIFETIME: Final = timedelta(days=7)
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
USER_PRINCIPAL_NAME: Final = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""The otherName under which Windows looks for the user of a client certificate."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as files in PEM; both readable by this user alone."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates into ``directory``, which must be private; its own is ``ca.pem`` there."""

    def __init__(self, directory: Path, now: datetime | None = None) -> None:
        self._directory = directory
        self._now = now or datetime.now(UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reconciler simulator")])
        self.path = directory / "ca.pem"
        certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        _write_private(self.path, certificate.public_bytes(serialization.Encoding.PEM))

    def issue_server(self, names: Sequence[str] = LOOPBACK, file: str = "server") -> Certificate:
        """Return a certificate for a listener that is reached by ``names``: host names and addresses."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        return self._issue(file, subject, alternatives, ExtendedKeyUsageOID.SERVER_AUTH)

    def issue_client(self, user_principal_name: str, file: str = "client") -> Certificate:
        """Return a certificate that says its bearer is ``user_principal_name``."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_principal_name.partition("@")[0])])
        encoded = user_principal_name.encode()
        if len(encoded) > 127:
            raise ValueError("a user principal name has at most 127 bytes here")
        text = bytes([0x0C, len(encoded)]) + encoded  # DER: a UTF8String
        alternatives = x509.SubjectAlternativeName([x509.OtherName(USER_PRINCIPAL_NAME, text)])
        return self._issue(file, subject, alternatives, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self, file: str, subject: x509.Name, alternatives: x509.SubjectAlternativeName, use: ObjectIdentifier
    ) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        issued = Certificate(self._directory / f"{file}.pem", self._directory / f"{file}.key")
        _write_private(issued.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        _write_private(
            issued.key,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        return issued

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(minutes=5))
            .not_valid_after(self._now + LIFETIME)
        )


def user_of(certificate: bytes) -> str | None:
    """Return the user principal name in a client certificate (DER), or None where it has none."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return None
    for other in names.get_values_for_type(x509.OtherName):
        if other.type_id == USER_PRINCIPAL_NAME and other.value[:1] == b"\x0c" and len(other.value) > 2:
            return other.value[2:].decode("utf-8", "replace")
    return None


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
