"""Alembic migrations of the inventory's tables; `store` runs them when it opens a database."""
