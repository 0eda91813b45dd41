"""Scorers that run on live traces: which traces they get, how much they may spend, and what came of it."""
