"""Model calls through LiteLLM, in process or pointed at any OpenAI-compatible address."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from assay.errors import GatewayError, MissingExtra
from assay.evaluation.gateway.protocol import Completion, Embeddings, Message, model_name
from assay.settings import Settings

TIMEOUT_S = 60.0
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class LiteLLMGateway:
    """Calls through LiteLLM. With `gateway_url` set, every model is asked for at that address in OpenAI's protocol."""

    settings: Settings
    timeout_s: float = TIMEOUT_S
    attempts: int = ATTEMPTS

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        response_format: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        logprobs: int | None = None,
    ) -> Completion:
        request: dict[str, Any] = {
            **self._target(model),
            "messages": [dict(message) for message in messages],
            "timeout": self.timeout_s,
            # One place retries: here. LiteLLM's and the openai client's own would multiply with it.
            "num_retries": 0,
            "max_retries": 0,
        }
        if response_format is not None:
            request["response_format"] = dict(response_format)
        if temperature is not None:
            request["temperature"] = temperature
        given = {"max_tokens": max_tokens, "seed": seed, "tools": tools, "top_logprobs": logprobs}
        request |= {name: value for name, value in given.items() if value is not None}
        if logprobs is not None:
            request["logprobs"] = True
        return await asyncio.wrap_future(_submit(self._call(request, model)))

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        raise GatewayError("Embeddings are not available yet.")

    def _target(self, model: str) -> dict[str, Any]:
        """Model, address and credentials. A gateway's own names for models may hold slashes: they go to it as they
        are.
        """
        name = model_name(model)
        url, key, headers = self.settings.gateway_url, self.settings.gateway_api_key, self.settings.gateway_headers
        target: dict[str, Any] = {"model": name}
        if url:
            target["model"] = name if name.startswith("openai/") else f"openai/{name}"
            target["api_base"] = url.rstrip("/")
            # Gateways in front of a local model often want no key, but the openai client refuses to do without.
            target["api_key"] = key or os.environ.get("OPENAI_API_KEY") or "none"
        elif key:
            target["api_key"] = key
        if headers:
            target["extra_headers"] = dict(headers)
        return target

    async def _call(self, request: dict[str, Any], model: str) -> Completion:
        litellm = _litellm()
        from assay.evaluation.retry import with_retries

        where = request.get("api_base") or "its provider"
        try:
            response = await with_retries(lambda: litellm.acompletion(**request), attempts=self.attempts)
            return _completion(response)
        except Exception as error:
            raise _explained(error, model, where) from error


def _completion(response: Any) -> Completion:
    choice = response.choices[0]
    usage = getattr(response, "usage", None)
    hidden = getattr(response, "_hidden_params", None) or {}
    return Completion(
        text=choice.message.content,
        model=hidden.get("provider_response_model") or response.model,
        finish_reason=choice.finish_reason,
        input_tokens=getattr(usage, "prompt_tokens", None),
        output_tokens=getattr(usage, "completion_tokens", None),
        cost_usd=_cost(hidden),
        system_fingerprint=getattr(response, "system_fingerprint", None),
    )


def _cost(hidden: Mapping[str, Any]) -> float | None:
    """What a LiteLLM proxy says it cost, else LiteLLM's price list; what it lacks has no known price."""
    said = (hidden.get("additional_headers") or {}).get("llm_provider-x-litellm-response-cost")
    cost = said if said is not None else hidden.get("response_cost")
    return float(cost) if cost is not None else None


def _explained(error: Exception, model: str, where: str) -> GatewayError:
    """The same failure in our words, with what to do about it."""
    from assay.evaluation.retry import lacks_key

    # LiteLLM makes a 401 of a missing key for some providers and a 500 for others
    status = 401 if lacks_key(error) else getattr(error, "status_code", None)
    message = str(getattr(error, "message", None) or error) or type(error).__name__
    hints = {
        400: "The model or gateway refused the request itself; another model may take it.",
        401: "Set the provider's key (OPENAI_API_KEY, ...) or, for a gateway, ASSAY_GATEWAY_API_KEY.",
        403: "The key is known but may not use this model.",
        404: "Is the model's name right, and does ASSAY_GATEWAY_URL end where the API begins (usually /v1)?",
        408: "The model took longer than the timeout.",
        429: "The provider's rate limit held through all attempts; a lower concurrency= may help.",
    }
    return GatewayError(f"Model {model!r} at {where}: {message}", hint=hints.get(status or 0), status=status)


# LiteLLM keeps clients per event loop, and evaluations come with loops of their own. One loop for all model calls keeps
# connections open between them and leaves none behind.
_loop: asyncio.AbstractEventLoop | None = None
_loop_pid: int | None = None
_lock = threading.Lock()
_module: Any = None


def _submit(coroutine: Any) -> Future[Completion]:
    global _loop, _loop_pid
    with _lock:
        if _loop is None or _loop_pid != os.getpid():  # a forked child has none of its parent's threads
            _loop, _loop_pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="assay-gateway", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(coroutine, _loop)


def _litellm() -> Any:
    """LiteLLM, imported at the first call (which takes seconds, on the gateway's thread) and told to keep to itself."""
    global _module
    if _module is None:
        # The price list from the package, not from the internet; and no reading of .env files on our behalf.
        quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
        added = {name: value for name, value in quiet.items() if name not in os.environ}
        os.environ.update(added)
        try:
            import litellm
        except ImportError as error:
            raise MissingExtra("Calling a model", "eval") from error
        finally:
            for name in added:
                os.environ.pop(name, None)
        litellm.suppress_debug_info = True  # or it prints advertisements beside errors
        litellm.telemetry = False
        _module = litellm
    return _module
