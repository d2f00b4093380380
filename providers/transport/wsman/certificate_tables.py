"""The problem and the remedy for each error of a server's certificate, by OpenSSL's verification code.

The codes come from x509_vfy.h. They are the same in all versions; their texts are not. A certificate with another error
counts as not trusted, and the message has OpenSSL's own text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from providers.transport.wsman.fault_tables import Row, perm
from reconciler.model.diagnostics import UntrustedServer


def _row(summary: str, remedy: str) -> Row:
    return perm("", UntrustedServer, f"Server certificate {summary}", remedy)


NO_TRUST: Final = _row("is not trusted", "Name the PEM file of the authority that issued it as ca: of the connection.")
OTHER_NAME: Final = _row(
    "is for another name",
    "Connect by a name that the certificate contains, or give the host a certificate for this one. Only its subject"
    " alternative names count: neither its common name, nor an address among the DNS names.",
)
_NO_ISSUER: Final = perm(
    "",
    UntrustedServer,
    "Issuer of the server certificate is unknown",
    "Name the PEM file of the authority that issued it as ca: of the connection. If an intermediate authority issued "
    "it, configure the host to send that certificate too, or add it to the file.",
)
_SELF_SIGNED: Final = _row(
    "is signed by itself",
    "Give the host a certificate of an authority and name the PEM file of that authority as ca: of the connection."
    " To trust exactly this certificate, name its own PEM file there.",
)
_NO_AUTHORITY: Final = _row(
    "was issued by a certificate that is not an authority",
    "Have the certificate issued by an authority: the certificate that signed it may not issue others.",
)
_OUT_OF_BOUNDS: Final = _row(
    "has a name that its authority may not issue",
    "Have the certificate issued by an authority whose name constraints allow this name.",
)
_WEAK: Final = _row(
    "is too weak",
    "Give the host a certificate with an RSA key of 2048 bits or more, or an elliptic one, signed with SHA-256 or"
    " better. The same applies to the certificate of its authority.",
)
_PURPOSE: Final = _row(
    "is not for servers",
    "Give the host a certificate whose extended key usage contains server authentication (1.3.6.1.5.5.7.3.1).",
)

CERTIFICATES: Final[Mapping[int, Row]] = {
    # UNABLE_TO_GET_ISSUER_CERT, the same LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE
    **dict.fromkeys((2, 20, 21), _NO_ISSUER),
    9: _row(
        "is not valid yet",
        "Check the clocks of this machine and of the host, or wait until the certificate becomes valid.",
    ),
    10: _row("has expired", "Renew the certificate of the host, and check the clock of this machine."),
    18: _SELF_SIGNED,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: NO_TRUST,  # SELF_SIGNED_CERT_IN_CHAIN: its root is not among the authorities to trust
    23: _row("is revoked", "Do not connect until you know why; then give the host another certificate."),
    # INVALID_CA (until OpenSSL 1.1, and since), PATH_LENGTH_EXCEEDED, KEYUSAGE_NO_CERTSIGN
    **dict.fromkeys((24, 25, 32, 79), _NO_AUTHORITY),
    **dict.fromkeys((26, 28), _PURPOSE),  # INVALID_PURPOSE, CERT_REJECTED
    **dict.fromkeys((47, 48), _OUT_OF_BOUNDS),  # PERMITTED_VIOLATION, EXCLUDED_VIOLATION
    **dict.fromkeys((62, 64), OTHER_NAME),  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
    **dict.fromkeys((66, 67, 68), _WEAK),  # EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK
}
