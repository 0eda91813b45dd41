"""What `assay doctor` finds out about prompts: copies on disk, and programs that were served old ones."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Protocol

from assay import semconv
from assay.errors import AssayError, NotFound
from assay.finding import Check
from assay.prompts.disk_copies import DIRECTORY, SUFFIX, problem_of
from assay.settings import Settings

# Spans of the last day that used a prompt which the collector had not confirmed in time, or a fallback. DuckDB keeps
# attributes as a map of JSON text.
LATE = f"""
SELECT coalesce(service_name, 'unknown') AS service,
       coalesce(prompt_name, CAST(attributes['{semconv.ASSAY_PROMPT_FALLBACK_FOR}'] AS VARCHAR)) AS prompt,
       attributes['{semconv.ASSAY_PROMPT_SOURCE}'] AS source, count(*) AS spans,
       max(TRY_CAST(attributes['{semconv.ASSAY_PROMPT_AGE_S}'] AS DOUBLE)) AS oldest_s, max(start_time) AS last
FROM spans
WHERE start_time > now()::TIMESTAMP - INTERVAL 1 DAY AND attributes['{semconv.ASSAY_PROMPT_SOURCE}'] IS NOT NULL
GROUP BY ALL ORDER BY spans DESC, prompt LIMIT 5
"""


class Asks(Protocol):
    """Runs one SQL statement over the spans of a project; the rows."""

    def __call__(self, statement: str) -> Sequence[Sequence[Any]]: ...


def check_copies(settings: Settings) -> Check:
    """What a program that starts here while the collector is away would be served."""
    directory = settings.data_dir / DIRECTORY
    try:
        paths = sorted(directory.glob(f"*{SUFFIX}"))
        problems = {path: problem for path in paths if (problem := problem_of(path))}
        ages = [time.time() - os.lstat(path).st_mtime for path in paths if path not in problems]
    except OSError as error:
        return Check("prompts on disk", "warning", f"{directory} cannot be read: {error.strerror}")
    if problems:
        path, problem = next(iter(problems.items()))
        detail = f"{len(problems)} of {len(paths)} copies cannot be used, e.g. {path}: {problem}"
        return Check("prompts on disk", "warning", detail, "Remove them: they are written again by the next load.")
    if not ages:
        return Check("prompts on disk", "ok", f"no copies in {directory}")
    when = f"confirmed {shown_age(min(ages))} to {shown_age(max(ages))} ago"
    return Check("prompts on disk", "ok", f"{len(ages)} copies in {directory}, {when}")


def check_late(ask: Asks) -> list[Check]:
    """Prompts that programs used in the last day although the collector had not confirmed them in time."""
    try:
        rows = ask(LATE)
    except NotFound:
        rows = []
    except AssayError as error:
        return [Check("prompts in use", "warning", f"cannot be looked up: {error.message}", error.hint or "")]
    if not rows:
        return [Check("prompts in use", "ok", "all that were used in the last day were confirmed in time")]
    return [_late(*row) for row in rows]


def _late(service: str, prompt: str, source: str, spans: int, oldest_s: float | None, last: Any) -> Check:
    prompt, source = str(prompt).strip('"'), str(source).strip('"')
    if source == "fallback":
        detail = f"{spans} spans of {service} used the program's own text for {prompt!r}, last at {last} UTC"
        return Check("prompts in use", "warning", detail, "Is the prompt registered, and the collector reached there?")
    served = "a copy on disk" if source == "disk" else "an old version"
    age = shown_age(oldest_s or 0.0)
    detail = f"{spans} spans of {service} used {served} of {prompt!r}, up to {age} old, last at {last} UTC"
    return Check("prompts in use", "warning", detail, "Does that program reach the collector? Its log says why not.")


def shown_age(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
