"""Commands for servers, their endpoints and replies, and the patterns for hosts that may receive a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from reconciler.model.resources import Address
from reconciler.model.values import Nested, Record, Value

# --- commands --------------------------------------------------------------------------------------------------------


class Authentication(Enum):
    """How a session logs on."""

    BASIC = "basic"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a command runs: the entry point of a connection, or one host reached with that connection's settings."""

    connection: str
    """Its name in the files, such as ``exchange``."""
    host: str | None = None

    def __str__(self) -> str:
        return self.host or self.connection


USUAL: Final = Endpoint("exchange")
"""The endpoint of a command that names none. Saved plans leave it out, so it stays as it is."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A remote shell in which commands of a run wait; it may outlive the run."""

    endpoint: Endpoint
    """Its host by name, also for an entry point."""
    id: str
    account: str = ""
    """Its account, as the connection names it; '' if the connection does not, for example with a ticket."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A change of a multi-valued property by difference: ``@{Add=...;Remove=...}``."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameOf:
    """The name of a *predicted* object.

    It is known only when the command runs, because an earlier step makes the object.
    """

    address: Address
    noun: str
    """The noun in the text that a plan shows: ``<gateway of pool1.contoso.com>``."""

    def __str__(self) -> str:
        return f"<{self.noun} of {self.address.key.removesuffix('/default')}>"


@dataclass(frozen=True, slots=True)
class ObjectId:
    """One observed object by its GUID, which names no other object; ``name`` is for readers.

    A cmdlet may compare a text with logon names, aliases, addresses and more, and read an asterisk as a wildcard. So a
    read and a write with the same name may reach two objects. A GUID names exactly one.
    """

    guid: str
    name: str
    """For people; never sent."""

    def __str__(self) -> str:
        return self.guid

    @property
    def is_guid(self) -> bool:
        """True where the text has the form of a GUID."""
        return _GUID.match(self.guid) is not None


_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")


@dataclass(frozen=True, slots=True)
class ObjectIds:
    """Some observed objects by their GUIDs, as the ``-Filter`` of one listing.

    Only text in the form of a GUID stands in a filter, so nothing that a server or a user wrote can change its meaning.
    """

    ids: tuple[ObjectId, ...]

    def __post_init__(self) -> None:
        if strange := [one.guid for one in self.ids if not one.is_guid]:
            raise ValueError(f"no GUID: {strange[0]!r}")

    def __str__(self) -> str:
        return " -or ".join(f"Guid -eq '{one.guid}'" for one in self.ids)


Argument: TypeAlias = "Value | Delta | NameOf | ObjectId | ObjectIds"


class Operation(Enum):
    """The kind of a request to the runner. A request names one of these and never contains a script."""

    INVOKE = "invoke"
    """Call the cmdlet with the parameters, splatted."""
    SCRIPT = "script"
    """Run a script of the product, unchanged, and capture its output."""
    SERVICE = "service"
    """Read one Windows service on the host itself: status, start time, running dependents and the host's clock."""
    PROBE = "probe"
    """Report facts about the session: account, language mode, missing cmdlets, quotas, second hop."""


@dataclass(frozen=True, slots=True)
class Command:
    """One call on one endpoint, with typed arguments. A plan contains exactly the commands that will be sent."""

    cmdlet: str
    parameters: tuple[tuple[str, Argument], ...] = ()
    endpoint: Endpoint = USUAL
    writes: bool = True
    properties: tuple[str, ...] = ()
    """For a read: the requested properties. The runner returns no others."""
    operation: Operation = Operation.INVOKE

    def argument(self, parameter: str) -> Argument:
        """Return the argument of a parameter; None if the command does not have it."""
        return next((value for name, value in self.parameters if name == parameter), None)

    @property
    def references(self) -> tuple[NameOf, ...]:
        return tuple(value for _, value in self.parameters if isinstance(value, NameOf))

    @property
    def named(self) -> Mapping[str, str]:
        """By parameter with a GUID: the readable name of the object."""
        return {name: value.name for name, value in self.parameters if isinstance(value, ObjectId)}

    @property
    def text(self) -> str:
        """The exact PowerShell. A name that is known only at apply is in angle brackets."""
        return str(self)

    def __str__(self) -> str:
        return " ".join(
            [
                self.cmdlet,
                *(_parameter_text(name, value) for name, value in self.parameters),
            ]
        )


