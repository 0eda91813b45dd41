"""The frame of every page: the start, the projects, help."""
