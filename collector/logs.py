"""How the collector's log looks: one line for one event, as text or as JSON.

What is logged may come from outside (paths, project names, messages of errors): control characters are escaped, so that
nobody can write lines of their own or colour the terminal. The standard library's logging does it; every library we use
logs through it, and a formatter is all that is missing.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

LogFormat = Literal["text", "json"]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def escaped(text: str) -> str:
    """`text` in one line, with everything that a terminal would obey spelled out."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


class TextFormatter(logging.Formatter):
    """Time, level, logger, message. A traceback follows in lines of its own, indented."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname} {record.name}: {escaped(record.getMessage())}"
        if extra := _extra(record):
            line += " " + " ".join(f"{name}={escaped(str(value))}" for name, value in extra.items())
        if record.exc_info:
            line += "".join(f"\n    {escaped(each)}" for each in self.formatException(record.exc_info).splitlines())
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object in ASCII: time, level, logger, message, what else was given, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str).replace("\x7f", "\\u007f")  # the one control character JSON lets through


FORMATTERS: dict[LogFormat, type[logging.Formatter]] = {"text": TextFormatter, "json": JsonFormatter}


def log_to_stderr(level: str, format: LogFormat, stream: TextIO | None = None) -> None:
    """Log everything from `level` on to stderr, in this form."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(FORMATTERS[format]())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _extra(record: logging.LogRecord) -> dict[str, object]:
    given = {name: value for name, value in vars(record).items() if name not in _PLAIN}
    return {name: value for name, value in given.items() if value is not None}
