"""`assay datasets …`: test data in versions, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.command.columns import Column, time
from assay.command.complete import datasets, filters
from assay.command.connection import client
from assay.command.frame import command, group
from assay.command.options import Json, NamePart
from assay.command.printing import print_json, print_plain, print_rows
from assay.errors import ConfigurationError, DatasetError

if TYPE_CHECKING:
    from assay.evaluation.data.items import Dataset

DATASETS = (
    Column("name"),
    Column("latest_version", "version", right=True),
    Column("item_count", "items", right=True),
    Column("description", least=18),
    Column("updated_at", "updated_at UTC", show=time),
)
VERSIONS = (
    Column("version", right=True),
    Column("item_count", "items", right=True),
    Column("splits", least=12),
    Column("message", least=18),
    Column("created_at", "created_at UTC", show=time),
    Column("content_hash", "hash", least=12, most=12),
)
ITEMS = (
    Column("id", most=36),
    Column("split"),
    Column("input", least=24, most=80),
    Column("expected", least=16, most=60),
)

Name = Annotated[
    str,
    typer.Argument(help="support-qa, support-qa@3, support-qa@3:test, or builtin:support-qa.", autocompletion=datasets),
]
Message = Annotated[str | None, typer.Option("--message", "-m", help="What this version changes.")]
Shares = Annotated[list[str], typer.Argument(help="Shares by name, e.g. train=0.8 test=0.2.")]
Split = Annotated[str | None, typer.Option(help="Shares of the splits, e.g. train=0.8,test=0.2.")]
Seed = Annotated[int, typer.Option(help="Another seed makes another split.")]
Stratify = Annotated[str | None, typer.Option(help="Field whose values are to be as frequent in every part.")]
Cluster = Annotated[str | None, typer.Option(help="Field that items share that belong together, e.g. document.")]

app = group(
    "Data sets: test data in versions that never change, told apart by their content.",
    "Exit codes: 0; 1 an error, or with `diff --exit-code` a difference; 2 asked wrongly.",
)


@command(app, "list", "assay datasets list", "assay datasets list --builtin")
def list_datasets(
    filter: NamePart = None,
    built_in: Annotated[bool, typer.Option("--builtin", help="Those that come with Assay.")] = False,
    as_json: Json = False,
) -> None:
    """List data sets with their newest version."""
    if built_in:
        from assay.evaluation.data.built_in_datasets import built_in_card, built_in_names

        cards = {name: built_in_card(name) for name in built_in_names()}
        rows = [{"name": f"builtin:{name}", "description": _summary_of(card)} for name, card in cards.items()]
        print_rows(rows, as_json, (DATASETS[0], DATASETS[3]), drop=())
        return
    rows = list(client().pages("/datasets", filter=filter))
    print_rows(rows, as_json, DATASETS, drop=("updated_at", "description"))


@command(app, "show", "assay datasets show support-qa@3 --items 20")
def show_dataset(
    name: Name,
    items: Annotated[int, typer.Option(min=0, help="How many items to show.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a version: its versions, notes, and its first items."""
    from assay.evaluation.data.dataset_name import parse_dataset_name
    from assay.evaluation.data.registered_datasets import dataset_path

    dataset = _load(name)
    named = parse_dataset_name(name)
    versions = [] if named.is_built_in else list(client().pages(f"{dataset_path(named.name)}/versions"))
    if as_json:
        found = {"name": dataset.name, "version": dataset.version, "split": dataset.split, "hash": dataset.hash}
        rows = [{**_row(item), "split": item.split} for item in dataset.items[:items]]
        print_json({**found, "versions": versions, "items": rows})
        return
    print_plain(dataset)
    if dataset.description:
        print_plain(dataset.description)
    if versions:
        print()
        shown = [{**row, "splits": ", ".join((row.get("split") or {}).get("shares") or ()) or None} for row in versions]
        print_rows(shown, False, VERSIONS, drop=("content_hash", "created_at", "splits"))
    if items:
        print()
        rows = [{**_row(item), "split": item.split} for item in dataset.items[:items]]
        print_rows(rows, False, ITEMS, drop=("split", "expected"))


@command(app, "push", 'assay datasets push support-qa questions.jsonl -m "questions of October"')
def push(
    name: Annotated[str, typer.Argument(help="Name of the data set, e.g. support-qa.")],
    file: Annotated[str, typer.Argument(help="A JSONL, JSON, CSV or Parquet file, or builtin:support-qa.")],
    description: Annotated[str | None, typer.Option(help="What the data set is.")] = None,
    message: Message = None,
    schema: Annotated[
        str | None, typer.Option(help="A JSON file of JSON schemas by field; or: infer, none. [default: the last one]")
    ] = None,
    split: Split = None,
    seed: Seed = 0,
    stratify: Stratify = None,
    cluster: Cluster = None,
    id: Annotated[str, typer.Option(help="Field with the items' ids.")] = "id",
    as_json: Json = False,
) -> None:
    """Register a file as the next version; the version there is when it holds the same items."""
    from assay.evaluation.data.datasets import register_dataset

    client(may_make=True)
    dataset = register_dataset(
        name,
        file,
        description=description,
        message=message,
        schema=_schema(schema),
        split=_shares(split.split(",")) if split else None,
        seed=seed,
        stratify=stratify,
        cluster=cluster,
        id=id,
    )
    _say(dataset, as_json)


