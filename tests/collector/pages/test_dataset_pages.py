"""Pages of data sets, over a real collector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import urls
from assay.collector.pages.datasets.dataset_changes import changes
from assay.collector.pages.datasets.item_form import ItemForm, Written, empty_form, form_of_item, read_item
from assay.collector.server import Server
from assay.errors import InvalidRequest
from support.hostile import STRINGS
from support.html_parts import forms_of, parts_of, text_of

PROJECT = "shop/support"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def browser(collector: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=collector.url, timeout=60, headers={"accept": "text/html"}, follow_redirects=True
    ) as client:
        yield client


def registered(browser: httpx.Client, items: list[dict[str, object]], **more: object) -> str:
    body = {"name": "qa/questions", "items": items, **more}
    browser.post("/api/v1/datasets", params={"project": PROJECT}, json=body).raise_for_status()
    return "qa/questions"


def items_of(browser: httpx.Client, name: str) -> list[dict[str, object]]:
    found = browser.get(f"/api/v1/datasets/{name}/items", params={"project": PROJECT}).json()["items"]
    return [{key: value for key, value in item.items() if key != "position"} for item in found]


def send(browser: httpx.Client, page: str, name: str, **fields: str) -> httpx.Response:
    return browser.post(f"{urls.dataset(PROJECT, name)}/items", data={**form_of(browser.get(page).text), **fields})


def form_of(html: str) -> dict[str, str]:
    [form] = [form for form in forms_of(html) if "seen" in form]
    return {field: values[0] for field, values in form.items() if field != "action"}


def test_an_item_is_added_changed_and_removed_each_in_a_version(browser: httpx.Client) -> None:
    name = registered(browser, [{"id": "a", "input": "one", "expected": 1}], description="Two questions")
    page = urls.dataset(PROJECT, name)
    assert "Two questions" in text_of(browser.get(urls.datasets(PROJECT)).text)

    added = send(browser, f"{page}/items/new", name, id="b", input='{"q": 2}', input_kind="json", action="save")
    assert "has 2 items in version 2" in text_of(added.text)
    send(browser, urls.dataset_item(PROJECT, name, "a"), name, expected="eins", expected_kind="text", action="save")
    assert items_of(browser, name) == [
        {"id": "a", "input": "one", "expected": "eins", "metadata": {}},
        {"id": "b", "input": {"q": 2}, "expected": None, "metadata": {}},
    ]
    send(browser, urls.dataset_item(PROJECT, name, "b"), name, action="remove", message="no answer known")
    assert [item["id"] for item in items_of(browser, name)] == ["a"]
    assert "no answer known" in text_of(browser.get(page).text)
    assert "eins" in text_of(browser.get(urls.dataset_diff(PROJECT, name, 1, 3)).text)


def test_what_somebody_else_registered_meanwhile_is_not_overwritten(browser: httpx.Client) -> None:
    name = registered(browser, [{"id": "a", "input": "one"}])
    page = f"{urls.dataset(PROJECT, name)}/items/new"
    form = form_of(browser.get(page).text)
    browser.post("/api/v1/datasets", params={"project": PROJECT}, json={"name": name, "items": [{"input": "two"}]})
    saving = f"{urls.dataset(PROJECT, name)}/items"
    answer = browser.post(saving, data={**form, "input": "three"})
    assert answer.status_code == 409
    assert "three" in answer.text
    assert [item["input"] for item in items_of(browser, name)] == ["two"]
    browser.post(saving, data={**form_of(answer.text), "action": "save"})
    assert [item["input"] for item in items_of(browser, name)] == ["two", "three"]


def test_of_those_who_save_at_once_one_is_stored_and_the_others_are_told(browser: httpx.Client) -> None:
    name = registered(browser, [{"id": "a", "input": "one"}])
    form = form_of(browser.get(f"{urls.dataset(PROJECT, name)}/items/new").text)

    def save(number: int) -> int:
        data = {**form, "id": f"n{number}", "input": "more", "action": "save"}
        return browser.post(f"{urls.dataset(PROJECT, name)}/items", data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(save, range(8))) == [200] + [409] * 7
    assert len(items_of(browser, name)) == 2


def test_an_item_has_to_fit_the_schema_and_have_an_id_of_its_own(browser: httpx.Client) -> None:
    schema = {"input": {"type": "object", "required": ["q"]}}
    name = registered(browser, [{"id": "a", "input": {"q": 1}}], schema=schema)
    page = f"{urls.dataset(PROJECT, name)}/items/new"
    refused = send(browser, page, name, input="{}", input_kind="json", action="save")
    assert refused.status_code == 400
    assert "does not fit the schema" in text_of(refused.text)
    taken = send(browser, page, name, id="a", input='{"q": 2}', input_kind="json", action="save")
    assert "There is an item" in text_of(taken.text)
    assert send(browser, page, name, input='{"q": 2}', input_kind="json", action="save").status_code == 200


def test_items_are_found_by_a_text_in_any_language_and_come_as_files(browser: httpx.Client) -> None:
    items = [{"id": f"n{number}", "input": f"Frage {number}"} for number in range(60)]
    name = registered(browser, [*items, {"id": "x", "input": "Wo ist meine Tür? 100 %", "expected": "=1+1"}])
    page = urls.dataset(PROJECT, name)
    found = text_of(browser.get(page, params={"q": "tür? 100 %"}).text)
    assert "Wo ist meine" in found
    assert "Frage" not in found
    lines = browser.get(f"{page}.jsonl").text.splitlines()
    assert len(lines) == 61
    assert json.loads(lines[-1])["expected"] == "=1+1"
    assert "'=1+1" in browser.get(f"{page}.csv").text
    first = browser.get(page).text
    assert "Frage 49" in first
    assert "Frage 50" not in first


def test_hostile_items_break_nothing(browser: httpx.Client) -> None:
    items: list[dict[str, object]] = [
        {"id": f"{number} {text[:80]}", "input": text, "expected": {text: text}, "metadata": {"trace_id": text}}
        for number, text in enumerate(STRINGS)
    ]
    name = registered(browser, items)
    for item in items_of(browser, name)[:5]:
        page = browser.get(urls.dataset_item(PROJECT, name, str(item["id"])))
        assert page.status_code == 200
        assert [one for one in parts_of(page.text).named("script") if "src" not in one] == []
    assert browser.get(urls.dataset(PROJECT, name)).status_code == 200


@given(input=JSON_VALUES.filter(lambda value: value not in (None, "") and str(value).strip()), expected=JSON_VALUES)
def test_a_form_holds_an_item_as_it_is(input: object, expected: object) -> None:
    if isinstance(expected, str) and not expected:
        expected = None
    item = {"id": "a", "input": input, "expected": expected, "metadata": {"k": expected}}
    assert read_item(form_of_item(item)) == item


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        (empty_form(), "needs an input"),
        (ItemForm("", Written("json", "{"), Written("none", ""), ""), "line 1"),
        (ItemForm("", Written("json", "[NaN]"), Written("none", ""), ""), "NaN"),
        (ItemForm("", Written("json", "[" * 100_000), Written("none", ""), ""), "nested too deeply"),
        (ItemForm("", Written("text", "x"), Written("none", ""), "[1]"), "JSON object"),
    ],
)
def test_what_is_no_item_is_refused_with_the_reason(form: ItemForm, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        read_item(form)


def test_changes_go_by_the_ids_of_items() -> None:
    same, old, new = {"id": "a", "input": 1}, {"id": "b", "input": 1}, {"id": "b", "input": 2}
    found = changes([same, old, {"id": "c", "input": 3}], [{"id": "d", "input": 3}, new, same])
    assert (found.same, [item["id"] for item in found.added], [item["id"] for item in found.removed]) == (
        1,
        ["d"],
        ["c"],
    )
    assert found.changed == [(old, new, ["input"])]
