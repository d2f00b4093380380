"""The saved plan: the approved plan as a file that people can read and nobody can change unnoticed.

The file is one JSON document in one exact form. Its *body* holds only the actions: no places in files, no times, no
random values. So two plans with the same actions have the same body, and ``digest`` identifies a plan. The envelope
around it holds the state and commit that the plan is bound to (lineage, serial, commit), its times of creation and
expiry, a nonce that is used once, its diagnostics, and an HMAC over all of this.

Reading does the reverse and trusts nothing. It checks the signature before it makes values of fields, and refuses
unknown fields and wrong types. Finally, writing the values again must give exactly the bytes of the file. So every
changed bit is an error, also a change that JSON ignores, such as the case of a digit in ``\\u00e9``.

It uses an HMAC and no public key signature (rejected: Ed25519), because who may apply plans may also make them. The
file has no field for the algorithm, so an attacker cannot choose a weaker one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, Final, NoReturn, TypeVar

from reconciler import __version__
from reconciler.model.abilities import Counts
from reconciler.model.actions import Action, Change
from reconciler.model.codec import Codec, Leaf, Record, Row
from reconciler.model.commands import Command, Delta, NameOf, ObjectId
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, PlanError, Position
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Digest, Json, Unset, canonical, parse, sha256, shown
from reconciler.plan.plan import Plan, Source, Step, Trouble

Item = TypeVar("Item")

FORMAT: Final = "reconciler-plan/2"
"""Form and meaning of the file. Every version that writes the same form can apply the plan."""
ALTERED: Final = "Saved plan altered"
UNREADABLE: Final = "Saved plan unreadable"
OTHER_VERSION: Final = "Saved plan of another version"
EXPIRED: Final = "Saved plan expired"
FROM_THE_FUTURE: Final = "Saved plan of the future"
OTHER_KEY: Final = "Saved plan signed with another key"
"""The summaries of the errors of a saved plan."""
_KEY_BYTES: Final = 16
_CLOCKS_APART: Final = timedelta(minutes=10)
"""The allowed difference between the clocks of the machines that plan and apply."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan from a file with a valid signature, form and expiry."""

    plan: Plan
    digest: Digest
    """SHA-256 of the canonical JSON of the body; it identifies the plan."""
    created: datetime
    expires: datetime
    nonce: str
    """The state store records it before the first write, so a plan is applied once."""
    directory: str = "."
    """The environment's directory, relative to the plan file; used to find it."""


# --- the form --------------------------------------------------------------------------------------------------------


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time of a plan must have a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time bears no zone")
    return moment


def _counts(plain: object) -> Counts:
    if not isinstance(plain, dict) or any(type(number) is not int for number in plain.values()):
        raise ValueError("the impact is not made of numbers")
    return Counts(plain)


def _unset(plain: object) -> Unset:
    if plain != {"$unset": True}:
        raise ValueError("$unset is not true")
    return UNSET


_ADDRESS: Final = {
    "type": "string",
    "pattern": "^[^/]+/.+$",
    "description": "type/key; other characters of the key as %XX.",
}
_UNSET: Final = {
    "type": "object",
    "properties": {"$unset": {"const": True}},
    "required": ["$unset"],
    "additionalProperties": False,
    "description": "Not set at all, which differs from cleared (null).",
}
_TIME: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}

_COUNTS: Final = {"type": "object", "additionalProperties": {"type": "integer"}}

FORM: Final = Codec(
    {
        SavedPlan: Record(
            "created expires nonce directory plan.lineage plan.serial plan.source.commit files=plan.source plan.asked"
            " plan.passed_over plan.prior plan.diagnostics body_digest=digest body=plan"
        ),
        Plan: Record(
            "environment domain_controller=pinned always decisions impact unchanged obligations steps adopted forgotten"
        ),
        Source: Record("has_git uncommitted trouble"),
        Trouble: Row(),
        Step: Record("id stage needs? after? actions"),
        Action: Record(
            "address kind expects fingerprint! expects_after proof changes? commands? inverse? reasons? needs?"
            " takes_from? predicted_by? owes? discharges? settle_seconds? destroyed? group? wave? remember?"
        ),
        Change: Row(),
        Command: Record("cmdlet parameters endpoint.connection operation writes endpoint.host? properties?"),
        Delta: Record("$add=add $remove=remove"),
        NameOf: Record("$name_of=address noun"),
        ObjectId: Record("$guid=guid name"),
        Resource: Record("address attributes name? guid?"),
        Diagnostic: Record("severity summary detail? remedy? address? code? position? excerpt? leaves_out?"),
        Position: Row(),
        Address: Leaf(_ADDRESS, str, lru_cache(maxsize=4096)(Address.parse), name="address"),
        Unset: Leaf(_UNSET, lambda _: {"$unset": True}, _unset, name="unset"),
        Counts: Leaf(_COUNTS, dict, _counts),
        datetime: Leaf(_TIME, _time, _moment),
    }
)
"""Types without an entry are written field by field."""


