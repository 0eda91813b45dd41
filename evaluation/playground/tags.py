"""The tags of what the playground makes, traces and experiments: what the collector knows them by."""

from __future__ import annotations

TAG = "playground"
RUN_TAG = "playground_run"  # of an experiment: the run over a data set that it is a column of
COLUMN_TAG = "playground_column"  # "2 of 3"
