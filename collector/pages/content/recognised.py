"""Values that nobody reads digit by digit: embeddings and base64. Said in words instead. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

FEWEST_NUMBERS = 16  # a shorter list of numbers is read
SHORTEST_BASE64 = 160  # characters
LOOKED_AT = 4096  # numbers of a list, or characters of a text, that decide
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n_-]+={0,2}\s*")
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]{0,200};base64,", re.IGNORECASE)
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1f\x8b", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
)


def recognise(value: Any) -> str | None:
    """ "768 floats" · "1,536 integers" · "base64, image/png, 12,345 bytes"; None for what is to be shown as it is."""
    if isinstance(value, list):
        return _numbers(value)
    return _encoded(value) if isinstance(value, str) else None


def media_type_of(content: bytes) -> str | None:
    """The kind of file that begins like this; None when none of those known here does."""
    if content[:4] == b"RIFF" and content[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if content[8:12] == b"WEBP" else "audio/wav"
    return next((name for begin, name in _MAGIC if content.startswith(begin)), None)


def _numbers(values: Sequence[Any]) -> str | None:
    if len(values) < FEWEST_NUMBERS or not all(type(one) in (int, float) for one in values[:LOOKED_AT]):
        return None
    kind = "floats" if any(type(one) is float for one in values[:LOOKED_AT]) else "integers"
    return f"{len(values):,} {kind}"


def _encoded(text: str) -> str | None:
    uri = _DATA_URI.match(text)
    body = text[uri.end() :] if uri else text
    if len(body) < SHORTEST_BASE64 or not _BASE64.fullmatch(body, 0, min(len(body), LOOKED_AT)):
        return None
    start = body[:64]
    if uri is None and not _looks_random(body[:LOOKED_AT]):
        return None
    try:
        begin = base64.b64decode(start.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        begin = b""
    kind = media_type_of(begin) or (uri and uri[1]) or ""
    return ", ".join(filter(None, ("base64", kind, f"{len(body.rstrip('=')) * 3 // 4:,} bytes")))


def _looks_random(text: str) -> bool:
    """Whether letters of both cases and digits are mixed as in encoded bytes: no word of any language is."""
    return (
        re.search(r"[\s_-]", text.strip()) is None
        and re.search(r"\d", text) is not None
        and re.search(r"[a-z]", text) is not None
        and re.search(r"[A-Z]", text) is not None
    )
