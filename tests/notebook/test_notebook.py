"""HTML for notebooks: whatever is shown, nothing in it becomes markup; large traces are folded; no figure is lost."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evaluation.comparison import ComparisonRow
from assay.evaluation.report import comparison_figures
from assay.notebook.figures import Figure, figures_html
from assay.notebook.markup import escaped, tag
from assay.notebook.trace import breadth_first, span_html, trace_html
from assay.prompts.diff import diff_versions
from assay.prompts.version import PromptVersion
from assay.traces import Span, Trace
from support.hostile import MARK, STRINGS

TAGS = {
    *("div", "style", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "span", "details", "summary", "pre"),
    *("ins", "del", "a"),
}
ATTRIBUTES = {"class", "style", "scope", "colspan", "href", "target", "rel"}


class Reader(HTMLParser):
    """What a browser would make of it: elements, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def safe(html: str) -> Reader:
    """Read it, and hold it to be safe: known elements and attributes, every element closed, nothing from elsewhere."""
    read = Reader(html)
    assert read.open == []
    assert set(read.tags) <= TAGS
    assert {name for name, _ in read.attributes} <= ATTRIBUTES
    assert [value for name, value in read.attributes if MARK in (value or "") and name != "href"] == []
    assert [v for n, v in read.attributes if n == "href" and not (v or "").startswith("http://127.0.0.1")] == []
    assert "url(" not in html
    assert html.encode()
    return read


def span(number: int, parent: int | None = None, **values: Any) -> Span:
    about = {"trace_id": "t", "span_id": str(number), "name": f"s{number}", **values}
    return Span(**about, parent_span_id=None if parent is None else str(parent))


def version(text: Any, number: int = 1, **values: Any) -> PromptVersion:
    return PromptVersion(
        name="qa", version=number, template=text, type="text" if isinstance(text, str) else "chat", **values
    )


@pytest.mark.parametrize("string", STRINGS)
def test_a_hostile_trace_is_text(string: str) -> None:
    hostile = span(
        1, name=string, kind=string, input=string, output=string, status="error", status_message=string, duration_ms=1.0
    )
    scores = [{"name": string, "value": string, "source": string}]
    trace = Trace(trace_id=string, name=string, session_id=string, user_id=string, spans=[hostile], scores=scores)
    assert string.replace("\x00", "\ufffd").replace("\x1b", "\ufffd") in safe(trace_html(trace)).text
    safe(span_html(hostile))


@pytest.mark.parametrize("string", STRINGS)
def test_hostile_prompts_and_figures_are_text(string: str) -> None:
    chat = [{"role": string, "content": f"{string} {{{{question}}}}"}]
    safe(version([{"role": "user", "content": "a"}], author=string, commit_message=string)._repr_html_())
    old = {"name": string, "version": 1, "template": [{"role": "user", "content": "a"}], "config": {}}
    new = {**old, "version": 2, "config": {string: string}}
    safe(diff_versions(old, new)._repr_html_())
    figure = Figure(name=string, cells=(string, "1"), words=string, outcome="improved")
    html = figures_html(string, ("a", string), [figure], last=string, notes=[string], url=string, told_address=string)
    safe(html)
    assert chat


@given(st.text(max_size=50))
def test_any_text_stays_a_text(text: str) -> None:
    read = Reader(tag("p", text, cls=text))
    assert read.tags == ["p"]
    assert read.text == Reader(f"<p>{escaped(text)}</p>").text


def test_a_half_of_a_character_can_be_written() -> None:
    assert escaped("a\ud800b").encode() == "a\ufffdb".encode()


def test_a_trace_of_many_spans_is_folded() -> None:
    spans = [span(0), *(span(number, 0, name="step") for number in range(1, 10_000))]
    html = trace_html(Trace(trace_id="t", name="big", spans=spans))
    assert len(html) < 10_000
    assert "9,996 more spans" in html


def test_every_span_is_there_once_even_in_a_circle() -> None:
    circle = [span(1, 2), span(2, 1), span(3, 3), span(4, 99)]
    found = breadth_first(Trace(trace_id="t", spans=circle))
    assert sorted(each.span_id for each in found) == ["1", "2", "3", "4"]


def test_a_trace_says_how_it_ended_and_why() -> None:
    trace = Trace(
        trace_id="t", name="q", status="error", spans=[span(1, status="error", status_message="no room", input="why")]
    )
    told = safe(trace._repr_html_()).text
    assert "no room" in told
    assert "why" in told


def test_what_changes_in_a_prompt_is_marked() -> None:
    html = version("Answer {{question}} now").diff(version("Answer {{question}} briefly", 2))._repr_html_()
    assert "<del>now</del><ins>briefly</ins>" in html
    assert '<span class="variable">{{question}}</span>' in version("Answer {{question}}")._repr_html_()


def test_a_comparison_has_the_figures_of_the_terminal() -> None:
    row = ComparisonRow(
        **{"scorer": "correct", "dtype": "bool", "direction": "higher", "n_paired": 64, "n_lost": 0, "n_unmatched": 0},
        **{"wins": 10, "ties": 53, "losses": 1, "baseline_mean": 0.766, "mean": 0.906, "difference": 0.1406},
        **{"ci_low": 0.03, "ci_high": 0.238, "confidence": 0.95, "p_corrected": 0.0117, "outcome": "improved"},
        verdict="Improved.",
    )
    [figure] = comparison_figures([row])
    assert figure.cells == ("0.766", "0.906", "+0.141", "[+0.030, +0.238]", "0.012", "10/53/1")
    assert (figure.words, figure.outcome) == ("Improved.", "improved")
