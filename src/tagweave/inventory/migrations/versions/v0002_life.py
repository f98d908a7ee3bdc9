"""How scopes that are followed fare."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "life",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("last_event", sa.BigInteger),
        sa.Column("lag_seconds", sa.Double),
        sa.Column("last_bookmark", sa.BigInteger),
        sa.Column("list_seconds", sa.Double),
        sa.Column("restarts", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
    )
