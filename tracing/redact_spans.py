"""Redaction in the traced program: on the export thread, before a span is encoded, sent, spooled or written to a file.

A span that holds nothing to redact goes on as it is. Else a copy of it does: other exporters share the original.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status, TraceState

from assay import semconv
from assay.redaction import FAILED, FAULT, Found, Redactor, Texts, make_redactor, names_of
from assay.redaction_own import own_rules
from assay.tracing.content_names import is_content, is_content_event
from assay.tracing.own_functions import Function, OwnFunctions
from assay.tracing.tell import our_fault

if TYPE_CHECKING:
    from assay.settings import Settings

DEFAULT_RULES = "secrets"  # a key has no place in any trace; names and addresses may be what a program is about
OWN = "function"  # stands for the rule, where a function of the user's changed something
MAX_RESOURCES = 64
# What says how a span is filed. Functions of the user's do not see it: one that fails would take it away.
STRUCTURE = frozenset(
    {
        *(semconv.ASSAY_PROJECT, semconv.SERVICE_NAME, semconv.ASSAY_SPAN_KIND, semconv.OPENINFERENCE_SPAN_KIND),
        *(semconv.GEN_AI_OPERATION_NAME, semconv.INPUT_MIME_TYPE, semconv.OUTPUT_MIME_TYPE),
        *(semconv.ASSAY_EXPERIMENT_ID, semconv.ASSAY_ITEM_ID, semconv.ASSAY_AB_TEST, semconv.ASSAY_AB_ARM),
        *("telemetry.sdk.language", "telemetry.sdk.name", "telemetry.sdk.version"),
    }
)


class Walk(Protocol):
    """Makes something of each text in a span."""

    def text(self, text: str) -> str: ...

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]: ...


class SpanRedactor:
    """Takes out of spans what the rules and the functions find, and says how much on the span itself.

    Called from background threads of ours. Never raises: a span that cannot be looked through goes without its
    contents.
    """

    def __init__(
        self, redactor: Redactor | None, functions: Sequence[Function] = (), *, keep_content: bool = True
    ) -> None:
        self._redactor = redactor
        self._functions = OwnFunctions(functions) if functions else None
        self._keep_content = keep_content
        self._resources: dict[int, tuple[Resource, Resource]] = {}  # by identity; the original keeps its id its own

    def spans(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        if self._redactor is None and self._functions is None and self._keep_content:
            return spans
        return [self.span(span) for span in spans]

    def span(self, span: ReadableSpan) -> ReadableSpan:
        try:
            found: Found = Counter()
            shown = span if self._keep_content else _without_content(span)
            if self._redactor is not None and not _is_clean(shown, self._redactor):
                walk = _Rules(self._redactor, found)
                rewritten = _rewritten(shown, walk)
                shown = rewritten if found else shown
            if self._functions is not None:
                shown = self._through_functions(shown, found)
            resource = self._resource(span.resource)
            return shown if shown is span and resource is span.resource else _with(shown, found, resource)
        except Exception:
            our_fault("redacting a span")
            return _hull(span)

    def document(self, document: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
        """A JSON-like object, such as a score, with what is under `keys` redacted."""
        present = {key: document[key] for key in keys if document.get(key) is not None}
        try:
            if self._redactor is not None:
                present = {key: self._redactor.value(value, key) for key, value in present.items()}
            if self._functions is not None:
                given = present
                present = _replayed(lambda walk: walk.attributes(given), self._functions, Counter())
        except Exception:
            our_fault("redacting what is sent beside spans")
            present = dict.fromkeys(present, FAILED)
        return {**document, **present}

    def _through_functions(self, span: ReadableSpan, found: Found) -> ReadableSpan:
        assert self._functions is not None
        before = sum(found.values())
        changed = _replayed(lambda walk: _rewritten(span, walk), self._functions, found)
        return changed if sum(found.values()) > before else span

    def _resource(self, resource: Resource) -> Resource:
        """Spans share their resource, so it is looked through once."""
        known = self._resources.get(id(resource))
        if known is None:
            if len(self._resources) >= MAX_RESOURCES:
                self._resources.clear()
            known = self._resources[id(resource)] = (resource, self._redacted_resource(resource))
        return known[1]

    def _redacted_resource(self, resource: Resource) -> Resource:
        found: Found = Counter()
        attributes: Mapping[str, Any] = resource.attributes
        if self._redactor is not None:
            attributes = self._redactor.attributes(attributes, found)
        if self._functions is not None:
            given = attributes
            attributes = _replayed(lambda walk: walk.attributes(given), self._functions, found)
        return Resource(attributes, resource.schema_url) if found else resource


def span_redactor(settings: Settings, functions: Sequence[Function] = ()) -> SpanRedactor:
    """The redactor that the settings ask for.

    Raises:
        ConfigurationError: a rule is not known or cannot be used.
    """
    wanted = DEFAULT_RULES if settings.redact is None else settings.redact
    own = own_rules(settings.redact_patterns, settings.redact_rules)
    redactor = make_redactor(wanted, own, hide=names_of(settings.redact_names))
    return SpanRedactor(redactor, functions, keep_content=settings.capture_content)


# Walks ------------------------------------------------------------------------------------------------------------


class _Rules:
    def __init__(self, redactor: Redactor, found: Found) -> None:
        self._redactor = redactor
        self._found = found

    def text(self, text: str) -> str:
        return self._redactor.text(text, self._found)

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return self._redactor.attributes(attributes, self._found)


class _Visits:
    """Visits the texts in values; names and what says how a span is filed are left alone."""

    def __init__(self, visit: Callable[[str], str]) -> None:
        self._texts = Texts(visit, Counter())

    def text(self, text: str) -> str:
        return self._texts.text(text)

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value if name in STRUCTURE else self._texts.value(value, name) for name, value in attributes.items()
        }


def _replayed(rewrite: Callable[[Walk], Any], functions: OwnFunctions, found: Found) -> Any:
    """Walk once to collect the texts, let the functions see all of them, and walk again to put in what they said."""
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    rewrite(_Visits(collect))
    results = functions(texts)
    found[OWN] += sum(1 for before, after in zip(texts, results, strict=True) if after not in (before, FAILED))
    found[FAULT] += sum(1 for before, after in zip(texts, results, strict=True) if after == FAILED != before)
    for name in (OWN, FAULT):
        if not found[name]:
            del found[name]
    answers = iter(results)
    return rewrite(_Visits(lambda text: next(answers)))


# Spans ------------------------------------------------------------------------------------------------------------


class _Copy(ReadableSpan):
    """Another span in place of one, with the counts of what that had dropped."""

    def __init__(self, original: ReadableSpan, **changed: Any) -> None:
        same = {
            "name": original.name,
            "context": original.context,
            "parent": original.parent,
            "resource": original.resource,
            "attributes": original.attributes,
            "events": original.events,
            "links": original.links,
            "kind": original.kind,
            "status": original.status,
            "start_time": original.start_time,
            "end_time": original.end_time,
            "instrumentation_scope": original.instrumentation_scope,
        }
        super().__init__(**{**same, **changed})
        self._dropped = (original.dropped_attributes, original.dropped_events, original.dropped_links)

    @property
    def dropped_attributes(self) -> int:
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        return self._dropped[2]


def _rewritten(span: ReadableSpan, walk: Walk) -> ReadableSpan:
    status = span.status
    if status.description:
        status = Status(status.status_code, walk.text(status.description))
    return _Copy(
        span,
        name=walk.text(span.name),
        context=_context(span.context, walk),
        attributes=walk.attributes(span.attributes or {}),
        events=[
            Event(walk.text(event.name), _bounded(walk, event), event.timestamp)  # stack traces are attributes of these
            for event in span.events
        ],
        links=[Link(_context(link.context, walk) or link.context, _bounded(walk, link)) for link in span.links],
        status=status,
    )


def _is_clean(span: ReadableSpan, redactor: Redactor) -> bool:
    """Whether it is told by one look that `_rewritten` would find nothing."""
    events, links = span.events, span.links
    if links or (span.context is not None and span.context.trace_state):
        return False
    texts = [span.name, span.status.description or "", *(event.name for event in events)]
    return redactor.are_clean(texts, [span.attributes or {}, *(event.attributes or {} for event in events)])


def _context(context: SpanContext | None, walk: Walk) -> SpanContext | None:
    """Without a trace state in which something is found: half of one has no meaning to anybody."""
    if context is None or not context.trace_state:
        return context
    header = context.trace_state.to_header()
    if walk.text(header) == header:
        return context
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags, TraceState())


def _bounded(walk: Walk, holder: Event | Link) -> BoundedAttributes:
    attributes = BoundedAttributes(attributes=walk.attributes(holder.attributes or {}), immutable=False)
    attributes.dropped = holder.dropped_attributes
    return attributes


def _without_content(span: ReadableSpan) -> ReadableSpan:
    attributes = span.attributes or {}
    events = span.events
    named = any(is_content(name) for name in attributes)
    if not named and not any(_holds_content(event) for event in events):
        return span
    return _Copy(
        span,
        attributes={name: value for name, value in attributes.items() if not is_content(name)},
        events=[event for event in events if not _holds_content(event)],
    )


def _holds_content(event: Event) -> bool:
    return is_content_event(event.name) or any(is_content(name) for name in event.attributes or {})


def _with(span: ReadableSpan, found: Found, resource: Resource) -> ReadableSpan:
    counts = {f"{semconv.ASSAY_REDACTED}.{rule}": count for rule, count in found.items()}
    return _Copy(span, attributes={**(span.attributes or {}), **counts}, resource=resource)


def _hull(span: ReadableSpan) -> ReadableSpan:
    """Where and when, and nothing else."""
    context, resource = span.context, span.resource.attributes
    if context is not None:
        context = SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
    return _Copy(
        span,
        name=FAILED,
        context=context,
        resource=Resource({name: value for name, value in resource.items() if name in STRUCTURE}),
        attributes={f"{semconv.ASSAY_REDACTED}.{FAULT}": 1},
        events=(),
        links=(),
        status=Status(span.status.status_code),
    )
