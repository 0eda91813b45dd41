"""`assay sql`: one SELECT over what the collector holds."""

from __future__ import annotations

import csv
import json
import sys
from typing import Annotated, Any

import typer

from assay.command.columns import Column
from assay.command.connection import client
from assay.command.ending import say
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_json

MOST_IN_A_CELL = 80


def add_commands(app: typer.Typer) -> None:
    command(
        app,
        "sql",
        'assay sql "SELECT name, count(*) FROM spans GROUP BY name ORDER BY 2 DESC"',
        "assay sql --csv - < costs.sql > costs.csv",
    )(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's dialect; - reads it from standard input.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many rows at most.")] = 1000,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Ask in SQL: spans, traces, scores, prompts, datasets, experiments, … of one project."""
    from assay.sql_query import run

    client()  # there is something to ask
    answer = run(sys.stdin.read() if statement == "-" else statement, limit=limit)
    names = [column["name"] for column in answer["columns"]]
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in answer["rows"]])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in answer["rows"])
    else:
        _print_table(names, answer["rows"])
    if answer["truncated"]:
        say(f"Only the first {len(answer['rows'])} rows are shown; --limit says how many.")


def _print_table(names: list[str], rows: list[list[Any]]) -> None:
    from assay.command.table import print_table

    columns = tuple(
        Column(str(position), name, least=min(12, len(name)), most=MOST_IN_A_CELL)
        for position, name in enumerate(names)
    )
    print_table([{str(position): value for position, value in enumerate(row)} for row in rows], columns)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
