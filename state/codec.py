"""Saved values as text, and back.

The text is canonical JSON: keys sorted, no spaces, ASCII alone. Equal values have equal bytes, so an unchanged row is
found by comparing texts, and hashes of the text are stable. Every store keeps ASCII unchanged. Servers may return a
NUL, which PostgreSQL refuses, or half a surrogate pair, which both stores refuse.

A field that has its default is left out. Reading is strict. It refuses an unknown key, a wrong type and a number with a
fraction. Otherwise state that was read in part would be written back without the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from typing import Any, Final, TypeVar

from reconciler.model.codec import Codec
from reconciler.model.ports import Holder
from reconciler.model.resources import Address
from reconciler.model.shapes import Leaf
from reconciler.model.snapshot import Intent, Obligation, Outcome, Remembered, Run
from reconciler.model.values import canonical, parse

VERSION: Final = 2
"""The version of the rows that are written; stored with the environment."""
READABLE: Final = (1, VERSION)
"""The versions of the rows that are read. A row keeps its version until it changes: the audit covers its text."""

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
    """Return what ``escape`` was given."""
    if "%" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text.encode("ascii"))
    return plain.decode("utf-8", "surrogatepass")


def address_text(address: Address) -> str:
    """Return an address as one text, also where its type holds a slash."""
    plain = f"{address.type}/{address.key}"
    if "/" not in address.type and not _UNSAFE.search(plain):
        return plain
    return f"{escape(address.type).replace('/', '%2F')}/{escape(address.key)}"


def parse_address(text: str) -> Address:
    """Return what ``address_text`` was given."""
    type_name, slash, key = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} is no address")
    return Address(unescape(type_name), unescape(key))


# --- rows ------------------------------------------------------------------------------------------------------------

# Thousands of mailboxes depend on the same few resources.
_FORM: Final = Codec({Address: Leaf({"type": "string"}, address_text, lru_cache(maxsize=4096)(parse_address))})


def prepare() -> None:
    """Load what reads and writes rows, so that no transaction waits for it."""
    _FORM.prepare(Remembered, Obligation, Outcome, Intent, Run, Holder)
    _fast_writer()


def encode(value: object) -> str:
    """Return the text of a value."""
    return text_of(_FORM.dump(value))


def encode_all(values: Sequence[object]) -> list[str]:
    """Return the text of each of some values of one type, which is faster than one by one."""
    return texts_of(_FORM.dump_all(values))


def decode(kind: type[Kind], text: str) -> Kind:
    """Return the value from which ``encode`` made the text.

    Raises:
        ValueError: the text does not have the form of ``kind``.
    """
    return _FORM.load(kind, _upgraded(parse(text)))


def rows_of(remembered: Sequence[Remembered]) -> list[tuple[str, str]]:
    """Return the address and the text of what is remembered there."""
    plains = _FORM.dump_all(remembered)
    addresses = [plain.pop("address") for plain in plains]
    return list(zip(addresses, texts_of(plains), strict=True))


def decode_remembered(address: str, text: str) -> Remembered:
    """Return the saved resource of a row."""
    return _FORM.load(Remembered, _with_key(parse(text), "address", address))


def encode_obligation(obligation: Obligation) -> str:
    """Return the text of an obligation, without its duty, which is in the key of its row."""
    plain = _FORM.dump(obligation)
    del plain["duty"]
    return canonical(plain)


def decode_obligation(duty: str, text: str) -> Obligation:
    """Return the obligation of a row."""
    plain = parse(text)
    body = _named(plain, "subject", "since") if isinstance(plain, list) else plain
    return _FORM.load(Obligation, _with_key(body, "duty", duty))


def _with_key(plain: object, name: str, value: str) -> dict[str, object]:
    if not isinstance(plain, dict) or name in plain:
        raise ValueError("a row does not have the known form")
    return {**plain, name: value}


def text_of(plain: Any) -> str:
    """Return the canonical text of plain JSON without fractions."""
    return texts_of((plain,))[0]


def texts_of(plains: Iterable[Any]) -> list[str]:
    """Return the canonical text of each value, which is plain JSON without fractions.

    ``orjson`` writes it in a tenth of the time, except that it leaves characters other than printable ASCII as they
    are.
    """
    write, texts = _fast_writer(), []
    for plain in plains:
        try:
            found = write(plain)
            texts.append(found.decode() if found.isascii() and b"\x7f" not in found else canonical(plain))
        except TypeError:  # a number of more than 64 bits, or half a surrogate pair
            texts.append(canonical(plain))
    return texts


@cache
def _fast_writer() -> Callable[[Any], bytes]:
    """Load ``orjson``, which a plan does without."""
    import orjson

    return partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)


# --- rows of version 1 -----------------------------------------------------------------------------------------------


def _upgraded(plain: Any) -> Any:
    """Return an outcome or an intent in the form of today: version 1 had lists in place of some objects."""
    if isinstance(plain, list):
        return _named(plain, "intent", "kind", "detail")
    if not isinstance(plain, dict):
        return plain
    upgraded = dict(plain)
    if isinstance(plain.get("discharges"), list):
        owed = plain["discharges"]
        upgraded["discharges"] = [_named(one, "duty", "subject", "since") for one in owed]
    if isinstance(plain.get("shell"), list):
        shell = _named(plain["shell"], "connection", "host", "id", "account")
        endpoint = {name: shell.pop(name) for name in ("connection", "host")}
        upgraded["shell"] = {"endpoint": endpoint, **shell}
    return upgraded


def _named(plain: Any, *names: str) -> Any:
    if not isinstance(plain, list):
        return plain
    if len(plain) != len(names):
        raise ValueError(f"a list of {', '.join(names)} has another length")
    return dict(zip(names, plain, strict=True))
