"""Saved state: schema, migrations and the store over SQLite (and, with the same code, PostgreSQL)."""
