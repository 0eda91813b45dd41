"""Embeddings and base64 are said in words; nothing that a person would read is."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from assay.collector.pages.content.recognised import recognise

NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(8))


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.5] * 768, "768 floats"),
        ([1, 2.5] * 700, "1,400 floats"),
        (list(range(100)), "100 integers"),
        ([1.0, 2.0, 3.0], None),
        ([True] * 50, None),
        ([*range(50), "x"], None),
        (encoded(NOISE), "base64, 256 bytes"),
        (encoded(b"\x89PNG\r\n\x1a\n" + NOISE), "base64, image/png, 264 bytes"),
        (encoded(b"RIFF\x00\x00\x00\x00WEBP" + NOISE), "base64, image/webp, 268 bytes"),
        ("data:audio/wav;base64," + encoded(NOISE), "base64, audio/wav, 256 bytes"),
        ("x" * 500, None),
        ("lorem ipsum dolor sit amet " * 40, None),
        ("CamelCaseWordsOnly" * 20, None),
        ("", None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_what_a_value_is(value: Any, said: str | None) -> None:
    assert recognise(value) == said
