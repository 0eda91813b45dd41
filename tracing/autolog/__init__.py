"""Autologgers: spans for the calls of libraries, without a change in the program."""

from __future__ import annotations

import importlib
import importlib.util

from assay.errors import ConfigurationError, MissingExtra

# Library, as it is imported -> module here with `autolog(disable=)`, and the extra that installs the library.
LIBRARIES: dict[str, tuple[str, str]] = {
    "openai": ("assay.tracing.autolog.openai", "openai"),
}


def autolog(*libraries: str, disable: bool = False) -> None:
    """Trace the calls of these libraries; of every supported one that is installed, if none is named.

    May be called again, covers clients made before, and is undone by `disable=True`.

    Raises:
        ConfigurationError: a library is not supported.
        MissingExtra: a library that was named is not installed.
    """
    for library in libraries:
        if library not in LIBRARIES and library != "all":
            raise ConfigurationError(
                f"There is no autologger for {library!r}.", hint=f"There is one for: {', '.join(LIBRARIES)}."
            )
    named = [library for library in libraries if library != "all"]
    for library in named or LIBRARIES:
        module, extra = LIBRARIES[library]
        if importlib.util.find_spec(library) is None:
            if named and not disable:
                raise MissingExtra(f"assay.autolog({library!r})", extra)
            continue
        importlib.import_module(module).autolog(disable=disable)
