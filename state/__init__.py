"""Saved state: schema, migrations and the store over SQLite and, with the same code, PostgreSQL.

Imports ``reconciler.model`` alone. Start with ``store``, which implements the port ``StateStore``. ``tables`` and
``rows`` say what is kept, ``codec`` how a value is written; ``ledger`` and ``lease`` guard who writes; ``sqlite`` and
``postgresql`` open a database.
"""
