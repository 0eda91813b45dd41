"""What every route asks of a key: one line each. A route without a line asks for `admin`, and fails a test.

Requests are compared with this table before they are routed. Where several lines fit a path, a key needs the scopes of
all of them, so that it does not matter which one the router takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache

from starlette.routing import compile_path

JSON = ("application/json",)
READING = ("GET", "HEAD")


class Reach(Enum):
    """How a route tells the project it works in, and so how far it takes a key that is for one project."""

    QUERY = auto()  # ?project=; where it is absent, the key's own project is put there
    PATH = auto()  # /p/{project}/...
    KEY = auto()  # the route looks at the key by itself
    NONE = auto()  # nothing of any project is to be had
    EVERY = auto()  # beyond projects: keys for one of them are kept out


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`scope` is None where no key is needed at all. `body`: the media types a request may carry; None: the route
    looks for itself, and at the size too.
    """

    scope: str | None
    reach: Reach = Reach.QUERY
    body: tuple[str, ...] | None = JSON
    max_body_bytes: int = 64 * 1024**2


OPEN = Rule(scope=None, reach=Reach.NONE)
READ = Rule(scope="read")
WRITE = Rule(scope="write")
ADMIN = Rule(scope="admin")
PAGE = Rule(scope="read", reach=Reach.PATH)
FORM = Rule(
    scope="write",
    reach=Reach.PATH,
    body=("application/x-www-form-urlencoded",),
    max_body_bytes=4 * 1024**2,
)
INGEST = Rule(scope="ingest", reach=Reach.KEY, body=None)  # receive_http.py tells the media types of OTLP
EVERY_PROJECT_ADMIN = Rule(scope="admin", reach=Reach.EVERY)
SETTINGS = Rule(scope="admin", reach=Reach.EVERY)
SETTINGS_FORM = Rule(
    scope="admin", reach=Reach.EVERY, body=("application/x-www-form-urlencoded",), max_body_bytes=4 * 1024**2
)
PROJECT_SETTINGS = Rule(scope="read")
PROJECT_SETTINGS_FORM = Rule(scope="admin", body=("application/x-www-form-urlencoded",), max_body_bytes=4 * 1024**2)
UNDECLARED = Rule(scope="admin", reach=Reach.EVERY)  # an object of its own: guard.py tells it from those above

