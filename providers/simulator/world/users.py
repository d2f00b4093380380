"""The users of a world, one by one or many at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from providers.simulator.world.value_types import HostName, WorldModel


class Mailbox(WorldModel):
    """A user who is UM-enabled from the start."""

    policy: str
    """Name of the UM mailbox policy."""
    extensions: tuple[str, ...]
    """Extensions, as text."""
    sip: str | None = None
    """SIP address for UM; left out, that of the user."""


class User(WorldModel):
    """A user of the directory."""

    alias: str
    """Alias and account name; each is used once."""
    name: str | None = None
    """Display name; left out, the alias."""
    address: str | None = None
    """Primary SMTP address; left out, ``alias@forest``."""
    addresses: tuple[str, ...] = ()
    """Other SMTP addresses."""
    upn: str | None = None
    """Logon name; left out, ``alias@forest``."""
    sip: str | None = None
    """SIP address without ``sip:``; left out, the SMTP address."""
    mailbox: bool = True
    """Whether the user has a mailbox."""
    enterprise_voice: bool = True
    """Whether the user is enabled for Enterprise Voice."""
    lync: bool = True
    """Whether the user is enabled for Lync."""
    hosted_voicemail: bool = False
    """Whether calls go to hosted voice mail."""
    pool: HostName | None = None
    """The pool that the user is homed on; left out, the first Enterprise or Standard pool."""
    line: str | None = None
    """LineURI, such as ``tel:+14255550101``."""
    um: Mailbox | None = None
    """Unified Messaging, where the user has it from the start."""


class Generated(WorldModel):
    """Many users at once: ``{n}`` in the texts is a number counted up from ``first``."""

    generate: int = Field(ge=1, le=1_000_000)
    """How many users."""
    first: int = 1
    """The number of the first."""
    alias: str = "user{n}"
    """Alias and account name; ``{n:04}`` fills the number with zeros to four digits."""
    name: str = "User {n}"
    """Display name."""
    sip: str | None = None
    """SIP address without ``sip:``; left out, the SMTP address."""
    line: str | None = None
    """LineURI."""
    mailbox: bool = True
    """Whether the users have mailboxes."""
    enterprise_voice: bool = True
    """Whether the users are enabled for Enterprise Voice."""
    pool: HostName | None = None
    """The pool that the users are homed on; left out, the first Enterprise or Standard pool."""
    um: Mailbox | None = None
    """Unified Messaging, where the users have it from the start."""

    def users(self) -> Iterator[User]:
        for number in range(self.first, self.first + self.generate):
            yield User(
                alias=_numbered(self.alias, number),
                name=_numbered(self.name, number),
                sip=_numbered(self.sip, number) if self.sip else None,
                line=_numbered(self.line, number) if self.line else None,
                mailbox=self.mailbox,
                enterprise_voice=self.enterprise_voice,
                pool=self.pool,
                um=_enabled(self.um, number) if self.um else None,
            )


def _numbered(text: str, number: int) -> str:
    return re.sub(r"\{n(?::0(\d))?\}", lambda match: str(number).zfill(int(match[1] or 0)), text)


def _enabled(um: Mailbox, number: int) -> Mailbox:
    return Mailbox(
        policy=um.policy,
        extensions=tuple(_numbered(extension, number) for extension in um.extensions),
        sip=_numbered(um.sip, number) if um.sip else None,
    )


def user_or_generated(value: object) -> object:
    model = Generated if isinstance(value, Mapping) and "generate" in value else User
    return model.model_validate(value)
