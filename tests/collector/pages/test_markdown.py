"""Markdown of answers: what it becomes, and what it must never become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import markdown
from support.html_parts import parts_of

# All elements that it may make
ALLOWED = {
    *("p", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "a", "br", "blockquote", "hr", "div", "small"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def test_the_usual_things_are_laid_out() -> None:
    html = markdown.render("**Yes**\n\n- a\n- `b`\n\n| x | y |\n|:--|--:|\n| 1 | 2 |")
    assert "<strong>Yes</strong>" in html
    assert "<li><code>b</code></li>" in html.replace("\n", "")
    assert '<td class="to-right">2</td>' in html


def test_a_heading_of_an_answer_is_none_of_the_page() -> None:
    assert markdown.render("# Title") == '<p class="md-heading md-h1">Title</p>\n'


def test_links_hand_nothing_over() -> None:
    html = markdown.render("[docs](https://example.com/a?b=1&c=2)")
    link = '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">docs</a>'
    assert html == f"<p>{link} <small>(example.com)</small></p>\n"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("[x](https://bank.example@evil.example/)", "(evil.example)"),
        ("[evil.example](https://evil.example/)", None),
        ("<https://ok.example>", None),
        ("[<https://ok.example>](https://ok.example)", None),
        ("[nowhere]()", None),
        ("[write](mailto:a@b.example)", "(a@b.example)"),
    ],
)
def test_a_link_shows_its_host_where_its_text_does_not(text: str, host: str | None) -> None:
    parts = parts_of(markdown.render(text))
    assert bool(parts.named("small")) is (host is not None)
    assert host is None or host in parts.text


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/p/other/traces",
        "java&#x73;cript:alert(1)",
        "\x01javascript:alert(1)",
    ],
)
def test_a_link_to_anywhere_but_the_web_is_text(target: str) -> None:
    assert not parts_of(markdown.render(f"[x]({target})")).named("a")
    assert not parts_of(markdown.render(f"[x]: {target}\n\n[x]")).named("a")


@pytest.mark.parametrize("text", ["![x](https://evil.example/?q=secret)", "![x][y]\n\n[y]: https://evil.example/"])
def test_an_image_is_never_loaded(text: str) -> None:
    assert not parts_of(markdown.render(text)).named("img")


def test_an_image_becomes_a_link_that_says_where_it_leads() -> None:
    parts = parts_of(markdown.render("![a <b> chart](https://cdn.example/x.png)"))
    assert [link["href"] for link in parts.named("a")] == ["https://cdn.example/x.png"]
    assert parts.text.strip() == "a <b> chart load image from cdn.example"


def test_an_image_in_a_link_is_no_second_link() -> None:
    parts = parts_of(markdown.render("[![logo](https://a.example/x.png)](https://b.example)"))
    assert [link["href"] for link in parts.named("a")] == ["https://b.example"]


def test_raw_html_is_shown_as_text() -> None:
    html = markdown.render("<script>alert(1)</script>\n\n<b onclick=alert(1)>x</b>")
    assert not parts_of(html).named("script", "b")
    assert "&lt;script&gt;" in html


def test_a_very_long_text_is_shown_plain_and_whole() -> None:
    text = "<b>*" + "x" * markdown.LONGEST
    assert parts_of(markdown.render(text)).text == text


fragments = st.sampled_from(
    ["<script>", "</p>", "![", "](", ")", "[", "javascript:", "http://x", "`", "```", "|", "\n", "\n\n", "<img src=x ",
     "onerror=", "&#x6a;", "*", "# ", "> ", "- ", "<!--", "-->", "<![CDATA[", '"', "'", "\\", "<http://a>", "<a@b.c>"]
)  # fmt: skip


@given(st.lists(st.one_of(fragments, st.text(max_size=5)), max_size=30).map("".join))
def test_whatever_is_written_makes_harmless_markup_only(text: str) -> None:
    parts = parts_of(markdown.render(text))
    for tag, attributes in parts.elements:
        assert tag in ALLOWED
        assert set(attributes) <= {"href", "rel", "class", "title", "start"}
        if tag == "a":
            assert markdown.is_safe_link(attributes["href"])
            assert attributes["rel"] == "noopener noreferrer nofollow"
