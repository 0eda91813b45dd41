"""The collector's log: one line for one event, with nothing in it that a terminal or a log reader would obey."""

from __future__ import annotations

import io
import json
import logging

import pytest

from assay.collector.logs import FORMATTERS, LogFormat

HOSTILE = "name\r\n2026-01-01 INFO forged \x1b[31mred\x1b[0m \x00\x9b\u2028\u202e\ud800 end"


@pytest.fixture
def log() -> tuple[logging.Logger, logging.StreamHandler[io.StringIO]]:
    # A logger of its own, below no other: what pytest captures it sends between processes, and that must be UTF-8.
    logger, handler = logging.Logger("assay.test"), logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    return logger, handler


@pytest.mark.parametrize("format", list(FORMATTERS))
def test_what_comes_from_outside_writes_no_line_of_its_own(
    log: tuple[logging.Logger, logging.StreamHandler[io.StringIO]], format: LogFormat
) -> None:
    logger, handler = log
    handler.setFormatter(FORMATTERS[format]())
    logger.warning("no project %s", HOSTILE, extra={"key": HOSTILE})
    written = handler.stream.getvalue()
    assert written.count("\n") == 1
    assert written.endswith("\n")
    assert not [character for character in written[:-1] if not character.isprintable()]


def test_json_holds_everything_that_was_given(
    log: tuple[logging.Logger, logging.StreamHandler[io.StringIO]],
) -> None:
    logger, handler = log
    handler.setFormatter(FORMATTERS["json"]())
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logger.exception("%s failed", "this", extra={"key": "k1", "address": None})
    said = json.loads(handler.stream.getvalue())
    assert (said["level"], said["message"], said["key"]) == ("error", "this failed", "k1")
    assert said["traceback"].startswith("Traceback")
    assert "address" not in said


def test_a_traceback_cannot_be_forged(log: tuple[logging.Logger, logging.StreamHandler[io.StringIO]]) -> None:
    logger, handler = log
    handler.setFormatter(FORMATTERS["text"]())
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logger.exception("failed")
    first, *rest = handler.stream.getvalue().splitlines()
    assert first.endswith("failed")
    assert all(line.startswith("    ") for line in rest)
