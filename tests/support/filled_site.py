"""A collector with a bit of everything, and the address of every page over it: what tests open, what pictures show."""

from __future__ import annotations

import json
import re
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode, Tracer, set_span_in_context

import assay
from assay.client import current_client
from assay.collector.pages import urls
from assay.collector.server import Server
from assay.scorers import ExactMatch

PROJECT = "support-bot"
TRACES = 48
MS, HOUR_NS = 10**6, 3600 * 10**9
TOPICS = {
    "How do I reset my password?": ("account", "Open Settings, choose Security, then Reset password."),
    "Can I get a refund after 30 days?": ("orders", "Refunds are possible within 14 days of purchase."),
    "Which countries do you ship to?": ("orders", "We ship to the EU, Norway and Switzerland."),
    "How do I export my invoices?": ("billing", "Billing has a button that exports all invoices as PDF."),
    "Is there a student discount?": ("billing", "Students get 40 % off with a valid university address."),
    "Where is my parcel?": ("orders", "The courier's page shows it under the number in your mail."),
}
TRACEBACK = """Traceback (most recent call last):
  File "/srv/bot/support.py", line 41, in answer
    text = ask_model(question)
  File "/srv/bot/venv/lib/python3.12/site-packages/openai/_client.py", line 1047, in post
    raise self._make_status_error(response)
openai.RateLimitError: 429, try again in 2 s"""


def fill(server: Server) -> dict[str, str]:
    """Send and register what an application and its makers would; the address of each page, by its name."""
    assay.init(endpoint=server.url, project=PROJECT, timeout_s=120)
    ids = _traces(server.url)
    _prompts()
    old, new = _experiments()
    _ab_test()
    _settings(new.id)
    wanted = f"trace_id = '{ids[-1]}' and kind = 'llm'"
    [call] = current_client().get("/spans", filter=wanted, project=PROJECT)["items"]
    return addresses(ids, call["span_id"], old.id, new.id)


