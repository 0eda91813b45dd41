"""What an empty page offers to copy: programs that work as they stand, with this collector's address in them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    title: str
    text: str


def tracing_snippets(endpoint: str, project: str) -> list[Snippet]:
    """Ways to send a first trace to `project`."""
    address, name = json.dumps(endpoint), json.dumps(project)
    return [
        Snippet(
            "Python",
            f"""import assay

assay.init(endpoint={address}, project={name})
assay.autolog()  # every supported library that is installed

@assay.trace
def answer(question: str) -> str:
    return f"You asked: {{question}}"

answer("How do I reset my password?")
assay.flush()""",
        ),
        *(Snippet(title, _library(address, name, *rest)) for title, *rest in _LIBRARIES),
        Snippet(
            "A service that speaks OpenTelemetry",
            f"""export OTEL_EXPORTER_OTLP_ENDPOINT={shlex.quote(endpoint)}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME={shlex.quote(project)}""",
        ),
        Snippet("curl", _curl(endpoint, project)),
        Snippet(
            "JavaScript",
            f"""// npm install @opentelemetry/api @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto
import {{ trace }} from "@opentelemetry/api";
import {{ OTLPTraceExporter }} from "@opentelemetry/exporter-trace-otlp-proto";
import {{ NodeSDK }} from "@opentelemetry/sdk-node";

const traceExporter = new OTLPTraceExporter({{ url: {json.dumps(f"{endpoint}/v1/traces")} }});
const sdk = new NodeSDK({{ serviceName: {name}, traceExporter }});
sdk.start();
trace.getTracer("app").startActiveSpan("answer", (span) => span.end());
await sdk.shutdown();""",
        ),
    ]


# Title, what autolog is told, what is imported, what is run
_LIBRARIES = (
    (
        "OpenAI",
        "openai",
        "from openai import OpenAI",
        """OpenAI().chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "How do I reset my password?"}],
)""",
    ),
    (
        "LangChain",
        "langchain",
        "from langchain_openai import ChatOpenAI",
        'ChatOpenAI(model="gpt-4o-mini").invoke("How do I reset my password?")',
    ),
    (
        "LlamaIndex",
        "llama_index",
        "from llama_index.llms.openai import OpenAI",
        'OpenAI(model="gpt-4o-mini").complete("How do I reset my password?")',
    ),
)


def _library(address: str, name: str, traced: str, imported: str, call: str) -> str:
    return f"""import assay
{imported}

assay.init(endpoint={address}, project={name})
assay.autolog("{traced}")

{call}
assay.flush()"""


def _curl(endpoint: str, project: str) -> str:
    """One span of half a second, in OTLP's JSON."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": project}}]}
    head = shlex.quote('{"resourceSpans": [{"resource": ' + json.dumps(resource) + ",")
    return f"""now=$(date +%s)
curl {shlex.quote(f"{endpoint}/v1/traces")} -H 'Content-Type: application/json' \\
  -d {head}'
  "scopeSpans": [{{"spans": [{{"name": "answer",
    "traceId": "'$(openssl rand -hex 16)'", "spanId": "'$(openssl rand -hex 8)'",
    "startTimeUnixNano": "'$now'000000000", "endTimeUnixNano": "'$now'500000000"}}]}}]}}]}}'"""


def prompt_snippet(endpoint: str, project: str) -> Snippet:
    address, name = json.dumps(endpoint), json.dumps(project)
    return Snippet(
        "Python",
        f"""import assay

assay.init(endpoint={address}, project={name})
assay.register_prompt(
    "qa", template="Answer briefly: {{{{question}}}}", commit_message="first version"
)

prompt = assay.load_prompt("qa")
print(prompt.format(question="How do I reset my password?"))""",
    )


def dataset_snippet(endpoint: str, project: str) -> Snippet:
    address, name = json.dumps(endpoint), json.dumps(project)
    return Snippet(
        "Python",
        f"""import assay

assay.init(endpoint={address}, project={name})
items = [
    {{
        "input": "How do I reset my password?",
        "expected": "Settings, Security, Reset password",
    }}
]
assay.register_dataset("support-qa", items)""",
    )


def load_prompt_snippet(name: str, version: int, aliases: list[str], variables: list[str]) -> Snippet:
    """How a program uses one version: by an alias where there is one, so that it can be moved without a deployment."""
    reference = f"alias={json.dumps(aliases[0])}" if aliases else f"version={version}"
    arguments = ", ".join(f"{variable}=…" for variable in variables)
    return Snippet(
        "Use it",
        f"prompt = assay.load_prompt({json.dumps(name, ensure_ascii=False)}, {reference})\nprompt.format({arguments})",
    )


def evaluation_snippet(endpoint: str, project: str) -> Snippet:
    address, name = json.dumps(endpoint), json.dumps(project)
    return Snippet(
        "Python",
        f"""import assay

assay.init(endpoint={address}, project={name})

def answer(question: str) -> str:
    return "4" if question == "2 + 2" else "unknown"

result = assay.evaluate(
    data=[
        {{"input": {{"question": "2 + 2"}}, "expected": "4"}},
        {{"input": {{"question": "3 + 3"}}, "expected": "6"}},
    ],
    task=answer,
    scorers=[assay.scorers.ExactMatch()],
)
print(result.summary)""",
    )


def ab_test_snippet(endpoint: str, project: str) -> Snippet:
    address, name = json.dumps(endpoint), json.dumps(project)
    return Snippet(
        "Python",
        f"""import assay

assay.init(endpoint={address}, project={name})
now = assay.register_prompt(
    "qa", template="Answer briefly: {{{{question}}}}", commit_message="first version"
)
new = assay.register_prompt(
    "qa", template="Answer in a sentence: {{{{question}}}}", commit_message="a sentence"
)

test = assay.create_ab_test(
    "qa-tone",
    arms={{"control": now.uri, "short": new.uri}},
    unit="user_id",
    primary="scores.helpful",
    guardrails={{"cost_usd": "<= +10%", "error_rate": "<= +1pp"}},
)

@assay.trace
def answer(user_id: str, question: str) -> str:
    prompt = test.prompt(user_id)  # always the same arm for the same user
    return str(prompt.format(question=question))

answer("u-7", "How do I reset my password?")
assay.flush()""",
    )
