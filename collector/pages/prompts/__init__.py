"""Pages of the prompt registry."""
