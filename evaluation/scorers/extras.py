"""Libraries that scorers load when they are used, and not before."""

from __future__ import annotations

import importlib
from typing import Any

from assay.errors import MissingExtra


def library(module: str, scorer: str) -> Any:
    """The module, imported now.

    Raises:
        MissingExtra: it is not installed; the message has the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"The scorer {scorer}", "eval") from error