ROUTES: dict[str, Rule] = {
    # Sending
    "POST /v1/traces": INGEST,
    "POST /v1/logs": INGEST,
    "POST /v1/metrics": INGEST,
    "POST /api/public/otel/v1/traces": INGEST,  # where Langfuse's SDKs send
    "POST /api/public/otel/v1/logs": INGEST,
    "POST /api/public/otel/v1/metrics": INGEST,
    # Where the SDK of Langfuse sends to; and paths below which only OTLP is spoken, which answers 404 in its own form
    "POST /api/public/otel/{path:path}": INGEST,
    "POST /v1/{path:path}": INGEST,
    "POST /v1development/{path:path}": INGEST,
    # Operation
    "GET /health": OPEN,
    "GET /metrics": Rule(scope="read", reach=Reach.EVERY),
    "GET /openapi.json": Rule(scope="read", reach=Reach.NONE),
    # Traces, scores
    "GET /api/v1/traces": READ,
    "GET /api/v1/traces/{trace_id}": READ,
    "GET /api/v1/traces/{trace_id}/skeleton": READ,
    "GET /api/v1/spans": READ,
    "GET /api/v1/spans/{trace_id}/{span_id}": READ,
    "GET /api/v1/sessions": READ,
    "GET /api/v1/sessions/{session_id:path}": READ,
    "GET /api/v1/stats": READ,
    "GET /api/v1/values": READ,
    "GET /api/v1/live": READ,
    "GET /api/v1/scores": READ,
    "POST /api/v1/scores": WRITE,
    # SQL, and the life of data
    "POST /api/v1/sql": READ,
    "GET /api/v1/exports": READ,
    "GET /api/v1/exports/file": READ,
    "DELETE /api/v1/traces/{trace_id}": ADMIN,
    "DELETE /api/v1/sessions/{session_id:path}": ADMIN,
    "DELETE /api/v1/users/{user_id:path}": ADMIN,
    "GET /api/v1/retention": READ,
    "PUT /api/v1/retention": ADMIN,
    "POST /api/v1/compactions": EVERY_PROJECT_ADMIN,
    "POST /api/v1/backups": EVERY_PROJECT_ADMIN,
    "POST /api/v1/repricings": ADMIN,
    # Prompts, data sets, experiments, A/B tests
    "GET /api/v1/prompts": READ,
    "POST /api/v1/prompts": WRITE,
    "GET /api/v1/prompts/{name:path}/versions": READ,
    "GET /api/v1/prompts/{name:path}/versions/{version}": READ,
    "GET /api/v1/prompts/{name:path}/versions/{version}/lineage": READ,
    "GET /api/v1/prompts/{name:path}/aliases": READ,
    "GET /api/v1/prompts/{name:path}/aliases/{alias}": READ,
    "PUT /api/v1/prompts/{name:path}/aliases/{alias}": WRITE,
    "DELETE /api/v1/prompts/{name:path}/aliases/{alias}": WRITE,
    "POST /api/v1/prompts/{name:path}/aliases/{alias}/rollback": WRITE,  # protected ones are an admin's: registry/
    "PUT /api/v1/prompts/{name:path}/aliases/{alias}/protection": ADMIN,
    "GET /api/v1/datasets": READ,
    "POST /api/v1/datasets": WRITE,
    "GET /api/v1/datasets/{name:path}/versions": READ,
    "GET /api/v1/datasets/{name:path}/versions/{version}": READ,
    "PUT /api/v1/datasets/{name:path}/versions/{version}/split": WRITE,
    "GET /api/v1/datasets/{name:path}/items": READ,
    "GET /api/v1/alignments": READ,
    "POST /api/v1/alignments": WRITE,
    "GET /api/v1/alignments/{alignment_id}": READ,
    "GET /api/v1/experiments": READ,
    "POST /api/v1/experiments": WRITE,
    "GET /api/v1/experiments/{experiment_id}": READ,
    "PUT /api/v1/experiments/{experiment_id}": WRITE,
    "GET /api/v1/experiments/{experiment_id}/comparisons": READ,
    "POST /api/v1/experiments/{experiment_id}/comparisons": WRITE,
    "GET /api/v1/experiments/{experiment_id}/rows": READ,
    "POST /api/v1/experiments/{experiment_id}/rows": WRITE,
    "GET /api/v1/ab-tests": READ,
    "POST /api/v1/ab-tests": WRITE,
    "GET /api/v1/ab-tests/{name}": READ,
    "GET /api/v1/ab-tests/{name}/assign": READ,
    "GET /api/v1/ab-tests/{name}/sticky": READ,
    "GET /api/v1/ab-tests/{name}/report": READ,
    "PUT /api/v1/ab-tests/{name}/coverage": WRITE,
    "PUT /api/v1/ab-tests/{name}/weights": WRITE,
    "POST /api/v1/ab-tests/{name}/stop": WRITE,
    # Human review
    "GET /api/v1/review-queues": READ,
    "POST /api/v1/review-queues": WRITE,
    "GET /api/v1/review-queues/{name}": READ,
    "POST /api/v1/review-queues/{name}/close": WRITE,
    "POST /api/v1/review-queues/{name}/open": WRITE,
    "GET /api/v1/review-queues/{name}/items": READ,
    "POST /api/v1/review-queues/{name}/items": WRITE,
    "GET /api/v1/review-queues/{name}/items/{position}": READ,
    "POST /api/v1/review-queues/{name}/items/{position}/label": WRITE,
    "POST /api/v1/review-queues/{name}/items/{position}/skip": WRITE,
    "POST /api/v1/review-queues/{name}/items/{position}/correct": WRITE,
    "POST /api/v1/review-queues/{name}/next": WRITE,
    "POST /api/v1/review-queues/{name}/undo": WRITE,
    "GET /api/v1/review-queues/{name}/agreement": READ,
    "GET /api/v1/review-queues/{name}/disagreements": READ,
    # Projects, keys, audit
    "GET /api/v1/projects": Rule(scope="read", reach=Reach.EVERY),
    "POST /api/v1/projects": Rule(scope="write", reach=Reach.EVERY),
    "GET /api/v1/keys": EVERY_PROJECT_ADMIN,
    "POST /api/v1/keys": EVERY_PROJECT_ADMIN,
    "DELETE /api/v1/keys/{key_id}": EVERY_PROJECT_ADMIN,
    "GET /api/v1/audit": EVERY_PROJECT_ADMIN,
    # Settings, online scorers, alerts
    "GET /api/v1/settings": EVERY_PROJECT_ADMIN,
    "PUT /api/v1/settings/{name}": EVERY_PROJECT_ADMIN,
    "GET /api/v1/prices": READ,
    "GET /api/v1/redaction": Rule(scope="read", reach=Reach.NONE),
    "POST /api/v1/redaction/test": Rule(scope="read", reach=Reach.NONE),
    "GET /api/v1/status": Rule(scope="read", reach=Reach.EVERY),
    "GET /api/v1/dead-letters": ADMIN,
    "GET /api/v1/online-scorers": READ,
    "POST /api/v1/online-scorers": ADMIN,
    "GET /api/v1/online-scorers/{name}": READ,
    "PUT /api/v1/online-scorers/{name}": ADMIN,
    "DELETE /api/v1/online-scorers/{name}": ADMIN,
    "POST /api/v1/online-scorers/{name}/pause": ADMIN,
    "POST /api/v1/online-scorers/{name}/resume": ADMIN,
    "GET /api/v1/alerts": READ,
    "POST /api/v1/alerts": ADMIN,
    "GET /api/v1/alerts/{name}": READ,
    "PUT /api/v1/alerts/{name}": ADMIN,
    "DELETE /api/v1/alerts/{name}": ADMIN,
    "POST /api/v1/alerts/{name}/on": ADMIN,
    "POST /api/v1/alerts/{name}/off": ADMIN,
    "POST /api/v1/alerts/{name}/test": ADMIN,
    "GET /api/v1/alerts/{name}/events": READ,
    # Pages
    "GET /": Rule(scope="read", reach=Reach.KEY),
    "GET /projects": Rule(scope="read", reach=Reach.KEY),
    "GET /t/{trace_id}": Rule(scope="read", reach=Reach.KEY),
    "GET /t/{trace_id}/{span_id}": Rule(scope="read", reach=Reach.KEY),
    "GET /static/{build}/{name}": OPEN,
    "POST /look": Rule(scope="read", reach=Reach.NONE, body=("application/x-www-form-urlencoded",)),
    "GET /help/keys": Rule(scope="read", reach=Reach.NONE),
    "GET /help/filter": Rule(scope="read", reach=Reach.NONE),
    "GET /search": Rule(scope="read", reach=Reach.KEY),
    "GET /search/suggestions": Rule(scope="read", reach=Reach.KEY),
    "GET /settings": SETTINGS,
    "GET /settings/keys": SETTINGS,
    "POST /settings/keys": SETTINGS_FORM,
    "POST /settings/keys/{key_id}/revoke": SETTINGS_FORM,
    "GET /settings/audit": SETTINGS,
    "GET /settings/audit.csv": SETTINGS,
    "GET /settings/health": SETTINGS,
    "GET /settings/retention": SETTINGS,
    "POST /settings/retention": SETTINGS_FORM,
    "GET /settings/limits": SETTINGS,
    "POST /settings/limits": SETTINGS_FORM,
    "GET /settings/prices": SETTINGS,
    "POST /settings/prices": SETTINGS_FORM,
    "GET /settings/redaction": SETTINGS,
    "POST /settings/redaction": SETTINGS_FORM,
    "GET /settings/online": PROJECT_SETTINGS,
    "GET /settings/online/new": PROJECT_SETTINGS,
    "POST /settings/online/new": PROJECT_SETTINGS_FORM,
    "GET /settings/online/{name}": PROJECT_SETTINGS,
    "POST /settings/online/{name}": PROJECT_SETTINGS_FORM,
    "GET /settings/alerts": PROJECT_SETTINGS,
    "GET /settings/alerts/new": PROJECT_SETTINGS,
    "POST /settings/alerts/new": PROJECT_SETTINGS_FORM,
    "GET /settings/alerts/{name}": PROJECT_SETTINGS,
    "POST /settings/alerts/{name}": PROJECT_SETTINGS_FORM,
    "GET /p/{project}": PAGE,
    "GET /p/{project}/overview.json": PAGE,
    "GET /p/{project}/events": PAGE,
    "GET /p/{project}/traces": PAGE,
    "GET /p/{project}/traces.json": PAGE,
    "GET /p/{project}/traces.csv": PAGE,
    "GET /p/{project}/traces/export": PAGE,
    "GET /p/{project}/traces/pair": PAGE,
    "GET /p/{project}/traces/complete": PAGE,
    "GET /p/{project}/traces/delete": PAGE,
    "GET /p/{project}/traces/compare": PAGE,
    "GET /p/{project}/traces/compare.json": PAGE,
    "POST /p/{project}/traces/delete": replace(FORM, scope="admin"),
    "POST /p/{project}/traces/sample": FORM,
    "GET /p/{project}/traces/{trace_id}": PAGE,
    "GET /p/{project}/traces/{trace_id}.json": PAGE,
    "GET /p/{project}/traces/{trace_id}.csv": PAGE,
    "GET /p/{project}/traces/{trace_id}/tree": PAGE,
    "GET /p/{project}/traces/{trace_id}/found": PAGE,
    "GET /p/{project}/traces/{trace_id}/newer": PAGE,
    "GET /p/{project}/traces/{trace_id}/older": PAGE,
    "GET /p/{project}/traces/{trace_id}/spans/{span_id}": PAGE,
    "GET /p/{project}/traces/{trace_id}/spans/{span_id}.json": PAGE,
    "GET /p/{project}/traces/{trace_id}/spans/{span_id}/files/{digest}": PAGE,
    "GET /p/{project}/traces/{trace_id}/scores": PAGE,
    "POST /p/{project}/traces/{trace_id}/scores": FORM,
    "GET /p/{project}/sessions": PAGE,
    "GET /p/{project}/sessions/{session_id}": PAGE,
    "GET /p/{project}/sessions/{session_id}.json": PAGE,
    "GET /p/{project}/send/dataset": PAGE,
    "POST /p/{project}/send/dataset": FORM,
    "GET /p/{project}/traces/{trace_id}/spans/{span_id}/json": PAGE,
    "GET /p/{project}/dashboards": PAGE,
    "GET /p/{project}/dashboards.json": PAGE,
    "GET /p/{project}/dashboards/new": PAGE,
    "POST /p/{project}/dashboards/new": FORM,
    "GET /p/{project}/dashboards/{name}": PAGE,
    "GET /p/{project}/dashboards/{name}.json": PAGE,
    "GET /p/{project}/dashboards/{name}/charts/{key}.{kind}": PAGE,
    "GET /p/{project}/dashboards/{name}/edit": PAGE,
    "POST /p/{project}/dashboards/{name}/edit": FORM,
    "GET /p/{project}/prompts": PAGE,
    "GET /p/{project}/prompts/{name:path}": PAGE,
    "GET /p/{project}/prompts/{name:path}/v/{number:int}": PAGE,
    "GET /p/{project}/prompts/{name:path}/v/{number:int}/edit": PAGE,
    "POST /p/{project}/prompts/{name:path}/v/{number:int}/edit": FORM,
    "GET /p/{project}/prompts/{name:path}/diff": PAGE,
    "GET /p/{project}/prompts/{name:path}/diff/{old:int}..{new:int}": PAGE,
    "GET /p/{project}/prompts/{name:path}/versions": PAGE,
    "GET /p/{project}/prompts/{name:path}/aliases": PAGE,
    "POST /p/{project}/prompts/{name:path}/aliases": FORM,
    "GET /p/{project}/ab": PAGE,
    "GET /p/{project}/ab/{name}": PAGE,
    "POST /p/{project}/ab/{name}": FORM,
    "GET /p/{project}/datasets": PAGE,
    "GET /p/{project}/datasets.json": PAGE,
    "GET /p/{project}/datasets/{name}": PAGE,
    "GET /p/{project}/datasets/{name}.jsonl": PAGE,
    "GET /p/{project}/datasets/{name}.csv": PAGE,
    "GET /p/{project}/datasets/{name}/diff/{old:int}..{new:int}": PAGE,
    "GET /p/{project}/datasets/{name}/items/new": PAGE,
    "GET /p/{project}/datasets/{name}/items/{item}": PAGE,
    "POST /p/{project}/datasets/{name}/items": FORM,
    "GET /p/{project}/review": PAGE,
    "GET /p/{project}/review.json": PAGE,
    "GET /p/{project}/review/new": PAGE,
    "POST /p/{project}/review/new": FORM,
    "GET /p/{project}/review/{name}": PAGE,
    "GET /p/{project}/review/{name}.json": PAGE,
    "GET /p/{project}/review/{name}.csv": PAGE,
    "POST /p/{project}/review/{name}": FORM,
    "GET /p/{project}/review/{name}/disagreements": PAGE,
    "GET /p/{project}/review/{name}/disagreements.json": PAGE,
    "GET /p/{project}/review/{name}/next": Rule(scope="write", reach=Reach.PATH),  # it reserves an item
    "GET /p/{project}/review/{name}/{position:int}": PAGE,
    "GET /p/{project}/review/{name}/{position:int}/ahead": Rule(scope="write", reach=Reach.PATH),
    "POST /p/{project}/review/{name}/{position:int}": FORM,
    "GET /p/{project}/send/review": PAGE,
    "POST /p/{project}/send/review": FORM,
    "GET /p/{project}/playground": PAGE,
    "POST /p/{project}/playground": FORM,  # asks models, which costs money
    "POST /p/{project}/playground/run": FORM,
    "POST /p/{project}/playground/differences": FORM,
    "GET /p/{project}/playground/runs/{run_id}": PAGE,
    "POST /p/{project}/playground/runs/{run_id}": FORM,
    "GET /p/{project}/evals": PAGE,
    "GET /p/{project}/evals/compare": PAGE,
    "GET /p/{project}/evals/compare.json": PAGE,
    "GET /p/{project}/evals/compare.csv": PAGE,
    "GET /p/{project}/evals/{experiment_id}": PAGE,
    "GET /p/{project}/evals/{experiment_id}.json": PAGE,
    "GET /p/{project}/evals/{experiment_id}.csv": PAGE,
    "GET /p/{project}/experiments": PAGE,
    "GET /p/{project}/experiments/{experiment_id}": PAGE,
}

_OTLP = "/opentelemetry.proto.collector"
GRPC_METHODS: dict[str, Rule] = {
    f"{_OTLP}.trace.v1.TraceService/Export": INGEST,
    f"{_OTLP}.logs.v1.LogsService/Export": INGEST,
    f"{_OTLP}.metrics.v1.MetricsService/Export": INGEST,
}


def rules_of(method: str, path: str) -> list[Rule]:
    """The lines that fit a request, by its path as it is routed: decoded once. Never empty."""
    method = "GET" if method == "HEAD" else method
    return [rule for verb, pattern, rule in _patterns() if verb == method and pattern.match(path)] or [UNDECLARED]


def rule_of_call(method: str) -> Rule:
    """The line of a gRPC method, given in full: `/package.Service/Method`."""
    return GRPC_METHODS.get(method, UNDECLARED)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], Rule]]:
    lines = [(line.partition(" "), rule) for line, rule in ROUTES.items()]
    return [(verb, compile_path(path)[0], rule) for (verb, _, path), rule in lines]
