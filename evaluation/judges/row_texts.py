"""What a judge is shown of a row: the fields by name, and the context from wherever it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.errors import ScorerError
from assay.evaluation.judges.conversation import conversation_text, steps_text
from assay.evaluation.judges.fence import as_text
from assay.evaluation.retrieved import CONTEXT_FIELDS, context_of
from assay.traces import Span, Trace
from assay.tracing.serialise import MAX_CHARS, MAX_ITEMS

_CONTENT = ("content", "page_content", "text", "document", "body")
_IDS = ("id", "doc_id", "document_id", "source")
NO_CONTEXT = "the row has no context: no field of that name, and no retriever's span in its trace"
NO_CONVERSATION = "the row has no conversation: no messages in its input, its output or its trace"
_CUT = re.compile(r"… \(\d+ more characters\)$|^… \d+ more$")  # how spans say that a value was longer
NO_TRACE = "the row has no trace"


class NotApplicable(Exception):
    """There is nothing to judge in a row; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """A row as scorers are given it."""

    input: Any = None
    output: Any = None
    expected: Any = None
    context: Any = None
    trace: Trace | ScorerError | None = None  # an error: there is a trace, but it could not be had
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One piece of a context."""

    content: str
    id: str | None = None


def trace_of(row: JudgedRow) -> Trace | None:
    """The row's trace, for whoever needs it.

    Raises:
        ScorerError: it could not be had.
    """
    if isinstance(row.trace, ScorerError):
        raise row.trace
    return row.trace


def shown_texts(row: JudgedRow, shows: Sequence[str], optional: Collection[str]) -> dict[str, Any]:
    """The texts that a judge reads of a row, by name and in this order.

    Args:
        shows: of input, output, expected, context, conversation and steps.
        optional: those of them that a row may lack.

    Raises:
        NotApplicable: it lacks another.
    """
    found: dict[str, Any] = {}
    for name in shows:
        part = _part(row, name, with_context="context" in shows)
        if part is None and name not in optional:
            raise NotApplicable(_MISSING[name])
        found.update(part or {})
    return found


def _part(row: JudgedRow, name: str, *, with_context: bool) -> dict[str, Any] | None:
    match name:
        case "output" if with_context:
            return {name: answer_of(row.output)}
        case "input" | "output":  # None is an input or an output as well
            return {name: getattr(row, name)}
        case "expected":
            return None if row.expected is None else {name: row.expected}
        case "context":
            documents = documents_of(row)
            return None if documents is None else document_blocks(documents)
        case "conversation":
            told = conversation_text(row.input, row.output, lambda: trace_of(row))
            return None if told is None else {name: told}
        case _:
            trace = trace_of(row)
            return None if trace is None else {name: steps_text(trace)}


_MISSING = {
    "expected": "the row has no expected value",
    "context": NO_CONTEXT,
    "conversation": NO_CONVERSATION,
    "steps": NO_TRACE,
}


def documents_of(row: JudgedRow) -> list[Document] | None:
    """What was retrieved for a row, in its order, each document once; None where nothing says what it was.

    From the argument `context`, else a field of that name in the output or the metadata, else the row's trace: the
    documents of its last reranker, else those of all its retrievers. An empty list is a retrieval that found nothing.
    """
    given = row.context if row.context is not None else context_of(row.output, row.metadata)
    if given is not None:
        return _once(_documents(given))
    trace = trace_of(row)
    if trace is None:
        return None
    spans = retrieving(trace)
    return _once(_recorded_whole([_document(each) for span in spans for each in span.documents])) if spans else None


def retrieving(trace: Trace) -> Sequence[Span]:
    """The spans whose documents reached the model: the last reranker, else every retriever, in start order."""
    rerankers = [span for span in trace.spans if span.kind == "reranker" and span.documents]
    return rerankers[-1:] or [span for span in trace.spans if span.kind == "retriever"]


def answer_of(output: Any) -> Any:
    """An output without the context that it may carry: of ``{"answer": ..., "context": ...}`` the answer."""
    if not isinstance(output, Mapping):
        return output
    rest = {key: value for key, value in output.items() if key not in CONTEXT_FIELDS}
    if len(rest) == len(output) or not rest:
        return output
    return next(iter(rest.values())) if len(rest) == 1 else rest


def document_blocks(documents: Sequence[Document]) -> dict[str, str]:
    """Every document as a text by itself, so that none can pass for two: document-1, document-2 and so on."""
    if not documents:
        return {"documents": "(none: nothing was retrieved)"}
    return {f"document-{number}": document.content for number, document in enumerate(documents, start=1)}


def _documents(given: Any) -> list[Document]:
    if isinstance(given, str | Mapping):
        return [_document(given)]
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return [document for each in given for document in _documents(each)]
    return [_document(given)]


def _document(given: Any) -> Document:
    if isinstance(given, str):
        return Document(content=given)
    fields = given if isinstance(given, Mapping) else getattr(given, "__dict__", None) or {}
    content = next((fields[name] for name in _CONTENT if isinstance(fields.get(name), str)), None)
    metadata = fields.get("metadata")
    places = [fields, metadata if isinstance(metadata, Mapping) else {}]
    id = next((place[name] for place in places for name in _IDS if place.get(name) is not None), None)
    return Document(content=as_text(given) if content is None else content, id=None if id is None else str(id))


def _recorded_whole(documents: list[Document]) -> list[Document]:
    """Documents of spans, which record very long ones in part; a judge of those would not know what is missing.

    Raises:
        ScorerError: some are recorded in part. (A text that only looks as if it were is taken as it is.)
    """
    is_much = len(documents) >= MAX_ITEMS or sum(len(document.content) for document in documents) > MAX_CHARS // 2
    if is_much and any(_CUT.search(document.content) for document in documents):
        raise ScorerError(
            "The trace holds only a part of what was retrieved, and judged texts are never cut.",
            hint="Return the documents with the output, as its field `context`.",
        )
    return documents


def _once(documents: Sequence[Document]) -> list[Document]:
    return list(dict.fromkeys(documents))
