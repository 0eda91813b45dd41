"""The application of the demo: a support assistant that looks up help pages and orders, and lets a model answer.

It is what a program traced with Assay looks like. Two things in it are Assay's: the decorators, which make a span of a
function, and the prompt, which has versions. The model calls trace themselves, by `assay.autolog()`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import openai

import assay
from assay.demo.ranking import rank
from assay.prompts import PromptVersion

MAX_STEPS = 4  # model calls for one question; more means that it runs in circles

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "order_status",
            "description": "Look up the status, carrier and delivery date of an order.",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string", "pattern": r"^M-\d{5}$", "description": "e.g. M-10455"}},
                "required": ["order"],
                "additionalProperties": False,
            },
        },
    }
]


@dataclass(frozen=True)
class Assistant:
    """Answers questions with one version of the prompt."""

    client: openai.OpenAI
    model: str
    prompt: PromptVersion

    @assay.trace(name="support-assistant", kind="agent")
    def answer(self, question: str) -> str:
        pages = search(question)
        context = "\n\n".join(f"[{page['id']}] {page['title']}\n{page['text']}" for page in pages)
        messages: Any = self.prompt.format(context=context, question=question)
        for _ in range(MAX_STEPS):
            completion = self.client.chat.completions.create(
                model=self.model, messages=messages, tools=TOOLS, temperature=0
            )
            message = completion.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages += [message.model_dump(exclude_none=True), *map(use_tool, message.tool_calls)]
        raise RuntimeError(f"no answer after {MAX_STEPS} model calls")


def search(question: str, limit: int = 3) -> list[dict[str, Any]]:
    """The help pages that match a question best."""
    with assay.start_span("search-help-pages", kind="retriever") as span:
        span.set_inputs(question)
        ranking = rank(question, [f"{page['title']}\n{page['text']}" for page in HELP_PAGES])[:limit]
        span.set_outputs([{**HELP_PAGES[index], "score": score} for index, score in ranking])
        return [HELP_PAGES[index] for index, _ in ranking]


@assay.trace(kind="tool")
def order_status(order: str) -> Mapping[str, Any]:
    """One row of the order table.

    Raises:
        LookupError: there is no such order.
    """
    if order not in ORDERS:
        raise LookupError(f"There is no order {order}")
    return ORDERS[order]


def use_tool(call: Any) -> dict[str, str]:
    """Run the tool that the model asked for. What goes wrong is told to the model, which can tell the customer."""
    try:
        result = order_status(**json.loads(call.function.arguments))
    except (LookupError, TypeError, ValueError) as error:
        result = {"error": str(error)}
    return {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a bundled data set."""
    text = (files("assay.datasets") / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


HELP_PAGES = read_rows("support-docs")
ORDERS = {row["order"]: row for row in read_rows("support-orders")}
