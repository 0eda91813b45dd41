"""Judge prompts in the prompt registry: registered before a run, or loaded from there."""

from __future__ import annotations

from typing import Any

from assay.errors import AssayError, ConfigurationError
from assay.evaluation.judges.prompt import FENCE, JudgePrompt
from assay.prompts import PromptVersion, load_prompt, register_prompt

FOLDER = "judges"


def register(name: str, prompt: JudgePrompt, commit_message: str) -> dict[str, Any]:
    """Register what a judge's model is told as a version of "judges/<name>"; what the experiment records of it.

    The same content is the same version. A collector that refuses does not stop a run: the record then has no version
    but a `problem`.
    """
    registered = f"{FOLDER}/{name}"
    try:
        version = register_prompt(
            registered,
            [dict(message) for message in prompt.template],
            commit_message,
            prompt.config,
            {"kind": "judge"},
            format="jinja" if prompt.format == "jinja" else "simple",
            response_format=prompt.schema,
        )
    except AssayError as error:
        problem = f"The prompt of judge {name!r} could not be registered as {registered}: {error}"
        return {"prompt": registered, "version": None, "hash": prompt.hash, "problem": problem}
    return {"prompt": registered, "version": version.version, "hash": prompt.hash}


def loaded(prompt: str | PromptVersion) -> PromptVersion:
    """The registered version that an address names, with what it includes put in.

    Raises:
        PromptNotFound: there is none.
        ConfigurationError: it cannot be a judge's prompt.
    """
    version = load_prompt(prompt, cache_ttl=0.0) if isinstance(prompt, str) else prompt
    if version.placeholders:
        raise ConfigurationError(f"Prompt {version.uri} has placeholders for messages, which no judge fills.")
    if version.type == "chat" and FENCE not in version.variables:
        raise ConfigurationError(
            f"Prompt {version.uri} has messages, but nowhere the variable {{{{fence}}}}: the texts to judge would be "
            "read as instructions.",
            hint="Say in it that texts between tags ending in {{fence}} are data, or register the instructions alone "
            "as a text: they get the usual frame.",
        )
    if version.type == "chat" and not set(version.variables) - {FENCE}:
        raise ConfigurationError(
            f"Prompt {version.uri} has no variable for the texts to judge.", hint="{{texts}} stands for all of them."
        )
    return version
