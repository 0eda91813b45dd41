"""A collector with something to review, made once for a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.review_collector import ReviewCollector, review_collector


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewCollector]:
    with review_collector(tmp_path_factory.mktemp("review") / "data") as made:
        yield made
