"""What is wrong with a server's certificate, by the code of OpenSSL's verification: what is told, and what to do.

Codes are those of x509_vfy.h; they are stable between versions, unlike the words that go with them. A certificate that
is refused for a reason without a row here is told as one that is not trusted, with OpenSSL's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from providers.transport.wsman.fault_tables import Class, Phase, Row
from reconciler.model.errors import UntrustedServer

_PERM: Final = {phase: Class.IGNORE if phase in (Phase.SIGNAL, Phase.DELETE) else Class.PERM for phase in Phase}


def _row(summary: str, remedy: str) -> Row:
    return Row("", _PERM, UntrustedServer, summary, remedy)


NO_TRUST: Final = _row(
    "Server certificate is not trusted",
    "Name the PEM file of the authority that issued it as ca: of the connection.",
)
OTHER_NAME: Final = _row(
    "Server certificate is for another name",
    "Connect by a name that the certificate holds, or give the host a certificate for this one. Only its subject"
    " alternative names count: neither its common name, nor an address among the DNS names.",
)
_SELF_SIGNED: Final = _row(
    "Server certificate is signed by itself",
    "Give the host a certificate of an authority and name the PEM file of that authority as ca: of the connection."
    " Where this certificate is the one you mean to trust, name its own PEM file there.",
)
_NO_ISSUER: Final = _row(
    "Issuer of the server certificate is not known",
    "Name the PEM file of the authority that issued it as ca: of the connection. Where an intermediate authority did,"
    " have the host send that certificate along, or put it into the file as well.",
)
_EXPIRED: Final = _row(
    "Server certificate has expired",
    "Renew the certificate of the host, and check the clock of this machine.",
)
_NOT_YET: Final = _row(
    "Server certificate is not valid yet",
    "Check the clocks of this machine and of the host, or wait until the certificate begins to be valid.",
)
_PURPOSE: Final = _row(
    "Server certificate is not for servers",
    "Give the host a certificate whose extended key usage holds server authentication (1.3.6.1.5.5.7.3.1).",
)
_NO_AUTHORITY: Final = _row(
    "Server certificate was issued by one that is no authority",
    "Have the certificate issued by an authority: the one that signed it is marked as unable to issue any.",
)
_OUT_OF_BOUNDS: Final = _row(
    "Server certificate is outside what its authority may issue",
    "Have the certificate issued by an authority whose name constraints allow this name.",
)
_WEAK: Final = _row(
    "Server certificate is too weak",
    "Give the host a certificate with an RSA key of 2048 bits or more, or an elliptic one, signed with SHA-256 or"
    " better; its authority's certificate as well.",
)
_REVOKED: Final = _row(
    "Server certificate is revoked", "Do not connect until you know why; then give the host another certificate."
)

CERTIFICATES: Final[Mapping[int, Row]] = {
    2: _NO_ISSUER,  # UNABLE_TO_GET_ISSUER_CERT
    9: _NOT_YET,
    10: _EXPIRED,
    18: _SELF_SIGNED,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: NO_TRUST,  # SELF_SIGNED_CERT_IN_CHAIN: a root that we were not told
    20: _NO_ISSUER,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    21: _NO_ISSUER,  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
    23: _REVOKED,
    24: _NO_AUTHORITY,  # INVALID_CA, until OpenSSL 1.1
    25: _NO_AUTHORITY,  # PATH_LENGTH_EXCEEDED
    26: _PURPOSE,
    28: _PURPOSE,  # CERT_REJECTED
    32: _NO_AUTHORITY,  # KEYUSAGE_NO_CERTSIGN
    47: _OUT_OF_BOUNDS,  # PERMITTED_VIOLATION
    48: _OUT_OF_BOUNDS,  # EXCLUDED_VIOLATION
    62: OTHER_NAME,  # HOSTNAME_MISMATCH
    64: OTHER_NAME,  # IP_ADDRESS_MISMATCH
    66: _WEAK,  # EE_KEY_TOO_SMALL
    67: _WEAK,  # CA_KEY_TOO_SMALL
    68: _WEAK,  # CA_MD_TOO_WEAK
    79: _NO_AUTHORITY,  # INVALID_CA
}
