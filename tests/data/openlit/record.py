"""Records what OpenLIT sends around the OpenAI client and LangChain.

    python -m venv /tmp/v && /tmp/v/bin/pip install openlit openai langchain langchain-openai
    /tmp/v/bin/python tests/data/openlit/record.py

OpenLIT counts the cost itself, from a list of prices that it would fetch from the network: here it is a file.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import openlit
from opentelemetry import trace

from support import recorded_cases
from support.capture import capture

PRICES = {
    "chat": {"gpt-4o-mini-2024-07-18": {"promptPrice": 0.00015, "completionPrice": 0.0006}},
    "embeddings": {"text-embedding-3-small": 0.00002},
    "images": {},
    "audio": {},
}

with capture(__file__, library="openlit") as recorder, tempfile.NamedTemporaryFile("w", suffix=".json") as prices:
    json.dump(PRICES, prices)
    prices.flush()
    openlit.init(
        otlp_endpoint=recorder.url,
        application_name="shop",
        environment="staging",
        disable_metrics=True,
        disable_batch=True,
        pricing_json=prices.name,
    )

    def flush() -> None:
        trace.get_tracer_provider().force_flush()

    recorded_cases.openai_calls(recorder, flush)
    if importlib.util.find_spec("langchain_openai"):
        recorded_cases.langchain_calls(recorder, flush)
