"""The two versions of the prompt that the demo compares."""

from __future__ import annotations

from dataclasses import dataclass

import assay
from assay.prompts import PromptVersion

NAME = "support-answer"
PRODUCTION = "production"
QUESTION = {"role": "user", "content": "Help pages:\n\n{{context}}\n\nQuestion: {{question}}"}


@dataclass(frozen=True)
class Draft:
    instructions: str
    commit_message: str


DRAFTS = (
    Draft(
        "You are the support assistant of Mossby, a maker of countertop gardens. Answer the customer's question.",
        "First version: context and question, nothing else",
    ),
    Draft(
        "You are the support assistant of Mossby, a maker of countertop gardens. Answer the customer's question in one "
        "or two short sentences, using only the help pages below or what a tool returned. If the answer is not there, "
        "say that you don't know. Cite the page that you used by its name in square brackets, e.g. [returns].",
        "Short answers that cite their page, and admit when the pages do not say",
    ),
)


def register() -> list[PromptVersion]:
    """Both versions, from first to last. Those that are registered already are returned as they are."""
    return [
        assay.register_prompt(
            NAME,
            template=[{"role": "system", "content": draft.instructions}, QUESTION],
            commit_message=draft.commit_message,
            tags={"application": "support"},
        )
        for draft in DRAFTS
    ]


def put_live(version: PromptVersion, reason: str) -> None:
    """Let `production`, the alias that the live assistant loads, point at a version."""
    assay.set_prompt_alias(NAME, PRODUCTION, version.version, reason=reason)


def live() -> PromptVersion:
    """The version that customers meet."""
    return assay.load_prompt(NAME, alias=PRODUCTION)
