"""The certificates of Exchange servers, and which of them Unified Messaging uses.

Both types come from one listing of each server, which is sent once. A property that remoting does not show is missing
here, and missing is unknown: no check complains of it.

Sources: Get-ExchangeCertificate, Enable-ExchangeCertificate (Microsoft Learn); DOMAIN 2.2, 3.6.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final

from providers.cmdlets.value_types import (
    ChangedBy,
    Instant,
    Normalise,
    Output,
    Param,
    Text,
    Truth,
    Unordered,
    checked,
    text,
)
from reconciler.model.attributes import Attr, Declares

BEST: Final = "best"
"""Instead of a thumbprint: the certificate that the rule chooses."""
ENABLE: Final = "Enable-ExchangeCertificate"


def thumbprint(value: object) -> Any:
    """Return a thumbprint as 40 capital hexadecimal digits, from any form in which Windows shows it.

    The certificate window separates the bytes by spaces, and copies an invisible mark before the first. ``best`` is
    returned in small letters; any other text is unchanged, for the check to refuse.
    """
    found = text(value)
    if not isinstance(found, str):
        return found
    bare = re.sub(r"[\s:\u200e\u200f]", "", found)
    return bare.upper() if re.fullmatch(r"[0-9A-Fa-f]{40}", bare) else bare.lower() if bare.lower() == BEST else found


Thumbprint = Annotated[
    str,
    Normalise(thumbprint),
    checked(
        f"[0-9A-F]{{40}}|{BEST}",
        f"must be a thumbprint, which has 40 hexadecimal digits, or {BEST}",
        shown="([0-9A-Fa-f]{2}[ :]?){20}|[Bb][Ee][Ss][Tt]",
    ),
]


class UMCertificate(Declares):
    """The certificates that the Unified Messaging services of one Exchange server use for TLS."""

    name: ClassVar[str] = "um_certificate"

    um: Attr[Annotated[Thumbprint, Param(""), Output(""), ChangedBy(ENABLE)]]
    """Certificate of the UM service: its thumbprint, or ``best``. Best is, of those that Lync can accept (subject or
    subject alternative name is the FQDN of the server, valid, not self-signed, with a private key), the one that
    expires last."""
    router: Attr[Annotated[Thumbprint, Param(""), Output(""), ChangedBy(ENABLE)]]
    """Certificate of the UM call router, from Exchange 2013 on: its thumbprint, or ``best``."""


class ExchangeCertificate(Declares):
    """A certificate of an Exchange server; key ``fqdn/thumbprint``. Read only if certificates are declared."""

    name: ClassVar[str] = "exchange_certificate"

    subject: Attr[Text]
    """Its subject: ``CN=ex1.contoso.com, O=Contoso``."""
    domains: Attr[Annotated[tuple[Text, ...], Unordered(), Output("CertificateDomains")]]
    """The names in its subject and its subject alternative name."""
    status: Attr[Text]
    """Valid, DateInvalid, PendingRequest, Revoked, Untrusted and so on, as the server judges it."""
    is_self_signed: Attr[Truth]
    """True where no authority issued it."""
    has_key: Attr[Annotated[Truth, Output("HasPrivateKey")]]
    """True where the server has its private key."""
    not_after: Attr[Instant]
    """When it expires."""
