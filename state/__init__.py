"""Saved state: schema, migrations and the store over SQLite and, with the same code, PostgreSQL.

Imports only ``reconciler.model``. Start with ``store``, which implements the port ``StateStore``. ``tables`` and
``rows`` define the rows, ``codec`` the form of their values; ``ledger`` and ``lease`` decide who may write; ``sqlite``
and ``postgresql`` open a database.
"""
