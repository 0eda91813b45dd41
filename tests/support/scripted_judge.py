"""Judges without a model: a gateway that gives the answers it was given, and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.evaluation.gateway import Completion, Message
from assay.evaluation.gateway.answering import answering_here

Answer = str | Completion | Exception


class Scripted:
    """Answers in order; or by a rule, which is given the request: messages, model and further keywords."""

    def __init__(self, *answers: Answer, rule: Callable[[dict[str, Any]], Answer] | None = None) -> None:
        self.answers = list(answers)
        self.rule = rule
        self.asked: list[dict[str, Any]] = []

    async def complete(self, messages: Sequence[Message], *, model: str, **keywords: Any) -> Completion:
        request = {"messages": [dict(message) for message in messages], "model": model, **keywords}
        self.asked.append({**request, "namespace": answering_here().namespace})
        answer = self.rule(request) if self.rule else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Completion) else completion(answer)

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Any:
        raise AssertionError("no judge asks for vectors")


def completion(text: str | None, **fields: Any) -> Completion:
    known = {"model": "m-1", "finish_reason": "stop", "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.5}
    return Completion(text=text, **{**known, **fields})


def says(verdict: str, explanation: str = "because") -> str:
    return json.dumps({"explanation": explanation, "verdict": verdict})


def user_text(request: Mapping[str, Any]) -> str:
    """The message with the texts."""
    return str(request["messages"][1]["content"])
