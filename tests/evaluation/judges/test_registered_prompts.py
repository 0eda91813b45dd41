"""Judge prompts are registered prompt versions: made before a run, recorded with it, and loaded back as judges."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import assay
from assay.collector.server import Server
from assay.errors import ConfigurationError, PromptNotFound
from assay.evaluation.judges.correctness import Correctness
from assay.evaluation.judges.custom import Custom
from assay.evaluation.judges.faithfulness import Faithfulness
from assay.evaluation.judges.groundedness import Groundedness
from assay.evaluation.judges.guidelines import Guidelines
from assay.evaluation.judges.own import judge
from assay.evaluation.judges.verdict import Judge
from assay.settings import configure
from support.scripted_judge import Answer, Scripted, says, user_text


async def request_of(made: Judge, *texts: Any) -> dict[str, Any]:
    gateway = Scripted(rule=lambda request: says(next(iter(made.choices))))
    score = await dataclasses.replace(made, gateway=gateway)(*texts)
    assert score is not None
    return gateway.asked[0]


async def test_a_registered_version_is_what_the_model_is_told(collector: Server) -> None:
    configure(tracing=False)
    tone = judge("tone", "Is {it} {{friendly}}?", {"warm": 1, "cold": 0}, descriptions={"warm": "like {{tea}}"})
    assert tone.prepare() == {"prompt": "judges/tone", "version": 1, "hash": tone.version}
    assert tone.prepare()["version"] == 1  # the same content is the same version
    registered = assay.load_prompt("judges/tone")
    assert registered.commit_message
    assert registered.content_hash.startswith(tone.version)
    assert registered.response_format == tone.prompt.schema
    changed = judge("tone", "Is it kind?", {"warm": 1, "cold": 0})
    assert changed.prepare()["version"] == 2
    assay.set_prompt_alias("judges/tone", "production", 1)
    loaded = judge("tone", prompt="prompts:/judges/tone@production")
    assert (loaded.choices, loaded.version) == (tone.choices, tone.version)
    before, after = await request_of(tone, "q", "a"), await request_of(loaded, "q", "a")
    assert before["messages"] == after["messages"]
    assert loaded.prepare()["version"] == 1


async def test_a_text_is_instructions_or_with_variables_a_template(collector: Server) -> None:
    configure(tracing=False)
    assay.register_prompt("judges/plain", "Is it short?", "first", config={"model": "openai/x"})
    plain = judge("plain", prompt="prompts:/judges/plain/1", choices=["yes", "no"])
    assert (plain.asked_model, plain.choices) == ("openai/x", {"yes": True, "no": False})
    assert (await request_of(plain, "q", "a"))["messages"] == (
        await request_of(judge("plain", "Is it short?", ["yes", "no"]), "q", "a")
    )["messages"]
    assert plain.prepare() == {"prompt": "judges/plain", "version": 1, "hash": plain.version}
    assert len(assay.prompt_history("judges/plain")) == 1
    assay.register_prompt("judges/poem", "Is {{output}} about {{topic}}?", "first")
    poem = judge("poem", prompt="prompts:/judges/poem")
    assert isinstance(poem, Custom)
    assert ">\nrain\n</topic-" in (await request_of(poem, {"topic": "rain"}, "a"))["messages"][1]["content"]
    custom = Custom("Is {{output}} about {{topic}}?", name="poem-2")
    custom.prepare()
    again = judge("poem-2", prompt="prompts:/judges/poem-2")
    row = ({"topic": "rain"}, "a")
    assert (await request_of(again, *row))["messages"] == (await request_of(custom, *row))["messages"]


def test_prompts_that_would_be_open_to_what_they_judge_are_refused(collector: Server) -> None:
    configure(tracing=False)
    chat = [{"role": "system", "content": "Judge: {{output}}"}]
    assay.register_prompt("judges/open", chat, "first")
    with pytest.raises(ConfigurationError, match="nowhere the variable"):
        judge("open", prompt="prompts:/judges/open")
    assay.register_prompt("judges/blind", [{"role": "system", "content": "{{fence}}"}], "first")
    with pytest.raises(ConfigurationError, match="no variable for the texts"):
        judge("blind", prompt="prompts:/judges/blind")
    with pytest.raises(PromptNotFound):
        judge("none", prompt="prompts:/judges/none")
    with pytest.raises(ConfigurationError, match="either instructions or a prompt"):
        judge("none")


def test_an_evaluation_registers_its_judges_and_records_their_versions(collector: Server) -> None:
    gateway = Scripted(rule=lambda request: says("correct"))
    data = [{"id": "1", "input": "q", "expected": "e"}]
    result = assay.evaluate(data, task=lambda input: "a", scorers=[Correctness(gateway=gateway)], progress=False)
    [scorer] = result.experiment["scorers"]
    assert scorer["prepared"] == {"prompt": "judges/correctness", "version": 1, "hash": scorer["version"]}
    [score] = result.records[0]["scores"]
    told = ("prompt", "prompt_version", "prompt_hash", "model", "response_model", "label", "votes", "cached")
    assert {name: score["metadata"][name] for name in told} == {
        "prompt": "judges/correctness",
        "prompt_version": 1,
        "prompt_hash": scorer["version"],
        "model": "openai/gpt-4o-mini",
        "response_model": "m-1",
        "label": "correct",
        "votes": {"correct": 1},
        "cached": False,
    }
    assert result.problems == []
    spans = assay.get_trace(score["metadata"]["trace_id"]).spans
    assert {(span.prompt_name, span.prompt_version) for span in spans} == {("judges/correctness", 1)}


def test_a_collector_that_refuses_does_not_fail_the_run_and_is_told(collector: Server) -> None:
    gateway = Scripted(rule=lambda request: says("pass"))
    odd = judge("a name: with colons", "Friendly?", gateway=gateway)
    result = assay.evaluate([{"id": "1", "input": "q"}], task=lambda input: "a", scorers=[odd], progress=False)
    assert result.summary_rows[0].n_scored == 1
    [problem] = result.problems
    assert problem.startswith("The prompt of judge 'a name: with colons' could not be registered")
    assert problem in " ".join(str(result).split())


def test_other_kinds_of_judges_register_as_well(collector: Server) -> None:
    configure(tracing=False)
    assert Faithfulness().prepare()["version"] == 1
    assert Guidelines(["Be kind."]).prepare()["version"] == 1
    assert Guidelines(["Be brief."]).prepare()["version"] == 2


def test_without_a_collector_the_problem_is_recorded() -> None:
    configure(tracing=False, endpoint="http://127.0.0.1:9", prompt_wait_s=0.2)
    said = Correctness().prepare()
    assert said["version"] is None
    assert "could not be registered" in said["problem"]


def test_an_evaluation_without_a_task_judges_groundedness_by_fields(collector: Server) -> None:
    configure(tracing=False)

    def rule(request: dict[str, Any]) -> Answer:
        return says("grounded" if "blue" in user_text(request) else "ungrounded")

    data = [
        {"id": "1", "input": "q", "output": "a", "context": ["blue"]},
        {"id": "2", "input": "q", "output": "a", "context": ["green"]},
        {"id": "3", "input": "q", "output": "a"},
    ]
    result = assay.evaluate(data, scorers=[Groundedness(gateway=Scripted(rule=rule))], progress=False)
    [row] = result.summary_rows
    assert (row.n_scored, row.n_na, row.mean) == (2, 1, 0.5)
