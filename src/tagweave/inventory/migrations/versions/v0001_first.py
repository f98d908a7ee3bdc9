"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "counter",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "resource",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("native_id", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("valid_from", sa.BigInteger),
        sa.Column("fingerprint", sa.LargeBinary),
    )
    op.create_index("resource_identity", "resource", ["source", "kind", "native_id"], unique=True)
    op.create_table(
        "version",
        sa.Column("resource_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("valid_from", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("valid_to", sa.BigInteger, nullable=False),
        sa.Column("seen_until", sa.BigInteger),
        sa.Column("learned_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("version_end", "version", ["valid_to"])
    op.create_table(
        "scope",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("last_success", sa.BigInteger),
        sa.Column("last_attempt", sa.BigInteger),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("held", sa.LargeBinary, nullable=False),
        sa.Column("held_since", sa.BigInteger),
    )
