"""The saved plan: what was approved, as a file that people can read and nobody can change.

The file is one JSON document in one exact form. Its *body* says what will be done and nothing else: no places in files,
no time of making, no chance, so that two plans that do the same have the same body, and ``digest`` is the identity of a
plan. Around it stands the envelope: what the plan is bound to (lineage, serial, commit), when it was made and ends, a
nonce that is used once, what was told when it was made, and an HMAC over all of this.

Reading is the reverse and trusts nothing: the signature is checked before a single field is turned into a value, fields
are taken by name and type with none left over, and the values must give back the very bytes of the file. The last rule
makes every changed bit an error, also one that JSON would forgive, such as the case of a digit in ``\\u00e9``.

HMAC rather than a public key signature (rejected: Ed25519), because whoever applies plans may also make them; the
algorithm is no field of the file, so that none can be chosen by it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any, Final, NoReturn

from reconciler import __version__
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import ConfigurationError, PlanError
from reconciler.plan.body import Json, body_of, canonical, diagnostic_of, fingerprint, sha256, source_json
from reconciler.plan.plan import Plan
from reconciler.plan.reading import Fields, Item, read_body, read_diagnostic, read_source, shown

__all__ = ["SavedPlan", "decode", "digest", "encode", "fingerprint"]

FORMAT: Final = "reconciler-plan/2"
_KEY_BYTES: Final = 16
_CLOCKS_APART: Final = timedelta(minutes=10)
"""How far the clocks of who plans and who applies may differ."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan out of a file whose signature, form and expiry were found right."""

    plan: Plan
    digest: str
    created: datetime
    expires: datetime
    nonce: str
    """To be consumed in the state store before the first write: a plan is applied once."""
    directory: str = "."
    """The environment's directory as seen from the plan file: where to look for it."""


def digest(plan: Plan) -> str:
    """Return the identity of a plan: the SHA-256, in hex, of its body."""
    return sha256(body_of(plan))


def encode(plan: Plan, *, key: bytes, created: datetime, expires: datetime, nonce: str, directory: str = ".") -> bytes:
    """Return the file of a plan, signed with ``key``; ASCII, the same bytes for equal arguments.

    Raises:
        ConfigurationError: the key is too short.
        ValueError: a time bears no zone.
    """
    document = _document(SavedPlan(plan, "", created, expires, nonce, directory))
    return _file(document, {"key_id": _key_id(key), "signature": _signature(document, key)})


def decode(data: bytes, *, key: bytes, now: datetime) -> SavedPlan:
    """Return the plan of a file that ``encode`` made with the same key.

    Raises:
        PlanError: the file is no saved plan, was altered, signed with another key, made by another version, or its time
            is over. Nothing of it was used.
        ConfigurationError: the key is too short.
    """
    document = _parse(data)
    if document.get("format") != FORMAT or document.get("tool_version") != __version__:
        _refuse_version(document)
    _check_signature(document, key)
    expires = _or_altered(_expiry, document)
    if now >= expires:
        raise _error("Saved plan expired", f"It ended at {_time(expires)}; now it is {_time(now)}.")
    saved = _or_altered(_saved_plan, document)
    if now < saved.created - _CLOCKS_APART:
        made = f"It was made at {_time(saved.created)}, and here it is {_time(now)}: one of the two clocks is wrong."
        raise _error("Saved plan of the future", f"{made} Whether it has expired is not known.", "Correct the clock.")
    again = _document(saved)
    if again["body_digest"] != document["body_digest"] or _file(again, document) != data:
        raise _altered("Its text is not in the exact form in which plans are written.")
    return saved


# --- the envelope ----------------------------------------------------------------------------------------------------


def _document(saved: SavedPlan) -> dict[str, Json]:
    plan = saved.plan
    body = body_of(plan)
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "created": _time(saved.created),
        "expires": _time(saved.expires),
        "nonce": saved.nonce,
        "directory": saved.directory,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "commit": plan.commit,
        "files": source_json(plan.source),
        "asked": plan.asked,
        "passed_over": plan.passed_over,
        "prior": {str(address): plan.prior[address] for address in sorted(plan.prior)},
        "diagnostics": [diagnostic_of(told) for told in plan.diagnostics],
        "body_digest": sha256(body),
        "body": body,
    }


