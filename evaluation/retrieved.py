"""What a row retrieved: the field that holds it, under the names people use, or the retriever spans of its trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

from assay.errors import ScorerError
from assay.traces import Span, Trace

CONTEXT_FIELDS = ("context", "contexts", "retrieved", "retrieved_context", "retrieved_contexts", "documents")
ID_FIELDS = ("id", "doc_id", "document_id")
SHOWN_CHARS = 80


def context_of(output: Any, metadata: Mapping[str, Any]) -> Any:
    """The first of `CONTEXT_FIELDS` in the output (where that is a dict), else in the metadata; None if absent."""
    for place in (output, metadata):
        if isinstance(place, Mapping):
            for name in CONTEXT_FIELDS:
                if place.get(name) is not None:
                    return place[name]
    return None


def field_at(path: str, values: Mapping[str, Any]) -> Any:
    """What stands at a path such as "output.hits" or "metadata.search.ids".

    Raises:
        ScorerError: nothing does; the message has the part of the path that is missing.
    """
    parts = path.split(".")
    found: Any = values
    for i, part in enumerate(parts):
        if not isinstance(found, Mapping) or part not in found:
            raise ScorerError(
                f"There is no {'.'.join(parts[: i + 1])!r} to read the retrieved documents from",
                hint=f"retrieved={path!r} says where they are: output, output.<field>, metadata.<field> or trace.",
            )
        found = found[part]
    return found


def span_documents(trace: Trace) -> list[Any]:
    """What the row retrieved in the end: the documents of the last reranker span that has any, else of the retriever
    spans in the order they started. Of retrievers inside of a retriever the outer one counts.

    Raises:
        ScorerError: the trace has no retriever span.
    """
    by_id = {span.span_id: span for span in trace.spans}
    retrievers = [span for span in trace.spans if span.kind == "retriever" and not _inside_a_retriever(span, by_id)]
    rerankers = [span for span in trace.spans if span.kind == "reranker" and span.documents]
    if not retrievers and not rerankers:
        raise ScorerError(
            "The row's trace has no retriever span",
            hint='Trace the search with @assay.trace(kind="retriever"), or say where its documents are: retrieved=...',
        )
    return [document for span in rerankers[-1:] or retrievers for document in span.documents]


def _inside_a_retriever(span: Span, by_id: Mapping[str, Span]) -> bool:
    seen = {span.span_id}
    while (parent := by_id.get(span.parent_span_id or "")) is not None and parent.span_id not in seen:
        if parent.kind == "retriever":
            return True
        seen.add(parent.span_id)
        span = parent
    return False


def ranked_ids(documents: Any) -> list[str]:
    """The documents' ids in their order, each at its first place only. Numbers count as their digits.

    Raises:
        ScorerError: they are no list, or one of them has no id.
    """
    if isinstance(documents, str | bytes | Mapping) or not isinstance(documents, Iterable):
        raise ScorerError(
            f"A ranking is a list of document ids, best first, and this is {_shown(documents)}",
            hint="Say where the documents are: retrieved='output.<field>', 'metadata.<field>' or 'trace'.",
        )
    return list(dict.fromkeys(document_id(document) for document in documents))


def document_id(document: Any) -> str:
    """The id of a document: itself if it is a text or a whole number, else its `id`.

    Raises:
        ScorerError: it has none.
    """
    if isinstance(document, Mapping):
        document = next((document[name] for name in ID_FIELDS if document.get(name) is not None), document)
    if isinstance(document, str):
        return document
    if isinstance(document, Integral) and not isinstance(document, bool):
        return str(int(document))
    raise ScorerError(
        f"A document needs an id, and this has none: {_shown(document)}",
        hint=f"Ids are texts or whole numbers, or stand in a document's field: {', '.join(ID_FIELDS)}.",
    )


def _shown(value: Any) -> str:
    return f"of type {type(value).__name__}: {str(value)[:SHOWN_CHARS]!r}"
