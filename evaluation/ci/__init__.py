"""Evaluations as a build runs them: from a file, with a gate, reports that other tools read, and an exit code."""
