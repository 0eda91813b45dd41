"""Every question that readers ask of the span store: the front door of the modules that answer them.

SQL stands in those, in `rows`, `store` and `migrations`, and nowhere else.
"""

from __future__ import annotations

from assay.collector.compared_groups import Grouped, compared_groups
from assay.collector.distinct_values import distinct_values
from assay.collector.error_messages import error_messages
from assay.collector.experiment_rows import experiment_rows, get_experiment_row, list_experiment_rows
from assay.collector.first_seen import first_seen
from assay.collector.known_spans import known_spans
from assay.collector.list_figures import ListFigures, list_figures
from assay.collector.paging import Page
from assay.collector.project_names import project_names
from assay.collector.prompt_use import prompt_use
from assay.collector.score_stats import score_stats
from assay.collector.scores import list_scores
from assay.collector.sessions import get_session, list_sessions
from assay.collector.skeleton import MAX_SPANS as MAX_SKELETON_SPANS
from assay.collector.skeleton import get_outline, get_skeleton, project_of_trace
from assay.collector.span_counts import span_counts, time_span
from assay.collector.span_list import MAX_SPANS_PER_PAGE, get_span, get_trace, list_spans
from assay.collector.stats import StatsQuery, stats
from assay.collector.trace_list import list_traces

__all__ = [
    "MAX_SKELETON_SPANS",
    "MAX_SPANS_PER_PAGE",
    "Grouped",
    "ListFigures",
    "Page",
    "StatsQuery",
    "compared_groups",
    "distinct_values",
    "error_messages",
    "experiment_rows",
    "first_seen",
    "get_experiment_row",
    "get_outline",
    "get_session",
    "get_skeleton",
    "get_span",
    "get_trace",
    "known_spans",
    "list_experiment_rows",
    "list_figures",
    "list_scores",
    "list_sessions",
    "list_spans",
    "list_traces",
    "project_names",
    "project_of_trace",
    "prompt_use",
    "score_stats",
    "span_counts",
    "stats",
    "time_span",
]
