"""What long conversations take on disk: each turn sends all messages so far, and each message is stored once.

Conversations run side by side, as they do in life. Beside it: the same messages of every turn in a plain column of
DuckDB, which compresses them as well as it can.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import duckdb

from assay.collector.batch import span_batch
from assay.collector.canonical import span_row
from assay.collector.decode import DecodedSpan, Scope
from assay.collector.rows import append_spans
from assay.collector.store import SpanStore
from benchmarks.payload import words

CONVERSATIONS = 100
TURNS = 50
RECEIVED_AT = 1_790_000_000_000_000_000


def span(conversation: int, turn: int, messages: str) -> DecodedSpan:
    return DecodedSpan(
        trace_id=f"{conversation * TURNS + turn + 1:032x}", span_id=f"{1:016x}", parent_span_id=None, name="chat",
        span_kind="client", start_time=RECEIVED_AT + turn, end_time=RECEIVED_AT + turn + 1, status="ok",
        status_message=None,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.conversation.id": f"c{conversation}",
            "gen_ai.input.messages": messages,
        },
        events=[], links=[], trace_state=None, dropped_attributes_count=0, scope=Scope("bench", ""),
        resource={"service.name": "bench"},
    )  # fmt: skip


def turns() -> list[list[str]]:
    """The messages that each turn sends, turn by turn, of every conversation in turn."""
    said: list[list[dict[str, object]]] = [[] for _ in range(CONVERSATIONS)]
    sent = []
    for turn in range(TURNS):
        of_turn = []
        for messages in said:
            if turn:
                messages.append({"role": "assistant", "parts": [{"type": "text", "content": words(80)}]})
            messages.append({"role": "user", "parts": [{"type": "text", "content": words(30)}]})
            of_turn.append(json.dumps(messages))
        sent.append(of_turn)
    return sent


def main() -> None:
    sent = turns()
    text = sum(len(messages) for of_turn in sent for messages in of_turn)
    once = sum(len(messages) for messages in sent[-1])
    with tempfile.TemporaryDirectory() as name:
        store = SpanStore(Path(name) / "assay.duckdb")
        for turn, of_turn in enumerate(sent):
            rows = [
                span_row(span(conversation, turn, messages), received_at=RECEIVED_AT)
                for conversation, messages in enumerate(of_turn)
            ]
            batch = span_batch(rows)
            assert batch is not None
            store.write(lambda cursor, batch=batch: append_spans(cursor, [batch], store.content))  # type: ignore[misc]
        store.close()
        ours = (Path(name) / "assay.duckdb").stat().st_size
        with duckdb.connect(f"{name}/plain.duckdb") as db:
            db.execute("CREATE TABLE turns (messages VARCHAR)")
            for of_turn in sent:
                db.executemany("INSERT INTO turns VALUES (?)", [[messages] for messages in of_turn])
        plain = (Path(name) / "plain.duckdb").stat().st_size
    print(f"{CONVERSATIONS} conversations of {TURNS} turns, side by side")
    print(f"  messages of every turn, sent         {text / 1e6:8.1f} MB")
    print(f"  messages, each once                  {once / 1e6:8.1f} MB")
    print(f"  every turn in a plain DuckDB column  {plain / 1e6:8.1f} MB")
    print(f"  Assay, with everything else          {ours / 1e6:8.1f} MB   1/{text / ours:.0f} of what was sent")


if __name__ == "__main__":
    main()
