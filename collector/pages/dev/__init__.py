"""For those who work on Assay: every part of the pages on one page."""
