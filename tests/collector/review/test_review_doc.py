"""What docs/review.md shows works as it stands, one snippet after the other."""

from __future__ import annotations

import pytest

from assay.collector.server import Server
from support.snippets import snippets


def test_the_snippets_of_the_document_run(collector: Server, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for snippet in snippets("docs/review.md"):
        names = snippet.run_here(**{name: value for name, value in names.items() if not name.startswith("__")})
    printed = capsys.readouterr().out
    assert "3 items, 3 waiting" in printed
    assert "It is 1. or 1" in printed
    assert "['correct']" in printed
