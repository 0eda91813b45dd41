"""Every page over made-up data, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from assay.collector.pages.assets import ASSETS
from assay.collector.pages.security import CONTENT_SECURITY_POLICY, local_path
from assay.collector.pages.web import get_source
from assay.errors import CollectorUnavailable
from support.html_parts import parts_of, text_of
from support.page_data import BASE_ID, OTHER_ID, PROJECT, FakeSource

TRACES, PROMPTS, EVALS = f"/p/{PROJECT}/traces", f"/p/{PROJECT}/prompts", f"/p/{PROJECT}/evals"
AB = f"/p/{PROJECT}/ab"
TRACE = f"{TRACES}/{0:032x}"
FAILED = f"{TRACES}/{3:032x}"
COMPARE = f"{EVALS}/compare?base={BASE_ID}&with={OTHER_ID}"
PAGES = [
    "/projects",
    TRACES,
    f"{TRACES}?q=status+%3D+%27error%27",
    f"{TRACES}?q=statsu",
    TRACE,
    FAILED,
    *(f"{TRACE}?span={5:016x}&tab={tab}" for tab in ("messages", "io", "attributes", "events", "scores", "raw")),
    PROMPTS,
    f"{PROMPTS}/qa",
    f"{PROMPTS}/qa/v/1",
    f"{PROMPTS}/qa/diff/1..3",
    f"{PROMPTS}/qa/diff/2..2",
    f"{PROMPTS}/qa/v/2",
    f"{PROMPTS}/qa/versions?alias=production&on=2026-11-05",
    f"{PROMPTS}/qa/aliases",
    f"{PROMPTS}/qa/v/3/edit",
    f"{PROMPTS}?q=nothing",
    AB,
    f"{AB}/qa-tone",
    f"{AB}/qa-skewed",
    f"{AB}/qa-welcome",
    "/p/empty/ab",
    EVALS,
    f"{EVALS}/{BASE_ID}",
    f"{EVALS}/{OTHER_ID}?only=error",
    COMPARE,
    f"{COMPARE}&only=worse&score=correctness",
    "/p/empty/traces",
    "/p/empty/prompts",
    "/p/empty/evals",
    "/nothing-here",
    f"{TRACES}/unknown",
]


# What every page keeps --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(app: FastAPI, module_client: TestClient) -> Callable[[str], Response]:
    """Ask for an address of the made-up data, once for all tests of what every page keeps: none of them changes it."""
    pristine = FakeSource()

    @cache
    def ask(address: str) -> Response:
        app.dependency_overrides[get_source] = lambda: pristine
        module_client.cookies.clear()
        return module_client.get(address)

    return ask


@pytest.mark.parametrize("address", PAGES)
def test_every_page_carries_the_headers_that_keep_it_safe(asked: Callable[[str], Response], address: str) -> None:
    headers = asked(address).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_well_formed_and_has_its_landmarks(asked: Callable[[str], Response], address: str) -> None:
    html = asked(address).text
    parts = parts_of(html)
    assert (parts.unbalanced, parts.open) == ([], [])
    assert [len(parts.named(tag)) for tag in ("html", "h1", "main")] == [1] * 3
    assert html.partition("</head>")[0].count("<title>") == 1  # pictures have titles too
    assert len(parts.with_class("rail")) == 1
    identities = [attributes["id"] for _, attributes in parts.elements if "id" in attributes]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("address", PAGES)
def test_every_control_has_a_name(asked: Callable[[str], Response], address: str) -> None:
    html = asked(address).text
    parts = parts_of(html)
    labels = {attributes.get("for") for attributes in parts.named("label")}
    for attributes in parts.named("input", "select", "textarea"):
        assert attributes.get("type") == "hidden" or attributes.get("id") in labels
    for match in re.finditer(r"<(a|button)\b[^>]*>(.*?)</\1>", html, re.DOTALL):
        assert parts_of(match.group(2)).text.strip() or "aria-label=" in match.group(), match.group()


NOT_MADE_UP = re.compile(r"/review|^/settings|/(newer|older)(\?|$)")  # pages whose data this app has not


@pytest.mark.parametrize("address", PAGES)
def test_every_link_inside_leads_somewhere(asked: Callable[[str], Response], address: str) -> None:
    page = asked(address)
    leads = {200, 302} | ({400} if page.status_code == 400 else set())  # a filter that cannot be read goes along
    targets = {attributes["href"].partition("#")[0] for attributes in parts_of(page.text).named("a", "link")}
    kinds = {re.sub(r"\bitem=[^&]*", "", target): target for target in sorted(targets)}  # of forty items, one
    for target in kinds.values():
        if target.startswith("/") and target != address and not NOT_MADE_UP.search(target):
            assert asked(target).status_code in leads, (address, target)


# Start, projects, theme -------------------------------------------------------------------------------------------


def test_the_only_project_is_opened_at_once(client: TestClient) -> None:
    assert client.get("/").headers["location"] == f"/p/{PROJECT}"


def test_the_project_seen_last_is_opened_again(client: TestClient, source: FakeSource) -> None:
    source.by_project["other team"] = []
    assert client.get("/").status_code == 200
    assert client.get("/p/other%20team/traces").status_code == 200
    assert client.get("/").headers["location"] == "/p/other%20team"


def test_an_empty_collector_says_how_to_begin(client: TestClient, source: FakeSource) -> None:
    source.by_project.clear()
    shown = text_of(client.get("/").text)
    assert "Nothing has arrived yet" in shown
    assert 'assay.init(endpoint="http://testserver", project="default")' in shown


def test_the_theme_is_kept_and_the_page_comes_back_in_it(client: TestClient) -> None:
    assert 'data-theme="system"' in client.get(TRACES).text
    answer = client.post("/look", data={"theme": "dark", "next": f"{TRACES}?q=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{TRACES}?q=x")
    assert 'data-theme="dark"' in client.get(TRACES).text
    client.post("/look", data={"density": "compact", "rail": "narrow", "next": TRACES})
    client.post("/look", data={"times": "local", "next": TRACES})
    shown = client.get(TRACES).text
    assert 'data-theme="dark" data-density="compact" data-rail="narrow" data-times="local"' in shown
    assert "Times stay in UTC: local ones need scripts." in shown


def test_a_theme_chosen_by_another_site_is_refused(client: TestClient) -> None:
    answer = client.post("/look", data={"theme": "dark"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


def test_a_look_that_there_is_not_is_as_if_it_were_not_chosen(client: TestClient) -> None:
    client.cookies.set("assay_look", 'pink.compact."><script>')
    assert 'data-theme="system" data-density="compact" data-rail="wide" data-times="utc"' in client.get(TRACES).text


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_a_theme_that_there_is_not_is_refused(client: TestClient, theme: str) -> None:
    assert client.post("/look", data={"theme": theme}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "", "/a\r\nb"])
def test_a_redirect_never_leaves_the_server(target: str) -> None:
    assert local_path(target) == "/"


def test_static_files_may_be_kept_for_ever_under_the_address_of_their_content(client: TestClient) -> None:
    address = parts_of(client.get(TRACES).text).named("script")[0]["src"]
    answer = client.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    old = re.sub(r"/static/[0-9a-f]+/", "/static/0000/", address)
    assert client.get(old).headers["cache-control"] == "no-cache"
    assert client.get("/static/0000/nothing.js").status_code == 404


def test_static_files_are_sent_compressed_to_who_reads_that(client: TestClient) -> None:
    address = ASSETS.url("assay.js")
    packed, plain = (client.get(address, headers={"accept-encoding": how}) for how in ("br, gzip", "identity"))
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.content == plain.content == ASSETS.files["assay.js"].content
    assert "content-encoding" not in plain.headers


# Errors -----------------------------------------------------------------------------------------------------------


def test_what_there_is_not_is_said_with_a_way_on(client: TestClient) -> None:
    answer = client.get(f"{TRACES}/unknown")
    assert answer.status_code == 404
    assert "There is no trace" in answer.text
    assert parts_of(answer.text).named("a")[-1]["href"] == "/"


def test_a_program_gets_no_page_for_a_wrong_address(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert "<html" not in answer.text


def test_a_fault_of_ours_is_a_page_too_and_is_logged(
    client: TestClient, source: FakeSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(source, "traces", broken)
    answer = client.get(TRACES)
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("query", ["rows=abc", "rows=-5", "rows=99999"])
def test_a_number_that_is_none_or_out_of_range_does_no_harm(client: TestClient, query: str) -> None:
    assert client.get(f"{TRACE}?{query}").status_code in (200, 400)


def test_an_experiment_is_not_compared_with_itself(client: TestClient) -> None:
    assert client.get(f"{EVALS}/compare?base={BASE_ID}&with={BASE_ID}").status_code == 400


# Traces -----------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_went_in_and_came_out(client: TestClient) -> None:
    shown = text_of(client.get(TRACES).text)
    for part in ("How do I reset my password?", "2.5 s", "965", "$0.00018", "2 errors", "correctness"):
        assert part in shown


def test_words_in_the_box_become_a_filter(client: TestClient, source: FakeSource) -> None:
    client.get(f"{TRACES}?q=refund")
    assert source.filters[-1] == "(input ilike '%refund%' or output ilike '%refund%' or name ilike '%refund%')"


def test_a_wrong_filter_is_answered_below_the_box_with_a_mark_at_the_character(client: TestClient) -> None:
    answer = client.get(f"{TRACES}?q=statsu+%3D+1")
    assert answer.status_code == 400
    assert "statsu = 1\n^" in parts_of(answer.text).text
    assert parts_of(answer.text).named("input")[-1]["aria-invalid"] == "true"
    assert "Did you mean status?" in answer.text


def test_a_filter_that_nothing_fits_says_so(client: TestClient) -> None:
    assert "No trace matches" in text_of(client.get(f"{TRACES}?q=nothing").text)


def test_long_lists_are_read_page_by_page(client: TestClient, source: FakeSource) -> None:
    one = source.by_project[PROJECT][0]
    source.by_project[PROJECT] = [{**one, "trace_id": f"{number:032x}"} for number in range(150)]
    first = parts_of(client.get(TRACES).text)
    older = next(attributes["href"] for attributes in first.named("a") if attributes.get("rel") == "next")
    rest = parts_of(client.get(older).text)
    assert [len(parts.with_class("cover")) for parts in (first, rest)] == [100, 50]
    assert not [attributes for attributes in rest.named("a") if attributes.get("rel") == "next"]


def test_the_data_of_a_list_and_of_a_trace_is_one_ending_away(client: TestClient) -> None:
    listed = client.get(f"{TRACES}.json").json()
    assert (len(listed["items"]), listed["next_cursor"]) == (24, None)
    assert client.get(f"{TRACE}.json").json()["span_count"] == 5


def test_a_trace_opens_with_its_root_and_a_failed_one_with_the_span_that_failed(client: TestClient) -> None:
    def selected(address: str) -> str:
        rows = [one for one in parts_of(client.get(address).text).named("a") if "data-span" in one]
        return next(row["data-span"] for row in rows if "aria-current" in row)

    assert selected(TRACE) == f"{1:016x}"
    assert selected(FAILED) == f"{3:016x}"


def test_a_trace_shows_its_figures_and_its_links(client: TestClient) -> None:
    shown = text_of(client.get(TRACE).text)
    for part in ("Tokens in 880 (256 cached)", "Tokens out 85", "Cost $0.00018", "gpt-4o-mini-2024-07-18"):
        assert part in shown
    targets = {attributes["href"] for attributes in parts_of(client.get(TRACE).text).named("a")}
    assert f"{PROMPTS}/qa/v/2" in targets
    assert f"/p/{PROJECT}/sessions/s-118" in targets


def test_an_exception_is_read_before_anything_else(client: TestClient) -> None:
    shown = text_of(client.get(FAILED).text)
    assert "openai.RateLimitError Rate limit reached" in shown
    assert shown.index("openai.RateLimitError") < shown.index("Messages")


def test_messages_show_roles_calls_with_results_and_markdown(client: TestClient) -> None:
    html = client.get(f"{TRACE}?span={5:016x}").text
    shown = " ".join(parts_of(html).text.split())
    for part in ("System", "User", "Assistant", "order_status", "call_1", "shipped", "Short answer:"):
        assert part in shown
    assert "<strong>Short answer:</strong>" in html


def test_a_fragment_is_the_same_as_that_part_of_the_page(client: TestClient) -> None:
    answer = client.get(f"{TRACE}/spans/{5:016x}?tab=raw")
    assert answer.headers["x-assay-fragment"] == "1"
    whole = client.get(f"{TRACE}?span={5:016x}&tab=raw").text
    assert " ".join(answer.text.split()) in " ".join(whole.split())


def test_the_permalinks_lead_to_the_trace_and_the_span(client: TestClient) -> None:
    assert client.get(f"/t/{0:032x}").headers["location"] == TRACE
    assert client.get(f"/t/{0:032x}/{5:016x}").headers["location"] == f"{TRACE}?span={5:016x}"


# Evaluations ------------------------------------------------------------------------------------------------------


def test_an_experiment_shows_means_with_their_intervals_and_failures_apart(client: TestClient) -> None:
    shown = text_of(client.get(f"{EVALS}/{OTHER_ID}").text)
    for part in ("0.632 0.473 … 0.766", "Wilson", "completed with errors", "Failed 3"):
        assert part in shown


def test_a_judge_that_was_compared_with_people_has_that_beside_its_mean(client: TestClient, source: FakeSource) -> None:
    assert "human agreement" not in text_of(client.get(f"{EVALS}/{OTHER_ID}").text)
    source.experiment_objects[0]["scorers"][1] |= {"source": "llm", "version": "v"}
    figures = {"kind": "category", "n": 40, "agreement": {"value": 0.9}, "kappa": {"value": 0.8}}
    kept = {"judge": "correctness", "prompt_hash": "v", "model": None, "labels": 40, "record": figures}
    source.alignment_objects.append({"id": "a", **kept})
    shown = text_of(client.get(f"{EVALS}/{OTHER_ID}").text)
    assert "judge: correctness human agreement 0.900, kappa 0.800 on 40 labels; not corrected" in shown


def test_only_the_failed_rows_can_be_shown(client: TestClient) -> None:
    shown = text_of(client.get(f"{EVALS}/{OTHER_ID}?only=error").text)
    assert "task error RateLimitError Rate limit reached" in shown
    assert "q12" in shown
    assert "q13" not in shown


def test_a_comparison_says_in_figures_and_words_what_changed(client: TestClient) -> None:
    shown = text_of(client.get(COMPARE).text)
    for part in ("Improved", "+0.289", "+0.120 … +0.430", "exact McNemar", "38 items paired, 2 lost to failures"):
        assert part in shown


def test_the_items_of_a_comparison_can_be_narrowed(client: TestClient) -> None:
    counts = {only: client.get(f"{COMPARE}&only={only}").text.count('class="pair"') for only in ("", "worse", "error")}
    assert counts == {"": 40, "worse": 3, "error": 3}


def test_outputs_are_compared_word_by_word(client: TestClient) -> None:
    html = client.get(f"{COMPARE}&only=changed").text
    assert re.search(r"<del>[^<]*security", html)
    assert re.search(r"<ins>[^<]*Security", html)


def test_the_word_that_other_pages_use_leads_here_too(client: TestClient) -> None:
    assert client.get(f"/p/{PROJECT}/experiments").headers["location"] == EVALS
    assert client.get(f"/p/{PROJECT}/experiments/{BASE_ID}").headers["location"] == f"{EVALS}/{BASE_ID}"


# A/B tests --------------------------------------------------------------------------------------------------------


def test_no_figure_is_shown_while_the_health_is_red(client: TestClient) -> None:
    shown = text_of(client.get(f"{AB}/qa-skewed").text)
    assert shown.index("short has 1,240 of 2,172 units") < shown.index("No effect is shown while a check fails")
    for figure in ("71.2 %", "$0.0031", "+4.3 pp", "0.008", 'class="range'):
        assert figure not in shown


def test_effects_have_intervals_words_and_a_link_to_the_traces_of_each_arm(client: TestClient) -> None:
    html = client.get(f"{AB}/qa-tone").text
    shown = " ".join(parts_of(html).text.split())
    for part in ("+4.3 pp", "+0.90 pp … +7.7 pp", "better", "violated", "short may go to everybody."):
        assert part in shown
    assert "q=any%28ab_test+%3D+%27qa-tone%27+and+ab_arm+%3D+%27short%27%29" in html
    assert f'href="{PROMPTS}/qa/diff/1..2"' in html


def test_a_test_that_has_ended_cannot_be_ended_again(client: TestClient) -> None:
    shown = text_of(client.get(f"{AB}/qa-welcome").text)
    assert not any(order in shown for order in ("Stop the test", "ship it"))
    assert "short was promoted. Known then: short may go to everybody." in shown
    assert "Stopped; short was promoted, and production moved to its version" in shown


def test_a_test_can_be_ended_while_its_report_cannot_be_made(
    client: TestClient, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise CollectorUnavailable("Too many queries are running.")

    monkeypatch.setattr(source, "ab_report", busy)
    shown = text_of(client.get(f"{AB}/qa-tone").text)
    assert "The report cannot be made now. Too many queries are running." in shown
    assert "Stop the test" in shown
