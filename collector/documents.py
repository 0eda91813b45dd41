"""Documents of any retriever's shape -> `[{"id", "content", "score", "metadata"}]`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.collector.values import as_number, as_object, as_structure, as_text

Document = dict[str, Any]

# what a document says -> the names it goes by, best first
NAMES = {
    "id": ("id", "document_id", "doc_id", "id_", "_id"),
    "content": ("content", "page_content", "pageContent", "text", "document", "snippet"),
    "score": ("score", "relevance_score", "relevanceScore", "similarity", "similarity_score"),
    "metadata": ("metadata", "meta", "extra_info"),
}
LISTS = ("documents", "results", "source_nodes", "nodes", "source_documents", "context", "matches", "hits")


def to_documents(value: Any) -> list[Document] | None:
    """Documents from a list, from an object that holds one, or from JSON text of either; None when there are none."""
    structure = as_structure(value)
    if isinstance(structure, dict):
        structure = next((structure[key] for key in LISTS if isinstance(structure.get(key), list)), [structure])
    if not isinstance(structure, list):
        return None
    if structure and all(isinstance(item, list) for item in structure):  # one list for each of several queries
        structure = [item for batch in structure for item in batch]
    return [document for item in structure if (document := _document(item))] or None


def _document(item: Any) -> Document | None:
    if isinstance(item, str):
        return {"content": item} if item else None
    if not isinstance(item, Mapping):
        return None
    inner = item.get("node") or item.get("document") or item.get("kwargs")  # LlamaIndex, OpenInference, LangChain
    source = {**item, **inner} if isinstance(inner, Mapping) else item
    document: Document = {}
    for field, names in NAMES.items():
        found = next((source[name] for name in names if source.get(name) not in (None, "", {})), None)
        value = READERS[field](found)
        if value is not None:
            document[field] = value
    return document or None


READERS = {"id": as_text, "content": as_text, "score": as_number, "metadata": as_object}
