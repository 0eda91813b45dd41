"""The pages of a project, as the rail lists them and as keys lead to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.collector.pages import urls


@dataclass(frozen=True, slots=True)
class Section:
    """`key` names the section, its icon in templates/ui.html, and what a page gives as its `section`."""

    key: str
    label: str
    url: Callable[[str], str]  # of a project's name
    keys: str  # what leads there from any page


SECTIONS = (
    Section("overview", "Overview", urls.project, "g o"),
    Section("traces", "Traces", urls.traces, "g t"),
    Section("sessions", "Sessions", urls.sessions, "g s"),
    Section("dashboards", "Dashboards", urls.dashboards, "g d"),
    Section("prompts", "Prompts", urls.prompts, "g p"),
    Section("playground", "Playground", urls.playground, "g l"),
    Section("datasets", "Data sets", urls.datasets, "g i"),
    Section("evals", "Evaluations", urls.evals, "g e"),
    Section("ab", "A/B tests", urls.ab_tests, "g a"),
    Section("review", "Review", urls.reviews, "g r"),
)
