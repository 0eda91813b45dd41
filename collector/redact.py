"""Redaction on the server: what the rules find is gone before anything is stored. Pure, but for reading the rules file.

Off by default. What was sent is kept as it came, and programs can redact before they send; this second pass is for
collectors whose senders are not in the same hands. Scores, experiments, prompts and data sets are left alone: they are
written on purpose, and are hashed and compared as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.collector.decode import Decoded, DecodedSpan
from assay.collector.decode_logs import DecodedLog, DecodedLogs
from assay.collector.registry.actor import Actor
from assay.redaction import Redactor, make_redactor, names_of
from assay.redaction_own import own_rules
from assay.settings import Settings

if TYPE_CHECKING:
    from assay.collector.registry.audit import Audit

Request = Decoded | DecodedLogs | None
ACTION = "redaction.configure"


def redactor_of(settings: Settings) -> Redactor | None:
    """The redactor that the settings ask for; None: none.

    Raises:
        ConfigurationError: a rule is not known or cannot be used, or the rules file cannot be read.
    """
    own = own_rules(settings.redact_patterns, settings.redact_rules)
    return make_redactor(settings.redact or "off", own, hide=names_of(settings.redact_names))


def note_change(audit: Audit, redactor: Redactor | None) -> None:
    """Write down which rules apply from now on, when they are others than the last time."""
    rules = rule_names(redactor)
    last = audit.last(ACTION)
    if rules != (last["detail"]["rules"] if last else []):
        audit.add(Actor(), ACTION, "collector", project=None, rules=rules)


def rule_names(redactor: Redactor | None) -> list[str]:
    return sorted(rule.name for rule in redactor.rules) if redactor else []


def redacting(decode: Callable[[bytes], Request], redactor: Redactor | None) -> Callable[[bytes], Request]:
    """`decode`, with what it returns redacted."""
    return decode if redactor is None else lambda body: redacted(decode(body), redactor)


def redacted(request: Request, redactor: Redactor) -> Request:
    """A decoded request without what the rules find. Ids, times and scopes are left alone."""
    resources: dict[int, dict[str, Any]] = {}  # spans of a request share theirs

    def resource(given: dict[str, Any]) -> dict[str, Any]:
        if id(given) not in resources:
            resources[id(given)] = redactor.attributes(given)
        return resources[id(given)]

    if isinstance(request, Decoded):
        return replace(request, spans=[_span(span, redactor, resource(span.resource)) for span in request.spans])
    if isinstance(request, DecodedLogs):
        return replace(request, records=[_log(log, redactor, resource(log.resource)) for log in request.records])
    return request


def _span(span: DecodedSpan, redactor: Redactor, resource: dict[str, Any]) -> DecodedSpan:
    return replace(
        span,
        name=redactor.text(span.name),
        status_message=None if span.status_message is None else redactor.text(span.status_message),
        attributes=redactor.attributes(span.attributes),
        events=[
            {**event, "name": redactor.text(event["name"]), "attributes": redactor.attributes(event["attributes"])}
            for event in span.events
        ],
        links=[{**link, "attributes": redactor.attributes(link["attributes"])} for link in span.links],
        trace_state=None if span.trace_state is None else redactor.text(span.trace_state),
        resource=resource,
    )


def _log(log: DecodedLog, redactor: Redactor, resource: dict[str, Any]) -> DecodedLog:
    return replace(
        log,
        event_name=redactor.text(log.event_name),
        body=redactor.value(log.body),
        attributes=redactor.attributes(log.attributes),
        resource=resource,
    )
