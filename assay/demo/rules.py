"""How the stand-in answers: it quotes the context it is given, as briefly and as carefully as the prompt asks for.

It knows nothing by itself. The rules look at the messages of one request and at nothing else:

- the context is every paragraph that begins with a label in square brackets, as in `[returns] You can return ...`;
- the question is what follows `Question:`, else the last user message;
- without instructions it hands over the passage that matches best, whole, whether or not it holds the answer;
- asked for a number of sentences, or to be brief, it picks the sentences that match best;
- told to say so when it does not know, it does when no sentence covers enough of the question;
- told to cite, it ends with the label of the passage.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.demo.ranking import rank, rarity_of, words

DONT_KNOW = "I don't know; the help pages I was given do not say."
GREETING = "Thank you for your question. Here is what our help pages say about it."
NO_CONTEXT = (
    "I am Assay's stand-in model and know nothing by myself: I quote the context in a prompt, and here there is none."
)
ENOUGH = 0.5  # a passage that holds no more than this share of the question's words does not answer it

_PASSAGE = re.compile(r"\[(?P<label>[^\]\s]+)\][ \t]*(?:(?P<title>[^\n]*)\n)?(?P<text>.*\S.*)", re.DOTALL)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_AMOUNT_ASKED = re.compile(
    r"\b(how (many|much|long|often|loud|heavy|high|far|old)|cost|price|capacity|rent|when|discount)\b", re.I
)
_AMOUNT = re.compile(r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|half)\b", re.I)


@dataclass(frozen=True, slots=True)
class Passage:
    label: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Style:
    """What the instructions ask for."""

    max_sentences: int | None  # None: as long as it gets
    may_abstain: bool
    cites: bool


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: dict[str, str]


def reply(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> str | ToolCall:
    """Answer one chat request: a text, or the call of a tool whose argument the question spells out."""
    question, passages, instructions = read(messages)
    results = _results_of_this_turn(messages)
    if not results and (call := _tool_call(question, tools)):
        return call
    return answer(question, passages, style(instructions), results)


def read(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[Passage], str]:
    """Question, context and instructions of a conversation, told apart by paragraph."""
    paragraphs = [
        (message["role"], paragraph.strip())
        for message in messages
        if message["role"] in ("system", "developer", "user")
        for paragraph in re.split(r"\n\s*\n", text_of(message))
        if paragraph.strip()
    ]
    passages = [
        Passage(m["label"], m["title"] or "", m["text"])
        for _, paragraph in paragraphs
        if (m := _PASSAGE.fullmatch(paragraph))
    ]
    others = [(role, paragraph) for role, paragraph in paragraphs if not _PASSAGE.fullmatch(paragraph)]
    asked = [paragraph for role, paragraph in others if role == "user"]
    last = asked[-1] if asked else ""
    question = re.split(r"\bquestion:\s*", last, flags=re.I)[-1]
    return question, passages, "\n".join(paragraph for _, paragraph in others).removesuffix(question)


def style(instructions: str) -> Style:
    """Read the few instructions that the stand-in understands."""
    spoken = instructions.lower().replace("\u2019", "'")
    numbers = re.findall(r"\b(one|two|three|four|five|[1-5])(?=(?: or \w+)?(?: short)? sentences?\b)", spoken)
    numbers += re.findall(r"\bor (two|three|four|five|[2-5])(?: short)? sentences?\b", spoken)
    limit = max((_NUMBERS.get(n) or int(n) for n in numbers), default=None)
    if limit is None and re.search(r"\b(brief|briefly|concise|concisely|short)\b", spoken):
        limit = 1
    return Style(
        max_sentences=limit,
        may_abstain=bool(
            re.search(r"\b(don't|do not|doesn't|does not) know\b|\bnot in the (context|passages)\b", spoken)
        ),
        cites=bool(re.search(r"\bcite\b|\bin (square )?brackets\b", spoken)),
    )


def answer(question: str, passages: Sequence[Passage], style: Style, results: Sequence[str] = ()) -> str:
    """The answer to a question from passages and tool results, in the style asked for."""
    told = " ".join(_spoken(result) for result in results)
    if told and style.max_sentences:
        return told
    if not passages:
        return told or (DONT_KNOW if style.may_abstain else NO_CONTEXT)
    ranking = rank(question, [passage.whole for passage in passages])
    best = passages[ranking[0][0] if ranking else 0]
    if style.may_abstain and not _covers(best, question):
        return DONT_KNOW
    quoted = _quote(question, best, style.max_sentences) if style.max_sentences else f"{GREETING} {best.text}"
    return " ".join(filter(None, [told, quoted, f"[{best.label}]" if style.cites else ""]))


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content may be a string, a list of parts or null."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n\n".join(part.get("text", "") for part in content)


def _quote(question: str, passage: Passage, limit: int) -> str:
    """The sentences that share most with the question, in their order; a figure counts double for "how many"."""
    every = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"'])", " ".join(passage.text.split()))
    weights = rarity_of(words(question), [Counter(words(sentence)) for sentence in every])
    wants_amount = bool(_AMOUNT_ASKED.search(question))

    def value(index: int) -> float:
        shared = sum(weights.get(word, 0.0) for word in set(words(every[index])))
        return shared * 2 if wants_amount and _AMOUNT.search(every[index]) else shared

    best = sorted(range(len(every)), key=value, reverse=True)[:limit]
    useful = [index for index in best if value(index)] or best[:1]
    return " ".join(every[index] for index in sorted(useful))


def _covers(passage: Passage, question: str) -> bool:
    asked = set(words(question))
    return len(asked & set(words(passage.whole))) > ENOUGH * len(asked)


def _tool_call(question: str, tools: Sequence[Mapping[str, Any]]) -> ToolCall | None:
    """The first tool all of whose required arguments have a pattern that the question matches."""
    for tool in tools:
        function = tool.get("function", {})
        parameters = function.get("parameters", {})
        patterns = {name: parameters["properties"][name].get("pattern") for name in parameters.get("required", [])}
        found = {
            name: re.search(rf"\b{pattern.strip('^$')}\b", question) for name, pattern in patterns.items() if pattern
        }
        if patterns and len(found) == len(patterns) and all(found.values()):
            return ToolCall(function["name"], {name: match[0] for name, match in found.items() if match})
    return None


def _results_of_this_turn(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    last_user = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=-1)
    return [text_of(message) for message in messages[last_user + 1 :] if message["role"] == "tool"]


def _spoken(result: str) -> str:
    """A tool's JSON object as one sentence; anything else as it is."""
    try:
        value = json.loads(result)
    except ValueError:
        return result
    if not isinstance(value, dict):
        return result
    return (
        ", ".join(f"{str(key).replace('_', ' ')}: {entry}" for key, entry in value.items() if entry is not None) + "."
    )
