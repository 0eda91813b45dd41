"""What happens in production before anybody evaluates: customers ask, some say what they think, some requests fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import openai

import assay
from assay.demo.assistant import Assistant

RETIRED_MODEL = "a-model-that-was-retired"  # asked for once, so that there is an error to look at


@dataclass(frozen=True)
class Conversation:
    """One session of one user. `helpful` is what the user said of the last answer; None if they said nothing."""

    session_id: str
    user_id: str
    questions: tuple[str, ...]
    helpful: bool | None = None
    remark: str | None = None
    tags: tuple[str, ...] = ()


CONVERSATIONS = (
    Conversation(
        "session-1",
        "ada",
        ("How high above the plants should the lamp hang?", "And how many hours a day is the lamp on?"),
        helpful=True,
    ),
    Conversation(
        "session-2",
        "grace",
        ("Where is my order M-10455?", "Can I still change the delivery address of an order?"),
        helpful=True,
        remark="Quick!",
        tags=("orders",),
    ),
    Conversation(
        "session-3",
        "alan",
        ("Do you sell seeds for bonsai trees?",),
        helpful=False,
        remark="That was not my question, and far too long.",
    ),
    Conversation(
        "session-4",
        "edsger",
        ("My order M-77777 has not come", "Sorry, it is M-10480. What is its status?"),
        tags=("orders",),
    ),
    Conversation(
        "session-5",
        "barbara",
        ("Which Wi-Fi networks does the garden connect to?", "The Wi-Fi light is red, are the plants safe?"),
        helpful=True,
    ),
    Conversation(
        "session-6",
        "tony",
        ("Can I return a garden after I have used it?", "When will the refund reach my bank account?"),
        helpful=False,
        remark="I had to read three paragraphs to find it.",
        tags=("returns",),
    ),
)
FAILING = Conversation("session-7", "margaret", ("How loud is the pump?",), tags=("retired-model",))


QUESTIONS = sum(len(conversation.questions) for conversation in (*CONVERSATIONS, FAILING))
SHOWN = "Where is my order M-10455?"  # its trace has every kind of span


def converse(assistant: Assistant, answered: Callable[[], None] = lambda: None) -> dict[str, str | None]:
    """Hold all conversations, the failing one too; the trace of every question. `answered` is called after each."""
    traces: dict[str, str | None] = {}
    retired = replace(assistant, model=RETIRED_MODEL)
    for conversation in (*CONVERSATIONS, FAILING):
        tags = ["live", *conversation.tags]
        with assay.context(session_id=conversation.session_id, user_id=conversation.user_id, tags=tags):
            for question in conversation.questions:
                asked = retired if conversation is FAILING else assistant
                traces[question] = _serve(asked, question)
                answered()
        if conversation.helpful is not None:
            last = traces[conversation.questions[-1]]
            assay.score("helpful", conversation.helpful, trace_id=last, explanation=conversation.remark, source="user")
    return traces


def _serve(assistant: Assistant, question: str) -> str | None:
    """Handle one request as a service would: whatever happens to it, the next one is served."""
    with assay.start_span("chat-request", kind="chain") as span:
        span.set_inputs({"question": question})
        try:
            span.set_outputs(assistant.answer(question))
        except openai.APIStatusError as error:
            span.record_exception(error)  # marks the trace as failed
            span.set_outputs("Sorry, something went wrong on our side. Please try again later.")
    return span.trace_id
