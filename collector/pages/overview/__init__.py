"""The overview of a project: how it goes, what got worse, what waits."""
