"""The steps from each schema to the next; run by ``state/schema.py`` through Alembic."""
