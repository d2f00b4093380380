"""Values as files write them: as YAML, as cells of CSV, as comments; and as the readers return them."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from reconciler.model.values import Nested, Unset, Value

_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDTH: Final = 118


def as_read(value: object) -> object:
    """Return a value as the YAML reader returns it: every scalar is text."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case tuple():
            return [as_read(item) for item in value]
        case Nested():
            return {name: as_read(item) for name, item in value.items()}
        case _:
            return str(value)


def as_yaml(value: Value | Unset) -> str:
    """Return a value on one line, as YAML that our reader and other readers read alike."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(as_yaml(item) for item in value)}]"
        case Nested():
            return f"{{{', '.join(f'{as_yaml(name)}: {as_yaml(item)}' for name, item in value.items())}}}"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if _needs_quotes(value) else value
        case _:
            return str(value)


def entry_lines(name: str, value: Value | Unset) -> Iterator[str]:
    """Yield a name with its value; nested values stand below it, one on a line."""
    if not isinstance(value, Nested) or not value:
        yield f"{name}: {as_yaml(value)}"
        return
    yield f"{name}:"
    yield from (f"  {as_yaml(inner)}: {as_yaml(item)}" for inner, item in value.items())


def _needs_quotes(value: str) -> bool:
    is_plain = value[:1].isalpha() and value == value.strip() and all(c.isalnum() or c in "._-@/ " for c in value)
    return not is_plain or value.lower() in _WORDS


def as_cell(value: object, between: str) -> str:
    """Return a value as the text of a CSV cell; ``between`` separates the items of a list."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return between.join(as_cell(item, between) for item in value)
        case _:
            return str(value)


def visible(text: str) -> str:
    """Return ``text`` with ``?`` for each character that an editor does not show, because the readers refuse those."""
    return "".join(character if character.isprintable() else "?" for character in text)


def as_comment(text: str, indent: str = "") -> Iterator[str]:
    """Yield the lines of a comment."""
    for line in wrap(
        visible(" ".join(text.split())), _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False
    ):
        yield f"{indent}# {line}"