# --- writing and reading ---------------------------------------------------------------------------------------------


def digest(plan: Plan) -> Digest:
    """Return the identity of a plan: the SHA-256, in hex, of its body."""
    return sha256(FORM.dump(plan))


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
    document = _document(SavedPlan(plan, "", created, expires, nonce, directory), version)
    return _file(document, {"key_id": _key_id(key), "signature": _signature(document, key)})


def decode(data: bytes, *, key: bytes, now: datetime) -> SavedPlan:
    """Return the plan of a file that ``encode`` made with the same key.

    Raises:
        PlanError: the file is not a saved plan, was altered, has another key or form, or has expired. None of it was
        used. ConfigurationError: the key is too short.
    """
    document = _parse(data)
    if document.get("format") != FORMAT:
        _refuse_form(document)
    _check_signature(document, key)
    expires = _or_altered(_expiry, document)
    if now >= expires:
        raise _error(EXPIRED, f"It ended at {_time(expires)}; now it is {_time(now)}.")
    saved = _or_altered(_saved_plan, document)
    if now < saved.created - _CLOCKS_APART:
        made = (
            f"It was made at {_time(saved.created)}, and the time here is {_time(now)}: one of the two clocks is wrong."
        )
        raise _error(FROM_THE_FUTURE, f"{made} So it is unknown whether the plan has expired.", "Correct the clock.")
    again = _document(saved, str(document.get("tool_version")))
    if again["body_digest"] != document["body_digest"] or _file(again, document) != data:
        raise _altered("Its text does not have the exact form of a saved plan.")
    return saved


# --- the envelope ----------------------------------------------------------------------------------------------------


def _document(saved: SavedPlan, version: str) -> dict[str, Json]:
    document: dict[str, Json] = {"format": FORMAT, "tool_version": version, **FORM.dump(saved)}
    return {**document, "body_digest": sha256(document["body"])}


def _file(document: Mapping[str, Json], seal: Mapping[str, Json]) -> bytes:
    sealed = {**document, "key_id": seal["key_id"], "signature": seal["signature"]}
    return (_layout(sealed) + "\n").encode("ascii")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = parse(data.decode("ascii"), refuses_repeats=True)
    except ValueError as error:
        raise _error(UNREADABLE, f"The file is not the JSON of a saved plan: {error}.") from error
    if not isinstance(document, dict):
        raise _error(UNREADABLE, "The file holds JSON, but not a saved plan.")
    return document


def _check_signature(document: Mapping[str, Json], key: bytes) -> None:
    unsigned = {name: value for name, value in document.items() if name not in ("key_id", "signature")}
    if document.get("key_id") != _key_id(key):
        raise _error(
            OTHER_KEY,
            f"The key in use has the id {_key_id(key)}; the file names {shown(document.get('key_id'))}.",
            "Apply it on the machine that made it, or set the same key (RECONCILER_PLAN_KEY) on both machines.",
        )
    if not hmac.compare_digest(_signature(unsigned, key), shown(document.get("signature"))):
        raise _altered("Its signature does not match its content.")


def _signature(document: Mapping[str, Json], key: bytes) -> str:
    return hmac.new(key, canonical(dict(document)).encode(), hashlib.sha256).hexdigest()


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


# --- exact JSON ------------------------------------------------------------------------------------------------------

_LINE: Final = 110


def _layout(value: Json, depth: int = 0) -> str:
    """Return JSON for people: a value that fits on one line is on one line; fields keep their order."""
    if isinstance(value, str):
        return encode_basestring_ascii(value).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        parts = [f"{_layout(name)}: {_layout(inner, depth + 1)}" for name, inner in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list | tuple):
        parts = [_layout(inner, depth + 1) for inner in value]
        opening, closing = "[", "]"
    else:
        return "null" if value is None else str(value).lower()
    flat = ", ".join(parts)
    if not parts or (depth > 1 and len(flat) + 2 * depth < _LINE and "\n" not in flat):
        return opening + flat + closing
    inset = "\n" + "  " * (depth + 1)
    return opening + inset + ("," + inset).join(parts) + "\n" + "  " * depth + closing


def _expiry(document: dict[str, Any]) -> datetime:
    return _moment(str(document.get("expires")))


def _saved_plan(document: dict[str, Any]) -> SavedPlan:
    about = ("format", "tool_version", "key_id", "signature")
    saved = FORM.load(SavedPlan, {name: value for name, value in document.items() if name not in about})
    if saved.digest != sha256(document["body"]):
        raise ValueError("its body does not match its digest")
    return saved
