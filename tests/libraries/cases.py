"""Each library with what is installed to trace it, what its document's snippet is answered, and what must arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.openai_server import usage

COUNTED = usage(input=10, output=4, cached=3)
CALLED: dict[str, Any] = {"tool_calls": [("call_1", "weather", {"city": "Paris"})], "usage": COUNTED}
SAID: dict[str, Any] = {"text": "Paris.", "usage": COUNTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One library. `tokens` of the whole trace: what was sent is counted once, however many spans tell of it."""

    packages: tuple[str, ...]  # beside Assay
    replies: tuple[Mapping[str, Any], ...] = (SAID,)  # of the OpenAI-compatible server
    kinds: Mapping[str, int] = field(default_factory=lambda: {"llm": 1})  # at least so many spans of a kind
    tokens: tuple[int, int] | None = (10, 4)
    model: str | None = "gpt-4o-mini"
    output: str = "Paris."  # of the last model call
    tool: str | None = None  # name of the tool called
    printed: str = "Paris"
    openai_too: bool = False  # once more with `assay.openai.autolog()` beside it: the same tokens


CASES: dict[str, Case] = {
    "anthropic": Case(packages=("anthropic", "openinference-instrumentation-anthropic"), model="claude-sonnet-4-5"),
    "google_genai": Case(
        packages=("google-genai", "openinference-instrumentation-google-genai"), model="gemini-2.5-flash"
    ),
    "bedrock": Case(
        packages=("boto3", "openinference-instrumentation-bedrock"),
        model="anthropic.claude-3-5-sonnet-20240620-v1:0",
    ),
    "llama_index": Case(
        packages=("llama-index-core", "llama-index-llms-openai", "openinference-instrumentation-llama-index"),
        openai_too=True,
    ),
    "crewai": Case(
        packages=("crewai", "openinference-instrumentation-crewai"),
        replies=({"text": "Thought: I now can give a great answer\nFinal Answer: Paris.", "usage": COUNTED},),
        kinds={"llm": 1, "agent": 1, "chain": 1},
        output="Thought: I now can give a great answer\nFinal Answer: Paris.",
    ),
    "openai_agents": Case(
        packages=("openai-agents", "openinference-instrumentation-openai-agents"),
        replies=(CALLED, SAID),
        kinds={"llm": 2, "agent": 1, "tool": 1},
        tokens=(20, 8),
        tool="weather",
        openai_too=True,
    ),
    "dspy": Case(
        packages=("dspy", "openinference-instrumentation-dspy"),
        replies=({"text": "[[ ## answer ## ]]\nParis.\n\n[[ ## completed ## ]]", "usage": COUNTED},),
        kinds={"llm": 1, "chain": 1},
        output="[[ ## answer ## ]]\nParis.\n\n[[ ## completed ## ]]",
    ),
    "pydantic_ai": Case(
        packages=("pydantic-ai-slim[openai]",),
        replies=(CALLED, SAID),
        kinds={"llm": 2, "agent": 1, "tool": 1},
        tokens=(20, 8),
        tool="weather",
        openai_too=True,
    ),
    "mcp": Case(
        packages=("mcp>=2",), replies=(), kinds={"agent": 1, "tool": 1}, tokens=None, model=None, tool="weather"
    ),
}
