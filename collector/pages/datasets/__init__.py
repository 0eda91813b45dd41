"""Pages of data sets: versions, items, and what changed between two versions."""
