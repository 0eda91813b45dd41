"""Retrieved documents, however a retriever hands them out, in the form that the conventions give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.tracing.serialise import plain

_ID = ("id", "doc_id", "document_id", "id_", "_id")
_CONTENT = ("content", "text", "page_content", "document", "body")
_SCORE = ("score", "relevance_score", "similarity")


def as_documents(value: Any) -> list[dict[str, Any]] | None:
    """`[{"id", "content", "score", "metadata"}]`, as far as known; None when `value` is no list of documents.

    Understands strings, dictionaries, records (LangChain's, LlamaIndex's, one's own) and (document, score) pairs.
    """
    items = plain(value)
    if not isinstance(items, list):
        return None
    documents = [_document(item) for item in items]
    known = [document for document in documents if document is not None]
    return known if len(known) == len(documents) else None


def _document(item: Any) -> dict[str, Any] | None:
    if isinstance(item, str):
        return {"content": item}
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], int | float):
        document = _document(item[0])
        return None if document is None else {**document, "score": item[1]}
    if not isinstance(item, dict):
        return None
    if isinstance(node := item.get("node"), dict):  # LlamaIndex: {"node": …, "score": …}
        item = {**node, **{name: value for name, value in item.items() if name != "node"}}
    found = {"id": _first(item, _ID), "content": _first(item, _CONTENT), "score": _first(item, _SCORE)}
    if found["id"] is None and found["content"] is None:
        return None
    if found["id"] is not None:
        found["id"] = str(found["id"])
    named = {*_ID, *_CONTENT, *_SCORE, "metadata"}
    rest = {name: value for name, value in item.items() if name not in named and value is not None}
    metadata = {**rest, **given} if isinstance(given := item.get("metadata"), dict) else rest
    document = {name: value for name, value in found.items() if value is not None}
    return {**document, "metadata": metadata} if metadata else document


def _first(item: dict[str, Any], names: Iterable[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)
