"""The users of a world, one by one or many at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

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


class Person(WorldModel):
    """What every user may say."""

    alias: str
    """Alias and account name; each is used once."""
    name: str | None = None
    """Display name; left out, the alias."""
    sip: str | None = None
    """SIP address without ``sip:``; left out, the SMTP address."""
    line: str | None = None
    """LineURI, such as ``tel:+14255550101``."""
    mailbox: bool = True
    """Whether the user has a mailbox."""
    enterprise_voice: bool = True
    """Whether the user is enabled for Enterprise Voice."""
    pool: HostName | None = None
    """The pool that the user is homed on; left out, the first Enterprise or Standard pool."""
    um: Mailbox | None = None
    """Unified Messaging, where the user has it from the start."""


class User(Person):
    """A user of the directory."""

    address: str | None = None
    """Primary SMTP address; left out, ``alias@forest``."""
    addresses: tuple[str, ...] = ()
    """Other SMTP addresses."""
    upn: str | None = None
    """Logon name; left out, ``alias@forest``."""
    lync: bool = True
    """Whether the user is enabled for Lync."""
    server: HostName | None = None
    """The Exchange server that holds the mailbox; left out, the first one with Unified Messaging, else the first."""
    hosted_voicemail: bool = False
    """Whether calls go to hosted voice mail."""
    hosted_policy: str | None = None
    """Name of the hosted voice mail policy that is granted to the user."""


class Generated(Person):
    """Many users at once: ``{n}`` in the texts is a number counted up from ``first``, ``{n:04}`` one of four digits."""

    generate: int = Field(ge=1, le=1_000_000)
    """How many users."""
    first: int = 1
    """The number of the first."""
    alias: str = "user{n}"
    """Alias and account name."""
    name: str | None = "User {n}"
    """Display name."""

    def users(self) -> Iterator[User]:
        written = self.model_dump(exclude={"generate", "first"}, exclude_defaults=True)
        written |= {"alias": self.alias, "name": self.name}
        for number in range(self.first, self.first + self.generate):
            yield User(**_numbered(written, number))


def _numbered(value: Any, number: int) -> Any:
    """Return a value with the number in all its texts."""
    match value:
        case str() if "{n" in value:
            return re.sub(r"\{n(?::0(\d))?\}", lambda match: str(number).zfill(int(match[1] or 0)), value)
        case dict():
            return {name: _numbered(one, number) for name, one in value.items()}
        case tuple():
            return tuple(_numbered(one, number) for one in value)
        case _:
            return value


def user_or_generated(value: object) -> object:
    model = Generated if isinstance(value, Mapping) and "generate" in value else User
    return model.model_validate(value)
