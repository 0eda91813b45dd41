"""Prompt versions have a format, a response format and tools; aliases can be protected, and moves tell more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("prompt_versions", sa.Column("format", sa.String(), server_default="simple", nullable=False))
    op.add_column("prompt_versions", sa.Column("response_format", sa.JSON(), nullable=True))
    op.add_column("prompt_versions", sa.Column("tools", sa.JSON(), nullable=True))
    op.add_column("alias_moves", sa.Column("actor", sa.String(), nullable=True))
    op.add_column("alias_moves", sa.Column("evidence", sa.JSON(), nullable=True))
    op.add_column("alias_moves", sa.Column("undoes", sa.Integer(), nullable=True))
    op.create_table(
        "alias_protections",
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("protected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_alias_protections_prompt_id"),
        sa.PrimaryKeyConstraint("prompt_id", "alias", name="pk_alias_protections"),
    )
