"""Stack traces: own frames stay, frames of libraries fold, nothing is lost."""

from __future__ import annotations

import sys
import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.pages.content.stack_trace import sections_of

PYTHON = """Traceback (most recent call last):
  File "/app/shop/answer.py", line 12, in answer
    return ask(question)
           ^^^^^^^^^^^^^
  File "/app/.venv/lib/python3.11/site-packages/openai/_client.py", line 40, in create
    return self._post(body)
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    obj, end = self.raw_decode(s)
  File "<frozen importlib._bootstrap>", line 241, in _call
ValueError: no JSON

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "C:\\app\\main.py", line 3, in <module>
    run()
RuntimeError: failed"""

JAVASCRIPT = """TypeError: Cannot read properties of undefined
    at answer (/app/src/answer.ts:12:9)
    at async Completions.create (/app/node_modules/openai/index.js:3:1)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at Array.map (<anonymous>)
    at async file:///app/src/main.mjs:4:3"""

JAVA = """java.lang.IllegalStateException: no answer
\tat com.shop.Answer.ask(Answer.java:12)
\tat org.springframework.web.Handler.invoke(Handler.java:205)
\tat java.base/java.lang.Thread.run(Thread.java:840)
\tat app//com.shop.Main.main(Main.java:4)
Caused by: java.io.IOException: closed
\tat com.shop.Client.read(Client.java:7)
\tat jdk.internal.Net.read(Native Method)
\t... 12 more"""


@pytest.mark.parametrize(
    ("stack", "folded", "kept"),
    [
        pytest.param(PYTHON, [3], ["answer.py", "ValueError: no JSON", "main.py", "RuntimeError"], id="python"),
        pytest.param(JAVASCRIPT, [3], ["answer.ts", "main.mjs"], id="javascript"),
        pytest.param(JAVA, [2, 2], ["Answer.java", "com.shop.Main", "Caused by", "Client.java"], id="java"),
    ],
)
def test_frames_of_libraries_are_folded_and_counted(stack: str, folded: list[int], kept: list[str]) -> None:
    sections = sections_of(stack)
    assert [section.frames for section in sections if section.is_folded] == folded
    shown = "\n".join(section.text for section in sections if not section.is_folded)
    assert [word for word in kept if word not in shown] == []
    assert "site-packages" not in shown
    assert "node_modules" not in shown


@pytest.mark.parametrize(
    "wrapper",
    ["/home/ada/assay/tracing/decorator.py", r"C:\src\assay\tracing\streams.py", "/src/assay/evaluation/row.py"],
)
def test_frames_of_assay_fold_in_a_checkout_too(wrapper: str) -> None:
    """A package installed from a checkout is no part of site-packages; what wraps a function is not the program's."""
    stack = f'Error:\n  File "{wrapper}", line 1, in w\n    f()\n  File "/srv/bot/answer.py", line 2, in f\nKeyError'
    folded = [section.text for section in sections_of(stack) if section.is_folded]
    assert len(folded) == 1
    assert wrapper in folded[0]
    assert "answer.py" not in folded[0]


def test_the_code_below_a_frame_goes_with_it() -> None:
    [hidden] = [section.text for section in sections_of(PYTHON) if section.is_folded]
    assert "return self._post(body)" in hidden
    assert "return ask(question)" not in hidden


def test_where_all_frames_are_a_librarys_all_are_shown() -> None:
    stack = 'Traceback:\n  File "/x/site-packages/a.py", line 1, in f\n    f()\nKeyError: 1'
    assert [section.is_folded for section in sections_of(stack)] == [False]


def test_what_is_no_stack_trace_is_shown_as_it_is() -> None:
    assert [section.text for section in sections_of("something broke\nsomewhere")] == ["something broke\nsomewhere"]
    assert sections_of("") == []


def test_a_trace_of_this_very_python_is_understood() -> None:
    try:
        __import__("json").loads("{")
    except ValueError:
        sections = sections_of(traceback.format_exc())
    assert [section.is_folded for section in sections] == [False, True, False], sys.version


pieces = st.sampled_from([*PYTHON.split("\n"), *JAVASCRIPT.split("\n"), *JAVA.split("\n"), "", "  | x", "at ("])


@settings(max_examples=50)
@given(st.lists(pieces | st.text(max_size=20), max_size=30).map("\n".join))
def test_nothing_of_a_trace_is_lost(stack: str) -> None:
    assert "\n".join(section.text for section in sections_of(stack)) == stack


def test_hostile_lines_take_no_time() -> None:
    begun = time.process_time()
    for line in ("    at " + "(" * 20_000, "at " + "a." * 20_000, "at " + ":1" * 20_000, ' File "' + "/" * 20_000):
        sections_of(f'  File "x.py", line 1\n{line}')
    assert time.process_time() - begun < 5
