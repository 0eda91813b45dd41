"""Pages of traces: the list, one trace, one span."""
