"""The value types of attributes: one parser for what users write, what servers answer and what the state keeps.

Each type has two halves. *Normalise* is lenient and total: it turns any spelling into the canonical value and never
fails on what a server may hold. *Check* is strict and runs only on declarations. Users cannot declare values that the
product refuses, but existing values can always be read. So the rest of the pipeline compares with ``==``.

Marks say more about an attribute than its value type does: ``Annotated[Truth, Clearable()]``. An attribute without
marks is managed and optional, and its cmdlet parameter and property have its name in Pascal case. The published
reference has the rest: the cmdlets with the parameter, its accepted values and its limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler, Strict, WithJsonSchema

from reconciler.model.commands import Argument
from reconciler.model.landscape import Named
from reconciler.model.values import Value


class Normalise(BeforeValidator):
    """Marks the lenient half; observed values use only this half."""


class Unordered(AfterValidator):
    """Marks a tuple as a set: sorted, without repeats."""

    def __init__(self) -> None:
        super().__init__(lambda items: tuple(sorted(set(items))))


class Published:
    """Marks a text whose accepted values are the list in the published reference of its parameter."""


class Checked(AfterValidator):
    """Marks a strict half with a pattern; JSON Schema has the same pattern for editors."""

    def __init__(self, check: Callable[[str], str], pattern: str | None) -> None:
        super().__init__(check)
        # The base is frozen; only JSON Schema uses the pattern.
        object.__setattr__(self, "pattern", pattern)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shown = dict(handler(schema))
        pattern: str | None = getattr(self, "pattern", None)
        return {**shown, "pattern": f"^(?:{pattern})$"} if pattern else shown


# --- normalise -------------------------------------------------------------------------------------------------------


def plain(value: object) -> object:
    """Return the name or text of a value that the runner only describes ({name}, {$str}); other values unchanged."""
    if isinstance(value, str) or not isinstance(value, Mapping):  # nearly all values are texts: ask that first
        return value
    return value.get("name", value.get("$str"))


def text(value: object) -> Value:
    """Return a value as text, such as servers and files write it; None stays None."""
    if not isinstance(value, str):  # nearly all values are texts
        value = plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


def number(value: object) -> Any:
    """Return a whole number if the text is one; otherwise the unchanged value, which the check refuses."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
        return int(value)
    return value


