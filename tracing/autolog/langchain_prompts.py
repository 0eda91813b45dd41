"""Which of Assay's prompts the messages of a model call come from, by their texts. See `assay/prompt_texts.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assay import prompt_texts
from assay.tracing.autolog.langchain_messages import text_of
from assay.tracing.autolog.langchain_model import texts_of
from assay.tracing.autolog.values import get, items

MAX_DEPTH = 8  # of a template as LangChain serialises it: a list of messages, each with its own template


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template of LangChain's whose text is that of a prompt version."""

    text: str
    prompt: tuple[str, int]


def prompt_of_messages(messages: Any) -> tuple[str, int] | None:
    """The prompt version whose formatted text is sent: the first one, as the system's message stands in front."""
    return next((prompt for text in texts_of(messages) if (prompt := prompt_texts.find(text)) is not None), None)


def prompt_of_template(serialized: Any) -> KnownTemplate | None:
    """The prompt version whose template is in this prompt template, as its run's start tells it."""
    for text in _templates(serialized, 0):
        if (prompt := prompt_texts.find(text)) is not None:
            return KnownTemplate(text, prompt)
    return None


def remember_formatted(template: KnownTemplate, formatted: Any) -> None:
    """Of what a prompt template made, the texts that come from the known one are that prompt's from now on."""
    messages = get(formatted, "messages")
    texts = [get(formatted, "text")] if messages is None else [text_of(message) for message in items(messages)]
    for text in texts:
        if isinstance(text, str) and prompt_texts.made_from(template.text, text):
            prompt_texts.remember(text, *template.prompt)


def _templates(value: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                if key in ("template", "content"):
                    yield item
            else:
                yield from _templates(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _templates(item, depth + 1)
