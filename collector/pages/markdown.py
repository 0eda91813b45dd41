"""Markdown of model answers → HTML. The one place where text becomes markup, so the one place to review.

The text is hostile: a prompt injection can make a model write anything. Raw HTML is shown as text. Images are not
loaded (an image URL would carry data out): they are links that say where they lead. Links lead to http, https and
mailto only, hand nothing over, and show the host where their text does not.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

LONGEST = 100_000  # characters; above it plain text is quicker for everybody, and Markdown of that length is none
LONGEST_KEPT = 4000  # characters of a text whose HTML is kept for the next page
_REL = "noopener noreferrer nofollow"


def render(text: str) -> Markup:
    """`text` as safe HTML."""
    if len(text) > LONGEST:
        return Markup('<div class="plain">{}</div>').format(text)
    return _rendered_before(text) if len(text) <= LONGEST_KEPT else _rendered(text)


def _rendered(text: str) -> Markup:
    return Markup(_parser.render(text, {}))


# The history of a conversation is on the page of each of its calls.
_rendered_before = lru_cache(maxsize=512)(_rendered)


def is_safe_link(url: str) -> bool:
    """Whether a link may be followed: an absolute address on the web, or a mail address."""
    try:
        return urlsplit(url.strip()).scheme.lower() in {"http", "https", "mailto"}
    except ValueError:
        return False


def link_host(url: str) -> str:
    """Where a link leads, as a browser would go there: without the user's name that can stand before the host."""
    try:
        parts = urlsplit(url.strip())
        return parts.path if parts.scheme.lower() == "mailto" else parts.hostname or ""
    except ValueError:
        return ""


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])
    parser.validateLink = is_safe_link  # type: ignore[method-assign]  # the documented way to replace it
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("heading_open", _heading_open)
    parser.add_render_rule("heading_close", _heading_close)
    parser.add_render_rule("th_open", _cell_open)
    parser.add_render_rule("td_open", _cell_open)
    return parser


def _link_open(self, tokens, index, options, env):  # type: ignore[no-untyped-def]  # the signature is markdown-it's
    # A plain address within the text of a link would be a link in a link; and an address may be empty.
    outer = env.setdefault("links", [])
    is_link = not outer and is_safe_link(str(tokens[index].attrGet("href") or ""))
    outer.append(index if is_link else None)
    if not is_link:
        return ""
    tokens[index].attrSet("rel", _REL)
    return self.renderToken(tokens, index, options, env)


def _link_close(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    begin = env["links"].pop()
    if begin is None:
        return ""
    host = link_host(str(tokens[begin].attrGet("href")))
    shown = "".join(token.content for token in tokens[begin + 1 : index])
    return "</a>" if not host or host in shown.lower() else f"</a> <small>({escape(host)})</small>"


def _image(self, tokens, index, options, env):  # type: ignore[no-untyped-def]
    # An image without an address that may be followed is its text; inside of a link there can be no other link.
    token = tokens[index]
    address, shown = str(token.attrGet("src") or ""), escape(token.content or "image")
    if env.get("links") or not is_safe_link(address):
        return f"<em>{shown}</em>"
    return f'{shown} <a href="{escape(address)}" rel="{_REL}">load image from {escape(link_host(address))}</a>'


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
