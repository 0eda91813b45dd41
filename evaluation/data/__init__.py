"""Test data: read from files, frames, traces and the registry; checked, split, versioned and compared."""
