"""The values that flow through the pipeline: addresses, resources, commands and what they return.

Everything here is frozen and plain. A value of an attribute is canonical from the moment it is read: one parser per
attribute turns what users write, what servers answer and what the snapshot keeps into the same Python value, so that
the rest of the pipeline compares with ``==`` and never strips, lowers or converts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from reconciler.diagnostics import Position

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | None"
"""A canonical attribute value. Sets are sorted tuples; ``None`` means *cleared on purpose* (YAML ``null``)."""

Record: TypeAlias = Mapping[str, Any]
"""One object as a cmdlet returned it, flattened to JSON by the runner: property name to value."""


class Unset(Enum):
    """The value of an attribute nobody wrote: not sent, not compared. It differs from ``None`` and from any default."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


# --- names -----------------------------------------------------------------------------------------------------------

_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
"""Each katakana to its hiragana."""
_LOOSE_MARKS: Final = (range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x3099, 0x309B))
"""Combining marks that only accent a letter. In other scripts a mark is a vowel, which tells words apart."""


def folded(name: str) -> str:
    """Return the form that two names share where the directory takes them for one.

    Active Directory compares names without regard to case, accents, width and kind of kana, so that two objects of a
    container cannot differ in these alone. Blanks at the ends are no part of a name. Sources: MS-ADTS 3.1.1.2.2.4.13
    and 6.5.1 (NORM_IGNORECASE, NORM_IGNORENONSPACE, NORM_IGNOREWIDTH, NORM_IGNOREKANATYPE).
    """
    if name.isascii():
        return name.strip().lower()
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", name) if not any(ord(c) in marks for marks in _LOOSE_MARKS)
    )
    return unicodedata.normalize("NFKD", plain.translate(_KATAKANA).casefold()).strip()


# --- addresses -------------------------------------------------------------------------------------------------------

_UNSAFE = re.compile(r"[^A-Za-z0-9._@/+-]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """The name of a resource, ``type/key``, such as ``um_mailbox/alice@contoso.com``.

    Two addresses are equal where the directory takes their keys for one name: ``dial_plan/redmond`` is
    ``dial_plan/Redmond``, however a file, a server or the state spells it. The text needs no quoting in any shell:
    other characters stand as the %XX of their UTF-8 bytes.
    """

    type: str
    key: str

    def __str__(self) -> str:
        def escape(match: re.Match[str]) -> str:
            return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

        return f"{self.type}/{_UNSAFE.sub(escape, self.key)}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that ``text`` writes.

        Raises:
            ValueError: there is no type, no key, or an escape that is not UTF-8.
        """
        type_name, slash, escaped = text.partition("/")
        if not (type_name and slash and escaped):
            raise ValueError(f"{text!r} is no address; one is written type/name, such as dial_plan/Redmond")
        raw = escaped.encode("utf-8", "surrogatepass")
        plain = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), raw)
        return cls(type_name, plain.decode("utf-8", "surrogatepass"))

    @property
    def folded(self) -> tuple[str, str]:
        """The form that equal addresses share."""
        return (self.type, folded(self.key))

    @property
    def names_a_person(self) -> bool:
        """True for a user, whom a name that is spelt alike does not mean: never to be suggested for another."""
        return "@" in self.key

    def is_spelt_as(self, other: Address) -> bool:
        """True where the two are not only equal but written alike."""
        return (self.type, self.key) == (other.type, other.key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Address):
            return NotImplemented
        return self.type == other.type and (self.key == other.key or folded(self.key) == folded(other.key))

    def __hash__(self) -> int:
        return hash(self.folded)

    def __lt__(self, other: Address) -> bool:
        return (self.type, self.key) < (other.type, other.key)


# --- resources -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, desired or observed: the type is the same, what differs is who made it."""

    address: Address
    attributes: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    """Attribute name to canonical value. A name that is missing is not managed (desired) or was not told (observed)."""
    name: str | None = None
    """What ``-Identity`` takes where it is not the key, such as ``1:1`` for a gateway; observed only."""
    guid: str | None = None
    """The object's identity in the directory; observed only. Two objects of one name differ here."""
    written: str | None = field(default=None, compare=False)
    """Desired only: how the configuration names it, where that is not the key."""
    position: Position | None = field(default=None, compare=False)
    """Where it was declared."""

    @property
    def key(self) -> str:
        return self.address.key

    def get(self, attribute: str, default: Value = None) -> Value:
        return self.attributes.get(attribute, default)

    def text(self, attribute: str) -> str | None:
        """The attribute as text, or None where it is missing, cleared or empty."""
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) and value else None

    def items(self, attribute: str) -> tuple[str, ...]:
        """The attribute as a tuple of texts; empty where it is missing or cleared."""
        value = self.attributes.get(attribute)
        return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


