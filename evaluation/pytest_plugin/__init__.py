"""Data sets as tests: `@assay.dataset`, `assay.check`, and options of pytest that repeat, gate and compare.

`plugin.py` has the hooks, and is loaded into every run of pytest where Assay is installed: it imports next to nothing.
"""
