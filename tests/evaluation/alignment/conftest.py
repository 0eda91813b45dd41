"""Fixtures of the tests of alignments."""

from __future__ import annotations

from support.shared_collector import project, running_collector

__all__ = ["project", "running_collector"]
