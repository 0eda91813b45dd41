"""Collectors that do not speak HTTP, or never finish a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.destination import Destination
from assay.settings import load_settings
from assay.tracing.post import Later, Poster, Taken
from support.export import request_of
from support.otlp_port import Handler, OtlpPort, drip, garbage, hang, take


@pytest.mark.parametrize("answer", [drip, garbage, hang])
def test_no_answer_takes_longer_than_the_time_out(answer: Callable[[Any], None]) -> None:
    with OtlpPort() as port:
        port.answer = answer
        post = Poster(load_settings(timeout_s=0.3), find=lambda: Destination(url=port.url))
        began = time.monotonic()
        outcome = post(request_of("a").body)
        assert isinstance(outcome, Later)
        assert outcome.trouble == "away"
        assert time.monotonic() - began < 5.0
        post.close()


def late(handler: Handler) -> None:
    time.sleep(0.5)
    take(handler)


def test_a_collector_in_this_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OtlpPort() as port:
        port.answer = late
        monkeypatch.setattr("assay.embedded.serves_here", lambda url: url == port.url)
        post = Poster(load_settings(timeout_s=0.1, data_dir=tmp_path), find=lambda: Destination(url=port.url))
        assert post(request_of("a").body) == Taken()
        post.close()


def test_a_large_request_arrives_whole_and_connections_are_kept() -> None:
    with OtlpPort() as port:
        post = Poster(load_settings(), find=lambda: Destination(url=port.url))
        body = request_of(*[f"{number} {'x' * 1000}" for number in range(1500)]).body
        assert [post(body), post(request_of("b").body)] == [Taken(), Taken()]
        assert (len(port.taken), port.requests) == (1501, 2)
        post.close()
