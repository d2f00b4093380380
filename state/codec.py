"""Saved values as text, and back.

The text is canonical JSON: keys sorted, no spaces, ASCII alone. Equal values have equal bytes, so an unchanged row is
found by comparing texts, and hashes of the text are stable. Every store keeps ASCII unchanged. Servers may return a
NUL, which PostgreSQL refuses, or half a surrogate pair, which both stores refuse.

Reading is strict. It refuses an unknown key, a missing key and a number with a fraction. Otherwise state that was read
in part would be written back without the rest.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, TypeVar

from reconciler.model.codec import Codec, Leaf, Record, Row
from reconciler.model.commands import Shell
from reconciler.model.ports import Holder
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Obligation, Outcome, Remembered, Run
from reconciler.model.values import canonical, parse

VERSION: Final = 1
"""The version of the forms below; stored with the environment."""

Kind = TypeVar("Kind")

_UNSAFE = re.compile(r"[^!-$&-~ ]")
_ESCAPED = re.compile(rb"%([0-9A-F]{2})")


# --- texts that are keys ---------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Return ``text`` in printable ASCII: other characters, and %, as the %XX of their UTF-8 bytes."""
    if not _UNSAFE.search(text):
        return text
    return _UNSAFE.sub(lambda match: "".join(f"%{b:02X}" for b in match[0].encode("utf-8", "surrogatepass")), text)


def unescape(text: str) -> str:
    """Return the text from which ``escape`` made ``text``."""
    if "%" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text.encode("ascii"))
    return plain.decode("utf-8", "surrogatepass")


def address_text(address: Address) -> str:
    """Return an address as one text, even if its type contains a slash."""
    return f"{escape(address.type).replace('/', '%2F')}/{escape(address.key)}"


def parse_address(text: str) -> Address:
    """Return the address from which ``address_text`` made the text."""
    type_name, slash, key = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} is no address")
    return Address(unescape(type_name), unescape(key))


# --- rows ------------------------------------------------------------------------------------------------------------

_FORM: Final = Codec(
    {
        Remembered: Record("attributes name? guid? needs? address"),
        Obligation: Row("duty subject since"),
        Outcome: Row("intent kind detail"),
        Intent: Record("id run kind command host expires address expects expects_after discharges shell?"),
        Shell: Row("endpoint.connection endpoint.host id account"),
        # What came later is written only where it says something, so that earlier versions can read most runs.
        Run: Record(
            "id started user host commit ended exit_code plan_digest done failed blocked uncommitted? allowed_older?"
        ),
        # Thousands of mailboxes depend on the same few resources.
        Address: Leaf({"type": "string"}, address_text, lru_cache(maxsize=4096)(parse_address)),
    }
)


def prepare() -> None:
    """Build the readers and writers of rows now, so that no transaction waits for it."""
    _FORM.prepare(Remembered, Obligation, Outcome, Intent, Run, Holder)


def encode(value: object) -> str:
    """Return the text of a value."""
    return canonical(_FORM.dump(value))


def decode(kind: type[Kind], text: str) -> Kind:
    """Return the value from which ``encode`` made the text.

    Raises:
        ValueError: the text does not have the form of ``kind``.
    """
    return _FORM.load(kind, parse(text))


def row_of(remembered: Remembered) -> tuple[str, str]:
    """Return the address and the text of a saved resource."""
    plain = _FORM.dump(remembered)
    return plain.pop("address"), canonical(plain)


def decode_remembered(address: str, text: str) -> Remembered:
    """Return the saved resource of a row."""
    plain = parse(text)
    if not isinstance(plain, dict) or "address" in plain:
        raise ValueError("a resource does not have the known form")
    plain["address"] = address
    return _FORM.load(Remembered, plain)


def encode_obligation(obligation: Obligation) -> str:
    """Return the text of an obligation, without its duty, which is in the key of its row."""
    return canonical(_FORM.dump(obligation)[1:])


def decode_obligation(duty: str, text: str) -> Obligation:
    """Return the obligation of a row."""
    plain = parse(text)
    if not isinstance(plain, list):
        raise ValueError("an obligation is not a list")
    return _FORM.load(Obligation, [duty, *plain])
