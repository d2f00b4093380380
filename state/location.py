"""Reads the location of the state: the path of a file, or the address of a PostgreSQL database.

A mistyped address must never become the path of a file: the run would start with an empty state and a separate lock,
and a password would become the name of a folder. So paths and addresses have distinct forms, and all other text is
refused. An existing file with that name changes nothing, because an earlier mistake may have made it. Refused text may
contain a password, so that messages never repeat it.

If many runs start at once, all but one should end at once. Loading the store takes longer than that, so they check the
lock first, with the standard library alone: the bytes of the lock file, and the one row that names the holder. If
something cannot be read here, the store reports what is wrong with it.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from reconciler.model.diagnostics import Diagnostic, StateError
from reconciler.model.ports import Holder
from reconciler.model.values import parse
from state import codec
from state.files import check_private_directory, check_private_file
from state.holding import locked, why_kept
from state.host_lock import HostLock
from state.machine import Leased

SERVERS: Final = ("postgresql", "postgres", "postgresql+psycopg")
"""The schemes of addresses."""

_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z+]+)://"
    r"(?:[^\s:/?#@]+(?::[^\s@]*)?@)?"  # the user, and a password in which @ is written as %40
    r"[\w.,:\[\]-]*/"  # one host or several, with ports; none: a socket of this machine
    r"[^\s:/?#@]+"  # the database
    r"(?:\?\S*)?"
)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_PASSWORD: Final = re.compile(r":.*@|://|\b(?:host|hostaddr|dbname|user|password|service|passfile)\s*=", re.IGNORECASE)
"""Text of addresses and connection strings, rare in a path."""
_EXPLICIT: Final = ("/", "./", "../")
_DOUBTFUL: Final = re.compile(r"[:@=~\\\"'$%*?<>|]")
"""Characters that need an explicit path."""

_FORMS: Final = (
    "Write the path of a file, beginning with / or ./, or the address of a PostgreSQL database:\n\n"
    "    /srv/reconciler/contoso/state.db\n    postgresql://USER@HOST/DATABASE"
)


def parse_location(text: str, *, is_windows: bool) -> Path | str:
    """Return the path of the file, or the address of the PostgreSQL database.

    Raises:
        StateError: the text is neither; the message does not repeat it.
    """
    if text != text.strip() or not text.isprintable():
        raise _refused("It begins or ends with white space, or has unprintable characters.")
    address = _ADDRESS.fullmatch(text)
    if address is not None and address["scheme"] in SERVERS:
        return text
    if is_windows and (_DRIVE.match(text) or text.startswith("\\\\")):
        return Path(text)
    _refuse_address(text)
    if not text.startswith(_EXPLICIT) and _DOUBTFUL.search(text):
        raise _refused("A path with these characters must begin with / or ./.")
    if not text or text.endswith(("/", "/.", "/..")) or text in (".", ".."):
        raise _refused("It names no file.")
    return Path(text)


def _refuse_address(text: str) -> None:
    """Raise StateError if ``text`` looks like a mistyped address, or like an address of another kind."""
    match = _SCHEME.match(text)
    if match is None and not _PASSWORD.search(text):
        return
    scheme = match[1].casefold() if match else ""
    if _DRIVE.match(text):
        raise _refused("It is a Windows path, and this is another system.")
    if scheme in SERVERS:
        raise _refused(
            "It begins like the address of a PostgreSQL database but is not one. Write the scheme in small letters, "
            "then ://, name a database, and write @ and a space in a password as %40 and %20."
        )
    if scheme in ("sqlite", "file"):
        raise _refused("Write the path of a file without a scheme.")
    if scheme in ("env", "keyring"):
        raise _refused("It begins like a reference but is not one: env:NAME, file:PATH or keyring:SERVICE/USER.")
    raise _refused("It looks like an address, but state is kept only in files and PostgreSQL databases.")


def _refused(why: str) -> StateError:
    return StateError(Diagnostic("Unknown state location", f"The location of the state cannot be used. {why}", _FORMS))


_QUERY = """
    SELECT meta.environment, lease.epoch, lease.holder, lease.machine, lease.expires
    FROM lease JOIN meta ON meta.id = lease.environment
"""


def refuse_at_a_glance(path: Path) -> None:
    """Raise Locked if a live run on this machine holds the lock of the state file at ``path``."""
    lock = HostLock(path.with_name(path.name + ".lock"))
    found = None
    with suppress(sqlite3.Error, StateError, OSError, ValueError, TypeError, AttributeError, KeyError):
        found = _holder(path) if lock.first_taken() is not None else None
    if found is not None and lock.is_taken(found[1].epoch):
        environment, held = found
        raise locked(environment, held, why_kept(held, lives=True, now=time.time()))


def _holder(path: Path) -> tuple[str, Leased] | None:
    check_private_directory(path.parent)
    check_private_file(path)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.5)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        row = connection.execute(_QUERY).fetchone()
    if row is None:
        return None
    environment, epoch, holder, machine, expires = row
    fields = {name: str(value) for name, value in parse(holder).items()}
    who = Holder(**{**fields, "pid": int(fields["pid"])})  # type: ignore[arg-type]  # no other is a number
    held = Leased(epoch, who, codec.unescape(machine), None, float(expires))
    return codec.unescape(environment), held
