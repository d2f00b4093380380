"""The abilities of each version of Exchange, from the published reference, and from rules where it has no answer.

Exchange reports its version as text: ``Version 14.1 (Build 218.15)``. Major 8 is 2007, 14 is 2010 (14.0 is RTM, 14.1
and later have a service pack), 15.0 is 2013, 15.1 is 2016, and 15.2 (2019) has no Unified Messaging. Source: build
numbers and release dates (Microsoft Learn); DOMAIN 2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from providers.cmdlets.reference import cmdlet_of

_PRODUCTS = {(8,): "2007", (14,): "2010", (15, 0): "2013", (15, 1): "2016", (15, 2): "2019 or Subscription Edition"}


@dataclass(frozen=True, slots=True, order=True)
class ExchangeVersion:
    """Major and minor version of an Exchange server; versions sort like the products."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str | None) -> ExchangeVersion | None:
        """Return the version in ``Version 15.0 (Build 1497.2)`` or ``15.0.1497.2``; None for other texts."""
        match = re.search(r"([0-9]{1,3})\.([0-9]{1,4})", text or "")
        return cls(int(match[1]), int(match[2])) if match else None

    @property
    def product(self) -> str:
        """The year in the product's name, or the version if no year is known."""
        return _PRODUCTS.get((self.major, self.minor)) or _PRODUCTS.get((self.major,)) or f"{self.major}.{self.minor}"

    @property
    def release(self) -> str:
        """The version's name in the published reference: ``e2013``."""
        return f"e{self.product[:4]}"

    def takes(self, cmdlet: str, parameter: str = "") -> bool:
        """True if the version has the cmdlet, with the parameter if one is given."""
        found = cmdlet_of(cmdlet, self.release)
        return found is not None and (not parameter or parameter in found.names)

    @property
    def edition(self) -> str:
        """The product; of 2007 and 2010 without a service pack with ``RTM``."""
        return f"{self.product} RTM" if self.minor == 0 and self.major < 15 else self.product

    @property
    def is_proven(self) -> bool:
        """Applies are proven, on the simulator, for the versions that Microsoft documents with a Lync version."""
        return self.has_um and self.edition != "2007 RTM"

    @property
    def has_um(self) -> bool:
        """Exchange 2019 and later have no Unified Messaging."""
        return self.takes("Set-UMDialPlan")

    @property
    def has_um_service(self) -> bool:
        """From 2013 on, UM is a service with a call router; before it is the Unified Messaging role."""
        return self.takes("Set-UMService")

    @property
    def has_startup_mode(self) -> bool:
        """Exchange 2007 has no UMStartupMode."""
        return any(self.takes(cmdlet, "UMStartupMode") for cmdlet in ("Set-UMServer", "Set-UMService"))

    @property
    def takes_differences(self) -> bool:
        """A list takes ``@{Add=...;Remove=...}`` from 2013 on; before, the parameter replaces the whole list."""
        return self.major >= 15

    @property
    def knows_secured(self) -> bool:
        """VoIPSecurity Secured came with Exchange 2007 SP1."""
        return (self.major, self.minor) >= (8, 1)

    @property
    def needs_simple_name(self) -> bool:
        """Before 2010 SP1 the Lync dial plan's SimpleName must be the phone context."""
        return (self.major, self.minor) < (14, 1)
