"""Records what the Vercel AI SDK sends, in a folder where npm has installed it:

    npm install ai@6 @ai-sdk/openai@3 @ai-sdk/anthropic@3 zod@4 @opentelemetry/{api,resources,sdk-trace-base} \
        @opentelemetry/{context-async-hooks,exporter-trace-otlp-proto}
    python tests/data/vercel/record.py <folder>

Recorded with ai 4.3.19 (@ai-sdk/openai 1.3.24), 5.0.277 (2.0.131), 6.0.326 (3.0.141) and 7.0.173 (4.0.118), Node 20.
Version 7 needs @ai-sdk/otel (1.0.173), which writes GenAI names; with LEGACY=1 it writes the names of version 6.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from support import capture  # noqa: E402
from support.openai_server import OpenAIServer, usage  # noqa: E402


def response(*, output: list[dict[str, Any]]) -> dict[str, Any]:
    """A whole answer of OpenAI's Responses API."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": capture.MODEL,
        "output": output,
        "incomplete_details": None,
        "usage": {
            "input_tokens": 120,
            "input_tokens_details": {"cached_tokens": 100},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 20},
            "total_tokens": 150,
        },
    }


THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Orders are shipped."}]}
TEXT = {"type": "output_text", "text": "On its way.", "annotations": []}
ANSWER = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [TEXT]}
CALLING = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "search",
    "arguments": '{"query":"order"}',
    "status": "completed",
}
STREAM = [
    {"type": "response.created", "response": response(output=[])},
    {"type": "response.output_item.added", "output_index": 0, "item": {**ANSWER, "content": []}},
    {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "delta": "On its "},
    {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "delta": "way."},
    {"type": "response.output_item.done", "output_index": 0, "item": ANSWER},
    {"type": "response.completed", "response": response(output=[ANSWER])},
]
# Anthropic counts cached tokens beside the others, not among them.
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "On its way."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 20,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 10,
        "output_tokens": 30,
    },
}
COUNTED = usage(input=120, output=30, cached=100, reasoning=20)


def answer(server: OpenAIServer, text: str = "On its way.") -> None:
    server.reply(text=text, usage=COUNTED)


def call_then_answer(server: OpenAIServer, query: str = "order") -> None:
    server.reply(tool_calls=[("call_1", "search", {"query": query})], usage=usage(input=60, output=9, cached=20))
    answer(server)


def respond(server: OpenAIServer) -> None:
    server.reply(raw=response(output=[THOUGHT, CALLING]))
    server.reply(raw=response(output=[THOUGHT, ANSWER]))


CASES: dict[str, Callable[[OpenAIServer], object]] = {
    "chat": answer,
    "stream": answer,
    "tools": call_then_answer,
    "tools-stream": call_then_answer,
    "tool-error": lambda server: call_then_answer(server, "broken"),
    "object": lambda server: answer(server, '{"answer":"On its way."}'),
    "object-stream": lambda server: answer(server, '{"answer":"On its way."}'),
    "embed": lambda server: None,
    "embed-many": lambda server: None,
    "image": answer,
    "error": lambda server: server.reply(status=429, error="slow down"),
    "error-stream": lambda server: server.reply(status=429, error="slow down"),
    "responses": respond,
    "anthropic": lambda server: server.reply(raw=CLAUDE),
    "responses-stream": lambda server: server.reply(events=STREAM),
}


def without_paths(folder: Path) -> None:
    """Stack traces name the folder; protobuf counts bytes, so what stands for it is as long."""
    place = str(folder).encode()
    for path in HERE.glob("*.pb"):
        path.write_bytes(path.read_bytes().replace(place, b"/app".ljust(len(place), b"_")))


def main(folder: Path) -> None:
    version = json.loads((folder / "node_modules/ai/package.json").read_text())["version"]
    shutil.copy(HERE / "record.mjs", folder)
    legacy = "-legacy" if os.environ.get("LEGACY") else ""
    recorder = capture.Recorder(HERE, "ai", version + legacy)
    recorder.start()
    addresses = {**os.environ, "OTLP_URL": recorder.url, "OPENAI_URL": recorder.openai.url}
    for name, script in CASES.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        with recorder.case(name) as server:
            script(server)
            subprocess.run(["node", "record.mjs", name], cwd=folder, env=addresses, check=True, timeout=60)
    recorder.stop()
    without_paths(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
