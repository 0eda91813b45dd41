"""What one may ask in SQL: one SELECT over the views of a project. Defence in depth; the wall is the process around it.

DuckDB's own parser says what a statement is made of, as JSON. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from assay.errors import InvalidRequest

# Functions that make rows out of nothing but their arguments. All others that stand where a table does are refused:
# they read files, settings or the machine.
TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"})
REFUSED_FUNCTIONS = frozenset(
    {"current_setting", "currval", "getenv", "getvariable", "nextval", "read_blob", "read_text", "write_log"}
)
OPEN_SCHEMAS = frozenset({"information_schema"})
SHOWN = frozenset({"tables", "__show_tables_expanded"})  # SHOW TABLES, SHOW ALL TABLES


def check_statement(tree: Mapping[str, Any], views: Collection[str]) -> list[str]:
    """Refuse everything but one SELECT over `views`; those that it needs.

    Args:
        tree: what `json_serialize_sql` made of the text.

    Raises:
        InvalidRequest: it is something else; the message says what.
    """
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise InvalidRequest(str(tree.get("error_message")), hint=_at(tree))
        raise InvalidRequest(
            "Only one SELECT can be run.", hint="Nothing can be changed here, nor read from elsewhere."
        )
    statements = tree.get("statements") or []
    if len(statements) != 1:
        raise InvalidRequest(f"One SELECT can be run, not {len(statements)}.", hint="Send one statement at a time.")
    nodes = list(_nodes(statements[0]))
    known = {name.lower() for name in (*views, *_common_tables(nodes))}
    named = set()
    for node in nodes:
        _check_function(node)
        if _is_table(node):
            named.add(_checked_table(node, known, views))
    return [view for view in views if view in named or None in named]


def _is_table(node: Mapping[str, Any]) -> bool:
    # DESCRIBE and SUMMARIZE of a query name no table; they hold the query as nodes of their own
    return node.get("type") == "BASE_TABLE" or (node.get("type") == "SHOW_REF" and bool(node.get("table_name")))


def _checked_table(node: Mapping[str, Any], known: Collection[str], views: Collection[str]) -> str | None:
    """The table's name; None where all of them are meant."""
    name = str(node["table_name"])
    if node["type"] == "SHOW_REF" and name.strip('"').lower() in SHOWN:
        return None
    if str(node.get("schema_name", "")).lower() in OPEN_SCHEMAS:
        return None
    if name.lower() not in known:
        raise InvalidRequest(
            f"There is no table {name!r}{_position(node)}.", hint=f"The tables are: {', '.join(sorted(views))}."
        )
    return name.lower()


def _check_function(node: Mapping[str, Any]) -> None:
    kind, name = node.get("type"), str(node.get("function_name", "")).lower()
    if kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise InvalidRequest(f"The function {name!r} cannot be used in FROM{_position(node)}.")
    elif kind == "FUNCTION" and name in REFUSED_FUNCTIONS:
        raise InvalidRequest(f"The function {name!r} cannot be used{_position(node)}.")


def _common_tables(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        for entry in (node.get("cte_map") or {}).get("map", []):
            yield str(entry["key"])
        if node.get("type") == "RECURSIVE_CTE_NODE":
            yield str(node.get("cte_name", ""))


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [value]  # not recursive: the text decides how deep the tree is
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _position(node: Mapping[str, Any]) -> str:
    at = node.get("query_location")
    return f" (at character {at + 1})" if isinstance(at, int) and at < 2**31 else ""


def _at(tree: Mapping[str, Any]) -> str | None:
    at = tree.get("position")
    return f"Look at character {int(at) + 1}." if at is not None and str(at).isdigit() else None
