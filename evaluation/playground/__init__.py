"""The playground's own process: prompts tried out on models, and over data sets. The collector asks it (`child.py`)."""
