"""The playground: what it begins with, what a form of it does, what is asked and what is shown of the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.collector.pages.playground.workbench import get_workbench
from assay.errors import CollectorUnavailable, GatewayError
from support.hostile import STRINGS
from support.html_parts import forms_of, parts_of
from support.page_data import PROJECT, FakeSource
from support.pages_app import pages_app
from support.playground_bench import TRACE_ID, FakeBench, Scripted, answer

PAGE = f"/p/{PROJECT}/playground"


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


@pytest.fixture(scope="module")
def module_client() -> Iterator[TestClient]:
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with TestClient(pages_app(FakeSource()), follow_redirects=False, headers=headers) as client:
        yield client


@pytest.fixture
def client(module_client: TestClient, bench: FakeBench) -> TestClient:
    module_client.cookies.clear()
    module_client.app.dependency_overrides[get_workbench] = lambda: bench  # type: ignore[attr-defined]
    return module_client


def form_of(client: TestClient, query: str = "") -> dict[str, list[str]]:
    """The form as a browser would send it: nothing is checked that has no check."""
    found = next(form for form in forms_of(client.get(PAGE + query).text) if "columns" in form)
    return {name: values for name, values in found.items() if name != "scorer"}


def press(client: TestClient, form: dict[str, Any], action: str, **fields: Any) -> Any:
    return client.post(PAGE, data={**form, "action": action, **fields})


def text_of(answer: Any) -> str:
    return " ".join(parts_of(answer.text).text.split())


# What it begins with ----------------------------------------------------------------------------------------------


def test_without_anything_it_begins_with_a_model_that_needs_no_provider(client: TestClient) -> None:
    form = form_of(client)
    assert (form["columns"], form["model-1"], form["variable"]) == (["1"], ["echo/last"], ["input"])


def test_versions_stand_beside_each_other_with_the_variables_of_all(client: TestClient) -> None:
    form = form_of(client, "?prompt=qa@2&with=qa@1,qa@production")
    assert form["columns"] == ["3"]
    assert [form[f"prompt-{number}"] for number in (1, 2, 3)] == [["qa@2"], ["qa@1"], ["qa@2"]]
    assert (form["model-1"], form["temperature-1"]) == (["openai/gpt-4o-mini"], ["0.7"])
    assert form["variable"] == ["context", "question"]


def test_a_version_that_is_not_there_is_said_to_be_missing(client: TestClient) -> None:
    assert client.get(f"{PAGE}?prompt=qa@99").status_code == 404


def test_a_traced_call_becomes_a_column(client: TestClient) -> None:
    trace = FakeSource().traces(PROJECT, filter=None, limit=1, cursor=None).items[0]
    spans = FakeSource().trace(trace["trace_id"], PROJECT)["spans"]
    span = next(span for span in spans if span["kind"] == "llm")
    form = form_of(client, f"?span={span['trace_id']}/{span['span_id']}")
    assert form["model-1"] == [f"{span['provider']}/{span['request_model']}"]
    assert len(form["text-1"]) == len(span["input_messages"])


# Asking -----------------------------------------------------------------------------------------------------------


def test_a_run_is_told_line_by_line_with_what_it_took(client: TestClient, bench: FakeBench) -> None:
    form = form_of(client, "?prompt=qa@2&with=qa@1")
    told = client.post(f"{PAGE}/run", data={**form, "column": "2", "value": ["", "Why?"]})
    events = [json.loads(line) for line in told.text.splitlines()]
    assert told.headers["content-type"].startswith("application/x-ndjson")
    assert [event.get("text") for event in events[1:-1]] == ["echo/last", "says", "hello", "world"]
    assert events[-1]["shown"] == "1.2 s · first text 320 ms · 20 → 3 tokens · $0.00042 · m"
    (asked,) = bench.asked
    assert asked[0] == PROJECT
    assert asked[1]["column"]["template"] == "Answer the question: {{question}}"
    assert asked[1]["column"]["prompt"] == {"name": "qa", "version": 1}
    assert asked[1]["variables"] == {"question": "Why?"}


def test_a_changed_column_is_no_longer_the_version_it_was_made_from(client: TestClient, bench: FakeBench) -> None:
    form = form_of(client, "?prompt=qa@1")
    client.post(f"{PAGE}/run", data={**form, "column": "1", "text-1": "Answer: {{question}}"})
    assert bench.asked[0][1]["column"]["prompt"] is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model-1": " "}, "No model is named"),
        ({"temperature-1": "warm"}, "'warm' is no number"),
        ({"more-1": "{"}, "The further parameters: this is no JSON"),
        ({"tools-1": "{}"}, "Tools: this is not a list"),
        ({"text-1": "{{> nowhere}}"}, "nowhere"),
        ({"text-1": "{{#"}, "{{#"),
    ],
)
def test_what_cannot_be_asked_is_said_in_the_column(
    client: TestClient, bench: FakeBench, fields: dict[str, str], said: str
) -> None:
    form = {**form_of(client, "?prompt=qa@1"), **fields}
    (event,) = map(json.loads, client.post(f"{PAGE}/run", data={**form, "column": "1"}).text.splitlines())
    assert said in event["problem"]
    assert said in text_of(press(client, form, "run"))
    assert bench.asked == []


def test_a_failure_in_the_middle_keeps_what_was_said(client: TestClient, bench: FakeBench) -> None:
    def broken() -> Scripted:
        return Scripted([{"trace_id": TRACE_ID}, {"text": "Par"}], GatewayError("It broke off.", hint="Again."))

    bench.answers = [broken(), broken()]
    form = form_of(client)
    events = [json.loads(line) for line in client.post(f"{PAGE}/run", data={**form, "column": "1"}).text.splitlines()]
    assert events[1:] == [{"text": "Par"}, {"problem": "It broke off.", "hint": "Again."}]
    shown = press(client, form, "run")
    assert "Par" in text_of(shown)
    assert "It broke off. Again." in text_of(shown)


def test_without_scripts_the_page_has_the_answers_whole(client: TestClient, bench: FakeBench) -> None:
    bench.answers = [answer("one two three"), answer("one two four")]
    shown = press(client, form_of(client, "?prompt=qa@2&with=qa@1"), "run")
    assert {"one two three", "one two four"} <= {text.strip() for text in parts_of(shown.text).texts}
    assert "1.2 s · first text 320 ms" in text_of(shown)
    assert any(TRACE_ID in link.get("href", "") for link in parts_of(shown.text).named("a"))
    assert "Answers, compared with that of column 1" in text_of(shown)


def test_a_collector_that_cannot_start_the_process_says_so(client: TestClient, bench: FakeBench) -> None:
    bench.refusal = CollectorUnavailable("It cannot be started.")
    assert "It cannot be started." in text_of(press(client, form_of(client), "run"))


def test_answers_are_compared_word_by_word(client: TestClient) -> None:
    form = form_of(client, "?prompt=qa@2&with=qa@1")
    kept = {"answer-1": json.dumps({"text": "a big dog"}), "answer-2": json.dumps({"text": "a small dog"})}
    shown = client.post(f"{PAGE}/differences", data={**form, **kept})
    assert shown.headers["x-assay-fragment"] == "1"
    assert "<del>big</del><ins>small</ins>" in shown.text


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"text": 7}', '{"trace_id": "<b>"}', "null"])
def test_answers_that_a_browser_made_up_do_no_harm(client: TestClient, kept: str) -> None:
    assert press(client, form_of(client), "add-1", **{"answer-1": kept}).status_code == 200


# Buttons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "columns", "messages"),
    [
        ("copy-1", 3, 2),
        ("close-2", 1, 2),
        ("add-1", 2, 3),
        ("drop-1-1", 2, 1),
        ("drop-1-9", 2, 2),
        ("close-4", 2, 2),
        ("nonsense", 2, 2),
    ],
)
def test_buttons_change_columns_and_messages(client: TestClient, action: str, columns: int, messages: int) -> None:
    shown = press(client, form_of(client, "?prompt=qa@2&with=qa@1"), action, **{"model-1": "kept/model"})
    form = next(form for form in forms_of(shown.text) if "columns" in form)
    assert (form["columns"], len(form["text-1"])) == ([str(columns)], messages)
    assert form["model-1"] == ["kept/model"]


def test_a_prompt_is_loaded_into_a_column(client: TestClient) -> None:
    shown = press(client, form_of(client), "load-1", **{"prompt-1": "qa@1"})
    form = next(form for form in forms_of(shown.text) if "columns" in form)
    assert form["text-1"] == ["Answer the question: {{question}}"]


def test_saving_shows_the_difference_with_the_form_that_registers_it(client: TestClient) -> None:
    shown = press(client, form_of(client, "?prompt=qa@1"), "save-1", **{"text-1": "Reply: {{question}}"})
    form = next(form for form in forms_of(shown.text) if "commit_message" in form)
    assert form["content"] == ["Reply: {{question}}"]
    assert "What changes, from v1" in text_of(shown)


def test_a_column_of_no_prompt_cannot_be_saved_as_a_version(client: TestClient) -> None:
    assert "of no prompt yet" in text_of(press(client, form_of(client), "save-1"))


# Over a data set --------------------------------------------------------------------------------------------------


def chosen(**fields: Any) -> dict[str, Any]:
    return {"dataset": "support-qa", "scorer": ["exact_match"], **fields}


def test_columns_run_over_a_data_set_and_the_page_follows_them(client: TestClient, bench: FakeBench) -> None:
    bench.over = Scripted(
        [
            {"column": 0, "rows": 20},
            {"column": 0, "done": 20, "failed": 1, "cost_usd": 0.5, "so_far": "exact_match 0.8"},
            {"column": 0, "experiment": "a" * 32, "status": "completed"},
            {"column": 1, "problem": "It cannot be run."},
            ["a" * 32, None],
        ]
    )
    started = press(client, form_of(client, "?prompt=qa@2&with=qa@1"), "data", **chosen())
    assert started.status_code == 303
    ((project, params),) = bench.asked
    assert (project, params["dataset"], params["version"], params["scorers"]) == (
        PROJECT,
        "support-qa",
        2,
        ["exact_match"],
    )
    assert params["names"] == ["qa@2, openai/gpt-4o-mini", "qa@1, echo/last"]
    run = bench.runs.get(PROJECT, started.headers["location"].rpartition("/")[2])
    while run.state == "running":  # its thread has all events at hand
        pass
    shown = client.get(started.headers["location"])
    assert "20 of 20" in text_of(shown)
    assert "It cannot be run." in text_of(shown)
    assert f"/p/{PROJECT}/evals/{'a' * 32}" in [link.get("href") for link in parts_of(shown.text).named("a")]
    assert client.get(f"{started.headers['location']}?part=1").headers["x-assay-fragment"] == "1"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (chosen(dataset=""), "No data set was chosen"),
        (chosen(dataset="other"), "no data set 'other'"),
        (chosen(scorer=[]), "No scorer was chosen"),
        (chosen(scorer=["relevance"]), "relevance asks a model"),
        (chosen(repeats="many"), "'many' is no number"),
        (chosen(max_cost_usd="-1"), "'-1' is no amount"),
        (chosen(**{"model-1": ""}), "No model is named"),
    ],
)
def test_what_cannot_be_run_over_data_is_refused_with_all_that_was_typed(
    client: TestClient, bench: FakeBench, fields: dict[str, Any], said: str
) -> None:
    shown = press(client, form_of(client, "?prompt=qa@1"), "data", **fields)
    assert said in text_of(shown)
    assert bench.asked == []
    form = next(form for form in forms_of(shown.text) if "columns" in form)
    assert form["repeats"] == [fields.get("repeats", "1")]


def test_a_run_is_stopped_and_known_to_its_project_only(client: TestClient, bench: FakeBench) -> None:
    from assay.collector.pages.playground.runs import ColumnRun, DataRun

    run = DataRun(project=PROJECT, dataset="d", version=1, scorers=["exact_match"], columns=[ColumnRun("a", "m")])
    held = Held()
    bench.runs.start(run, held)
    address = f"{PAGE}/runs/{run.id}"
    form = next(form for form in forms_of(client.get(address).text) if "form_token" in form)
    assert client.post(address, data=form).status_code == 303
    assert (run.state, held.closed.is_set()) == ("stopped", True)
    assert client.get(f"/p/other/playground/runs/{run.id}").status_code == 404


def test_a_run_is_told_by_its_experiments_after_the_collector_was_started_again(
    client: TestClient, bench: FakeBench
) -> None:
    from assay.collector.pages.playground.runs import DataRuns

    def experiment(number: int, status: str, error: str | None) -> dict[str, Any]:
        return {
            "id": str(number) * 32,
            "name": f"qa@{number}",
            "status": status,
            "error": error,
            "tags": {"model": "echo/last", "playground_column": f"{number} of 3"},
            "dataset": {"name": "support-qa", "version": 2},
            "scorers": [{"name": "exact_match"}],
        }

    made = [experiment(1, "completed", None), experiment(2, "interrupted", "The collector stopped.")]
    bench.runs = DataRuns(lambda project, run_id: made if (project, run_id) == (PROJECT, "r1") else [])
    shown = client.get(f"{PAGE}/runs/r1")
    assert "The collector stopped before all columns had run" in text_of(shown)
    assert [link for link in parts_of(shown.text).named("a") if "compare" in (link.get("href") or "")]
    assert client.get(f"{PAGE}/runs/r2").status_code == 404


class Held:
    """Tells nothing until it is closed."""

    def __init__(self) -> None:
        import threading

        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Any]:
        self.closed.wait()
        return iter(())

    def close(self) -> None:
        self.closed.set()


# What others write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("string", STRINGS, ids=range(len(STRINGS)))
def test_whatever_is_typed_comes_back_as_it_was(client: TestClient, string: str) -> None:
    typed = string.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    fields = {
        "text-1": typed,
        "model-1": f"m{typed}m",
        "more-1": typed,
        "answer-1": json.dumps({"text": typed, "problem": typed}),
    }
    shown = press(client, form_of(client, "?prompt=qa@1"), "add-1", **fields)
    form = next(form for form in forms_of(shown.text) if "columns" in form)
    assert form["text-1"] == [typed]
    assert form["model-1"] == [f"m{typed}m"]
