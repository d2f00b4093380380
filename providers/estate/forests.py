"""The forest of Lync, which exchucutil needs by name if it is not the forest of Exchange.

No cmdlet returns it, so it follows from the domains of the Front Ends. A domain need not be the root of its forest:
then the files name the root. Source: Configure UM to work with Lync Server (JJ966276); DOMAIN 3.15, 4.1.
"""

from __future__ import annotations

import re
from typing import Final

from providers.estate.people import forest_root
from providers.estate.topology import front_ends
from providers.schema.exchange_facts import global_catalogs
from reconciler.model.landscape import Landscape
from reconciler.model.options import Key, Option, Section


def _forest(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError("is not the DNS name of a forest, such as contoso.com")
    return text.lower()


LYNC_FOREST: Final[Option[str | None]] = Option(
    "exchucutil.lync_forest",
    Key(
        _forest,
        {"type": "string", "pattern": r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"},
        "Root of the forest of Lync, for -Forest of the script. Default: from the domains of the Front Ends.",
    ),
    None,
)
SCRIPT: Final = Section("exchucutil", "How exchucutil.ps1 is run.", (LYNC_FOREST,))


def lync_forest(landscape: Landscape) -> str | None:
    """Return the forest of Lync if it differs from that of Exchange; None if both are the same.

    The forest that the files name counts. Otherwise the domains of the Front Ends decide. If one of them is in the root
    domain of the Exchange forest, or in a domain with one of its global catalogues, both are the same. Otherwise it is
    the topmost of the domains.
    """
    root, written = forest_root(landscape), landscape.settings.option(LYNC_FOREST)
    if written is not None:
        return None if written == root else written
    domains = {host.partition(".")[2] for host in front_ends(landscape)} - {""}
    own = {controller.partition(".")[2] for controller in global_catalogs(landscape)} | {root}
    if not domains or not root or any(_is_within(domain, each) for domain in domains for each in own if each):
        return None
    return min(domains, key=lambda domain: (domain.count("."), domain))


def is_guessed(landscape: Landscape) -> bool:
    """True if the forest of Lync follows from the domains of the Front Ends and nobody wrote it."""
    return landscape.settings.option(LYNC_FOREST) is None


def _is_within(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}")