@command(app, "pull", "assay datasets pull support-qa@3:test test.jsonl")
def pull(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The JSONL file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Also over a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a version, or one split of it, to a JSONL file that `push` and `evaluate` read."""
    dataset = _load(name)
    if file.exists() and not force:
        raise DatasetError(f"{file} is there already.", hint="Write over it: --force")
    lines = "".join(json.dumps(_row(item), ensure_ascii=False) + "\n" for item in dataset.items)
    file.write_text(lines, encoding="utf-8")
    told = {"file": str(file), "items": len(dataset.items), "hash": dataset.hash}
    print_json(told) if as_json else print(f"{len(dataset.items)} items of {dataset.uri or name} are in {file}")


@command(app, "diff", "assay datasets diff support-qa@2 support-qa@3")
def diff(
    old: Name,
    new: Annotated[
        str | None, typer.Argument(help="The newer one, or a file. [default: the latest version of the same]")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 where they differ.")] = False,
    as_json: Json = False,
) -> None:
    """Show what differs between two versions: items added, removed, changed."""
    from assay.evaluation.data.dataset_name import parse_dataset_name

    found = _load(new or parse_dataset_name(old).name).diff(_load(old))
    print_json(found.to_dict()) if as_json else print_plain(found)
    if exit_code and not found.is_empty:
        raise typer.Exit(1)


@command(app, "split", "assay datasets split support-qa train=0.8 test=0.2")
def split_version(
    name: Name,
    shares: Shares,
    seed: Seed = 0,
    stratify: Stratify = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also where it has been split otherwise.")] = False,
    as_json: Json = False,
) -> None:
    """Split a version into parts, e.g. train=0.8 test=0.2. Items that belong together are never parted."""
    from assay.evaluation.data.datasets import split_dataset

    client()
    _say(split_dataset(name, _shares(shares), seed=seed, stratify=stratify, replace=replace), as_json)


@command(
    app, "from-traces", 'assay datasets from-traces complaints --filter "scores.helpful = false" --expected output'
)
def from_traces(
    name: Annotated[str, typer.Argument(help="Name of the data set.")],
    filter: Annotated[
        str | None,
        typer.Option(
            metavar="EXPRESSION",
            help="Which traces, as in `assay traces list`: scores.helpful = false",
            autocompletion=filters,
        ),
    ] = None,
    expected: Annotated[
        str | None, typer.Option(help="output, or scores.NAME: what people said in the score of that name.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Traces at most, the newest first.")] = 1000,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Keep traces with equal inputs apart.")] = False,
    cluster: Annotated[str | None, typer.Option(help="session_id or user_id: whose traces belong together.")] = None,
    split: Split = None,
    seed: Seed = 0,
    message: Message = None,
    as_json: Json = False,
) -> None:
    """Make a version of traces: input and output of the root span, the trace linked in the item."""
    from assay.evaluation.data.traces_to_dataset import dataset_from_traces

    client()
    dataset = dataset_from_traces(
        filter,
        name=name,
        expected=expected,
        limit=limit,
        duplicates=duplicates,
        cluster=cluster,
        split=_shares(split.split(",")) if split else None,
        seed=seed,
        message=message,
    )
    _say(dataset, as_json)


# Helpers ----------------------------------------------------------------------------------------------------------


def _load(name: str) -> Dataset:
    from assay.evaluation.data.dataset import read_dataset

    if not name.startswith("builtin:"):
        client()  # there is something to ask
    return read_dataset(name)


def _row(item: Any) -> dict[str, Any]:
    """An item as a line of a file."""
    from assay.evaluation.plain import plain

    row = {"id": item.id, "input": plain(item.input), "expected": plain(item.expected)}
    row |= {"metadata": plain(item.metadata)} if item.metadata else {}
    return row | ({"output": plain(item.output)} if item.has_output else {})


def _say(dataset: Dataset, as_json: bool) -> None:
    if as_json:
        parts = [item.split for item in dataset.items if item.split]
        counts = {part: parts.count(part) for part in dict.fromkeys(parts)}
        found = {"name": dataset.name, "version": dataset.version, "items": len(dataset.items), "hash": dataset.hash}
        print_json({**found, "splits": counts, "notes": list(dataset.notes)})
    else:
        print_plain(dataset)


def _shares(parts: list[str]) -> dict[str, float]:
    """ "train=0.8", "test=0.2" as a dict."""
    found = {}
    for part in parts:
        name, equals, share = part.partition("=")
        try:
            found[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals or name.strip() == "":
            raise ConfigurationError(f"{part!r} is no share of a split.", hint="E.g. train=0.8 test=0.2")
    return found


def _schema(given: str | None) -> Any:
    if given is None or given == "infer":
        return given
    if given == "none":
        return False
    try:
        return json.loads(Path(given).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{given} is no JSON: {error}.") from error


def _summary_of(card: str) -> str:
    """The first paragraph of a card."""
    paragraphs = card.split("\n\n")
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
