"""The process in which one SQL statement of somebody's runs: started for it, and gone after it.

Run as `python -I -m assay.collector.sql_child` with an empty environment. It says that it is ready, waits for one line
of JSON on its standard input, and answers with JSON on its standard output. Memory, processor time and file sizes are
limited by the operating system before the statement is known; the DuckDB in here is in memory, and can open nothing but
the files of one project's export.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb

from assay.collector.ab_views import exposures_of_export
from assay.collector.sql_rules import check_statement
from assay.errors import InvalidRequest

ADDRESS_SPACE_BYTES = 1536 * 1024**2
MEMORY_LIMIT = "512MB"  # of DuckDB; what it does not count, the address space bounds
THREADS = 2
OPEN_FILES = 4096
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": str(THREADS),
    "memory_limit": MEMORY_LIMIT,
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
BATCH_ROWS = 500
READY = b"ready\n"

# DuckDB's type -> how its values are asked for, where Python or JSON would lose or refuse them
AS_TEXT = ("TIMESTAMP", "DATE", "TIME", "INTERVAL", "UUID", "BLOB", "BIT", "ENUM", "TIMESTAMP_NS")
NESTED = ("STRUCT", "MAP", "UNION", "JSON", "VARIANT")
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def main() -> None:
    """Wait for one request, answer it, end."""
    limit_process()
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute("SET TimeZone = 'UTC'")
    _say(READY)
    request = json.loads(sys.stdin.buffer.readline())
    try:
        answer = run(connection, request)
    except InvalidRequest as error:
        answer = _json({"refused": error.message, "hint": error.hint})
    except MemoryError:
        answer = _json({"refused": "The statement needs more memory than it may have."})
    except duckdb.Error as error:
        missing = [path for paths in request["views"].values() for path in paths if not os.path.exists(path)]
        answer = _json({"missing": missing} if missing else {"refused": readable_error(str(error), "")})
    except Exception:
        answer = _json({"failed": traceback.format_exc()})
    _say(answer)


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def limit_process() -> None:
    """Bound what this process may take from the machine; nothing in it can lift these again."""
    _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    for what, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES if open_files == resource.RLIM_INFINITY else min(OPEN_FILES, open_files)),
    ):
        resource.setrlimit(what, (most, most))


def limit_processor(seconds: float) -> None:
    """Let this process use that much more processor time, on all its threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds * THREADS) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def run(connection: duckdb.DuckDBPyConnection, request: Mapping[str, Any]) -> bytes:
    """The answer to one request, as JSON: columns, rows, and whether there were more.

    Args:
        request: `sql`, `limit` (rows), `max_bytes`, `seconds`, `directory` and `views`: name -> files.
    """
    sql, limit = str(request["sql"]), int(request["limit"])
    limit_processor(float(request["seconds"]))
    [(tree,)] = connection.execute(
        "SELECT json_serialize_sql(?, skip_null := true, skip_empty := true)", [sql]
    ).fetchall()
    views = views_of(request["views"])
    for name in check_statement(json.loads(tree), list(views)):
        connection.execute(f'CREATE VIEW "{name}" AS {views[name]}')
    lock(connection, str(request["directory"]))
    # Asked for twice: names and types are needed before values can be asked for in a form that JSON has.
    described = _execute(connection, "DESCRIBE SELECT * FROM (\n", sql, "\n)")
    columns = [{"name": row[0], "type": row[1]} for row in described.fetchall()]
    asked = ", ".join(_expression(position, column["type"]) for position, column in enumerate(columns, 1))
    result = _execute(connection, f"SELECT {asked} FROM (\n", sql, f"\n) LIMIT {limit + 1}")
    rows, whole = _bounded(result, [_reader(column["type"]) for column in columns], limit, int(request["max_bytes"]))
    head = _json({"columns": columns, "truncated": not whole})
    return head[:-1] + b', "rows": [' + b",".join(rows) + b"]}"


