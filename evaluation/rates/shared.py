"""One limiter for all that call the same model at the same address."""

from __future__ import annotations

import os
import threading
from urllib.parse import urlsplit

from assay.evaluation.rates.limiter import Limiter

Key = tuple[str, str]

# Who calls through LiteLLM knows the provider, who sends the request knows its address: these are the same.
_ADDRESSES = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gemini",
    "api.mistral.ai": "mistral",
    "api.groq.com": "groq",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.together.xyz": "together_ai",
    "openrouter.ai": "openrouter",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "xai",
}

_limiters: dict[Key, Limiter] = {}
_lock = threading.Lock()


def limit_key(where: str, model: str) -> Key:
    """What a limiter is found by. `where` is an address ("https://api.openai.com/v1") or a provider ("openai"); of an
    address only host and port count, and a model is meant with and without its provider's name before it.
    """
    if "//" in where:
        split = urlsplit(where)
        where = split.netloc.rpartition("@")[2].lower().removesuffix(":443" if split.scheme == "https" else ":80")
    where = _ADDRESSES.get(where, where)
    return where, model.removeprefix(f"{where}/").removeprefix("models/")


def limiter_for(key: Key) -> Limiter:
    """The limiter of this process for `(address or provider, model)`; what it has learned, it keeps."""
    key = limit_key(*key)
    with _lock:
        if key not in _limiters:
            _limiters[key] = Limiter()
        return _limiters[key]


def forget_limiters() -> None:
    """Learn anew. A forked child does: threads and waiting calls are its parent's."""
    global _lock
    _lock = threading.Lock()
    _limiters.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_limiters)
