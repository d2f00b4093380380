"""The saved plan: the approved plan as a file that people can read and nobody can change unnoticed.

The file is one JSON document: the fields of ``SavedPlan`` and ``Plan``, without those that have their default, and a
signature. ``digest`` identifies a plan by its actions, which hold no places in files, no times and no random values: it
leaves out what the plan is bound to (state and commit) and its diagnostics.

The signature is an HMAC over all bytes of the file that precede it. So every changed bit is an error, also a change
that JSON ignores. Reading checks it before it makes values of fields, and refuses unknown fields and wrong types.

It uses an HMAC and no public key signature (rejected: Ed25519), because who may apply plans may also make them. The
file has no field for the algorithm, so an attacker cannot choose a weaker one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from json import JSONEncoder
from typing import Any, Final, NoReturn, TypeVar

from reconciler import __version__
from reconciler.model.abilities import Counts
from reconciler.model.codec import Codec
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, PlanError
from reconciler.model.resources import Address
from reconciler.model.shapes import Leaf
from reconciler.model.values import Digest, Json, parse, sha256, shown
from reconciler.plan import saved_before
from reconciler.plan.plan import Plan

Item = TypeVar("Item")

FORMAT: Final = "reconciler-plan/3"
"""Form and meaning of the file. Every version that writes the same form can apply the plan."""
ALTERED: Final = "Saved plan altered"
UNREADABLE: Final = "Saved plan unreadable"
OTHER_VERSION: Final = "Saved plan of another version"
EXPIRED: Final = "Saved plan expired"
FROM_THE_FUTURE: Final = "Saved plan of the future"
OTHER_KEY: Final = "Saved plan signed with another key"
"""The summaries of the errors of a saved plan."""
_CIRCUMSTANCES: Final = {"lineage", "serial", "source", "asked", "passed_over", "prior", "diagnostics", "waived"}
"""What a plan is bound to and says of itself; no part of what it does."""
_KEY_BYTES: Final = 16
_CLOCKS_APART: Final = timedelta(minutes=10)
"""The allowed difference between the clocks of the machines that plan and apply."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan from a file with a valid signature, form and expiry."""

    plan: Plan
    digest: Digest
    """SHA-256 of what the plan does, as canonical JSON; it identifies the plan."""
    created: datetime
    expires: datetime
    nonce: str
    """The state store records it before the first write, so a plan is applied once."""
    directory: str
    """The environment's directory, relative to the plan file; used to find it."""


# --- the form --------------------------------------------------------------------------------------------------------


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time of a plan must have a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time has no time zone")
    return moment


def _counts(plain: object) -> Counts:
    if not isinstance(plain, dict) or any(type(number) is not int for number in plain.values()):
        raise ValueError("the impact is not made of numbers")
    return Counts(plain)


_ADDRESS: Final = {
    "type": "string",
    "pattern": "^[^/]+/.+$",
    "description": "type/key; other characters of the key as %XX.",
}
_TIME: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}
_DAY: Final = {"type": "string", "format": "date"}
_COUNTS: Final = {"type": "object", "additionalProperties": {"type": "integer"}}

FORM: Final = Codec(
    {
        Address: Leaf(_ADDRESS, str, lru_cache(maxsize=4096)(Address.parse), name="address"),
        Counts: Leaf(_COUNTS, dict, _counts),
        datetime: Leaf(_TIME, _time, _moment),
        date: Leaf(_DAY, date.isoformat, date.fromisoformat),
    }
)


# --- writing and reading ---------------------------------------------------------------------------------------------


def digest(plan: Plan) -> Digest:
    """Return the identity of a plan: the SHA-256, in hex, of what it does."""
    return _digest(FORM.dump(plan))


def encode(
    plan: Plan,
    *,
    key: bytes,
    created: datetime,
    expires: datetime,
    nonce: str,
    directory: str = ".",
    version: str = __version__,
) -> bytes:
    """Return the file of a plan, signed with ``key``: ASCII, with equal bytes for equal arguments.

    Args:
        version: the version of reconciler that made the plan.

    Raises:
        ConfigurationError: the key is too short.
        ValueError: a time has no time zone.
    """
    head = FORM.dump(SavedPlan(plan, "", created, expires, nonce, directory))
    content = head.pop("plan")
    about = {"format": FORMAT, "tool_version": version, **head, "digest": _digest(content)}
    document = {**about, "plan": content, "key_id": _key_id(key)}
    return _signed(_layout(document).removesuffix("\n}").encode("ascii"), key)


