"""Autologgers: spans for the calls of libraries, without a change in the program."""

from __future__ import annotations

from assay.errors import ConfigurationError
from assay.tracing.autolog.instrumentations import INSTRUMENTED
from assay.tracing.autolog.library import Library
from assay.tracing.autolog.when_imported import forget, when_imported
from assay.tracing.tell import our_fault

# Every library that is traced: by a module of ours, or by an OpenTelemetry instrumentation.
LIBRARIES: dict[str, Library] = {
    library.name: library
    for library in (
        Library(
            name="openai",
            imports="openai",
            distribution="openai",
            minimum="1.109",
            module="assay.tracing.autolog.openai",
        ),
        Library(
            name="litellm",
            imports="litellm",
            distribution="litellm",
            minimum="1.83",
            module="assay.tracing.autolog.litellm",
        ),
        Library(
            name="langchain",
            imports="langchain_core",
            distribution="langchain-core",
            minimum="1.0",
            module="assay.tracing.autolog.langchain",
            also=("langgraph", "langchain_openai"),
        ),
        *INSTRUMENTED,
    )
}


def autolog(*libraries: str, disable: bool = False) -> None:
    """Trace the calls of these libraries; of every supported one that can be traced here, if none is named.

    A library that is not named, and not imported yet, is left alone until the program imports it. May be called again,
    covers clients made before, and is undone by `disable=True`.

    Raises:
        ConfigurationError: there is no such library in the table.
        MissingPackage: a library that was named, or the package that traces it, is not installed.
    """
    named = [find_library(name) for name in libraries if name != "all"]
    if disable:
        for library in named or LIBRARIES.values():
            forget(library.imports)
            if library.imported():
                library.autolog(disable=True)
    elif named:
        for library in named:
            library.autolog()
    else:
        for library in LIBRARIES.values():
            if library.state() == "ready":
                when_imported(library.imports, lambda library=library: _switch_on(library))  # type: ignore[misc]


def find_library(name: str) -> Library:
    """The library that goes by this name.

    Raises:
        ConfigurationError: none does; the message names those that there are.
    """
    for library in LIBRARIES.values():
        if library.goes_by(name):
            return library
    raise ConfigurationError(f"There is no autologger for {name!r}.", hint=f"There is one for: {', '.join(LIBRARIES)}.")


def _switch_on(library: Library) -> None:
    """One library that cannot be traced keeps neither the others nor the program from going on."""
    try:
        library.autolog()
    except Exception:
        our_fault(f"tracing {library.name}")
