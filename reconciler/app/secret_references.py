"""Reads the secret behind a reference when it is needed: ``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``.

Only the transport and the state store receive the secret. One trailing newline of a file does not belong to the secret.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.config.connections import SecretReference
from reconciler.model.diagnostics import ConfigurationError, Diagnostic

MAX_BYTES = 64 * 1024


def fetch(reference: SecretReference, directory: Path) -> str:
    """Return the secret behind ``reference``; relative paths start in ``directory``.

    Raises:
        ConfigurationError: the secret is missing or empty; the message holds only the reference.
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
        raise ConfigurationError(
            Diagnostic("Secret not found", detail, "Provide the secret there, or correct the reference.")
        )
    return text


def _of_file(path: Path) -> tuple[str | None, str]:
    try:
        if path.exists() and not path.is_file():
            return None, "it is not a regular file"
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
        return None, f"no keyring is available ({type(error).__name__})"
