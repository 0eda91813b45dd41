"""Files that were sent along in messages: what is known of them, and which may be shown in the page. Pure.

A picture has an address made of its own content, below that of its span; nobody has to keep anything for it. Only the
kinds of INLINE are shown, when their bytes really are what they say; everything else can be fetched as a file. SVG is
a document that may hold scripts, so it is never shown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.content.recognised import media_type_of

INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
LARGEST_INLINE = 5 * 1024**2  # bytes
DIGEST_CHARS = 40
OTHER = "application/octet-stream"
_DOWNLOADED = re.compile(r"(audio|video)/[\w.+-]{1,60}|application/pdf|image/(png|jpeg|webp|gif)")
_ENDINGS = {"application/pdf": "pdf", "audio/mpeg": "mp3", "audio/mpga": "mp3", "image/jpeg": "jpg", OTHER: "bin"}
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,([A-Za-z0-9+/]+={0,2})")
SPAN_FIELDS = ("input_messages", "output_messages", "input", "output", "documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes with their kind; `digest` names them by their content."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:DIGEST_CHARS]

    @property
    def is_shown(self) -> bool:
        return self.media_type in INLINE and len(self.content) <= LARGEST_INLINE

    @property
    def name(self) -> str:
        """What it is called when it is saved."""
        ending = _ENDINGS.get(self.media_type) or self.media_type.rpartition("/")[2]
        return f"{self.digest[:12]}.{re.sub('[^a-z0-9]', '', ending)[:8] or 'bin'}"


def decoded(text: str, said: str | None) -> File | None:
    """The file in base64 `text` whose sender says that it is of the kind `said`; None when it is no base64.

    Bytes that begin like a picture are of that kind whatever was said, and a picture by name alone is none.
    """
    body = re.sub(r"\s", "", text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        content = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = media_type_of(content) or (said or "").lower()
    is_true = kind not in INLINE or media_type_of(content) == kind
    return File(content=content, media_type=kind if is_true and _DOWNLOADED.fullmatch(kind) else OTHER)


def data_uri(text: str) -> File | None:
    """The file that a data: address holds."""
    found = _DATA_URI.match(text)
    return decoded(found[2], found[1]) if found else None


def find_file(span: Mapping[str, Any], digest: str) -> File | None:
    """The file with this name of its content, among those in the messages of a span."""
    return next((file for field in SPAN_FIELDS for file in _files(span.get(field)) if file.digest == digest), None)


def _files(value: Any) -> Iterator[File]:
    """Every file in `value`. No recursion: messages may be nested deeply."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            content = one.get("content")
            if one.get("type") == "blob" and isinstance(content, str):
                yield from filter(None, [decoded(content, media_type_said(one))])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str) and ";base64," in one:
            yield from filter(None, (decoded(body, kind) for kind, body in _DATA_URI.findall(one)))


def media_type_said(part: Mapping[str, Any]) -> str | None:
    said = part.get("mime_type")
    return said if isinstance(said, str) else None
