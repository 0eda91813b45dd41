"""What stands around every representation: its style, in the colours of the notebook's theme."""

from __future__ import annotations

from assay.notebook.markup import Markup, tag

# Notebooks say by an attribute or a class of theirs whether they are light or dark; elsewhere the browser says it.
STYLE = """
.assay-box{color-scheme:light dark;--ink:light-dark(#1c2024,#e6e8ea);--quiet:light-dark(#5b646d,#a3abb3);\
--line:light-dark(#d8dde2,#3a4148);--paper:light-dark(#fff,#16191d);--bad:light-dark(#b3261e,#ff9a92);\
--good:light-dark(#1a7f42,#6fd08c);--bar:light-dark(#7aa7d9,#4d7fb8);--badpaper:light-dark(#fde8e6,#4a1f1c);\
--goodpaper:light-dark(#e2f4e7,#163a22);\
background:var(--paper);color:var(--ink);border:1px solid var(--line);border-radius:6px;padding:10px 12px;\
font:13px/1.45 system-ui,sans-serif;overflow-x:auto;max-width:100%}
[data-jp-theme-light=true] .assay-box,.vscode-light .assay-box{color-scheme:light}
[data-jp-theme-light=false] .assay-box,.vscode-dark .assay-box,.vscode-high-contrast .assay-box{color-scheme:dark}
.assay-box h4{margin:0 0 4px;font-size:14px;color:inherit}
.assay-box p{margin:2px 0}
.assay-box table{border-collapse:collapse;margin:6px 0;color:inherit;background:transparent}
.assay-box th,.assay-box td{text-align:left;padding:2px 12px 2px 0;border:0;background:transparent;color:inherit;\
white-space:nowrap;vertical-align:top}
.assay-box th{font-weight:600;border-bottom:1px solid var(--line)}
.assay-box .number{text-align:right;font-variant-numeric:tabular-nums}
.assay-box .long{white-space:normal;min-width:16em}
.assay-box .quiet{color:var(--quiet)}
.assay-box .bad{color:var(--bad)}
.assay-box .good{color:var(--good)}
.assay-box pre{margin:2px 0 4px;white-space:pre-wrap;overflow-wrap:anywhere;font:12px/1.4 ui-monospace,monospace;\
color:inherit;background:transparent}
.assay-box summary{cursor:pointer}
.assay-box .guides{font-family:ui-monospace,monospace;white-space:pre;color:var(--quiet)}
.assay-box .track{display:block;width:160px;height:8px;margin-top:6px;background:var(--line);border-radius:2px}
.assay-box .bar{display:block;height:8px;min-width:1px;background:var(--bar);border-radius:2px}
.assay-box .bar.bad{background:var(--bad)}
.assay-box ins{text-decoration:none;color:inherit;background:var(--goodpaper);border-bottom:1px solid var(--good)}
.assay-box del{color:inherit;background:var(--badpaper)}
.assay-box .variable{color:var(--good);font-weight:600}
"""


def box(*children: object) -> str:
    """The representation, ready for `_repr_html_`."""
    return str(tag("div", tag("style", Markup(STYLE)), *children, cls="assay-box"))


def link(url: str, words: str) -> Markup:
    """A link to a page of the collector; an address of any other kind is text."""
    if not url.startswith(("http://", "https://")):
        return tag("span", url)
    return tag("a", words, href=url, target="_blank", rel="noopener noreferrer")


def table(headings: list[tuple[str, str | None]], rows: list[list[Markup]]) -> Markup:
    """A table of cells that are made already.

    Args:
        headings: words and class of each column.
    """
    head = tag("tr", [tag("th", words, cls=cls, scope="col") for words, cls in headings])
    return tag("table", tag("thead", head), tag("tbody", [tag("tr", row) for row in rows]))
