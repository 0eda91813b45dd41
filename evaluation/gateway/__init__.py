"""Model calls: one narrow interface, and behind it LiteLLM in process, a LiteLLM proxy, Portkey, Azure or any
OpenAI-compatible address, chosen by settings.
"""

from __future__ import annotations

from assay.evaluation.gateway.answering import answering
from assay.evaluation.gateway.choice import default_gateway
from assay.evaluation.gateway.protocol import Completion, Embeddings, Gateway, Message, model_name

__all__ = ["Completion", "Embeddings", "Gateway", "Message", "answering", "default_gateway", "model_name"]
