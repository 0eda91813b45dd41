"""Prompts in SQL as they are since versions have more than a template: copies of the registry, made anew."""

from __future__ import annotations

# The copies are filled as soon as the registry's revision is another than the one they show.
SQL = """
DROP TABLE prompt_versions;
CREATE TABLE prompt_versions (
    project VARCHAR, name VARCHAR, version INTEGER, type VARCHAR, template JSON, config JSON, tags JSON,
    commit_message VARCHAR, author VARCHAR, created_at TIMESTAMP, content_hash VARCHAR, parent_version INTEGER,
    format VARCHAR, response_format JSON, tools JSON);
DROP TABLE prompt_aliases;
CREATE TABLE prompt_aliases (
    project VARCHAR, name VARCHAR, alias VARCHAR, version INTEGER, updated_at TIMESTAMP, protected BOOLEAN,
    gate VARCHAR);
CREATE TABLE prompt_alias_moves (
    project VARCHAR, name VARCHAR, alias VARCHAR, from_version INTEGER, to_version INTEGER, moved_at TIMESTAMP,
    author VARCHAR, actor VARCHAR, reason VARCHAR, evidence JSON, is_rollback BOOLEAN);
DELETE FROM store_info WHERE key = 'registry_revision';
"""
