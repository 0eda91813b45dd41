"""Spans and scores into files and back: JSON lines of our own form, OTLP requests, Parquet of the export.

Everything streams. What is imported goes the way of everything else that is sent, so that importing it again changes
nothing.
"""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, TypeVar, cast

from assay.client import Client
from assay.errors import CollectorUnavailable, ConfigurationError, DatasetError, MissingExtra, NotFound

logger = logging.getLogger("assay")

Format = Literal["jsonl", "otlp", "parquet"]
Tell = Callable[[int], None]  # told how many spans or rows went by

SPANS_PER_REQUEST = 500
BYTES_PER_REQUEST = 4 * 1024**2
ATTEMPTS = 20
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet"} | dict.fromkeys(
    (".pb", ".binpb", ".otlp", ".bin"), "protobuf"
)
LARGEST_MESSAGE = 2**31 - 1  # of protobuf
RESOURCE_SPANS_TAG = 0x0A  # field 1, length-delimited, of an ExportTraceServiceRequest

T = TypeVar("T")


@dataclass(slots=True)
class Imported:
    """What became of some files: requests sent, spans refused by the collector, scores stored."""

    requests: int = 0
    rejected: int = 0
    scores: int = 0


def export(client: Client, directory: Path, format: Format, *, tell: Tell = lambda count: None) -> list[Path]:
    """Write everything of the client's project into `directory`; the files.

    Raises:
        ConfigurationError: the directory holds something already.
        NotFound: there is no such project; it may be misspelt, and its files would be empty.
    """
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty.", hint="Choose a new directory.")
    known = [each["name"] for each in client.pages("/projects", project=None)]
    if client.project not in known:
        hint = f"There are: {', '.join(known)}." if known else "There are none yet."
        raise NotFound(f"There is no project {client.project!r}.", hint=hint)
    directory.mkdir(parents=True, exist_ok=True)
    if format == "parquet":
        return list(_export_parquet(client, directory, tell))
    spans = map(client.whole_span, client.pages("/spans", order_by="start_time asc"))
    if format == "otlp":
        written = _write(directory / "spans.otlp", _requests(spans, tell))
    else:
        written = _write(directory / "spans.jsonl", (_line(span) for span in _told(spans, tell)))
    scores = _write(directory / "scores.jsonl", (_line(score) for score in client.pages("/scores")))
    return [written, scores]


def import_files(
    client: Client, paths: Iterable[Path], *, project: str | None = None, tell: Tell = lambda count: None
) -> Imported:
    """Send what the files hold. OTLP requests in protobuf or JSON, JSON lines and Parquet as `export` writes them.

    Args:
        project: for OTLP spans whose resource names none.

    Raises:
        ConfigurationError: a file is of no kind that is known.
        DatasetError: a file does not hold what its name says.
    """
    done = Imported()
    for path in _files(paths):
        kind = _kind(path)
        if kind == "protobuf":
            with _open(path) as file:
                for body in split_request(file, str(path)):
                    _send(client, done, body, PROTOBUF, project)
                    tell(1)
        elif kind == "json":
            with _open(path) as file:
                _send(client, done, file.read(), JSON, project)
                tell(1)
        else:
            for batch in _batches(_rows(path, kind), SPANS_PER_REQUEST):
                try:
                    _import_rows(client, done, batch, project)
                except DatasetError as error:
                    raise DatasetError(f"{path}: {error}") from error
                tell(len(batch))
    return done


def split_request(file: IO[bytes], name: str = "The file") -> Iterator[bytes]:
    """One OTLP request of any size as several small ones: each of its resources' spans is a message of its own.

    Args:
        name: what an error calls the file.
    """
    gathered = bytearray()
    while tag := file.read(1):
        if tag[0] != RESOURCE_SPANS_TAG:
            raise _no_request(name)
        length, raw = _varint(file)
        if length is None or length > LARGEST_MESSAGE:
            raise _no_request(name)
        message = file.read(length)
        if len(message) < length:
            raise DatasetError(f"{name} ends within a message: it was cut short.")
        if gathered and len(gathered) + length > BYTES_PER_REQUEST:
            yield bytes(gathered)
            gathered.clear()
        gathered += tag + raw + message
    if gathered:
        yield bytes(gathered)


# Writing ----------------------------------------------------------------------------------------------------------


def _requests(spans: Iterable[dict[str, Any]], tell: Tell) -> Iterator[bytes]:
    from assay.otlp_spans import export_request

    # Requests in protobuf may stand one after the other: together they are one request.
    for batch in _batches(spans, SPANS_PER_REQUEST):
        yield export_request(batch)
        tell(len(batch))


def _export_parquet(client: Client, directory: Path, tell: Tell) -> Iterator[Path]:
    for item in client.get("/exports")["items"]:
        path = directory / Path(item["view"]).name / Path(item["file"]).name
        path.parent.mkdir(exist_ok=True)
        with client.stream("GET", "/exports/file", view=item["view"], file=item["file"]) as response:
            yield _write(path, response.iter_bytes())
        tell(1)


