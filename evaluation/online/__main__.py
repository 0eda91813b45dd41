"""The program: `check` tells of a definition whether it makes a scorer, `score` judges one trace with it."""

from __future__ import annotations

from assay.evaluation.child import run_child
from assay.evaluation.online.judging import Judging
from assay.settings import configure, current_settings
from assay.tracing import init

JUDGES = "-judges"  # of a project: where the traces of its judges are filed, apart from those that they judge
MAX_PROJECT_CHARS = 200


def main() -> None:
    project = current_settings().project
    init(project=project[: MAX_PROJECT_CHARS - len(JUDGES)] + JUDGES)
    configure(project=project)  # of what is asked for: traces, prompts
    judging = Judging()
    run_child({"check": judging.check, "score": judging.score})


if __name__ == "__main__":
    main()
