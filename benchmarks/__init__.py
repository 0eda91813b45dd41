"""Measured, never asserted. `python -m benchmarks` prints them all; `python -m benchmarks.ingest` prints one."""
