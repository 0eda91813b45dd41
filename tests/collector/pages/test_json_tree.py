"""JSON as a tree: folded by depth and size, bounded, and nothing of it lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.pages.content import json_tree as module
from assay.collector.pages.content.json_tree import MOST_CHILDREN, MOST_NODES, Node, json_tree


def root(value: Any) -> Node:
    tree = json_tree(value)
    assert tree.root is not None
    return tree.root


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def value_of(node: Node) -> Any:
    """The value that a tree shows, read back as the script of the page does."""
    if node.kind == "string" or node.is_text:
        return node.text
    if node.kind not in ("object", "array"):
        return json.loads(node.text)
    rest = value_of(node.children[-1]) if node.children and node.children[-1].key == "…" else None
    own = node.children[:-1] if rest is not None else node.children
    if node.kind == "array":
        return [value_of(child) for child in own] + (rest or [])
    return {child.key: value_of(child) for child in own} | (rest or {})


def test_strings_keep_their_lines_and_words_their_kind() -> None:
    found = root({"a": "x\ny", "b": [1, None, True], "c": {}})
    assert [(child.key, child.kind, child.text) for child in found.children] == [
        ("a", "string", "x\ny"),
        ("b", "array", ""),
        ("c", "object", ""),
    ]
    assert [(child.kind, child.text) for child in found.children[1].children] == [
        ("number", "1"),
        ("word", "null"),
        ("word", "true"),
    ]


def test_text_that_is_json_is_a_tree() -> None:
    assert root('{"a": 1}').children[0].key == "a"


def test_what_is_large_or_deep_is_folded_at_first() -> None:
    deep = root({"small": {"a": 1}, "large": {str(n): n for n in range(40)}, "l1": {"l2": {"l3": {"l4": 1}}}})
    by_key = {node.key: node for node in nodes(deep)}
    assert [by_key[key].is_open for key in ("small", "large", "l1", "l2", "l3")] == [True, False, True, True, False]


def test_an_embedding_is_said_in_words_and_still_there() -> None:
    vector = root({"embedding": [0.25] * 768}).children[0]
    assert (vector.kind, vector.label) == ("raw", "768 floats")
    assert json.loads(vector.text) == [0.25] * 768


def test_a_huge_value_has_few_nodes_and_all_of_its_content() -> None:
    huge = {"rows": [{"id": n, "tags": ["x", n]} for n in range(3000)], "last": {"deep": [[[[1]]]]}}
    tree = root(huge)
    assert len(list(nodes(tree))) <= MOST_NODES + MOST_CHILDREN
    assert value_of(tree) == huge


def test_of_what_is_longer_than_a_page_should_be_the_first_lines_are_there(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "LONGEST_TEXT", 20_000)
    tree = json_tree(list(map(str, range(5000))))
    assert (tree.root, tree.first_lines.count("\n")) == (None, module.FIRST_LINES - 1)
    assert tree.cut_chars > 20_000


def test_what_is_nested_too_deeply_says_so() -> None:
    nested: list[Any] = []
    for _ in range(3000):
        nested = [nested]
    assert root(nested).label == "too deep to be laid out"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=60,
)


@settings(max_examples=40)
@given(st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=3), values, max_size=4))
def test_the_tree_says_what_the_value_does(value: Any) -> None:
    assert value_of(root(value)) == json.loads(json.dumps(value))