def _traces(url: str) -> list[str]:
    """Conversations of three users over six hours; every seventh fails. The newest is the last."""
    provider = TracerProvider(resource=Resource({"service.name": PROJECT}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
    tracer = provider.get_tracer("bot")
    beginning = time.time_ns() - 6 * HOUR_NS
    questions = list(TOPICS)
    ids = []
    for number in range(TRACES):
        question = questions[number % len(questions)]
        ids.append(_trace(tracer, number, question, beginning + number * 5 * HOUR_NS // TRACES))
    provider.shutdown()
    for number, trace_id in enumerate(ids):
        if number % 2:
            assay.score("helpful", number % 3 != 0, trace_id=trace_id, explanation="thumbs", source="user")
    assay.flush()
    return ids


def _trace(tracer: Tracer, number: int, question: str, start: int) -> str:
    topic, answer = TOPICS[question]
    fails = number % 7 == 3
    root = tracer.start_span(
        "answer",
        start_time=start,
        attributes={
            "openinference.span.kind": "AGENT",
            "session.id": f"talk-{number // 4}",
            "user.id": ("ada", "grace", "mary")[number % 3],
            "tag.tags": [topic],
            "input.value": question,
            **({} if fails else {"output.value": answer}),
        },
    )
    inside = set_span_in_context(root)
    found = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": question,
        "retrieval.documents.0.document.id": f"kb/{topic}.md",
        "retrieval.documents.0.document.content": answer,
        "retrieval.documents.0.document.score": 0.91,
    }
    tracer.start_span("search_articles", inside, attributes=found, start_time=start + MS).end(start + 310 * MS)
    call = tracer.start_span(
        "chat gpt-4o-mini", inside, attributes=_call(question, answer, fails), start_time=start + 320 * MS
    )
    end = start + (900 + 150 * (number % 5)) * MS
    if fails:
        raised = {"exception.stacktrace": TRACEBACK}
        call.record_exception(ConnectionError("429, try again in 2 s"), attributes=raised, timestamp=end)
        for span in (call, root):
            span.set_status(StatusCode.ERROR, "429, try again in 2 s")
    call.end(end)
    root.end(end + 2 * MS)
    return f"{root.get_span_context().trace_id:032x}"


def _call(question: str, answer: str, fails: bool) -> dict[str, str | int]:
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": "You are a support assistant. Answer briefly."}]},
        {"role": "user", "parts": [{"type": "text", "content": question}]},
    ]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": f"**{answer}**"}], "finish_reason": "stop"}]
    call: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.input.messages": json.dumps(asked),
    }
    if not fails:
        call |= {"gen_ai.usage.input_tokens": 412, "gen_ai.usage.output_tokens": 40}
        call["gen_ai.output.messages"] = json.dumps(said)
    return call


def _prompts() -> None:
    for template, message in (
        ("Answer the question: {{question}}", "first version"),
        ("Answer briefly and only from the articles: {{question}}", "grounded"),
    ):
        assay.register_prompt("qa", template=template, commit_message=message, config={"model": "openai/gpt-4o-mini"})
    assay.set_prompt_alias("qa", "production", 1)


def _experiments() -> tuple[assay.EvaluationResult, assay.EvaluationResult]:
    items = [
        {"id": f"q{number:02}", "input": question, "expected": answer, "metadata": {"topic": topic}}
        for number, (question, (topic, answer)) in enumerate(TOPICS.items())
    ]
    assay.register_dataset("support-qa", items[:4], message="from the help pages")
    assay.register_dataset("support-qa", items, message="two more questions")
    results = [
        assay.evaluate(
            "support-qa",
            lambda question, good=good: TOPICS[question][1] if hash_of(question) % 3 < good else "I do not know.",
            scorers=[ExactMatch(), polite],
            name=f"qa v{good}",
            progress=False,
        )
        for good in (1, 3)
    ]
    return results[0], results[1]


def hash_of(text: str) -> int:
    return sum(map(ord, text))


@assay.scorer
def polite(output: str) -> float:
    return 0.4 if "know" in output else 0.9


def _ab_test() -> None:
    assay.create_ab_test(
        "qa-tone",
        arms={"control": "prompts:/qa/1", "short": "prompts:/qa/2"},
        weights={"control": 0.5, "short": 0.5},
        unit="user_id",
        primary="scores.helpful",
    )


def _settings(experiment_id: str) -> None:
    client = current_client()
    rubric = [
        {"name": "correct", "type": "bool", "help": "Is all of it true?"},
        {"name": "tone", "type": "choice", "options": ["cold", "fine", "warm"]},
    ]
    client.create_review_queue("first look", rubric, items={"filter": "name = 'answer'"})
    client.post(
        "/online-scorers",
        {"name": "refunds", "definition": {"scorer": "contains", "parameters": {"phrases": "refund"}}},
    )
    client.post("/alerts", {"name": "errors", "rule": {"measure": "error_rate", "above": 0.05, "window_s": 3600}})
    client.create_review_queue("answers", rubric, items={"experiment_id": experiment_id})


def addresses(ids: list[str], call: str, old: str, new: str) -> dict[str, str]:
    trace = urls.trace(PROJECT, ids[-1], span=call)
    return {
        "overview": urls.project(PROJECT),
        "traces": urls.traces(PROJECT),
        "traces of a filter": urls.traces(PROJECT, q="status = 'error'"),
        "spans": urls.traces(PROJECT, view="spans"),
        "sessions": urls.sessions(PROJECT),
        "session": urls.session(PROJECT, "talk-0"),
        "trace": trace,
        "failed trace": urls.trace(PROJECT, ids[3]),
        **{
            f"trace as {view}": urls.trace(PROJECT, ids[-1], view=view)
            for view in ("chat", "timeline", "table", "json")
        },
        **{f"tab {tab}": f"{trace}&tab={tab}" for tab in ("messages", "io", "attributes", "events", "scores", "raw")},
        "two traces": urls.compare_traces(PROJECT, a=ids[0], b=ids[-1]),
        "send to a data set": urls.send(PROJECT, "dataset", ref=ids[-1]),
        "send to review": urls.send(PROJECT, "review", ref=ids[-1]),
        "dashboards": urls.dashboards(PROJECT),
        "dashboard by model": urls.dashboards(PROJECT, by="model"),
        "new dashboard": f"{urls.dashboards(PROJECT)}/new",
        "prompts": urls.prompts(PROJECT),
        "prompt": urls.prompt(PROJECT, "qa"),
        "prompt diff": urls.prompt_diff(PROJECT, "qa", 1, 2),
        "prompt history": urls.prompt_versions(PROJECT, "qa"),
        "prompt aliases": urls.prompt_aliases(PROJECT, "qa", version=2),
        "prompt edit": urls.prompt_edit(PROJECT, "qa", 2),
        "playground": f"{urls.playground(PROJECT)}?prompt=qa@1&with=qa@2",
        "data sets": urls.datasets(PROJECT),
        "data set": urls.dataset(PROJECT, "support-qa"),
        "item": urls.dataset_item(PROJECT, "support-qa", "q01"),
        "new item": f"{urls.dataset(PROJECT, 'support-qa')}/items/new",
        "data set diff": urls.dataset_diff(PROJECT, "support-qa", 1, 2),
        "evaluations": urls.evals(PROJECT),
        "experiment": urls.experiment(PROJECT, new),
        "comparison": urls.compare(PROJECT, old, new, gate="exact_match >= baseline"),
        "A/B tests": urls.ab_tests(PROJECT),
        "A/B test": urls.ab_test(PROJECT, "qa-tone"),
        "review": urls.reviews(PROJECT),
        "review queue": urls.review_queue(PROJECT, "first look"),
        "new review queue": urls.review_new(PROJECT),
        "review item": urls.review_item(PROJECT, "first look", 1),
        "disagreements": urls.review_disagreements(PROJECT, "first look"),
        "search": urls.search(q="refund", project=PROJECT),
        "keys": "/help/keys",
        "filter help": "/help/filter",
        **{f"settings {page}": f"/settings/{page}" for page in SETTINGS},
        **{f"settings {page}": f"/settings/{page}?project={PROJECT}" for page in PROJECT_SETTINGS},
        "projects": "/projects",
        "components": "/dev/components",
        "wrong filter": urls.traces(PROJECT, q="statsu = 1"),
        "not found": "/nothing-here",
        **{f"no {name}": f"/p/empty/{name}" for name in EMPTY},
    }


SETTINGS = ("keys", "retention", "prices", "redaction", "limits", "audit", "health")
PROJECT_SETTINGS = ("online", "online/new", "online/refunds", "alerts", "alerts/new", "alerts/errors")
EMPTY = ("traces", "sessions", "dashboards", "prompts", "datasets", "evals", "ab", "review")


def file_name(page: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", page.lower())
