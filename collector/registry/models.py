"""The tables of registry.db. A change here needs a numbered migration beside it; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in Python, always UTC; SQLite has no time zones and keeps the bare UTC time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute as it is
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }
    # Named constraints, so that a later migration can drop or change one.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Project(Base):
    __tablename__ = "projects"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class Prompt(Base):
    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    latest_version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PromptVersion(Base):
    """Written once, never changed."""

    __tablename__ = "prompt_versions"
    __table_args__ = (UniqueConstraint("prompt_id", "version"), UniqueConstraint("prompt_id", "content_hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    version: Mapped[int]
    type: Mapped[str]  # "text" or "chat"
    template: Mapped[Any] = mapped_column(JSON)  # a string, or a list of {role, content}
    config: Mapped[dict[str, Any]]
    tags: Mapped[dict[str, Any]]
    commit_message: Mapped[str]
    author: Mapped[str | None]
    created_at: Mapped[datetime]
    content_hash: Mapped[str]
    parent_version: Mapped[int | None]  # the one it was made from; where nobody said, the latest of that moment
    format: Mapped[str] = mapped_column(server_default="simple")  # how the template is read: "simple" or "jinja"
    response_format: Mapped[dict[str, Any] | None]  # a JSON schema
    tools: Mapped[list[Any] | None]


class PromptAlias(Base):
    __tablename__ = "prompt_aliases"
    __table_args__ = (
        ForeignKeyConstraint(["prompt_id", "version"], ["prompt_versions.prompt_id", "prompt_versions.version"]),
    )

    prompt_id: Mapped[int] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    updated_at: Mapped[datetime]


class AliasMove(Base):
    """Who moved an alias, when, why, from where, to where. Only ever added to."""

    __tablename__ = "alias_moves"
    __table_args__ = (Index(None, "prompt_id", "alias", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    alias: Mapped[str]
    from_version: Mapped[int | None]  # None: the alias was new
    to_version: Mapped[int | None]  # None: the alias was removed
    author: Mapped[str | None]  # as they call themselves
    reason: Mapped[str | None]
    moved_at: Mapped[datetime]
    actor: Mapped[str | None]  # id of the key it was done with, or "local"; not known of moves before schema 0003
    evidence: Mapped[dict[str, Any] | None]  # the experiment or A/B test that spoke for it, as the collector found it
    undoes: Mapped[int | None]  # of a rollback: the id of the move that it takes back


class AliasProtection(Base):
    """An alias that only an admin may move, or evidence that passes the gate. It may be there before the alias is."""

    __tablename__ = "alias_protections"

    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    gate: Mapped[str | None]  # see evaluation/gate.py; None: admins only
    author: Mapped[str | None]
    reason: Mapped[str | None]
    protected_at: Mapped[datetime]


class Dataset(Base):
    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    description: Mapped[str | None]
    latest_version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DatasetVersion(Base):
    """Its items are written once and never change; what is said about them may be added to."""

    __tablename__ = "dataset_versions"
    __table_args__ = (UniqueConstraint("dataset_id", "version"), UniqueConstraint("dataset_id", "content_hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    version: Mapped[int]
    content_hash: Mapped[str]
    item_count: Mapped[int]
    created_at: Mapped[datetime]
    message: Mapped[str | None]
    item_schema: Mapped[dict[str, Any] | None] = mapped_column("schema")  # what items are checked against
    cluster: Mapped[str | None]  # the field that says which items belong together
    split: Mapped[dict[str, Any] | None]  # shares, seed and field of the split; the parts are the items'


class DatasetItem(Base):
    __tablename__ = "dataset_items"
    __table_args__ = (UniqueConstraint("dataset_version_id", "item_id"),)

    dataset_version_id: Mapped[int] = mapped_column(ForeignKey("dataset_versions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 0, in the order given
    item_id: Mapped[str]
    input: Mapped[Any] = mapped_column(JSON)
    expected: Mapped[Any] = mapped_column(JSON)
    item_metadata: Mapped[dict[str, Any]] = mapped_column("metadata")
    output: Mapped[dict[str, Any] | None]  # {"value": ...} where the data hold an output, which may be null
    split: Mapped[str | None]  # the part that the item belongs to, where the version has been split


class Experiment(Base):
    __tablename__ = "experiments"
    __table_args__ = (Index(None, "project", "name"),)

    seq: Mapped[int] = mapped_column(primary_key=True)  # order of arrival; `id` is what everybody else sees
    id: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    name: Mapped[str]
    status: Mapped[str]
    dataset_name: Mapped[str | None]
    dataset_version: Mapped[int | None]
    dataset_hash: Mapped[str | None]
    item_count: Mapped[int | None]
    scorers: Mapped[list[Any]]
    config: Mapped[dict[str, Any]]  # everything needed to run it again
    tags: Mapped[dict[str, Any]]
    repeats: Mapped[int]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    baseline_id: Mapped[str | None] = mapped_column(ForeignKey("experiments.id"))
    summary: Mapped[list[Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Comparison(Base):
    __tablename__ = "comparisons"
    __table_args__ = (Index(None, "experiment_id"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id"))
    baseline_id: Mapped[str] = mapped_column(ForeignKey("experiments.id"))
    rows: Mapped[list[Any]]
    verdict: Mapped[str | None]
    content_hash: Mapped[str]
    created_at: Mapped[datetime]


class Alignment(Base):
    """How well a judge agrees with people's labels. Only ever added to; the newest counts."""

    __tablename__ = "alignments"
    __table_args__ = (Index(None, "project", "judge", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"))
    judge: Mapped[str]  # name of the judge's scores
    prompt_hash: Mapped[str | None]  # of what the judge is told; None: not known
    model: Mapped[str | None]
    labels: Mapped[int]  # how many rows have both a label and a verdict
    record: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ApiKey(Base):
    """The key itself is nowhere: only its hash, and enough of its beginning to recognise it."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    project: Mapped[str | None]  # None: every project
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]  # to the minute or so


class AuditEntry(Base):
    """One change, by whom. Only ever added to, in the transaction of the change itself; triggers see to it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    address: Mapped[str | None]
    action: Mapped[str]  # e.g. "prompt.register"
    project: Mapped[str | None]
    object: Mapped[str]
    detail: Mapped[dict[str, Any]]
    result: Mapped[str] = mapped_column(server_default="ok")  # or "refused", "failed"
