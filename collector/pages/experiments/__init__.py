"""Pages of experiments and their comparison."""
