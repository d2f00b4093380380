"""A column of lists of texts, such as the addresses of each mailbox, with one object for each list.

A list of three addresses is four objects, and takes twice the memory of its letters. The addresses of all users were a
third of what a plan holds. Here each list is one text, which is taken apart when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from sys import intern
from typing import Any, Final, overload

_BETWEEN: Final = "\0"
"""Stands between two texts. A list with a text that has it stays as it is."""


class TextLists(Sequence[Any]):
    """Tuples of texts by row; a row may also have another value that is no text, such as UNSET."""

    __slots__ = ("__dict__", "_kept")

    def __init__(self, kept: list[Any]) -> None:
        """``kept``: each value as ``_kept_form`` returns it."""
        self._kept = kept

    @classmethod
    def of(cls, values: Iterable[Any]) -> TextLists:
        """Return a column of these values, none of which may be a text."""
        return cls(list(map(_kept_form, values)))

    @classmethod
    def joined(cls, columns: Iterable[TextLists]) -> TextLists:
        """Return the rows of all columns."""
        return cls(list(chain.from_iterable(column._kept for column in columns)))

    @property
    def are_lists(self) -> bool:
        """True if each row has a list."""
        return set(map(type, self._kept)) <= {str, tuple}

    def picked(self, rows: Iterable[Any], other: Callable[[Any], Any]) -> TextLists:
        """Return the values of these rows, and ``other`` of what is no number of a row."""
        kept = self._kept
        return TextLists([kept[row] if isinstance(row, int) else _kept_form(other(row)) for row in rows])

    def at(self, rows: Iterable[int]) -> Iterator[Any]:
        """Yield the values of these rows."""
        return self._values(map(self._kept.__getitem__, rows))

    def _values(self, kept: Iterable[Any]) -> Iterator[Any]:
        return zip(kept) if self._are_short else map(_value, kept)

    @cached_property
    def _are_short(self) -> bool:
        """True if each row has a list of one text, as most users have one extension."""
        return set(map(type, self._kept)) == {str} and not any(_BETWEEN in one for one in self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Any]:
        return self._values(self._kept)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> TextLists: ...
    def __getitem__(self, index: int | slice) -> Any:
        return _value(self._kept[index]) if isinstance(index, int) else TextLists(self._kept[index])

    def __repr__(self) -> str:
        return f"TextLists({list(self)!r})"


def values_at(column: Sequence[Any], rows: Iterable[int]) -> Iterator[Any]:
    """Yield the values of a column in these rows."""
    return column.at(rows) if isinstance(column, TextLists) else map(column.__getitem__, rows)


def _kept_form(value: Any) -> Any:
    """Return a list of texts as one text; equal lists of one text are one object."""
    if type(value) is not tuple or not value:
        return value
    try:
        text = _BETWEEN.join(value)
    except TypeError:  # a list of something else
        return value
    if text.count(_BETWEEN) != len(value) - 1:
        return value
    return intern(text) if len(value) == 1 else text


def _value(kept: Any) -> Any:
    return tuple(kept.split(_BETWEEN)) if type(kept) is str else kept
