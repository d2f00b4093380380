"""Statements that the driver runs: their values stand in the order of the text, and errors are SQLAlchemy's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, create_engine, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from state.statements import Statement, inserting
from state.tables import decisions

INSERT = inserting(decisions)
FIND = Statement(
    select(decisions.c.body).where(decisions.c.environment == bindparam("place"), decisions.c.name == bindparam("it")),
    *("place", "it"),
)
ALTER = update(decisions).values(body=bindparam("new")).where(decisions.c.checksum >= bindparam("least"))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite+pysqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE decisions (environment, name PRIMARY KEY, body, checksum)"))
        yield connection
    engine.dispose()


def test_rows_are_selected_and_counted(connection: Connection) -> None:
    assert INSERT.count(connection, [(1, "a", "x", 5), (1, "b", "y", 6), (2, "c", "z", 7)]) == 3
    assert FIND.run(connection, 1, "b") == [("y",)]
    assert FIND.run(connection, 2, "b") == []
    assert Statement(ALTER, "new", "least").count(connection, [("w", 6), ("v", 7)]) == 3
    assert FIND.run(connection, 2, "c") == [("v",)]


def test_values_in_another_order_than_the_text_are_refused(connection: Connection) -> None:
    with pytest.raises(AssertionError, match="new"):
        Statement(ALTER, "least", "new").count(connection, [(6, "w")])


def test_errors_of_the_driver_are_those_of_sqlalchemy_without_values(connection: Connection) -> None:
    INSERT.count(connection, [(1, "a", "secret", 5)])
    with pytest.raises(IntegrityError) as raised:
        INSERT.count(connection, [(1, "a", "secret", 5)])
    assert "secret" not in str(raised.value)
    connection.execute(text("DROP TABLE decisions"))
    with pytest.raises(OperationalError):
        FIND.run(connection, 1, "a")
