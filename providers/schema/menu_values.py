"""The keys of an auto attendant's menu, as users write them, as the servers answer them, and as the cmdlets take them.

A key mapping is one text with the fields key, name, extension, attendant, prompt, phrases (with semicolons), mailbox
for messages, mailbox for transfers, and two flags: announce the location, announce the hours. ``-`` is the key of a
caller who presses none. Exchange takes 5, 6, 8 or 10 fields (observed, not documented): the shortest of these is sent.

Sources: Set-UMAutoAttendant, parameter BusinessHoursKeyMapping; Create menu navigation (Microsoft Learn).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, model_validator

from providers.cmdlets.value_types import Digits, Normalise, ObjectName, checked, lower, text
from providers.schema.attendant_values import FileName, OneOrSeveral, Part, Plain, fields_of, one_or_several
from reconciler.model.values import Nested, Value

TIMEOUT: Final = "timeout"
ATTENDANT: Final = "attendant"
"""The name under which a key names another attendant."""
_TARGETS: Final = ("extension", ATTENDANT, "leave_message_for", "transfer_to", "announce")
_FIELDS: Final = ("name", "extension", ATTENDANT, "prompt", "phrases", "leave_message_for", "transfer_to")
"""The fields of a mapping after its key, in order; the flags follow."""
_PROPERTIES: Final = (
    "Key",
    "Description",
    "Extension",
    "AutoAttendantName",
    "PromptFileName",
    "AsrPhrases",
    "LeaveVoicemailFor",
    "TransferToMailbox",
    "AnnounceBusinessLocation",
    "AnnounceBusinessHours",
)
_KEYS: Final = (*"123456789", TIMEOUT)
_FLAGS: Final = ("location", "hours")
_COUNTS: Final = (5, 6, 8, 10)


class MenuKey(Part):
    """What a key does: name, and one of extension, attendant, leave_message_for, transfer_to, announce, or a prompt."""

    name: Plain
    extension: Digits | None = None
    attendant: Annotated[ObjectName, checked(r"[^,;]+", "must be the name of an attendant", shown="")] | None = None
    prompt: FileName | None = None
    phrases: Annotated[tuple[Plain, ...], OneOrSeveral()] = ()
    leave_message_for: Plain | None = None
    transfer_to: Plain | None = None
    announce: Annotated[Literal["hours", "location"], Normalise(lower)] | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> MenuKey:
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"must have only one of {', '.join(given)}")
        if not given and self.prompt is None:
            raise ValueError(f"must have one of {', '.join(_TARGETS)}, or a prompt")
        return self


_KEY = checked(r"[1-9]|timeout", "must be a key from 1 to 9, or timeout; 0 is the key of the operator")


def _as_keys(written: Mapping[str, MenuKey]) -> Nested:
    return _in_order(
        {
            key: Nested(
                (name, value) for name in (*_FIELDS, "announce") if (value := getattr(one, name)) not in (None, ())
            )
            for key, one in written.items()
        }
    )


def _in_order(keys: Mapping[str, Value]) -> Nested:
    return Nested((key, keys[key]) for key in sorted(keys))


KEYS: Final[Any] = Annotated[
    dict[Annotated[str, Normalise(text), Normalise(lower), _KEY], MenuKey], AfterValidator(_as_keys)
]
"""The keys as users write them."""


def answered_keys(value: object) -> Value:
    """Return the keys of an answer; the text itself where it is not understood."""
    found: dict[str, Value] = {}
    for item in () if value is None else one_or_several(value):
        key, *fields, location, hours = fields_of(item, *_PROPERTIES)[: len(_PROPERTIES)]
        key = TIMEOUT if key == "-" else key
        if key not in _KEYS or key in found:
            return str(text(item) or "")
        one: dict[str, Value] = {name: field for name, field in zip(_FIELDS, fields, strict=True) if field}
        if phrases := str(one.get("phrases") or ""):
            one["phrases"] = tuple(part.strip() for part in phrases.split(";") if part.strip())
        announced = [name for name, flag in zip(_FLAGS, (location, hours), strict=True) if flag == "1"]
        found[key] = Nested({**one, **({"announce": announced[0]} if announced else {})})
    return _in_order(found)


def sent_keys(value: Value) -> tuple[str, ...]:
    """Return keys as the cmdlets take them."""
    pairs = value.items() if isinstance(value, Nested) else ()
    return tuple(_sent_key(key, one) for key, one in pairs if isinstance(one, Nested))


def _sent_key(key: str, one: Nested) -> str:
    phrases = one.get("phrases")
    joined = ";".join(map(str, phrases)) if isinstance(phrases, tuple) else ""
    given = {**one, "phrases": joined}
    flags = ("1" if one.get("announce") == name else "" for name in _FLAGS)
    fields = ["-" if key == TIMEOUT else key, *(str(given.get(name) or "") for name in _FIELDS), *flags]
    last = max(place for place, field in enumerate(fields, 1) if field)
    return ",".join(fields[: next(count for count in _COUNTS if count >= last)])
