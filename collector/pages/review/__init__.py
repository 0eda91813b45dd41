"""The pages of human review."""
