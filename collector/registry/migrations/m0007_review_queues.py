"""Human review: queues with their rubric, the items in them, who looks at one, and who labelled it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "review_queues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("rubric", sa.JSON(), nullable=False),
        sa.Column("reviewers_per_item", sa.Integer(), nullable=False),
        sa.Column("reservation_s", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.name"], name="fk_review_queues_project"),
        sa.PrimaryKeyConstraint("id", name="pk_review_queues"),
        sa.UniqueConstraint("project", "name", name="uq_review_queues_project_name"),
    )
    op.create_table(
        "review_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ref", sa.JSON(), nullable=False),
        sa.Column("against", sa.JSON(), nullable=True),
        sa.Column("ref_hash", sa.String(), nullable=False),
        sa.Column("label_count", sa.Integer(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["review_queues.id"], name="fk_review_items_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sa.UniqueConstraint("queue_id", "position", name="uq_review_items_queue_id_position"),
        sa.UniqueConstraint("queue_id", "ref_hash", name="uq_review_items_queue_id_ref_hash"),
    )
    op.create_index("ix_review_items_queue_id_is_done_position", "review_items", ["queue_id", "is_done", "position"])
    op.create_table(
        "review_reservations",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_review_reservations_item_id"),
        sa.PrimaryKeyConstraint("item_id", "reviewer", name="pk_review_reservations"),
    )
    op.create_table(
        "review_labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_review_labels_item_id"),
        sa.ForeignKeyConstraint(["queue_id"], ["review_queues.id"], name="fk_review_labels_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_labels"),
    )
    op.create_index("ix_review_labels_item_id_reviewer_id", "review_labels", ["item_id", "reviewer", "id"])
    op.create_index("ix_review_labels_queue_id_reviewer_id", "review_labels", ["queue_id", "reviewer", "id"])