def read(cmdlet: str, *properties: str, endpoint: Endpoint = USUAL, **parameters: Argument) -> Command:
    """Return the command that lists ``properties`` of the objects that ``cmdlet`` returns."""
    return Command(
        cmdlet,
        tuple(parameters.items()),
        endpoint=endpoint,
        writes=False,
        properties=tuple(properties),
    )


def write(cmdlet: str, endpoint: Endpoint = USUAL, /, **parameters: Argument) -> Command:
    """Return the command that calls ``cmdlet`` for its effect; parameters keep their order."""
    return Command(cmdlet, tuple(parameters.items()), endpoint=endpoint)


_BARE = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9_.@+-]*\Z")
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def _parameter_text(name: str, value: Argument) -> str:
    """Return one parameter as PowerShell text; the colon makes a Boolean correct for switches too."""
    if value is True:
        return f"-{name}:$true"
    if value is False:
        return f"-{name}:$false"
    return f"-{name} {_argument_text(value)}"


def _argument_text(value: Argument) -> str:
    match value:
        case None:
            return "$null"
        case bool():
            return "$true" if value else "$false"
        case int():
            return str(value)
        case str():
            return value if _BARE.match(value) else _quoted(value)
        case NameOf() | ObjectId():
            return str(value)
        case ObjectIds():
            return _quoted(str(value))
        case Delta(add, remove):
            sides = [("Add", add), ("Remove", remove)]
            return "@{" + ";".join(f"{side}={','.join(map(_quoted, items))}" for side, items in sides if items) + "}"
        case tuple():
            return ",".join(_argument_text(item) for item in value) or "@()"
        case Nested():
            raise TypeError("nested values are sent as texts")


def _quoted(value: str) -> str:
    """Return a text in single quotes, because PowerShell would run a bare word inside ``@{}`` as a command."""
    return f"'{_QUOTES.sub(lambda quote: quote[0] * 2, value)}'"


# --- replies ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one command: its records in the order of the server."""

    records: Sequence[Record] = ()
    """A tuple; a listing of several parts is kept by column (``Records``)."""
    warnings: tuple[str, ...] = ()
    output: str = ""
    """The printed text of a script, for people. It is localised, so no decision uses it."""


_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_*-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class HostPatterns:
    """Host patterns: ``*.contoso.com`` is every host of the domain, ``ex*.contoso.com`` only names with ex."""

    patterns: tuple[str, ...]

    def __contains__(self, host: object) -> bool:
        name = str(host).casefold().rstrip(".")
        return any(_fits(name, pattern) for pattern in self.patterns)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> HostPatterns:
        """Return the patterns in ``texts``.

        Raises:
            ValueError: there is none, or one is not a host name or has no domain after its ``*``. The message does not
                repeat the text, because it may be the secret itself.
        """
        patterns = tuple(text.strip().casefold().rstrip(".") for text in texts)
        if not patterns:
            raise ValueError("names no host")
        for pattern in patterns:
            if not _PATTERN.fullmatch(pattern):
                raise ValueError("names something that is not a host")
            if "*" in pattern and pattern.rpartition("*")[2].count(".") < 1:
                raise ValueError('names no domain after a "*"')
        return cls(patterns)

    @classmethod
    def around(cls, hosts: Iterable[str]) -> HostPatterns:
        """Return these hosts and all hosts of their domains; an IP address or a short name adds only itself."""
        names = [host.casefold() for host in hosts]
        domains = [name.partition(".")[2] for name in names if not name.replace(".", "").isdigit() and ":" not in name]
        return cls(tuple(dict.fromkeys([*names, *(f"*.{domain}" for domain in domains if "." in domain)])))


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) >= len(pattern)
    pieces = (re.escape(piece) for piece in pattern.split("*"))
    return re.fullmatch("[^.]*".join(pieces), name) is not None
