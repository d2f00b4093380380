"""Where state is kept, as an operator writes it: the path of a file, or the address of a PostgreSQL database.

A slip in an address must never become the path of a file: the run would begin with no state and a lock of its own
beside the run that has both, and a password would become the name of a folder. So a path has a form of its own, and
what has neither form is refused. Whether a file of that name exists makes no difference: an earlier slip may have
made it. What is refused may hold a password, so that no message repeats any of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import StateError

SERVERS: Final = ("postgresql", "postgres", "postgresql+psycopg")
"""The schemes of addresses, as they are written."""

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
"""What is in addresses and connection strings, and hardly in a path."""
_EXPLICIT: Final = ("/", "./", "../")
_DOUBTFUL: Final = re.compile(r"[:@=~\\\"'$%*?<>|]")
"""In a path that does not say that it is one."""

_FORMS: Final = (
    "Write the path of a file, beginning with / or ./, or the address of a PostgreSQL database:\n\n"
    "    /srv/reconciler/contoso/state.db\n    postgresql://USER@HOST/DATABASE"
)


def parse_location(text: str, *, is_windows: bool) -> Path | str:
    """Return the path of the file, or the address of the PostgreSQL database, that ``text`` writes.

    Raises:
        StateError: it is neither; the message repeats nothing of it.
    """
    if text != text.strip() or not text.isprintable():
        raise _refused("It has white space at an end, or characters that are not printed.")
    address = _ADDRESS.fullmatch(text)
    if address is not None and address["scheme"] in SERVERS:
        return text
    if is_windows and (_DRIVE.match(text) or text.startswith("\\\\")):
        return Path(text)
    _refuse_address(text)
    if not text.startswith(_EXPLICIT) and _DOUBTFUL.search(text):
        raise _refused("A path with such characters has to say that it is one: write ./ before it, or the whole path.")
    if not text or text.endswith(("/", "/.", "/..")) or text in (".", ".."):
        raise _refused("It names no file.")
    return Path(text)


def _refuse_address(text: str) -> None:
    """Raise StateError where ``text`` looks like an address that is written wrong, or like one of another kind."""
    match = _SCHEME.match(text)
    if match is None and not _PASSWORD.search(text):
        return
    scheme = match[1].casefold() if match else ""
    if _DRIVE.match(text):
        raise _refused("It is a path of Windows, and this is another system.")
    if scheme in SERVERS:
        raise _refused(
            "It begins like the address of a PostgreSQL database and is none. The scheme is in small letters, :// "
            "follows it, a database is named, and in a password @ and a space are written as %40 and %20."
        )
    if scheme in ("sqlite", "file"):
        raise _refused("A file is named by its path alone, without a scheme.")
    if scheme in ("env", "keyring"):
        raise _refused("It begins like a reference and is none: env:NAME, file:PATH or keyring:SERVICE/USER.")
    raise _refused("It looks like an address, and state is kept only in files and in PostgreSQL databases.")


def _refused(why: str) -> StateError:
    return StateError(Diagnostic("Unknown state location", f"The location of the state cannot be used. {why}", _FORMS))
