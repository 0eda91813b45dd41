"""Decoded spans -> a batch for the store. A span that cannot be converted is set aside, and the others go on. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.batch import SpanBatch, span_batch
from assay.collector.canonical import span_row
from assay.collector.dead_letters import DeadLetter, dead_letter
from assay.collector.decode import DecodedSpan

logger = logging.getLogger("assay.collector")


@dataclass(frozen=True, slots=True)
class Filing:
    """Where spans are filed: `fallback` when their resource names no project, `only` whatever it says.

    `received_at` is in nanoseconds since the epoch.
    """

    received_at: int
    fallback: str | None = None
    only: str | None = None


Row = list[Any]


@dataclass(frozen=True, slots=True)
class Converted:
    """Rows for `span_batch`, and the spans that could not become one."""

    rows: list[Row]
    letters: list[DeadLetter]


def convert(spans: Sequence[DecodedSpan], filing: Filing) -> Converted:
    rows: list[Row] = []
    letters: list[DeadLetter] = []
    for span in spans:
        try:
            rows.append(_row(span, filing))
        except Exception as error:
            letters.append(_set_aside(span, filing, error))
    return Converted(rows, letters)


def convert_apart(
    spans: Sequence[DecodedSpan], filing: Filing, converted: Converted
) -> tuple[SpanBatch | None, list[DeadLetter]]:
    """The batch of these spans, without those whose values fit no column; None when none was left."""
    try:
        return span_batch(converted.rows), []
    except Exception as error:
        logger.debug("a batch is made span by span, for Arrow does not say which value is wrong: %s", error)
    rows: list[Row] = []
    letters: list[DeadLetter] = []
    for span in spans:
        try:
            row = _row(span, filing)
        except Exception as error:
            logger.debug("span %s has been set aside: %s", span.span_id, error)
            continue
        try:
            span_batch([row])
        except Exception as error:
            letters.append(_set_aside(span, filing, error))
        else:
            rows.append(row)
    return span_batch(rows), letters


def convert_singly(spans: Sequence[DecodedSpan], filing: Filing) -> Iterator[tuple[SpanBatch, DeadLetter]]:
    """Each span that can be converted as a batch of its own, with what is kept of it if it cannot be stored."""
    for span in spans:
        try:
            batch = span_batch([_row(span, filing)])
        except Exception as error:
            logger.debug("span %s is in no batch: %s", span.span_id, error)  # was set aside when it came
            continue
        if batch is not None:
            yield batch, _letter(span, filing)


def _row(span: DecodedSpan, filing: Filing) -> Row:
    row = span_row(span, received_at=filing.received_at, project=filing.fallback)
    row[0] = filing.only or row[0]
    return row


def _set_aside(span: DecodedSpan, filing: Filing, error: Exception) -> DeadLetter:
    logger.warning("span %s cannot be converted", span.span_id, exc_info=error)
    return _letter(span, filing).because(error)


def _letter(span: DecodedSpan, filing: Filing) -> DeadLetter:
    return dead_letter(span, filing.only or filing.fallback, filing.received_at)
