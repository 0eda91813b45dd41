"""`assay.judge(...)`: a judge of one's own, from instructions or from a registered prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.gateway import Gateway
from assay.evaluation.judges.custom import Custom
from assay.evaluation.judges.registered import loaded
from assay.evaluation.judges.verdict import Judge, named_values
from assay.evaluation.summary import Direction
from assay.prompts import PromptVersion
from assay.scores import ScoreValue


def judge(
    name: str,
    instructions: str | None = None,
    choices: Sequence[str] | Mapping[str, ScoreValue] | None = None,
    model: str | None = None,
    *,
    prompt: str | PromptVersion | None = None,
    descriptions: Mapping[str, str] | None = None,
    needs_expected: bool = False,
    models: Sequence[str] = (),
    votes: int = 1,
    tie_break: str | None = None,
    temperature: float | None = 0.0,
    seed: int | None = None,
    max_tokens: int | None = None,
    direction: Direction = "higher",
    gateway: Gateway | None = None,
) -> Judge:
    """A judge of one's own.

    tone = assay.judge("tone", "Is the answer friendly?", choices=["yes", "no"])
    depth = assay.judge("depth", "How deep is it?", choices={"shallow": 0, "fair": 0.5, "deep": 1})
    tone = assay.judge("tone", prompt="prompts:/judges/tone@production", models=["openai/a", "anthropic/b", "google/c"])

    Args:
        instructions: what to judge, in words. The input, the output and (where there is one) the expected value follow
            as fenced texts; they need no placeholders.
        choices: the verdicts. Names alone are labels, numbers a scale; ("pass", "fail"), which is the default, and the
            like are True and False; a mapping gives each its value.
        model: as LiteLLM names it; the setting `judge_model` if not given.
        prompt: a registered prompt instead of instructions, loaded now and kept for the life of this judge. Messages
            are what the model is told, with `{{fence}}` and `{{texts}}` as judges register them; a text is the
            instructions, and with variables (`{{output}}`) the message in which the texts stand. Choices that are not
            given are taken from the prompt's config.
        descriptions: what a verdict means, by its name.
        needs_expected: not applicable to items without an expected value.
        models, votes, tie_break: a panel; see `Judge`.

    Raises:
        ConfigurationError: fewer than two choices, or two that differ in case only; neither instructions nor prompt.
        PromptNotFound: there is no such prompt.
    """
    if (instructions is None) == (prompt is None):
        raise ConfigurationError(f"Judge {name!r} needs either instructions or a prompt.")
    found = loaded(prompt) if prompt is not None else None
    values = _values(choices, found)
    options: dict[str, Any] = {
        "name": name,
        "choices": values,
        "descriptions": dict(descriptions or {}),
        "model": model or (None if models or found is None else found.config.get("model")),
        "models": tuple(models) if not isinstance(models, str) else models,
        "votes": votes,
        "tie_break": tie_break,
        "temperature": temperature,
        "seed": seed,
        "max_tokens": max_tokens,
        "direction": direction,
        "gateway": gateway,
        "registered": found,
    }
    if found is not None and found.type == "text" and found.variables:
        return Custom(template=str(found.template), template_format=found.template_format, **options)
    told = instructions if instructions is not None else _instructions(found)
    return Judge(instructions=told, needs_expected=needs_expected, **options)


def _instructions(version: PromptVersion | None) -> str:
    """Of a text without variables what it says; of messages, their texts as they are written."""
    assert version is not None
    if isinstance(version.template, str):
        return str(version.format())
    return "\n\n".join(str(message.get("content")) for message in version.template)


def _values(
    choices: Sequence[str] | Mapping[str, ScoreValue] | None, version: PromptVersion | None
) -> dict[str, ScoreValue]:
    if choices is None:
        choices = version.config.get("choices") if version is not None else None
    if isinstance(choices, Mapping):
        return dict(choices)
    return named_values(("pass", "fail") if choices is None else choices)
