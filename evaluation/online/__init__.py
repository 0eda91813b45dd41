"""Judging live traces, in a program that the collector starts beside itself (`python -m assay.evaluation.online`)."""
