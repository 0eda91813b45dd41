"""Prompts: versioned templates, their registry, their differences."""

from assay.prompts.diff import Diff
from assay.prompts.registry import (
    PromptSummary,
    clear_prompt_cache,
    load_prompt,
    prompt_history,
    register_prompt,
    search_prompts,
    set_prompt_alias,
)
from assay.prompts.version import PromptVersion

__all__ = [
    "Diff",
    "PromptSummary",
    "PromptVersion",
    "clear_prompt_cache",
    "load_prompt",
    "prompt_history",
    "register_prompt",
    "search_prompts",
    "set_prompt_alias",
]
