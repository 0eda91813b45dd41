"""What changes: projects, prompts, data sets, experiments, keys and the log of who changed what (registry.db).

Names load on first use: SQLAlchemy is 20 MB and a third of the collector's start, and whoever only takes spans in never
needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.collector.registry.actor import Actor
    from assay.collector.registry.experiments import DatasetReference
    from assay.collector.registry.keys import Key
    from assay.collector.registry.page import Page
    from assay.collector.registry.registry import Registry

__all__ = ["Actor", "DatasetReference", "Key", "Page", "Registry"]

__getattr__ = lazy_names(
    __name__,
    {
        "Actor": "actor",
        "DatasetReference": "experiments",
        "Key": "keys",
        "Page": "page",
        "Registry": "registry",
    },
)