def _write(path: Path, chunks: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(chunks)
    return path


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _told(rows: Iterable[T], tell: Tell) -> Iterator[T]:
    for row in rows:
        yield row
        tell(1)


# Reading ----------------------------------------------------------------------------------------------------------


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and in directories those of spans and scores."""
    for path in paths:
        if path.is_dir():
            found = [each for each in sorted(path.rglob("*")) if each.is_file() and _kind(each, strict=False)]
            yield from (each for each in found if each.suffix != ".parquet" or each.parent.name in ("spans", "scores"))
        elif path.exists():
            yield path
        else:
            raise ConfigurationError(f"There is no file {path}.")


def _kind(path: Path, *, strict: bool = True) -> str:
    name = path.name.lower().removesuffix(".gz")
    kind = SUFFIXES.get(Path(name).suffix, "")
    if not kind and strict:
        raise ConfigurationError(
            f"{path} is of no kind that can be imported.", hint=f"Its name should end in one of: {', '.join(SUFFIXES)}."
        )
    return kind


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _rows(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "parquet":
        yield from _parquet_rows(path)
        return
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                if not line.endswith(b"\n"):  # the last one, which a killed process could not finish
                    logger.warning("%s, line %d: cut short, and left out.", path, number)
                    return
                raise DatasetError(f"{path}, line {number}: not JSON: {error}.") from error
            if not isinstance(row, dict):
                raise DatasetError(f"{path}, line {number}: not an object.")
            yield row


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("Importing Parquet", "server") from error
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise DatasetError(f"{path} is no Parquet file: {str(error).rstrip('.')}.") from error
    for batch in file.iter_batches(SPANS_PER_REQUEST):
        times = [field.name for field in batch.schema if pa.types.is_timestamp(field.type)]
        for name in times:
            index = batch.schema.get_field_index(name)
            batch = batch.set_column(index, name, batch.column(index).cast(pa.timestamp("ns")).cast(pa.string()))
        for row in batch.to_pylist():
            yield {name: _parsed(name, value) for name, value in row.items()}


def _parsed(name: str, value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and name in JSON_COLUMNS else value


JSON_COLUMNS = frozenset(
    {"attributes", "resource", "events", "links", "metadata", "model_parameters", "value"}
    | {"input_messages", "output_messages", "tools", "documents"}
)


# Sending ----------------------------------------------------------------------------------------------------------


def _import_rows(client: Client, done: Imported, rows: list[dict[str, Any]], project: str | None) -> None:
    from assay.otlp_spans import export_request

    otlp = [row for row in rows if "resourceSpans" in row]
    for row in otlp:
        _send(client, done, _line(row), JSON, project)
    if spans := [row for row in rows if "start_time" in row]:
        _send(client, done, export_request(spans), PROTOBUF, project)
    if scores := [row for row in rows if "start_time" not in row and "resourceSpans" not in row]:
        done.scores += _send_scores(client, scores)


SCORE_FIELDS: tuple[str, ...] = (
    "id",
    "name",
    "value",
    "explanation",
    "source",
    "author",
    "trace_id",
    "span_id",
    "session_id",
)
SCORE_FIELDS += ("experiment_id", "item_id", "repeat", "error", "metadata")


def _send_scores(client: Client, rows: list[dict[str, Any]]) -> int:
    by_project: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        score = {field: row[field] for field in SCORE_FIELDS if row.get(field) is not None}
        if not ({"name", "source"} <= score.keys() and row.get("project")):
            raise DatasetError(f"This row is neither a span nor a score: {str(row)[:200]}")
        by_project.setdefault(row["project"], []).append(score)
    for project, scores in by_project.items():
        _patiently(partial(client.post, "/scores", json={"scores": scores}, project=project))
    return len(rows)


def _send(client: Client, done: Imported, body: bytes, content_type: str, project: str | None) -> None:
    answer = _patiently(lambda: client.send_otlp(body, content_type, project=project))
    done.requests += 1
    done.rejected += _rejected(answer, content_type)


def _rejected(answer: bytes, content_type: str) -> int:
    if content_type == JSON:
        return int((json.loads(answer or b"{}").get("partialSuccess") or {}).get("rejectedSpans") or 0)
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    return int(ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans)


def _patiently(send: Callable[[], T]) -> T:
    """Again while the collector is too busy: an import has the time."""
    for attempt in range(ATTEMPTS):
        try:
            return send()
        except CollectorUnavailable:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(min(0.25 * 2**attempt, 5.0))
    raise AssertionError("unreachable")  # the loop returns or raises


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def _no_request(name: str) -> DatasetError:
    return DatasetError(
        f"{name} is no ExportTraceServiceRequest in protobuf.",
        hint=f"What a file holds is told by its ending: {', '.join(SUFFIXES)}.",
    )


def _varint(file: IO[bytes]) -> tuple[int | None, bytes]:
    """A number and its bytes; None where there is none."""
    value, shift, raw = 0, 0, b""
    while byte := file.read(1):
        raw += byte
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return value, raw
        shift += 7
        if shift > 63:
            break
    return None, raw
