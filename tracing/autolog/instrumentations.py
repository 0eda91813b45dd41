"""Libraries that are traced by a well-kept OpenTelemetry instrumentation, or that speak OpenTelemetry themselves.

To add one: its row, its page under docs, its line in tests/libraries/cases.py; `make libraries` then installs the
library with what is to trace it, runs the page's snippet, and looks at what arrives in a collector.
"""

from __future__ import annotations

from assay.tracing.autolog.library import Library

INSTRUMENTED: tuple[Library, ...] = (
    Library(
        name="anthropic",
        imports="anthropic",
        distribution="anthropic",
        minimum="1.8",
        instrumentor="openinference.instrumentation.anthropic:AnthropicInstrumentor",
        package="openinference-instrumentation-anthropic",
    ),
    Library(
        name="google_genai",
        imports="google.genai",
        distribution="google-genai",
        minimum="2.0",
        instrumentor="openinference.instrumentation.google_genai:GoogleGenAIInstrumentor",
        package="openinference-instrumentation-google-genai",
        also=("gemini",),
    ),
    Library(
        name="bedrock",
        imports="boto3",
        distribution="boto3",
        minimum="1.40.46",
        instrumentor="openinference.instrumentation.bedrock:BedrockInstrumentor",
        package="openinference-instrumentation-bedrock",
        also=("botocore",),
    ),
    Library(
        name="llama_index",
        imports="llama_index.core",
        distribution="llama-index-core",
        minimum="0.14.19",
        instrumentor="openinference.instrumentation.llama_index:LlamaIndexInstrumentor",
        package="openinference-instrumentation-llama-index",
        also=("llamaindex",),
    ),
    Library(
        name="crewai",
        imports="crewai",
        distribution="crewai",
        minimum="1.10.1",
        instrumentor="openinference.instrumentation.crewai:CrewAIInstrumentor",
        package="openinference-instrumentation-crewai",
    ),
    Library(
        name="openai_agents",
        imports="agents",
        distribution="openai-agents",
        minimum="0.11",
        instrumentor="openinference.instrumentation.openai_agents:OpenAIAgentsInstrumentor",
        package="openinference-instrumentation-openai-agents",
    ),
    Library(
        name="dspy",
        imports="dspy",
        distribution="dspy",
        minimum="2.6.22",
        instrumentor="openinference.instrumentation.dspy:DSPyInstrumentor",
        package="openinference-instrumentation-dspy",
    ),
    Library(
        name="pydantic_ai",
        imports="pydantic_ai",
        distribution="pydantic-ai-slim",
        minimum="2.0",
        module="assay.tracing.autolog.pydantic_ai",
    ),
    Library(name="mcp", imports="mcp", distribution="mcp", minimum="2.0"),
)
