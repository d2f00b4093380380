"""Fetches what a secret reference stands for, at the moment it is needed: ``env:NAME``, ``file:PATH``, ``keyring:...``.

The text goes into the transport or the store and nowhere else. One trailing newline of a file is not part of the
secret.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.config.connections import SecretReference
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.errors import ConfigurationError

MAX_BYTES = 64 * 1024


def fetch(reference: SecretReference, directory: Path) -> str:
    """Return the secret that ``reference`` stands for; relative paths start in ``directory``.

    Raises:
        ConfigurationError: there is none, or it is empty; the message names the reference alone.
    """
    match reference.scheme:
        case "env":
            text, why = os.environ.get(reference.name), "the environment variable is not set"
        case "file":
            text, why = _of_file(directory / reference.name)
        case _:
            text, why = _of_keyring(reference.name)
    if not text:
        detail = f"{reference}: {why if text is None else 'it is empty'}."
        raise ConfigurationError(Diagnostic("Secret not found", detail, "Provide it there, or correct the reference."))
    return text


def _of_file(path: Path) -> tuple[str | None, str]:
    try:
        if path.exists() and not path.is_file():
            return None, "it is no regular file"
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, f"the file cannot be read ({error.strerror})"
    if len(content) > MAX_BYTES:
        return None, f"the file has more than {MAX_BYTES:,} bytes"
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r"), ""
    except UnicodeDecodeError:
        return None, "the file is not UTF-8 text"


def _of_keyring(name: str) -> tuple[str | None, str]:
    import keyring
    from keyring.errors import KeyringError

    service, _, user = name.partition("/")
    try:
        return keyring.get_password(service, user), "the keyring has no such entry"
    except KeyringError as error:
        return None, f"no keyring can be used here ({type(error).__name__})"
