"""Where the conventions put inputs, outputs and messages: what goes when content is off, whoever made the span."""

from __future__ import annotations

import re
from functools import lru_cache

from assay import semconv

# Attributes, as glob-like beginnings: a name that ends in a dot stands for all below it.
ATTRIBUTES = (
    # OpenTelemetry GenAI, all published forms
    *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions"),
    *(semconv.GEN_AI_TOOL_CALL_ARGUMENTS, semconv.GEN_AI_TOOL_CALL_RESULT),
    *(semconv.GEN_AI_RETRIEVAL_DOCUMENTS, semconv.GEN_AI_RETRIEVAL_QUERY_TEXT),
    *("gen_ai.prompt", "gen_ai.completion", "gen_ai.prompt.", "gen_ai.completion.", "gen_ai.request.functions"),
    *("gen_ai.content.", "gen_ai.evaluation.explanation"),
    # OpenInference
    *("input.value", "output.value", "llm.input_messages.", "llm.output_messages.", "llm.prompts", "llm.prompts."),
    *("llm.completions.", "llm.tools.", "llm.prompt_template.", "llm.function_call", "tool.parameters"),
    *("tool_call.", "retrieval.documents.", "reranker.", "embedding.embeddings.", "embedding.text", "message."),
    # OpenLLMetry, Vercel AI SDK, Pydantic AI and Logfire, Langfuse, MLflow
    *("traceloop.entity.input", "traceloop.entity.output", "llm.request.functions."),
    *("ai.prompt", "ai.prompt.", "ai.response.text", "ai.response.object", "ai.response.toolCalls", "ai.toolCall."),
    *("ai.value", "ai.values", "ai.result.", "ai.embedding", "ai.embeddings", "ai.schema"),
    *("pydantic_ai.all_messages", "all_messages_events", "final_result", "tool_arguments", "tool_response", "events"),
    *("request_data", "response_data", "logfire.msg"),
    *("langfuse.observation.input", "langfuse.observation.output", "langfuse.trace.input", "langfuse.trace.output"),
    *("mlflow.spanInputs", "mlflow.spanOutputs"),
)
KEPT = frozenset(
    {
        semconv.GEN_AI_PROMPT_NAME,
        semconv.GEN_AI_PROMPT_VERSION,
        "ai.toolCall.name",
        "ai.toolCall.id",
        "reranker.model_name",
        "reranker.top_k",
        "tool_call.id",
    }
)
EVENTS = re.compile(r"gen_ai\.(?:content|client\.inference)\..*|gen_ai\.(?:system|user|assistant|tool|choice)\b.*")

_EXACT = frozenset(name for name in ATTRIBUTES if not name.endswith("."))
_BELOW = tuple(name for name in ATTRIBUTES if name.endswith("."))


@lru_cache(maxsize=4096)
def is_content(name: str) -> bool:
    """Whether an attribute of this name holds what was said, and not how long or how much."""
    return name not in KEPT and (name in _EXACT or name.startswith(_BELOW))


def is_content_event(name: str) -> bool:
    return EVENTS.fullmatch(name) is not None
