"""Prompts that include others, with everything put in. All look-ups see the moment of one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from assay.collector.registry.models import Prompt, PromptVersion
from assay.collector.registry.prompt_rows import find_version, get_prompt, names_in, version_with_aliases
from assay.prompts.composition import Included, resolve
from assay.prompts.reference import Reference


def resolved_version(session: Session, prompt: Prompt, row: PromptVersion) -> dict[str, Any]:
    """The prompt version object as it is used: with all that it includes, and "resolved", which versions that was.

    Raises:
        TemplateError: something that it includes is not there, or does not fit.
    """
    template, pins = resolve(row.template, _lookup(session, prompt.project), format=row.format, name=prompt.name)
    shown = version_with_aliases(session, prompt, row)
    names = names_in(template, row.format)
    pinned = [{"name": pin.name, "version": pin.version, "reference": pin.reference} for pin in pins]
    return {**shown, **names, "includes": shown["includes"], "template": template, "resolved": pinned}


def check_includes(session: Session, prompt: Prompt, row: PromptVersion) -> None:
    """Refuse a version that cannot be loaded as things stand.

    Raises:
        TemplateError: something that it includes is not there, does not fit, or includes it in turn.
    """
    resolve(row.template, _lookup(session, prompt.project), format=row.format, name=prompt.name)


def _lookup(session: Session, project: str) -> Callable[[Reference], Included]:
    def lookup(reference: Reference) -> Included:
        prompt = get_prompt(session, project, reference.name)
        row = find_version(session, prompt, reference.version)
        return Included(name=prompt.name, version=row.version, template=row.template, format=row.format)

    return lookup
