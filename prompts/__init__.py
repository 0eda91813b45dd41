"""Prompts: versioned templates, their registry, their differences.

Names load on first use: the collector takes the pure parts, and has no use for the HTTP client of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.prompts.ab_definition import Assignment
    from assay.prompts.ab_report import AbReport
    from assay.prompts.ab_tests import AbTest, AbTestSummary, ab_test, create_ab_test, list_ab_tests
    from assay.prompts.aliases import (
        AliasMove,
        prompt_alias_at,
        prompt_alias_moves,
        protect_prompt_alias,
        rollback_prompt_alias,
        set_prompt_alias,
    )
    from assay.prompts.cache_stats import CachedPrompt, PromptCacheStats
    from assay.prompts.diff import Diff
    from assay.prompts.loading import clear_prompt_cache, load_prompt, prefetch_prompts, prompt_cache_stats
    from assay.prompts.registry import (
        PromptSummary,
        prompt_history,
        register_prompt,
        search_prompts,
    )
    from assay.prompts.version import PromptVersion

__all__ = [
    "AbReport",
    "AbTest",
    "AbTestSummary",
    "AliasMove",
    "Assignment",
    "CachedPrompt",
    "Diff",
    "PromptCacheStats",
    "PromptSummary",
    "PromptVersion",
    "ab_test",
    "clear_prompt_cache",
    "create_ab_test",
    "list_ab_tests",
    "load_prompt",
    "prefetch_prompts",
    "prompt_alias_at",
    "prompt_alias_moves",
    "prompt_cache_stats",
    "prompt_history",
    "protect_prompt_alias",
    "register_prompt",
    "rollback_prompt_alias",
    "search_prompts",
    "set_prompt_alias",
]

__getattr__ = lazy_names(
    __name__,
    {
        "AbReport": "ab_report",
        "AbTest": "ab_tests",
        "AbTestSummary": "ab_tests",
        "AliasMove": "aliases",
        "Assignment": "ab_definition",
        "CachedPrompt": "cache_stats",
        "Diff": "diff",
        "PromptCacheStats": "cache_stats",
        "PromptSummary": "registry",
        "PromptVersion": "version",
        "ab_test": "ab_tests",
        "clear_prompt_cache": "loading",
        "create_ab_test": "ab_tests",
        "list_ab_tests": "ab_tests",
        "load_prompt": "loading",
        "prefetch_prompts": "loading",
        "prompt_alias_at": "aliases",
        "prompt_alias_moves": "aliases",
        "prompt_cache_stats": "loading",
        "prompt_history": "registry",
        "protect_prompt_alias": "aliases",
        "register_prompt": "registry",
        "rollback_prompt_alias": "aliases",
        "search_prompts": "registry",
        "set_prompt_alias": "aliases",
    },
)
