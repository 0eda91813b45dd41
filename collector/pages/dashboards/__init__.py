"""Dashboards: figures over time, by group, beside those of the period before."""
