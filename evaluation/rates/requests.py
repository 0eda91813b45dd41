"""What a limiter has to know of an HTTP request before it is sent: whose limit it counts to, and for how much."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.evaluation.rates.shared import Key, limit_key

CHARACTERS_PER_TOKEN = 4

# Requests to a model: sent again after errors of the server and lost connections, as nothing has come of them.
_MODEL_PATHS = re.compile(
    r"/(chat/completions|completions|responses|messages|embeddings|rerank|moderations|converse|invoke"
    r"|api/chat|api/generate|api/embed)/?$"
    r"|:(generateContent|streamGenerateContent|embedContent|batchEmbedContents|predict|rawPredict)$"
)
_MODEL_IN_PATH = re.compile(r"/(?:deployments|models?)/([^/:]+(?::\d+)?)")
_BYTES = frozenset({"data", "url", "image_url", "file_data", "b64_json", "audio"})  # not counted as text
_MOST_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens", "maxOutputTokens")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Tokens are guesses: four characters make one, and the answer is as long as it may be."""

    key: Key
    to_model: bool
    repeatable: bool  # its body is in memory
    tokens: float
    output_tokens: float
    fingerprint: bytes


def read_request(request: Any) -> Call:
    """Of an httpx (or httpx2) request."""
    url = request.url
    content: bytes | None = getattr(request, "_content", None)  # there once it has been read, or was given whole
    to_model = request.method == "POST" and _MODEL_PATHS.search(url.path) is not None
    body = _json(content) if to_model and content else {}
    model = body.get("model") or next(iter(_MODEL_IN_PATH.findall(url.path)), "")
    tokens, output_tokens = expected_tokens(body)
    where = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
    return Call(
        key=limit_key(where, model if isinstance(model, str) else ""),
        to_model=to_model,
        repeatable=content is not None,
        tokens=tokens,
        output_tokens=output_tokens,
        fingerprint=hashlib.blake2b(str(url).encode() + b"\0" + (content or b""), digest_size=16).digest(),
    )


def expected_tokens(body: Mapping[str, Any]) -> tuple[float, float]:
    """Tokens of a call with this body, and those of them that its answer may take."""
    output = _output_tokens(body)
    return _characters(body) / CHARACTERS_PER_TOKEN + output, output


def used_tokens(body: bytes) -> int | None:
    """The tokens that an answer says it took, in OpenAI's, Anthropic's or Google's form."""
    answer = _json(body)
    usage = answer.get("usage") or answer.get("usageMetadata")
    if not isinstance(usage, Mapping):
        return None
    for name in ("total_tokens", "totalTokenCount"):
        if isinstance(usage.get(name), int):
            return int(usage[name])
    parts = [usage.get(name) for name in ("input_tokens", "output_tokens")]
    return sum(parts) if all(isinstance(part, int) for part in parts) else None  # type: ignore[arg-type]


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _output_tokens(body: Mapping[str, Any]) -> float:
    settings = body.get("generationConfig")
    for source in (body, settings if isinstance(settings, Mapping) else {}):
        for name in _MOST_OUTPUT:
            value = source.get(name)
            if isinstance(value, int) and value > 0:
                return float(value)
    return 0.0


def _characters(value: Any, name: str = "") -> float:
    """How much text a request holds. Lists of tokens count by their length, images and sounds not at all."""
    if isinstance(value, str):
        return 0.0 if name in _BYTES or value.startswith("data:") else float(len(value))
    if isinstance(value, Mapping):
        return sum(_characters(part, key) for key, part in value.items())
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return float(len(value) * CHARACTERS_PER_TOKEN)
        return sum(_characters(part, name) for part in value)
    return 0.0
