"""One scorer on one stored trace: its scores, or why the trace cannot be judged now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.errors import CollectorUnavailable, ConfigurationError, GatewayError, NotFound
from assay.evaluation.child import Tell
from assay.evaluation.data.items import Item
from assay.evaluation.data.traces_as_data import items_of_traces
from assay.evaluation.gateway import answering
from assay.evaluation.online.making import make_scorer
from assay.evaluation.plain import plain
from assay.evaluation.prepared_scorers import PreparedScorer, call_prepare
from assay.evaluation.retrieved import context_of
from assay.evaluation.scoring import Judged, run_scorer
from assay.evaluation.threads import Threads
from assay.traces import Trace
from assay.tracing import context, get_trace

TIMEOUT_S = 300.0
# Answers of a model's server that are about this very trace; any other failure may pass.
ABOUT_THE_REQUEST = frozenset({400, 413, 422})


class Judging:
    """The handlers of the program. Scorers are made once for each definition."""

    def __init__(self) -> None:
        self._threads = Threads()
        self._made: dict[str, PreparedScorer] = {}

    async def check(self, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        """Whether a definition makes a scorer, and what is known of it.

        Raises:
            ConfigurationError, PromptNotFound: it makes none.
        """
        scorer = await self._threads.run(make_scorer, params["name"], params["definition"])
        return {"source": scorer.source, "direction": scorer.direction, "version": scorer.version}

    async def score(self, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        """`scores`, and `outage` where there are none because something that may pass was in the way; `spent` says
        what was paid until then.

        Raises:
            ConfigurationError: the scorer cannot be made, or lacks something to run.
        """
        scorer = await self._scorer(params)
        try:
            trace = await self._threads.run(get_trace, params["trace_id"], project=params["project"])
        except NotFound:  # deleted meanwhile
            return {"scores": [], "outage": None}
        except CollectorUnavailable as error:
            return {"scores": [], "outage": str(error)}
        values = _values(trace)
        if values is None or ("output" in scorer.arguments.values() and values["output"] is None):
            return {"scores": [], "outage": None}
        # Where the answer got lost on its way, the model is not asked, and paid, again.
        namespace = f"online/{params['id']}/{params['version']}/{trace.trace_id}"
        marks = {"judged_trace_id": trace.trace_id, "online_scorer": params["name"]}
        with answering("reuse", namespace=namespace), context(metadata=marks):
            judged = await run_scorer(scorer, values, self._threads, TIMEOUT_S)
        if isinstance(judged.error, ConfigurationError):
            raise judged.error
        if why := outage(judged):
            return {"scores": [], "outage": why, "spent": next((each["metadata"] for each in judged.scores), None)}
        return {"scores": [_described(score, scorer, params["name"]) for score in judged.scores], "outage": None}

    async def _scorer(self, params: Mapping[str, Any]) -> PreparedScorer:
        """The scorer of a definition. What its prompt's alias points at is looked up anew when the version moves."""
        key = json.dumps([params["id"], params["version"], params["definition"]], sort_keys=True)
        if key not in self._made:
            scorer = await self._threads.run(make_scorer, params["name"], params["definition"])
            await call_prepare([scorer], self._threads)
            self._made[key] = scorer
        return self._made[key]


def outage(judged: Judged) -> str | None:
    """Why a scorer said nothing, where that is not the trace's doing: a model that cannot be reached, a limit."""
    error = judged.error
    cause = error if isinstance(error, GatewayError | TimeoutError) else getattr(error, "__cause__", None)
    if isinstance(cause, TimeoutError):
        return f"it took longer than {TIMEOUT_S:g} s"
    if isinstance(cause, GatewayError) and cause.status not in ABOUT_THE_REQUEST:
        return str(cause)
    return None


def _values(trace: Trace) -> dict[str, Any] | None:
    """What scorers may ask for; None where nothing was recorded of what was asked."""
    items, _ = items_of_traces(trace)
    if not items:
        return None
    [item] = items
    output = item.output if item.has_output else None
    metadata = {**item.metadata, **trace.metadata}
    return {
        "input": item.input,
        "output": output,
        "expected": None,
        "metadata": metadata,
        "context": context_of(output, metadata),
        "item": Item(id=item.id, input=item.input, metadata=metadata, output=item.output, trace_id=trace.trace_id),
        "trace": trace,
    }


def _described(score: Mapping[str, Any], scorer: PreparedScorer, name: str) -> dict[str, Any]:
    """A score as the collector stores it, under the online scorer's name; "name/key" where there are several."""
    key = str(score["name"]).partition("/")[2]
    metadata = {**(plain(score["metadata"]) or {}), "scorer_version": scorer.version}
    return {
        "name": f"{name}/{key}" if key else name,
        "value": score["value"],
        "explanation": score["explanation"],
        "source": score["source"],
        "error": score["error"],
        "metadata": metadata,
    }