def _file(document: Mapping[str, Json], seal: Mapping[str, Json]) -> bytes:
    sealed = {**document, "key_id": seal["key_id"], "signature": seal["signature"]}
    return (_layout(sealed) + "\n").encode("ascii")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            data.decode("ascii"),
            object_pairs_hook=_without_repeats,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        raise _error("Saved plan unreadable", f"The file is not the JSON of a saved plan: {error}.") from error
    if not isinstance(document, dict):
        raise _error("Saved plan unreadable", "The file holds JSON, but not a saved plan.")
    return document


def _without_repeats(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice in one object")
    return fields


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a whole number")


def _check_signature(document: Mapping[str, Json], key: bytes) -> None:
    unsigned = {name: value for name, value in document.items() if name not in ("key_id", "signature")}
    if document.get("key_id") != _key_id(key):
        raise _error(
            "Saved plan signed with another key",
            f"The key at hand is {_key_id(key)}; the file names {shown(document.get('key_id'))}.",
            "Apply it where it was made, or give both places the same key (RECONCILER_PLAN_KEY).",
        )
    if not hmac.compare_digest(_signature(unsigned, key), shown(document.get("signature"))):
        raise _altered("Its signature does not fit its content.")


def _signature(document: Mapping[str, Json], key: bytes) -> str:
    return hmac.new(key, canonical(dict(document)), hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> str:
    """Return what tells keys apart and tells nothing of them."""
    if len(key) < _KEY_BYTES:
        raise ConfigurationError(
            Diagnostic(
                "Plan key too short",
                f"The key that signs plans has {len(key)} bytes; whoever can guess it can forge a plan.",
                f"Make one of {_KEY_BYTES} bytes or more:\n\n    openssl rand -hex 32",
            )
        )
    return hmac.new(key, b"key of reconciler plans", hashlib.sha256).hexdigest()[:16]


def _refuse_version(document: Mapping[str, Json]) -> NoReturn:
    made_by = f"{shown(document.get('format'))} of reconciler {shown(document.get('tool_version'))}"
    raise _error(
        "Saved plan of another version",
        f"The file is {made_by}; this is {FORMAT} of reconciler {__version__}, which would not run it as approved.",
    )


def _error(summary: str, detail: str, remedy: str = "") -> PlanError:
    return PlanError(Diagnostic(summary, detail, remedy or "Make the plan again, and save it with plan --out."))


def _altered(detail: str) -> PlanError:
    return _error("Saved plan altered", f"{detail} Nothing of it was applied.")


def _or_altered(read: Callable[[dict[str, Any]], Item], document: dict[str, Any]) -> Item:
    try:
        return read(document)
    except (ValueError, RecursionError) as error:
        raise _altered(f"It is not a plan that this version writes: {error}.") from error


# --- exact JSON ------------------------------------------------------------------------------------------------------

_LINE: Final = 110


def _layout(value: Json, depth: int = 0) -> str:
    """Return JSON for people: what fits on a line stands on one, fields in the order they were put."""
    if isinstance(value, str):
        return encode_basestring_ascii(value).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        parts = [f"{_layout(name)}: {_layout(inner, depth + 1)}" for name, inner in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list):
        parts = [_layout(inner, depth + 1) for inner in value]
        opening, closing = "[", "]"
    else:
        return "null" if value is None else str(value).lower()
    flat = ", ".join(parts)
    if not parts or (depth > 1 and len(flat) + 2 * depth < _LINE and "\n" not in flat):
        return opening + flat + closing
    inset = "\n" + "  " * (depth + 1)
    return opening + inset + ("," + inset).join(parts) + "\n" + "  " * depth + closing


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time of a plan bears its zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _expiry(document: dict[str, Any]) -> datetime:
    return Fields(document).time("expires")


def _saved_plan(document: dict[str, Any]) -> SavedPlan:
    fields = Fields(document)
    body = fields.take("body", dict)
    body_digest = fields.take("body_digest", str)
    if body_digest != sha256(body):
        raise ValueError("its body is not the one it names")
    for checked in ("format", "tool_version", "key_id", "signature"):
        fields.take(checked, str)
    plan = read_body(
        Fields(body),
        lineage=fields.optional("lineage", str),
        serial=fields.take("serial", int),
        source=read_source(fields.optional("commit", str), fields.take("files", dict)),
        asked=fields.take("asked", str),
        passed_over=fields.take("passed_over", int),
        prior={Address.parse(name): told for name, told in fields.texts_by_name("prior").items()},
        diagnostics=fields.each("diagnostics", read_diagnostic),
    )
    created, expires = fields.time("created"), fields.time("expires")
    return fields.end(
        SavedPlan(plan, body_digest, created, expires, fields.take("nonce", str), fields.take("directory", str))
    )
