"""One model's answer to a judge's question: asked, read, asked once more if it cannot be used. Failures are values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, GatewayError, ScorerError
from assay.evaluation.gateway import Completion, Gateway, Message, answering
from assay.evaluation.judges.asking import ask, left_out
from assay.evaluation.judges.prompt import JudgePrompt
from assay.evaluation.judges.reading import Reading, Unusable, shown
from assay.evaluation.judges.spending import spent

RAW_CHARS = 500  # of an unusable answer, in a message; its metadata have all of it

Read = Callable[[Completion], Reading]  # raises Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What one model answered, or why it has no answer."""

    model: str  # as it was asked for
    vote: int  # which of this model's
    answers: Sequence[Completion]
    reading: Reading | None = None
    error: AssayError | None = None

    def described(self) -> dict[str, Any]:
        """As a score's metadata record it."""
        found = self.reading
        said: dict[str, Any] = {"model": self.model, "vote": self.vote, **spent(self.answers)}
        if left := left_out(self.model):
            said["left_out"] = left
        if found is None:
            return {**said, "error": str(self.error)}
        return {**said, "label": found.label, "value": found.value, "explanation": found.explanation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voters:
    """Who is asked, and how: each of `models`, `votes` times."""

    models: Sequence[str]
    votes: int
    gateway: Gateway
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None


async def collect(prompt: JudgePrompt, texts: Mapping[str, Any], read: Read, voters: Voters) -> list[Ballot]:
    """A ballot of every vote, in order, all asked for at once. Those without an answer hold their error."""
    messages = prompt.messages(texts)
    votes = [(model, vote) for model in voters.models for vote in range(voters.votes)]
    found = await asyncio.gather(
        *(_ballot(prompt, messages, read, voters, model, vote) for model, vote in votes), return_exceptions=True
    )
    for each in found:
        if isinstance(each, BaseException):
            raise each  # no failure of a model: those are ballots
    return [each for each in found if isinstance(each, Ballot)]


async def _ballot(
    prompt: JudgePrompt, messages: list[Message], read: Read, voters: Voters, model: str, vote: int
) -> Ballot:
    # The same request several times is several answers: a cache must not give one of them for all.
    with answering(namespace=f"vote-{vote}" if vote else None):
        answers: list[Completion] = []
        try:
            reading = await _answered(prompt, messages, read, voters, model, vote, answers)
        except (GatewayError, ScorerError) as error:
            return Ballot(model=model, vote=vote, answers=answers, error=error)
        return Ballot(model=model, vote=vote, answers=answers, reading=reading)


async def _answered(
    prompt: JudgePrompt,
    messages: list[Message],
    read: Read,
    voters: Voters,
    model: str,
    vote: int,
    answers: list[Completion],
) -> Reading:
    """The reading of the first answer that can be used, of two at most; every answer goes into `answers`."""
    while True:
        answer = await ask(
            voters.gateway,
            messages,
            model=model,
            response_format=prompt.response_format,
            temperature=voters.temperature,
            seed=None if voters.seed is None else voters.seed + vote,
            max_tokens=voters.max_tokens,
        )
        answers.append(answer)
        try:
            return read(answer)
        except Unusable as unusable:
            if unusable.final or len(answers) > 1:
                tries = "1 try" if len(answers) == 1 else f"{len(answers)} tries"
                raise ScorerError(
                    f"The judge gave no verdict in {tries}: {unusable}. It said: {shown(answer.text, RAW_CHARS)}"
                ) from unusable
            # an answer of nothing but white space is no turn of a conversation: some providers refuse one
            said = [{"role": "assistant", "content": answer.text}] if (answer.text or "").strip() else []
            messages = [*messages, *said, prompt.repair(str(unusable))]
