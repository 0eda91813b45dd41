"""Data sets: what a version is checked against, which items belong together, its splits, and outputs of items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("dataset_versions", sa.Column("message", sa.String(), nullable=True))
    op.add_column("dataset_versions", sa.Column("schema", sa.JSON(), nullable=True))
    op.add_column("dataset_versions", sa.Column("cluster", sa.String(), nullable=True))
    op.add_column("dataset_versions", sa.Column("split", sa.JSON(), nullable=True))
    op.add_column("dataset_items", sa.Column("output", sa.JSON(), nullable=True))
    op.add_column("dataset_items", sa.Column("split", sa.String(), nullable=True))
