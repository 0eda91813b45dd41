"""A/B tests: what was declared, their phases, and what was decided about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "ab_tests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("arms", sa.JSON(), nullable=False),
        sa.Column("baseline", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("primary_metric", sa.String(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("guardrails", sa.JSON(), nullable=False),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("min_units", sa.Integer(), nullable=False),
        sa.Column("min_days", sa.Double(), nullable=False),
        sa.Column("window_hours", sa.Double(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("promoted", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.name"], name="fk_ab_tests_project"),
        sa.PrimaryKeyConstraint("id", name="pk_ab_tests"),
        sa.UniqueConstraint("project", "name", name="uq_ab_tests_project_name"),
    )
    op.create_table(
        "ab_phases",
        sa.Column("ab_test_id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ab_test_id"], ["ab_tests.id"], name="fk_ab_phases_ab_test_id"),
        sa.PrimaryKeyConstraint("ab_test_id", "phase", name="pk_ab_phases"),
    )
    op.create_table(
        "ab_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ab_test_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=True),
        sa.Column("alias", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("data_hash", sa.String(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["ab_test_id"], ["ab_tests.id"], name="fk_ab_decisions_ab_test_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ab_decisions"),
    )
    op.create_index("ix_ab_decisions_ab_test_id_id", "ab_decisions", ["ab_test_id", "id"])