class Resources(Mapping[str, Resource]):
    """Resources of one type by key, in the order given; keys are found as the directory finds them (``folded``)."""

    __slots__ = ("_by_key",)

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_key: dict[str, Resource] = {folded(resource.key): resource for resource in resources}

    def __getitem__(self, key: str) -> Resource:
        return self._by_key[folded(key)]

    def __iter__(self) -> Iterator[str]:
        return (resource.key for resource in self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def values(self) -> ValuesView[Resource]:
        return self._by_key.values()  # without a look-up by name for each

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and folded(key) in self._by_key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._by_key == other._by_key

    def __hash__(self) -> int:
        return hash(tuple(self._by_key))

    def __repr__(self) -> str:
        return f"Resources({list(self._by_key.values())!r})"

    def replaced(self, put: Iterable[Resource] = (), drop: Iterable[str] = ()) -> Resources:
        """Return a copy with ``put`` added or replaced and the keys of ``drop`` gone."""
        copy = Resources()
        copy._by_key = dict(self._by_key)
        for key in drop:
            copy._by_key.pop(folded(key), None)
        for resource in put:
            copy._by_key[folded(resource.key)] = resource
        return copy


# --- commands --------------------------------------------------------------------------------------------------------


class Connection(Enum):
    """An entry point of the estate; the engine finds the other hosts behind it by itself."""

    EXCHANGE = "exchange"
    LYNC = "lync"


class Authentication(Enum):
    """How a session proves who it is."""

    BASIC = "basic"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"
    CERTIFICATE = "certificate"


class Adapter(Enum):
    """Where a host's cmdlets come from."""

    AUTO = "auto"
    SNAPIN = "snapin"
    """Exchange's snap-in within the process: the only way for 2007."""
    REMOTE = "remote"
    """The server's own Microsoft.Exchange endpoint: the supported way from 2010 on."""
    LYNC = "lync"
    """The Lync or SkypeForBusiness module."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a command runs: the entry point of a connection, or one host reached with that connection's settings."""

    connection: Connection
    host: str | None = None

    def __str__(self) -> str:
        return self.host or self.connection.value


@dataclass(frozen=True, slots=True)
class Shell:
    """A remote shell, in which commands of a run wait for their turn; it may outlive the run."""

    endpoint: Endpoint
    """Its host by name, also where it is an entry point."""
    id: str
    account: str = ""
    """Whose it is, as the connection names the account; '' where it does not, as with a ticket."""


EXCHANGE: Final = Endpoint(Connection.EXCHANGE)
LYNC: Final = Endpoint(Connection.LYNC)


@dataclass(frozen=True, slots=True)
class Delta:
    """A change of a multi-valued property by difference: ``@{Add=...;Remove=...}``."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameOf:
    """A name known only when the command runs: that of an object which an earlier step makes (a *predicted* one)."""

    address: Address
    noun: str
    """How a plan shows it: ``<gateway of pool1.contoso.com>``."""

    def __str__(self) -> str:
        return f"<{self.noun} of {self.address.key.removesuffix('/default')}>"


@dataclass(frozen=True, slots=True)
class ObjectId:
    """One object that was observed, by what can mean no other; its readable name stands beside it.

    Exchange looks a text up as logon name, alias, address, name and more, and a name with an asterisk as a pattern, so
    that what is read under a name and what is written to under it may be two objects. A GUID means one.
    """

    guid: str
    name: str
    """For people; never sent."""

    def __str__(self) -> str:
        return self.guid


Argument: TypeAlias = "Value | Delta | NameOf | ObjectId"


class Operation(Enum):
    """What the runner does with a command. A request names one of these and never carries script text."""

    INVOKE = "invoke"
    """Call the cmdlet with the parameters, splatted."""
    SCRIPT = "script"
    """Run exchucutil as it ships, by path, from the Scripts folder, and capture its output."""
    SERVICE = "service"
    """Read one Windows service on the host itself: status, start time, running dependents and the host's clock."""
    PROBE = "probe"
    """Tell what the session found on the host: account, language mode, missing cmdlets, quotas, second hop."""


@dataclass(frozen=True, slots=True)
class Command:
    """One call on one endpoint, with typed arguments; in a plan it is exactly what will be sent."""

    cmdlet: str
    parameters: tuple[tuple[str, Argument], ...] = ()
    endpoint: Endpoint = EXCHANGE
    writes: bool = True
    properties: tuple[str, ...] = ()
    """Of a read: the properties wanted. The runner sends no others."""
    operation: Operation = Operation.INVOKE

    @property
    def references(self) -> tuple[NameOf, ...]:
        return tuple(value for _, value in self.parameters if isinstance(value, NameOf))

    @property
    def named(self) -> Mapping[str, str]:
        """Parameter name to the readable name of the object that it holds the GUID of."""
        return {name: value.name for name, value in self.parameters if isinstance(value, ObjectId)}

    def __str__(self) -> str:
        return " ".join(
            [
                self.cmdlet,
                *(_parameter_text(name, value) for name, value in self.parameters),
            ]
        )


def read(cmdlet: str, *properties: str, endpoint: Endpoint = EXCHANGE, **parameters: Argument) -> Command:
    """Return the command that lists ``properties`` of what ``cmdlet`` returns."""
    return Command(
        cmdlet,
        tuple(parameters.items()),
        endpoint=endpoint,
        writes=False,
        properties=tuple(properties),
    )


def write(cmdlet: str, endpoint: Endpoint = EXCHANGE, /, **parameters: Argument) -> Command:
    """Return the command that calls ``cmdlet`` for its effect; parameters stay in the order given."""
    return Command(cmdlet, tuple(parameters.items()), endpoint=endpoint)


_BARE = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9_.@+-]*\Z")
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def _parameter_text(name: str, value: Argument) -> str:
    """Return one parameter as it is typed; with the colon a truth value is right for switches too."""
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
        case Delta(add, remove):
            sides = [("Add", add), ("Remove", remove)]
            return "@{" + ";".join(f"{side}={','.join(map(_quoted, items))}" for side, items in sides if items) + "}"
        case tuple():
            return ",".join(_argument_text(item) for item in value) or "@()"


def _quoted(value: str) -> str:
    """Return a text between single quotes; a bare word inside ``@{}`` would be taken for a command."""
    return f"'{_QUOTES.sub(lambda quote: quote[0] * 2, value)}'"


# --- replies ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """What one command returned: its records, in the order the server gave them."""

    records: tuple[Record, ...] = ()
    warnings: tuple[str, ...] = ()
    output: str = ""
    """Text a script printed, for people; localised and never judged by."""