def views_of(files: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The query of each view: its files, and of `exposures` those of the spans that it is read off."""
    read = {name: f"read_parquet([{', '.join(map(quoted, paths))}])" for name, paths in files.items()}
    views = {name: f"SELECT * FROM {source}" for name, source in read.items()}
    return {**views, "exposures": exposures_of_export(read["spans"])} if "spans" in read else views


def _execute(connection: duckdb.DuckDBPyConnection, before: str, sql: str, after: str) -> duckdb.DuckDBPyConnection:
    """Run the statement inside another; an error points into the statement alone.

    Raises:
        InvalidRequest: DuckDB cannot run it.
    """
    try:
        return connection.execute(f"{before}{sql.rstrip().removesuffix(';')}{after}")
    except duckdb.IOException:
        raise  # a file is gone
    except duckdb.Error as error:
        raise InvalidRequest(readable_error(str(error), sql, offset=len(before))) from error


def lock(connection: duckdb.DuckDBPyConnection, directory: str) -> None:
    """From here on nothing but the files below `directory` can be opened, and no setting changed."""
    connection.execute(f"SET allowed_directories = [{quoted(directory)}]")
    connection.execute("SET errors_as_json = true")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _bounded(
    result: duckdb.DuckDBPyConnection, readers: Sequence[Callable[[Any], Any]], limit: int, max_bytes: int
) -> tuple[list[bytes], bool]:
    """Rows as JSON, up to both limits, and whether these were all."""
    rows: list[bytes] = []
    left = max_bytes
    while batch := result.fetchmany(BATCH_ROWS):
        for values in batch:
            row = _json([None if value is None else read(value) for read, value in zip(readers, values, strict=True)])
            left -= len(row)
            if left < 0 and not rows:
                raise InvalidRequest(
                    f"The first row is larger than {max_bytes} bytes.", hint="Select fewer columns, or part of a text."
                )
            if left < 0 or len(rows) == limit:
                return rows, False
            rows.append(row)
    return rows, True


def _expression(position: int, kind: str) -> str:
    if kind.startswith(NESTED) or kind.endswith("]"):
        return f"to_json(#{position})::VARCHAR"
    if kind.startswith(AS_TEXT):
        return f"#{position}::VARCHAR"
    if kind.startswith("DECIMAL"):
        return f"#{position}::DOUBLE"
    return f"#{position}"


def _reader(kind: str) -> Callable[[Any], Any]:
    if kind.startswith(NESTED) or kind.endswith("]"):
        return json.loads
    if kind in ("TIMESTAMP_NS", "TIMESTAMP"):
        return lambda text: f"{text.replace(' ', 'T')}Z"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return lambda number: number if abs(number) < float("inf") else str(number)
    if kind in (*INTEGERS, "BOOLEAN"):
        return lambda number: number
    if kind in ("HUGEINT", "UHUGEINT", "BIGNUM"):  # what sums are; beyond 64 bits, readers of JSON would round them
        return lambda number: number if -(2**63) <= number < 2**64 else str(number)
    return str


def readable_error(message: str, sql: str, *, offset: int = 0) -> str:
    """DuckDB's message without its advice about settings, and with the character of `sql` that it points at.

    Args:
        offset: where `sql` begins in what DuckDB was given.
    """
    kind, brace, rest = message.partition("{")
    try:
        told = json.loads(brace + rest)
    except ValueError:
        return message.split("\n", 1)[0]
    text = f"{kind}{told.get('exception_message', '')}".split("\n\n", 1)[0]
    position = str(told.get("position", ""))
    at = int(position) - offset if position.isdigit() else -1
    if not 0 <= at < len(sql.encode()):
        return text
    at = len(sql.encode()[:at].decode("utf-8", "ignore"))  # DuckDB counts bytes
    return f"{text} (at character {at + 1}: {sql[at : at + 30]!r})"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
