"""HTML → its elements and its text, for tests that ask what a page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})


@dataclass
class Parts(HTMLParser):
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def named(self, *tags: str) -> list[dict[str, str]]:
        """Attributes of every element with one of these names, in order."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def with_class(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


def parts_of(html: str) -> Parts:
    parts = Parts()
    parts.feed(html)
    parts.close()
    return parts


@dataclass
class _Forms(HTMLParser):
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    select: str | None = None
    is_first_option: bool = False
    area: list[str] | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append({})
        elif tag == "input":
            self.forms[-1].setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "textarea":
            self.area = self.forms[-1].setdefault(given["name"], [])
            self.area.append("")
        elif tag == "select":
            self.select = given["name"]
            self.forms[-1].setdefault(self.select, []).append("")
            self.is_first_option = True
        elif tag == "option" and self.select is not None and "value" in given:
            chosen = self.forms[-1][self.select]
            if "selected" in given or self.is_first_option:
                chosen[-1] = given["value"]
            self.is_first_option = False

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            self.area[-1] = self.area[-1].removeprefix("\n")  # browsers leave the first line end out
            self.area = None
        elif tag == "select":
            self.select = None


def forms_of(html: str) -> list[dict[str, list[str]]]:
    """The fields of each form, as a browser would send them unchanged."""
    forms = _Forms()
    forms.feed(html)
    return forms.forms


def text_of(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(" ".join(parts_of(html).texts).split())
