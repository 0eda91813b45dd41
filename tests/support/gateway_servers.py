"""Loopback stand-ins of what stands between a judge and its model: a model that judges, a gateway like Portkey's, and
a real LiteLLM proxy.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from support.openai_server import OpenAIServer, Reply

PROXY_KEY = "sk-loopback-7b1e0c55d1f34a0c9c5f2a7d"  # the proxy refuses to start with one that is well known
STARTED_WITHIN_S = 300


class Judging:
    """A handler that gives one of the verdicts it is offered, always the same one for the same texts."""

    def _answer(self, path: str, body: dict[str, Any], reply: Reply) -> None:
        asked = body.get("response_format") or {}
        if asked.get("type") == "json_schema" and reply.text is None and reply.status == 200:
            choices = asked["json_schema"]["schema"]["properties"]["verdict"]["enum"]
            texts = json.dumps(body["messages"], sort_keys=True).encode()
            verdict = {"explanation": f"{len(texts)} bytes", "verdict": choices[zlib.crc32(texts) % len(choices)]}
            reply = replace(reply, text=json.dumps(verdict))
        super()._answer(path, body, reply)  # type: ignore[misc]


class LikePortkey:
    """A handler that wants the headers which a Portkey gateway wants, and refuses in its words."""

    owner: OpenAIServer

    def _answer(self, path: str, body: dict[str, Any], reply: Reply) -> None:
        said = {name.lower(): value for name, value in self.owner.requests[-1].headers.items()}
        if problem := _refused_by_portkey(path, said):
            self._send(*problem, {})  # type: ignore[attr-defined]
        else:
            traced = {"x-portkey-trace-id": "t-1", "x-portkey-cache-status": "DISABLED", **reply.headers}
            super()._answer(path, body, replace(reply, headers=traced))  # type: ignore[misc]


def _refused_by_portkey(path: str, said: dict[str, str]) -> tuple[int, dict[str, Any]] | None:
    def failure(status: int, message: str) -> tuple[int, dict[str, Any]]:
        return status, {"status": "failure", "message": message}

    if not path.startswith("/v1/"):
        return failure(404, "Not Found")
    if said.get("content-type", "").partition(";")[0] != "application/json":
        return failure(400, "Invalid content type passed")
    if not any(f"x-portkey-{name}" in said for name in ("config", "provider", "virtual-key")):
        return failure(400, "Either x-portkey-config or x-portkey-provider header is required")
    stands_for = "x-portkey-virtual-key" in said or "x-portkey-config" in said
    if not stands_for and said.get("x-portkey-provider") not in ("openai", "anthropic"):
        return failure(400, f"Invalid provider passed: {said.get('x-portkey-provider')}")
    if not stands_for and not said.get("authorization", "").startswith("Bearer "):
        return failure(401, "openai error: You didn't provide an API key.")
    return None


@contextmanager
def serving(*traits: type) -> Iterator[OpenAIServer]:
    """An OpenAI-compatible server whose handler has these traits, the first of them outermost."""
    server = OpenAIServer()
    server._http.RequestHandlerClass = type("Handler", (*traits, server._http.RequestHandlerClass), {})
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def litellm_proxy(program: str, upstream: OpenAIServer, models: Sequence[str], folder: Path) -> Iterator[str]:
    """A real LiteLLM proxy on a loopback port in front of `upstream`; yields its address.

    Raises:
        RuntimeError: it ended before it was ready, or was not in time; with what it printed last.
    """
    listed = [
        {
            "model_name": model,
            "litellm_params": {"model": f"openai/{model}", "api_base": upstream.url, "api_key": "upstream-key"},
        }
        for model in models
    ]
    config = folder / "proxy.yaml"  # JSON is YAML
    config.write_text(json.dumps({"model_list": listed, "general_settings": {"master_key": PROXY_KEY}}))
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_TELEMETRY": "False"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
            env={**os.environ, **quiet, "HOME": str(folder)},
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(f"{url}/health/liveliness", process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=10, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"The LiteLLM proxy is not ready:\n{log.read_text(errors='replace')[-4000:]}")
