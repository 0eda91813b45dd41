"""Scorers of agents: what a trace says of tool calls, steps, errors, time, tokens and money."""
