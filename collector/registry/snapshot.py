"""The registry as plain rows: what the collector copies into its DuckDB file, for those who read that. Never keys."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from assay.collector.registry.ab_tests import ab_test_rows
from assay.collector.registry.models import (
    AliasMove,
    AliasProtection,
    Comparison,
    Dataset,
    DatasetItem,
    DatasetVersion,
    Experiment,
    Prompt,
    PromptAlias,
    PromptVersion,
)

# Columns whose values become JSON text; null stays null.
JSON_COLUMNS = frozenset(
    {
        "template",
        "config",
        "response_format",
        "tools",
        "evidence",
        "tags",
        "input",
        "expected",
        "metadata",
        "dataset",
        "scorers",
        "summary",
        "rows",
    }
)


def snapshot(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Table name -> its rows, all of the same moment. JSON values are JSON text, times are aware."""
    tables = {name: [_row(row) for row in session.execute(query)] for name, query in _queries().items()}
    tables["experiments"] = [_experiment(row) for row in session.scalars(select(Experiment).order_by(Experiment.seq))]
    tables["ab_tests"] = [_ab_test(row) for row in ab_test_rows(session)]
    return tables


def _queries() -> dict[str, Select[Any]]:
    latest = (PromptVersion.prompt_id == Prompt.id) & (PromptVersion.version == Prompt.latest_version)
    prompt = (Prompt.project, Prompt.name)
    dataset = (Dataset.project, Dataset.name)
    return {
        "prompts": select(
            *prompt, Prompt.latest_version, PromptVersion.tags, Prompt.created_at, Prompt.updated_at
        ).join(PromptVersion, latest),
        "prompt_versions": select(
            *prompt,
            PromptVersion.version,
            PromptVersion.type,
            PromptVersion.format,
            PromptVersion.template,
            PromptVersion.config,
            PromptVersion.response_format,
            PromptVersion.tools,
            PromptVersion.tags,
            PromptVersion.commit_message,
            PromptVersion.author,
            PromptVersion.created_at,
            PromptVersion.content_hash,
            PromptVersion.parent_version,
        ).join(PromptVersion, PromptVersion.prompt_id == Prompt.id),
        "prompt_aliases": select(
            *prompt,
            PromptAlias.alias,
            PromptAlias.version,
            PromptAlias.updated_at,
            AliasProtection.alias.is_not(None).label("protected"),
            AliasProtection.gate,
        )
        .join(PromptAlias, PromptAlias.prompt_id == Prompt.id)
        .outerjoin(
            AliasProtection,
            (AliasProtection.prompt_id == Prompt.id) & (AliasProtection.alias == PromptAlias.alias),
        ),
        "prompt_alias_moves": select(
            *prompt,
            AliasMove.alias,
            AliasMove.from_version,
            AliasMove.to_version,
            AliasMove.moved_at,
            AliasMove.author,
            AliasMove.actor,
            AliasMove.reason,
            AliasMove.evidence,
            AliasMove.undoes.is_not(None).label("is_rollback"),
        )
        .join(AliasMove, AliasMove.prompt_id == Prompt.id)
        .order_by(AliasMove.id),
        "datasets": select(*dataset, Dataset.description, Dataset.latest_version, Dataset.created_at),
        "dataset_versions": select(
            *dataset,
            DatasetVersion.version,
            DatasetVersion.content_hash,
            DatasetVersion.item_count,
            DatasetVersion.created_at,
        ).join(DatasetVersion, DatasetVersion.dataset_id == Dataset.id),
        "dataset_items": select(
            *dataset,
            DatasetVersion.version,
            DatasetItem.item_id,
            DatasetItem.position,
            DatasetItem.input,
            DatasetItem.expected,
            DatasetItem.item_metadata.label("metadata"),
        )
        .join(DatasetVersion, DatasetVersion.dataset_id == Dataset.id)
        .join(DatasetItem, DatasetItem.dataset_version_id == DatasetVersion.id),
        "comparisons": select(
            Experiment.project,
            Comparison.id,
            Comparison.experiment_id,
            Comparison.baseline_id,
            Comparison.rows,
            Comparison.verdict,
            Comparison.created_at,
        ).join(Experiment, Experiment.id == Comparison.experiment_id),
    }


def _experiment(row: Experiment) -> dict[str, Any]:
    dataset = {
        "name": row.dataset_name,
        "version": row.dataset_version,
        "hash": row.dataset_hash,
        "item_count": row.item_count,
    }
    return {
        "project": row.project,
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "dataset": _json(dataset),
        "scorers": _json(row.scorers),
        "config": _json(row.config),
        "tags": _json(row.tags),
        "repeats": row.repeats,
        "seed": row.seed,
        "baseline_id": row.baseline_id,
        "summary": _json(row.summary),
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


def _ab_test(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(value) if isinstance(value, dict | list) else value for name, value in row.items()}


def _row(row: Row[Any]) -> dict[str, Any]:
    return {name: _json(value) if name in JSON_COLUMNS else value for name, value in row._mapping.items()}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
