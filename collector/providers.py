"""Names of providers, as the GenAI conventions spell them. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from assay.collector.values import as_text

PROVIDERS = {
    "az.ai.openai": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure.openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "xai": "x_ai",
    "bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google.generative-ai": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "vertex": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "watsonx": "ibm.watsonx.ai",
    "ibm": "ibm.watsonx.ai",
}
DOTTED_PROVIDERS = ("azure.", "az.", "aws.", "gcp.", "ibm.")

# What libraries write there about themselves, not about who answered
FRAMEWORKS = frozenset(
    {
        "ag2",
        "agent_framework",
        "agno",
        "autogen",
        "crewai",
        "dspy",
        "fastmcp",
        "gcp.vertex.agent",
        "google_adk",
        "haystack",
        "langchain",
        "langgraph",
        "litellm",
        "llama_index",
        "llama-index",
        "llamaindex",
        "mastra",
        "mcp",
        "microsoft.agent_framework",
        "microsoft.agents",
        "openai_agents",
        "openai-agents",
        "pydantic_ai",
        "pydantic-ai",
        "semantic_kernel",
        "smolagents",
        "strands",
        "strands-agents",
        "traceloop",
    }
)


def as_provider(value: Any) -> str | None:
    """The convention's name of a provider: lower case, without the suffix that some SDKs add (`openai.chat`); None for
    the name of a framework.
    """
    text = as_text(value)
    return _spelled(text) if text else None


@lru_cache(maxsize=1024)
def _spelled(name: str) -> str | None:
    name = name.strip().lower()
    if not name or name in FRAMEWORKS:
        return None
    if name in PROVIDERS:
        return PROVIDERS[name]
    if name.startswith(DOTTED_PROVIDERS):
        return name
    first, dot, _ = name.partition(".")
    for length in (2, 1) if dot else ():
        known = PROVIDERS.get(".".join(name.split(".")[:length]))
        if known:
            return known
    return first or None
