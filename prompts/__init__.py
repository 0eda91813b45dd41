"""Prompts: versioned templates, their registry, their differences.

Names load on first use: the collector takes the pure parts, and has no use for the HTTP client of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.prompts.diff import Diff
    from assay.prompts.loading import clear_prompt_cache, load_prompt
    from assay.prompts.registry import (
        PromptSummary,
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

__getattr__ = lazy_names(
    __name__,
    {
        "Diff": "diff",
        "PromptSummary": "registry",
        "PromptVersion": "version",
        "clear_prompt_cache": "loading",
        "load_prompt": "loading",
        "prompt_history": "registry",
        "register_prompt": "registry",
        "search_prompts": "registry",
        "set_prompt_alias": "registry",
    },
)
