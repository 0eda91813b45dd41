"""The messages of a chat template, and the messages that a placeholder in it is given. Pure.

A message is {"role", "content"}; content is a text, or a list of parts as providers take them:
[{"type": "text", "text": "..."}, {"type": "image_url", "image_url": {"url": "..."}}]. A message of the role
`placeholder` stands for messages that are not known yet: its content is the name they are given by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assay.errors import TemplateError

Message = dict[str, Any]  # {"role": str, "content": str | list of parts}

PLACEHOLDER = "placeholder"
MAX_DEPTH = 20  # of a part: more than any provider's form has

_NAME = re.compile(r"[^\W\d]\w*")
_AS_WRITTEN = "type"  # the key of a part whose value is never a template


def read_messages(source: object) -> Iterator[Message]:
    """The messages of a chat template, checked and copied.

    Raises:
        TemplateError: this is no list of messages.
    """
    if not isinstance(source, Sequence) or isinstance(source, bytes | bytearray) or not source:
        raise TemplateError(
            f"A template is a string or a non-empty list of messages; this is {shown(source)}.",
            hint='A message is {"role": "user", "content": "..."}.',
        )
    for number, message in enumerate(source, start=1):
        if not isinstance(message, Mapping) or set(message) != {"role", "content"}:
            raise TemplateError(
                f"Message {number} is {shown(message)}.", hint='It must have exactly "role" and "content".'
            )
        role, content = message["role"], message["content"]
        if not isinstance(role, str) or not role.strip() or not _is_content(content):
            raise TemplateError(
                f"Message {number} is {shown(message)}.",
                hint='"role" must be text and not empty; "content" text, or a list of parts like '
                '{"type": "text", "text": "..."}.',
            )
        yield {"role": role, "content": content if isinstance(content, str) else map_texts(content, str)}


def placeholder_name(content: object, number: int) -> str:
    """The name that the content of a placeholder, which is message `number`, gives.

    Raises:
        TemplateError: it is no name.
    """
    name = content.strip() if isinstance(content, str) else ""
    if not _NAME.fullmatch(name):
        raise TemplateError(
            f"Message {number} is a placeholder named {shown(content)}.",
            hint='Name the messages that go there, e.g. {"role": "placeholder", "content": "history"}.',
        )
    return name


def map_texts(content: Any, change: Callable[[str], Any], depth: int = 0) -> Any:
    """A copy of a message's content with `change` applied to its texts: to itself, or to every string in its parts.

    Raises:
        TemplateError: its parts are nested too deeply.
    """
    if isinstance(content, str):
        return change(content)
    if depth > MAX_DEPTH:
        raise TemplateError(f"The parts of a message are nested more than {MAX_DEPTH} deep.")
    if isinstance(content, Mapping):
        return {
            key: value if key == _AS_WRITTEN and isinstance(value, str) else map_texts(value, change, depth + 1)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [map_texts(value, change, depth + 1) for value in content]
    return content


def texts_of(content: Any) -> list[str]:
    """The texts of a message's content, in order."""
    texts: list[str] = []
    map_texts(content, texts.append)
    return texts


def checked_history(name: str, messages: object) -> list[Message]:
    """What a placeholder is given, as messages of their own. They go in as they are: nothing in them is a template.

    Raises:
        TemplateError: this is no list of messages.
    """
    if not isinstance(messages, list | tuple):
        raise TemplateError(
            f"The placeholder {name!r} takes a list of messages; this is {shown(messages)}.",
            hint=f"For example {name}=[{{'role': 'user', 'content': 'Hello'}}], or {name}=[] for none.",
        )
    return [_checked(message, f"Message {number} of {name!r}") for number, message in enumerate(messages, start=1)]


def shown(value: object) -> str:
    """A value as a message of an error shows it."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = object.__repr__(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _checked(message: object, where: str) -> Message:
    if not isinstance(message, Mapping):
        raise TemplateError(
            f"{where} is {shown(message)}, which is no message.",
            hint='It must be like {"role": "user", "content": "..."}; of a client\'s object pass its model_dump().',
        )
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not role.strip() or role == PLACEHOLDER:
        raise TemplateError(f"{where} has the role {shown(role)}.", hint='For example "user".')
    # An answer that only calls tools has no content, but then it has something else to say.
    if not (_is_content(content) or content == [] or (content is None and len(message.keys() - {"role", "content"}))):
        raise TemplateError(f"{where} has the content {shown(content)}.", hint="It must be text, or a list of parts.")
    return dict(message)


def _is_content(content: object) -> bool:
    """Whether this is a text, or parts: objects that have a type."""
    if isinstance(content, str):
        return True
    return (
        isinstance(content, list | tuple)
        and bool(content)
        and all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in content)
    )
