"""Markdown of model answers → HTML. The one place where text becomes markup, so the one place to review.

The text is hostile: a prompt injection can make a model write anything. Raw HTML is shown as text, images are not
loaded (an image URL would carry data out), links lead to http, https and mailto only and hand nothing over.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup

LONGEST = 100_000  # characters; above it plain text is quicker for everybody, and Markdown of that length is none


def render(text: str) -> Markup:
    """`text` as safe HTML."""
    if len(text) > LONGEST:
        return Markup('<div class="plain">{}</div>').format(text)
    return Markup(_parser.render(text))


def is_safe_link(url: str) -> bool:
    """Whether a link may be followed: an absolute address on the web, or a mail address."""
    try:
        return urlsplit(url.strip()).scheme.lower() in {"http", "https", "mailto"}
    except ValueError:
        return False


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    parser.validateLink = is_safe_link  # type: ignore[method-assign]  # the documented way to replace it
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("heading_open", _heading_open)
    parser.add_render_rule("heading_close", _heading_close)
    parser.add_render_rule("th_open", _cell_open)
    parser.add_render_rule("td_open", _cell_open)
    return parser


def _link_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]  # the signature is markdown-it's
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, index, options, env)


def _heading_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    # A heading of an answer is none of the page: it would tear the outline that screen readers go by.
    return f'<p class="md-heading md-{tokens[index].tag}">'


def _heading_close(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    return "</p>\n"


def _cell_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    # Column alignment comes as a style attribute, which the content security policy refuses.
    style = str(tokens[index].attrGet("style") or "")
    side = style.rpartition(":")[2]
    name = f' class="to-{side}"' if side in {"left", "center", "right"} else ""
    return f"<{tokens[index].tag}{name}>"


_parser = _make_parser()
