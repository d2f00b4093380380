"""Statements that every write of an apply runs: written once with SQLAlchemy, compiled once for each kind of store.

The driver then runs the text. SQLAlchemy prepares each execution anew, which takes longer than SQLite needs to run
the statement: with 32 users in a commit that was half of its CPU time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table, bindparam, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

Row: TypeAlias = tuple[Any, ...]


class Statement:
    """A statement whose values are texts, whole numbers and fractions, which the drivers take as they are."""

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        """Take a statement with its bound parameters, in the order of the text and of the values in a row."""
        self._statement, self._names = statement, list(names)
        self._texts: dict[str, str] = {}
        """The text for each kind of store."""

    def run(self, connection: Connection, *values: Any) -> list[Row]:
        """Run it once; return the rows that it selects, none if it selects nothing."""
        return self._run(connection, values, many=False)[0]

    def count(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for each row of values; return how many rows of the store it changed."""
        return self._run(connection, rows, many=True)[1]

    def _run(self, connection: Connection, given: Any, *, many: bool) -> tuple[list[Row], int]:
        text = self._texts.get(connection.dialect.name) or self._compile(connection)
        dialect = connection.dialect
        try:
            with closing(connection.connection.cursor()) as cursor:
                if many:
                    dialect.do_executemany(cursor, text, given)
                    return [], cursor.rowcount
                dialect.do_execute(cursor, text, given)
                return list(cursor.fetchall()) if cursor.description else [], cursor.rowcount
        except dialect.loaded_dbapi.Error as error:
            raise _wrapped(error, dialect) from error

    def _compile(self, connection: Connection) -> str:
        compiled = self._statement.compile(dialect=connection.dialect)
        order: list[str] | None = getattr(compiled, "positiontup", None)
        assert order == self._names, f"the values of the statement are {order}, not {self._names}"
        self._texts[connection.dialect.name] = text = str(compiled)
        return text


def inserting(table: Table) -> Statement:
    """Return the statement that appends rows with all columns of ``table``, in their order."""
    names = [column.name for column in table.columns]
    return Statement(insert(table).values({name: bindparam(name) for name in names}), *names)


def _wrapped(error: Exception, dialect: Dialect) -> BaseException:
    """Return an error of the driver as SQLAlchemy would raise it."""
    base: type[Exception] = dialect.loaded_dbapi.Error
    wrapped = DBAPIError.instance(None, None, error, base, hide_parameters=True, dialect=dialect)
    assert isinstance(wrapped, BaseException)
    return wrapped
