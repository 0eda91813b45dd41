"""Who answers a client of the OpenAI SDK: the provider by the client's base URL, spelled as the GenAI conventions do.

Other servers that speak this API (vLLM, Ollama, a proxy) stay `openai`, the format of the call, as the convention
wants it; `server.address` tells them apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from assay import semconv

# a host, or the end of one -> provider
HOSTS = {
    "openai.azure.com": "azure.ai.openai",
    "azure.openai.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.openai",
    "models.ai.azure.com": "azure.ai.inference",
    "models.inference.ai.azure.com": "azure.ai.inference",
    "models.github.ai": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "openrouter.ai": "openrouter",
}
PORTS = {"https": 443, "http": 80}


def server_attributes(client: Any) -> dict[str, Any]:
    """Provider, host and port that this client calls."""
    url = client.base_url
    kind: type = type(client)
    host = str(url.host)
    return {
        semconv.GEN_AI_PROVIDER_NAME: _by_class(kind) or provider_of(host, str(url.path)),
        semconv.SERVER_ADDRESS: host,
        semconv.SERVER_PORT: int(url.port or PORTS.get(str(url.scheme), 0)),
    }


@lru_cache(maxsize=1024)
def provider_of(host: str, path: str = "") -> str:
    """`azure.ai.openai` of `my-resource.openai.azure.com`; `openai` of a host that nobody knows."""
    host = host.lower().rstrip(".")
    if host.endswith("services.ai.azure.com") and path.startswith("/models"):
        return "azure.ai.inference"
    if host.startswith("bedrock") and host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        return "aws.bedrock"
    if host.endswith("-aiplatform.googleapis.com"):
        return "gcp.vertex_ai"
    labels = host.split(".")
    endings = (".".join(labels[start:]) for start in range(len(labels)))
    return next((HOSTS[ending] for ending in endings if ending in HOSTS), "openai")


@lru_cache(maxsize=256)
def _by_class(client: type) -> str | None:
    names = [cls.__name__ for cls in client.__mro__]
    if any("Azure" in name for name in names):
        return "azure.ai.openai"
    return "aws.bedrock" if any("Bedrock" in name for name in names) else None
