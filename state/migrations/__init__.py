"""The steps from each schema to the next; run by ``state/tables.py`` through Alembic."""