def truth(value: object) -> Any:
    """Return True or False for ``true`` and ``false``, ignoring case. The check refuses other words (yes, on, 1)."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def lower(value: object) -> Any:
    """Return names without significant case, such as host names and SMTP addresses, in lower case."""
    if not isinstance(value, str):  # nearly all values are texts
        value = plain(value)
    return value.strip().lower() if isinstance(value, str) else value


def object_name(value: object) -> Any:
    """Return the name of a directory object from any form of reference.

    Accepts a live ADObjectId ({dn, guid, name}), a canonical path (``contoso.com/.../Redmond``), ``Org\\Name``, or the
    name itself: the last segment counts.
    """
    value = plain(value)
    if isinstance(value, str):
        return re.split(r"[/\\]", value)[-1]
    return value


def pool_fqdn(value: object) -> Any:
    """Return the FQDN in a Lync identity such as ``Registrar:pool1.contoso.com`` or ``1-Registrar-1@pool1...``."""
    value = lower(value)
    return re.split(r"[:@]", value)[-1] if isinstance(value, str) else value


def site_name(value: object) -> Any:
    """Return the name of a Lync site without the scope: ``Site:Redmond`` is ``Redmond``."""
    value = plain(value)
    return re.sub(r"^site:", "", value.strip(), flags=re.IGNORECASE) if isinstance(value, str) else value


def instant(value: object) -> Any:
    """Return a time as ISO 8601 in UTC with microseconds and ``Z``, so that texts sort like times.

    A time without a zone is UTC, because the runner sends UTC. Other values are unchanged.
    """
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def sip_address(value: object) -> Any:
    """Return a SIP address as ``user@domain``, in lower case and without ``sip:``."""
    if isinstance(value, str):
        bare = value.strip().lower()
        return bare.removeprefix("sip:")
    return value


def culture(value: object) -> Any:
    """Return the name of a culture in the case that servers use, such as en-US."""
    value = text(value)
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value.strip()):
        return value
    language, *rest = value.strip().split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


_CAPITALS = frozenset({"AUS", "FLE", "GMT", "GTB", "SA", "SE", "US", "UTC"})


def time_zone(value: object) -> Any:
    """Return the name of a Windows time zone in the case of Windows, such as Pacific Standard Time.

    Windows finds a time zone in any case, and answers with its own spelling (observed, not documented).
    """
    value = text(value)
    if not isinstance(value, str):
        return value
    words = (word.upper() if re.split("[+-]", word.upper())[0] in _CAPITALS else word.title() for word in value.split())
    return " ".join(words)


def limit(value: object) -> Any:
    """Return a limit as a whole number or ``unlimited``.

    Accepts what users write (``60``, ``60 days``), what servers answer (``60.00:00:00``, ``Unlimited``) and what the
    state keeps. Source: Set-UMMailboxPolicy, parameters PINLifetime and MaxLogonAttempts.
    """
    if isinstance(value, str):
        if value.strip().lower() == "unlimited":
            return "unlimited"
        match = re.fullmatch(r"([0-9]{1,9})(?:\.00:00:00(?:\.0+)?|\s*days?)?", value.strip())
        if match:
            return int(match[1])
    return value


def one_of(*names: str) -> Callable[[object], Any]:
    """Return the parser of an enumeration: it ignores case and returns the spelling of the product."""
    by_folded = {name.casefold(): name for name in names}

    def normalise(value: object) -> Any:
        return by_folded.get(value.casefold(), value) if isinstance(value, str) else value

    return normalise


# --- check -----------------------------------------------------------------------------------------------------------


def checked(pattern: str, message: str, *, shown: str | None = None) -> Checked:
    """Return a check that the whole text matches ``pattern``; ``message`` describes a valid text.

    ``pattern`` is for the canonical value. ``shown`` is the pattern in the JSON Schema, if users write the value in
    another form (``""``: no pattern). Both have the same meaning in Python and in ECMA 262.
    """
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(message)
        return value

    return Checked(check, pattern if shown is None else shown)


def among(*names: str) -> AfterValidator:
    """Return a check that the value is one of ``names``."""

    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return AfterValidator(check)


def limited(low: int, high: int) -> AfterValidator:
    """Return a check that a limit is ``low`` to ``high`` or ``unlimited``."""

    class Limited(AfterValidator):
        def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
            number = {"type": "integer", "minimum": low, "maximum": high}
            words = {"type": "string", "pattern": "^(?:[Uu]nlimited|[0-9]{1,9}( days?)?)$"}
            return {"anyOf": [number, {"const": "unlimited"}, words]}

    def check(value: int | str) -> int | str:
        if value == "unlimited" or (isinstance(value, int) and low <= value <= high):
            return value
        raise ValueError(f"must be {low} to {high}, or unlimited")

    return Limited(check)


_E164 = checked(r"\+[1-9][0-9]{1,14}", "must be an E.164 number: a plus sign and 2 to 15 digits, such as +14255550100")
_FQDN = checked(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+",
    "must be a fully qualified host name, such as pool1.contoso.com",
    shown=r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+",
)
_USER = checked(
    r"[^\s@<>\";:,]+@[a-z0-9-]+(\.[a-z0-9-]+)+",
    "must have the form user@domain",
    shown=r"([Ss][Ii][Pp]:)?[^\s@<>\";:,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
)
_PERSON = checked(
    r"((smtp|sip):)?[^\s@<>\";:,\\]+@[^\s@<>\";:,/\\]+|([^\s@<>\";:,/\\]+\\)?[^@<>\";:,/\\|=*?\[\]\x00-\x1f]+",
    "must be a primary address, another address, a logon name (user@domain or DOMAIN\\user) or an alias",
    shown="",
)
_DIGITS = checked(r"[0-9]{1,20}", "must be 1 to 20 digits")
_NO_CONTROL = checked(r"[^\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]*", "must not contain control characters", shown="")


def enumeration(*names: str) -> Any:
    """Return the metadata for a text out of ``names``, ignoring case: ``Annotated[str, *enumeration(...)]``."""
    any_case = "|".join("".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else c for c in name) for name in names)
    shown = {"anyOf": [{"enum": list(names)}, {"type": "string", "pattern": f"^(?:{any_case})$"}]}
    return (Normalise(one_of(*names)), among(*names), WithJsonSchema(shown))


Text = Annotated[str, Normalise(text), _NO_CONTROL]
Culture = Annotated[str, Normalise(culture), _NO_CONTROL]
TimeZone = Annotated[str, Normalise(time_zone), _NO_CONTROL]
Number = Annotated[int, Strict(), Normalise(number)]
Truth = Annotated[bool, Strict(), Normalise(truth)]
Instant = Annotated[str, Normalise(instant)]
Fqdn = Annotated[str, Normalise(lower), _FQDN]
PoolFqdn = Annotated[str, Normalise(pool_fqdn), _FQDN]
SiteName = Annotated[str, Normalise(site_name), _NO_CONTROL]
SmtpAddress = Annotated[str, Normalise(lower), _USER]
PersonName = Annotated[str, Normalise(lower), _PERSON, _NO_CONTROL]
SipAddress = Annotated[str, Normalise(sip_address), _USER]
E164 = Annotated[str, Normalise(text), _E164]
Digits = Annotated[str, Normalise(text), _DIGITS]
ObjectName = Annotated[str, Normalise(object_name), _NO_CONTROL]
Limit = Annotated[int | str, Normalise(limit)]
Choice = Annotated[str, Published()]


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Param:
    """The cmdlet parameter, if it differs from the attribute's name in Pascal case."""

    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """The cmdlet property, if it differs from the parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateOnly:
    """A different value needs a new object, although the reference does not say so."""


class ChangedBy:
    """Cmdlets that change it instead of Set-<noun>."""

    def __init__(self, *cmdlets: str) -> None:
        self.cmdlets = cmdlets


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Observed and saved, never declared. All attributes of a fact are read-only."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Only the engine uses it to derive other resources."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A set of which we manage only the declared elements."""


@dataclass(frozen=True, slots=True)
class Clearable:
    """``null`` clears it: the cmdlet receives ``$null``."""


@dataclass(frozen=True, slots=True)
class References:
    """The resource type that the value (each element) names."""

    kind: Named
    by: str = ""
    """In nested values: the name under which they name it."""
    holds: bool = True
    """Whether that resource cannot be removed while it is named; False where the servers go on without it."""


@dataclass(frozen=True, slots=True)
class Written:
    """The pydantic type of what users write as nested values."""

    form: Any


@dataclass(frozen=True, slots=True)
class Sent:
    """How the value is an argument of the cmdlets, if it is no argument as it is."""

    argument: Callable[[Value], Argument]


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Only one object may have the value (each element) within ``scope``."""

    scope: str
    at_birth: bool = False
    """True if the command that creates the object must set it; a later command cannot."""


class Called:
    """Its names in CSV files that Exchange or Lync export, the best one first."""

    def __init__(self, *names: str) -> None:
        self.names = names


@dataclass(frozen=True, slots=True)
class Required:
    """A declaration without it is an error."""


def find(marks: Sequence[object], kind: type[_T]) -> _T | None:
    """Return the mark of a kind; None if the attribute has none."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)
