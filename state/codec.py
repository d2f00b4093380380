"""Saved values as text, and back.

The text is canonical JSON: keys sorted, no spaces, ASCII alone. Equal values give equal bytes, so that an
unchanged row is known by comparing text, and hashes can be taken over it. ASCII is what every store keeps
unharmed: PostgreSQL takes no NUL and neither store takes half a surrogate pair, both of which a server may
answer with.

Reading is strict. An unknown key, a missing one, a number with a fraction, another version: all are refused,
because state that was half understood would be written back without the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NoReturn

from reconciler.model.addresses import Address
from reconciler.model.commands import Connection, Endpoint, Shell
from reconciler.model.ports import Holder
from reconciler.model.snapshot import Intent, Obligation, Outcome, OutcomeKind, Remembered, Run, Snapshot
from reconciler.model.values import Value

VERSION: Final = 1
"""Of every form below; stored with the environment and in the text of a snapshot."""

_FORMAT: Final = "reconciler-state"
_UNSAFE = re.compile(r"[^!-$&-~ ]")
_ESCAPED = re.compile(rb"%([0-9A-F]{2})")

_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is no whole number")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode


def to_json(plain: Any) -> str:
    """Return canonical JSON of dicts, lists, texts, whole numbers, truth values and None."""
    return _encode(plain)


def from_json(text: str) -> Any:
    """Return what the text says. Raises ValueError where it is no JSON or holds a fraction."""
    try:
        return _decode(text)
    except RecursionError as error:
        raise ValueError("the text is nested too deeply") from error


# --- texts that are keys ---------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Return ``text`` in printable ASCII: other characters, and %, as the %XX of their UTF-8 bytes."""
    if not _UNSAFE.search(text):
        return text
    return _UNSAFE.sub(lambda match: "".join(f"%{b:02X}" for b in match[0].encode("utf-8", "surrogatepass")), text)


def unescape(text: str) -> str:
    """Return what ``escape`` was given."""
    if "%" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text.encode("ascii"))
    return plain.decode("utf-8", "surrogatepass")


def address_text(address: Address) -> str:
    """Return an address as one text, also where its type holds a slash."""
    return f"{escape(address.type).replace('/', '%2F')}/{escape(address.key)}"


def parse_address(text: str) -> Address:
    """Return what ``address_text`` was given."""
    type_name, slash, key = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} is no address")
    return Address(unescape(type_name), unescape(key))


_needed = lru_cache(maxsize=4096)(parse_address)
"""Thousands of mailboxes depend on the same few resources."""


# --- attributes ------------------------------------------------------------------------------------------------------


