"""What changes: projects, prompts, data sets, experiments, keys and the log of who changed what (registry.db)."""

from assay.collector.registry.audit import Actor
from assay.collector.registry.experiments import DatasetReference
from assay.collector.registry.keys import Key
from assay.collector.registry.page import Page
from assay.collector.registry.registry import Registry

__all__ = ["Actor", "DatasetReference", "Key", "Page", "Registry"]
