"""Where LangChain and LangGraph make the context in which a run's code works: ours goes into it.

Both copy the current context for each run and set the run's config in the copy, in a function of the same name. It is
wrapped, and nothing else of theirs is: without it, in a version that has no such function, spans keep their place by
the ids of their runs, and only what the program itself opens inside a run hangs one step higher.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from assay.tracing.autolog.langchain_run import Run
from assay.tracing.autolog.langchain_runs import Runs, current_run
from assay.tracing.autolog.when_imported import forget, when_imported
from assay.tracing.otel_context import attach
from assay.tracing.tell import our_fault

Wrap = Callable[[Any, Runs], Any]


def patch(runs: Runs) -> None:
    """Wrap what is loaded now, and the rest when the program imports it."""
    for module in _PLACES:
        when_imported(module, functools.partial(_patch_module, module, runs))


def unpatch() -> None:
    """Put back what was there. Where somebody else wrapped it since, ours stays below, and does nothing."""
    for module in _PLACES:
        forget(module)
    while _patched:
        owner, name, original, ours = _patched.pop()
        ours.__dict__["assay_off"] = True
        if _own(owner, name) is ours:
            setattr(owner, name, original)


def _patch_module(module: str, runs: Runs) -> None:
    path, name, wrap = _PLACES[module]
    owner: Any = sys.modules[module]
    for part in path:
        owner = getattr(owner, part, None)
    original = _own(owner, name)
    if original is None or any(known is owner and what == name for known, what, _, _ in _patched):
        return
    ours = wrap(original, runs)
    _patched.append((owner, name, original, ours))
    setattr(owner, name, ours)


def _own(owner: Any, name: str) -> Any:
    return getattr(owner, "__dict__", {}).get(name)


def _enter_with_config(original: Any, runs: Runs) -> Any:
    """`_set_config_context(config, …)` runs inside the copied context: what is attached here ends with the copy."""

    @functools.wraps(original)
    def set_config_context(config: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(config, *args, **kwargs)
        if "assay_off" not in set_config_context.__dict__:
            try:
                _enter(config, runs)
            except Exception:
                our_fault("entering a LangChain run")
        return result

    return set_config_context


def _enter(config: Any, runs: Runs) -> None:
    run = runs.get(getattr(config.get("callbacks"), "parent_run_id", None))
    if run is None:
        return
    if told := told_by_config(config):
        runs.say(run, told)
    if current_run() is not run:  # else a span of the program's may be current inside the run: it stays so
        attach(run.context)


def told_by_config(config: Any) -> dict[str, Any]:
    """Session and user, where `configurable` names them. LangChain tells only its own tracer of those."""
    configurable = config.get("configurable")
    return ids_in(configurable) if isinstance(configurable, dict) and configurable else {}


def ids_in(values: Any) -> dict[str, Any]:
    """Session and user in metadata or `configurable`, by the names that LangChain's world gives them."""
    found = {}
    for ours, theirs in _IDS.items():
        text = next((str(value) for name in theirs if isinstance(value := values.get(name), str | int) and value), None)
        if text is not None:
            found[ours] = text
    return found


_IDS = {"session_id": ("session_id", "thread_id", "conversation_id"), "user_id": ("user_id",)}


def _enter_model(original: Any, runs: Runs) -> Any:
    """Prompts of a text model start in tasks of their own, and are answered together: in the context of the first."""

    @functools.wraps(original)
    async def generate(self: Any, prompts: Any, stop: Any, run_managers: Any, *args: Any, **kwargs: Any) -> Any:
        run = _attach_first(run_managers, runs) if "assay_off" not in generate.__dict__ else None
        try:
            return await original(self, prompts, stop, run_managers, *args, **kwargs)
        finally:
            if run is not None:
                _leave(run)

    return generate


def _attach_first(run_managers: Any, runs: Runs) -> Run | None:
    try:
        run = runs.get(run_managers[0].run_id) if run_managers else None
        if run is not None:
            run.attach()
        return run
    except Exception:
        our_fault("entering a LangChain model")
        return None


def _leave(run: Run) -> None:
    try:
        run.leave()
    except Exception:
        our_fault("leaving a LangChain model")


# module -> the path to what holds the function, its name, how it is wrapped
_PLACES: dict[str, tuple[tuple[str, ...], str, Wrap]] = {
    "langchain_core.runnables.config": ((), "_set_config_context", _enter_with_config),
    "langgraph._internal._runnable": ((), "_set_config_context", _enter_with_config),
    "langchain_core.language_models.llms": (("BaseLLM",), "_agenerate_helper", _enter_model),
}
_patched: list[tuple[Any, str, Any, Any]] = []
