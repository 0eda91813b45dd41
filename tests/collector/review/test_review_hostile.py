"""Whatever a user, a model or a reviewer writes, the pages of review show it as text."""

from __future__ import annotations

import pytest

from assay.collector.pages import urls
from support.hostile import MARK, STRINGS
from support.html_parts import parts_of
from support.otlp import PROTOBUF, recorded
from support.review_collector import ReviewCollector

PAGES = {"accept": "text/html"}


def poisoned_trace(shop: ReviewCollector, text: str) -> str:
    messages = {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": text,
        "llm.input_messages.0.message.content": text,
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": text,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": text,
        "input.value": text,
        "output.value": text + "!",
    }
    with recorded(service__name="shop") as recorder:
        with recorder.tracer.start_as_current_span(text, attributes=messages) as span:
            trace_id = f"{span.get_span_context().trace_id:032x}"
        assert shop.http.post("/v1/traces", content=recorder.body(), headers=PROTOBUF).status_code == 200
    return trace_id


# What is no address has to begin with it; all the others work from within a text as well.
SCHEMES = [string for string in STRINGS if string.startswith(("javascript:", "data:"))]
TOGETHER = " ".join(STRINGS)


@pytest.mark.parametrize("string", [*SCHEMES, TOGETHER], ids=range(len(SCHEMES) + 1))
def test_no_page_of_review_lets_a_text_out_of_its_place(shop: ReviewCollector, string: str) -> None:
    trace_id = poisoned_trace(shop, string)
    name = "".join(letter for letter in string if letter.isprintable())[
        :200
    ].strip()  # names hold no control characters
    rubric = [
        {"name": name, "type": "choice", "options": [name, "other"], "help": string},
        {"name": "note", "type": "text", "help": string},
    ]
    single = shop.queue({"refs": [trace_id]}, rubric=rubric, description=string, reviewers_per_item=2)
    shop.label(single, 1, name, string, **{name: name, "note": string})
    shop.label(single, 1, "other", string, **{name: "other"})
    item = {"item_id": string, "status": "ok", "input": {string: string}, "expected": [string]}
    one, other = (shop.api("POST", "/experiments", {"name": name})["id"] for _ in range(2))
    for experiment, output in ((one, string), (other, {string: string})):
        shop.api("POST", f"/experiments/{experiment}/rows", {"rows": [{**item, "output": output}]})
    pair = [{"name": name, "type": "preference", "help": string}]
    pairs = shop.queue({"experiment_id": one, "baseline_id": other}, mode="pair", rubric=pair)
    shop.http.cookies.set("assay_reviewer", urls.segment(name))
    shown = 0
    addresses = [
        urls.reviews("shop"),
        urls.review_new("shop", q=string, experiment=string, preset=string),
        urls.review_queue("shop", single),
        urls.review_queue("shop", pairs),
        urls.review_item("shop", single, 1),
        urls.review_item("shop", pairs, 1),
        urls.review_disagreements("shop", single),
        urls.review_disagreements("shop", single, score=string),
        urls.review_queue("shop", string),
        urls.send("shop", "review", ref=[string, trace_id], next=string),
    ]
    for address in addresses:
        answer = shop.http.get(address, headers=PAGES)
        assert answer.status_code in (200, 404), (address, answer.text)
        parts = parts_of(answer.text)
        assert (parts.unbalanced, parts.open) == ([], []), address
        shown += MARK in parts.text
        for tag, attributes in parts.elements:
            assert MARK not in tag
            assert tag not in {"iframe", "object", "embed", "base", "img", "style"}, address
            for attribute, value in attributes.items():
                assert MARK not in attribute
                assert not attribute.startswith("on"), (address, attribute)
                if attribute in {"href", "src", "action"}:
                    assert value.startswith(("/", "#", "http:", "https:", "mailto:")), (address, value)
    shop.http.cookies.clear()
    assert shown >= len(addresses) - 2  # the corpus really is on them