def decode(data: bytes, *, key: bytes, now: datetime) -> SavedPlan:
    """Return the plan of a file that ``encode`` of this or an older version made with the same key.

    Raises:
        PlanError: the file is not a saved plan, was altered, has another key or form, or has expired. None of it was
            used.
        ConfigurationError: the key is too short.
    """
    document = _parse(data)
    if document.get("format") not in (FORMAT, saved_before.FORMAT):
        _refuse_form(document)
    _check_signature(document, data, key)
    expires = _or_altered(_expiry, document)
    if now >= expires:
        raise _error(EXPIRED, f"It ended at {_time(expires)}; now it is {_time(now)}.")
    saved = _or_altered(_saved_plan, document)
    if now < saved.created - _CLOCKS_APART:
        made = (
            f"It was made at {_time(saved.created)}, and the time here is {_time(now)}: one of the two clocks is wrong."
        )
        raise _error(FROM_THE_FUTURE, f"{made} So it is unknown whether the plan has expired.", "Correct the clock.")
    return saved


def _digest(plan: Mapping[str, Json]) -> Digest:
    return sha256({name: value for name, value in plan.items() if name not in _CIRCUMSTANCES})


# --- the envelope ----------------------------------------------------------------------------------------------------


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = parse(data.decode("ascii"))
    except ValueError as error:
        raise _error(UNREADABLE, f"The file is not the JSON of a saved plan: {error}.") from error
    if not isinstance(document, dict):
        raise _error(UNREADABLE, "The file holds JSON, but not a saved plan.")
    return document


_SEAL: Final = b',\n  "signature": "'


def _signed(content: bytes, key: bytes) -> bytes:
    """Return the file of which ``content`` is all but the signature, which is over these bytes."""
    return content + _SEAL + hmac.new(key, content, hashlib.sha256).hexdigest().encode() + b'"\n}\n'


def _check_signature(document: Mapping[str, Json], data: bytes, key: bytes) -> None:
    if document.get("key_id") != _key_id(key):
        raise _error(
            OTHER_KEY,
            f"The key in use has the id {_key_id(key)}; the file names {shown(document.get('key_id'))}.",
            "Apply it on the machine that made it, or set the same key (RECONCILER_PLAN_KEY) on both machines.",
        )
    if document["format"] == FORMAT:
        is_intact = hmac.compare_digest(_signed(data.rpartition(_SEAL)[0], key), data)
    else:
        is_intact = saved_before.is_intact(document, key)
    if not is_intact:
        raise _altered("Its signature does not match its content.")


def _key_id(key: bytes) -> str:
    """Return a fingerprint of the key: it identifies the key and does not reveal it."""
    if len(key) < _KEY_BYTES:
        raise ConfigurationError(
            Diagnostic(
                "Plan key too short",
                f"The key that signs plans has {len(key)} bytes; a short key can be guessed, and then plans can be "
                f"forged.",
                f"Make one of {_KEY_BYTES} bytes or more:\n\n    openssl rand -hex 32",
            )
        )
    return hmac.new(key, b"key of reconciler plans", hashlib.sha256).hexdigest()[:16]


def _refuse_form(document: Mapping[str, Json]) -> NoReturn:
    made_by = f"{shown(document.get('format'))} of reconciler {shown(document.get('tool_version'))}"
    raise _error(
        OTHER_VERSION,
        f"The file is {made_by}; this is {FORMAT} of reconciler {__version__}, which could run it differently than "
        f"approved.",
    )


def _error(summary: str, detail: str, remedy: str = "") -> PlanError:
    return PlanError(Diagnostic(summary, detail, remedy or "Make a new plan, and save it with plan --out."))


def _altered(detail: str) -> PlanError:
    return _error(ALTERED, f"{detail} None of it was applied.")


def _or_altered(read: Callable[[dict[str, Any]], Item], document: dict[str, Any]) -> Item:
    try:
        return read(document)
    except (ValueError, RecursionError) as error:
        raise _altered(f"It does not have the form of this version's plans: {error}.") from error


def _expiry(document: dict[str, Any]) -> datetime:
    return _moment(str(document.get("expires")))


def _saved_plan(document: dict[str, Any]) -> SavedPlan:
    if document["format"] != FORMAT:
        document = saved_before.upgraded(document)
    about = ("format", "tool_version", "key_id", "signature")
    saved = FORM.load(SavedPlan, {name: value for name, value in document.items() if name not in about})
    return saved if saved.digest else replace(saved, digest=digest(saved.plan))


# --- JSON for people -------------------------------------------------------------------------------------------------

_DEPTH: Final = 6
"""Of the fields of an action of a step: what lies deeper stands on the line of its field."""
_encode: Final = JSONEncoder(ensure_ascii=True, allow_nan=False).encode


def _layout(document: Json) -> str:
    # DEL is printable to JSON alone.
    return _lines(document, 0).replace("\x7f", "\\u007f")


def _lines(value: Json, depth: int) -> str:
    if depth == _DEPTH or not value or not isinstance(value, dict | list | tuple):
        return _encode(value)
    inset = "\n" + "  " * (depth + 1)
    if isinstance(value, dict):
        parts, (opening, closing) = [f"{_encode(key)}: {_lines(one, depth + 1)}" for key, one in value.items()], "{}"
    else:
        parts, (opening, closing) = [_lines(one, depth + 1) for one in value], "[]"
    return opening + inset + ("," + inset).join(parts) + "\n" + "  " * depth + closing
