"""What a page with hostile texts in it must not have become."""

from __future__ import annotations

import re

from support.hostile import MARK
from support.html_parts import parts_of

FILE = r"/p/[^/?#]+/traces/[^/?#]+/spans/[^/?#]+/files/[0-9a-f]{40}"  # the only pictures there may be
SCHEMES = ("/", "#", "?", "http:", "https:", "mailto:")


def assert_harmless(html: str, address: str) -> None:
    parts = parts_of(html)
    assert not parts.unbalanced, (address, parts.unbalanced)
    assert not parts.open, (address, parts.open)
    for tag, attributes in parts.elements:
        assert MARK not in tag, address
        assert tag not in {"iframe", "object", "embed", "base", "style"}, address
        assert tag != "img" or re.fullmatch(FILE, attributes.get("src", "")), address
        if tag == "script" and attributes.get("type") != "application/json":  # data: never run
            assert attributes.get("src", "").startswith("/static/"), address
        for name, value in attributes.items():
            assert MARK not in name, (address, tag, name)
            assert not name.startswith("on"), (address, tag, name)
            assert name not in {"style", "srcdoc"}, (address, tag, name)
            if name in {"href", "src", "action", "formaction", "data-fragment"}:
                assert value.startswith(SCHEMES), (address, tag, name, value)
                assert not value.startswith("//"), (address, tag, name, value)