def _plain(value: object) -> Any:
    """Return a canonical value as JSON has it; anything else is refused, above all secrets and fractions."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    raise ValueError(f"a {type(value).__name__} is no attribute value")


def _canonical(plain: Any) -> Value:
    if isinstance(plain, list):
        return tuple([_canonical(item) for item in plain])
    if isinstance(plain, dict):
        raise ValueError("a mapping is no attribute value")
    return plain  # type: ignore[no-any-return]  # the decoder makes no other types


def _plain_attributes(attributes: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in attributes.items()}


def _attributes(plain: Any) -> Mapping[str, Value]:
    return MappingProxyType(
        {name: _canonical(v) if isinstance(v, list | dict) else v for name, v in _mapping(plain).items()}
    )


# --- the values, each to plain JSON and back -------------------------------------------------------------------------


def encode_remembered(remembered: Remembered) -> str:
    """Return the text of what is remembered, without its address."""
    return _encode(_plain_remembered(remembered))


def decode_remembered(address: Address, text: str) -> Remembered:
    return _remembered(address, from_json(text))


def _plain_remembered(remembered: Remembered) -> dict[str, Any]:
    plain: dict[str, Any] = {"attributes": _plain_attributes(remembered.attributes)}
    if remembered.name is not None:
        plain["name"] = remembered.name
    if remembered.guid is not None:
        plain["guid"] = remembered.guid
    if remembered.needs:
        plain["needs"] = [address_text(address) for address in remembered.needs]
    return plain


_REMEMBERED_KEYS = frozenset({"attributes", "name", "guid", "needs"})


def _remembered(address: Address, plain: Any) -> Remembered:
    if not (isinstance(plain, dict) and plain.keys() <= _REMEMBERED_KEYS and "attributes" in plain):
        raise ValueError("a resource is not of the form known")
    return Remembered(
        address,
        _attributes(plain["attributes"]),
        _optional_text(plain.get("name")),
        _optional_text(plain.get("guid")),
        tuple([_needed(_text(needed)) for needed in plain.get("needs", ())]),
    )


def encode_obligation(obligation: Obligation) -> str:
    """Return the text of an obligation, without its duty."""
    return _encode([obligation.subject, obligation.since])


def decode_obligation(duty: str, text: str) -> Obligation:
    subject, since = _list(from_json(text), 2)
    return Obligation(duty, _text(subject), _optional_text(since))


_INTENT_KEYS = ("id", "run", "kind", "command", "host", "expires")


def encode_intent(intent: Intent) -> str:
    plain = {
        **{key: getattr(intent, key) for key in _INTENT_KEYS},
        "address": address_text(intent.address),
        "expects": _plain_expected(intent.expects),
        "expects_after": _plain_expected(intent.expects_after),
        "discharges": [[owed.duty, owed.subject, owed.since] for owed in intent.discharges],
    }
    if intent.shell is not None:
        at = intent.shell.endpoint
        plain["shell"] = [at.connection.value, at.host, intent.shell.id, intent.shell.account]
    return _encode(plain)


def decode_intent(text: str) -> Intent:
    plain = _mapping(from_json(text))
    shell = plain.pop("shell", None)
    _mapping(plain, frozenset({*_INTENT_KEYS, "address", "expects", "expects_after", "discharges"}))
    return Intent(
        shell=None if shell is None else _shell(shell),
        address=parse_address(_text(plain["address"])),
        expects=_expected(plain["expects"]),
        expects_after=_expected(plain["expects_after"]),
        discharges=tuple([_discharged(one) for one in _list(plain["discharges"])]),
        **{key: _text(plain[key]) for key in _INTENT_KEYS},
    )


def _shell(plain: Any) -> Shell:
    connection, host, name, account = _list(plain, 4)
    return Shell(Endpoint(Connection(_text(connection)), _optional_text(host)), _text(name), _text(account))


def _plain_expected(expected: Mapping[str, Value] | None) -> Any:
    return None if expected is None else _plain_attributes(expected)


def _expected(plain: Any) -> Mapping[str, Value] | None:
    return None if plain is None else _attributes(plain)


def _discharged(plain: Any) -> Obligation:
    duty, subject, since = _list(plain, 3)
    return Obligation(_text(duty), _text(subject), _optional_text(since))


def encode_outcome(outcome: Outcome) -> str:
    return _encode([outcome.intent, outcome.kind.value, outcome.detail])


def decode_outcome(text: str) -> Outcome:
    intent, kind, detail = _list(from_json(text), 3)
    return Outcome(_text(intent), OutcomeKind(kind), _text(detail))


_RUN_KEYS = tuple(Run.__dataclass_fields__)
_LATER_RUN_KEYS = frozenset({"uncommitted", "allowed_older"})
"""Written only where they say something, so that whoever wrote the others can read most runs."""


def encode_run(run: Run) -> str:
    plain = {key: getattr(run, key) for key in _RUN_KEYS}
    return _encode({key: value for key, value in plain.items() if value or key not in _LATER_RUN_KEYS})


def decode_run(text: str) -> Run:
    plain = _mapping({**dict.fromkeys(_LATER_RUN_KEYS, False), **_mapping(from_json(text))}, frozenset(_RUN_KEYS))
    code = plain["exit_code"]
    return Run(
        id=_text(plain["id"]),
        started=_text(plain["started"]),
        user=_text(plain["user"]),
        host=_text(plain["host"]),
        commit=_optional_text(plain["commit"]),
        ended=_optional_text(plain["ended"]),
        exit_code=None if code is None else _number(code),
        plan_digest=_optional_text(plain["plan_digest"]),
        done=_number(plain["done"]),
        failed=_number(plain["failed"]),
        blocked=_number(plain["blocked"]),
        uncommitted=_truth(plain["uncommitted"]),
        allowed_older=_truth(plain["allowed_older"]),
    )


_HOLDER_TEXTS = ("run", "host", "user", "operation", "started")


def encode_holder(holder: Holder) -> str:
    return _encode({key: getattr(holder, key) for key in (*_HOLDER_TEXTS, "pid")})


def decode_holder(text: str) -> Holder:
    plain = _mapping(from_json(text), frozenset({*_HOLDER_TEXTS, "pid"}))
    return Holder(pid=_number(plain["pid"]), **{key: _text(plain[key]) for key in _HOLDER_TEXTS})


# --- a whole snapshot ------------------------------------------------------------------------------------------------


def encode_snapshot(snapshot: Snapshot) -> str:
    """Return a snapshot as one text, for export and for comparing stores."""
    return _encode(
        {
            "format": _FORMAT,
            "version": VERSION,
            "environment": snapshot.environment,
            "lineage": snapshot.lineage,
            "serial": snapshot.serial,
            "resources": {
                address_text(address): _plain_remembered(kept) for address, kept in snapshot.resources.items()
            },
            "obligations": [[owed.duty, encode_obligation(owed)] for owed in snapshot.obligations],
            "open_intents": [encode_intent(intent) for intent in snapshot.open_intents],
            "decisions": dict(snapshot.decisions),
        }
    )


def decode_snapshot(text: str) -> Snapshot:
    """Return what ``encode_snapshot`` was given.

    Raises:
        ValueError: it is not such a text, or one of another version; the message says which.
    """
    plain = _mapping(from_json(text))
    if plain.get("format") != _FORMAT:
        raise ValueError("the text is no saved state")
    if plain.get("version") != VERSION:
        raise ValueError(f"the text is of version {plain.get('version')!r}; this program knows version {VERSION}")
    known = {"environment", "lineage", "serial", "resources", "obligations", "open_intents", "decisions"}
    plain = _mapping(plain, frozenset({"format", "version", *known}))
    addresses = {parse_address(key): kept for key, kept in _mapping(plain["resources"]).items()}
    pairs = [_list(pair, 2) for pair in _list(plain["obligations"])]
    return Snapshot(
        environment=_text(plain["environment"]),
        lineage=_optional_text(plain["lineage"]),
        serial=_number(plain["serial"]),
        resources=MappingProxyType({address: _remembered(address, kept) for address, kept in addresses.items()}),
        obligations=tuple(decode_obligation(_text(duty), _text(body)) for duty, body in pairs),
        open_intents=tuple(decode_intent(_text(intent)) for intent in _list(plain["open_intents"])),
        decisions=MappingProxyType({key: _text(value) for key, value in _mapping(plain["decisions"]).items()}),
    )


# --- shapes ----------------------------------------------------------------------------------------------------------


def _mapping(plain: Any, keys: frozenset[str] | None = None) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise ValueError("a mapping is missing")
    if keys is not None and plain.keys() != keys:
        raise ValueError(f"keys differ from those known: {_listed(plain.keys() ^ keys)}")
    return plain


def _list(plain: Any, length: int | None = None) -> list[Any]:
    if not isinstance(plain, list) or (length is not None and len(plain) != length):
        raise ValueError("a list is missing or of another length")
    return plain


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise ValueError("a text is missing")
    return plain


def _optional_text(plain: Any) -> str | None:
    return None if plain is None else _text(plain)


def _truth(plain: Any) -> bool:
    if not isinstance(plain, bool):
        raise ValueError("a truth value is missing")
    return plain


def _number(plain: Any) -> int:
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise ValueError("a number is missing")
    return plain


def _listed(names: Iterable[str]) -> str:
    return ", ".join(escape(name) for name in sorted(names))
