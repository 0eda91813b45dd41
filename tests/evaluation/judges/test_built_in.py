"""The judges that come with Assay: what each is shown, what its verdicts are worth, what it does without its texts."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
from typing import Any

import pytest

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.judges.correctness import Correctness
from assay.evaluation.judges.custom import Custom
from assay.evaluation.judges.groundedness import Groundedness
from assay.evaluation.judges.guidelines import Guidelines
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.judges.own import judge as own_judge
from assay.evaluation.judges.refusal import Refusal
from assay.evaluation.judges.relevance import Relevance
from assay.evaluation.judges.role_adherence import RoleAdherence
from assay.evaluation.judges.verdict import Judge
from assay.evaluation.scorers import BUILT_IN, SCORERS
from assay.settings import configure
from assay.traces import Span, Trace
from assay.tracing.documents import as_documents
from support.scripted_judge import Answer, Scripted, says, user_text

ARGUMENTS: dict[str, dict[str, Any]] = {
    "custom": {"template": "Is {{output}} a poem about {{topic}}?"},
    "guidelines": {"guidelines": ["Answers in English."]},
}
JUDGES = {
    name: BUILT_IN[name](**ARGUMENTS.get(name, {}))
    for name, module in ((name, BUILT_IN[name].__module__) for name in BUILT_IN)
    if module.startswith("assay.evaluation.judges.")
}


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


def test_the_judges_of_the_field_are_there() -> None:
    assert JUDGES.keys() >= {
        *("correctness", "relevance", "groundedness", "safety", "guidelines", "coherence", "conciseness"),
        *("equivalence", "completeness", "refusal", "custom", "pairwise_preference"),
        *("faithfulness", "answer_relevance", "context_precision", "context_recall", "context_sufficiency"),
        *("citation_precision", "citation_recall"),
        *("goal_completion", "knowledge_retention", "role_adherence", "frustration", "tool_efficiency", "goal_success"),
    }


def test_every_judge_is_documented_goes_by_its_name_and_survives_copies() -> None:
    for name, made in JUDGES.items():
        assert isinstance(made, ModelScorer)
        assert made.name == name
        told = inspect.getdoc(type(made)) or ""
        for part in ("Definition:", "Range:", "Direction:", "Source:", "Pitfalls:"):
            assert part in told, f"{name} says nothing of its {part}"
        assert f"Direction: {'Higher' if made.direction == 'higher' else 'Lower'}" in told
        other = dataclasses.replace(made, model="openai/other")
        assert (other.version, other.asked_model) == (made.version, "openai/other")
        assert pickle.loads(pickle.dumps(made)).version == made.version
    assert len({made.version for made in JUDGES.values()}) == len(JUDGES)
    assert {module for module in SCORERS.values() if ".judges." in module} >= {
        type(made).__module__ for made in JUDGES.values()
    }


async def test_every_judge_asks_about_its_own_example_and_gives_its_worst_verdict_a_bad_value() -> None:
    for name, made in JUDGES.items():
        row = made.wrong_example
        if row is None or not isinstance(made, Judge) or name == "pairwise_preference":
            continue
        worst = min(made.choices, key=lambda label: made.choices[label] * (1 if made.direction == "higher" else -1))
        judge = dataclasses.replace(made, gateway=Scripted(says(worst)))
        score = await judge.judged(row)
        assert score.value == made.choices[worst]
        assert made.can_improve(made.choices[worst])
        assert not made.can_improve(made.choices[made.best_verdict])


def with_answer(made: ModelScorer, *answers: Answer) -> tuple[Any, Scripted]:
    gateway = Scripted(*answers)
    return dataclasses.replace(made, gateway=gateway), gateway


async def test_relevance_has_levels_with_anchors_and_does_not_see_the_expected_answer() -> None:
    judge, gateway = with_answer(Relevance(), says("partly"))
    score = await judge("q", "a", expected="SECRET")
    assert score.value == 0.5
    assert judge.range == (0.0, 1.0)
    assert "SECRET" not in user_text(gateway.asked[0])
    assert '- "partly": OUTPUT serves the request, but' in gateway.asked[0]["messages"][0]["content"]


async def test_correctness_takes_a_list_of_facts() -> None:
    judge, gateway = with_answer(Correctness(), says("correct"))
    assert (await judge("q", "a", ["one fact", "another"])).value is True
    assert '["one fact", "another"]' in user_text(gateway.asked[0])


def retrieved(*documents: Any, kind: str = "retriever") -> Trace:
    docs = [each if isinstance(each, dict) else {"id": None, "content": each} for each in documents]
    spans = [
        Span(trace_id="1", span_id="a", name="root", kind="chain"),
        Span(trace_id="1", span_id="b", name="search", kind="retriever", documents=docs),
        Span(trace_id="1", span_id="c", name="again", kind=kind, documents=docs[:1]),
    ]
    return Trace(trace_id="1", spans=spans)


@pytest.mark.parametrize(
    ("row", "documents"),
    [
        pytest.param({"context": "one text"}, ["one text"], id="a text"),
        pytest.param({"context": ["u", "v", "u"]}, ["u", "v"], id="each once"),
        pytest.param({"context": [{"page_content": "p"}, {"text": "t"}]}, ["p", "t"], id="dicts"),
        pytest.param({"context": [{"other": 1}]}, ['{"other": 1}'], id="a dict without a text"),
        pytest.param({"metadata": {"retrieved": ["m"]}}, ["m"], id="metadata"),
        pytest.param({"output": {"answer": "a", "contexts": ["o"]}}, ["o"], id="output"),
        pytest.param({"trace": retrieved("x", "y")}, ["x", "y"], id="retriever spans"),
        pytest.param({"trace": retrieved("x", "y", kind="reranker")}, ["x"], id="the reranker's"),
        pytest.param({"trace": retrieved("x"), "context": ["field"]}, ["field"], id="a field before the trace"),
        pytest.param({"trace": retrieved()}, None, id="nothing found"),
    ],
)
async def test_the_context_comes_from_a_field_or_from_the_retrievers(row: Any, documents: list[str] | None) -> None:
    judge, gateway = with_answer(Groundedness(), says("grounded"))
    score = await judge(**{"input": "q", "output": "a", **row})
    assert score.value is True
    shown = user_text(gateway.asked[0])
    if documents is None:
        assert "nothing was retrieved" in shown
    else:
        assert [shown.count(f"\n{text}\n") for text in documents] == [1] * len(documents)
        assert f"document-{len(documents)}-" in shown
        assert f"document-{len(documents) + 1}-" not in shown
    assert ">\na\n</output" in shown  # the answer without the context it carried


async def test_without_a_context_there_is_nothing_to_judge_and_nobody_is_asked() -> None:
    judge, gateway = with_answer(Groundedness())
    score = await judge("q", "a", trace=Trace(trace_id="1"))
    assert (score.value, gateway.asked) == (None, [])
    assert "the row has no context" in score.explanation


async def test_a_trace_that_could_not_be_had_is_a_failure_where_it_is_needed_only() -> None:
    judge, _ = with_answer(Groundedness(), says("grounded"))
    lost = ScorerError("the row's trace cannot be had")
    assert (await judge("q", "a", context=["c"], trace=lost)).value is True
    with pytest.raises(ScorerError, match="cannot be had"):
        await judge("q", "a", trace=lost)


async def test_documents_that_the_trace_holds_in_part_are_a_failure_with_advice() -> None:
    judge, gateway = with_answer(Groundedness(), says("grounded"))
    recorded = as_documents(["a" * 200_000, "b" * 200_000])
    assert recorded is not None
    with pytest.raises(ScorerError, match="holds only a part of what was retrieved"):
        await judge("q", "a", trace=retrieved(*recorded))
    assert gateway.asked == []
    assert (await judge("q", "a", trace=retrieved("short… (5 more characters)"))).value is True


async def test_guidelines_have_a_verdict_each_and_pass_when_all_do() -> None:
    verdicts = {
        "guideline_1": {"explanation": "it is", "verdict": "pass"},
        "guideline_2": {"explanation": "it names Acme", "verdict": "fail"},
    }
    judge, gateway = with_answer(
        Guidelines({"language": "Answers in English.", "rivals": "Names no competitor."}), json.dumps(verdicts)
    )
    score = await judge("q", "a")
    assert score.value is False
    assert score.explanation == "1 of 2 guidelines failed. rivals: it names Acme"
    assert score.metadata["verdicts"]["language"] == {"verdict": "pass", "explanation": "it is"}
    schema = gateway.asked[0]["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["guideline_1", "guideline_2"]
    all_kept = {key: {**value, "verdict": "pass"} for key, value in verdicts.items()}
    judge, _ = with_answer(Guidelines(["one", "two"]), json.dumps(all_kept))
    assert (await judge("q", "a")).value is True


@pytest.mark.parametrize(
    "answer",
    [
        {"guideline_1": {"verdict": "pass"}},
        {"guideline_1": "pass", "guideline_2": "pass"},
        {"guideline_1": {"verdict": "pass"}, "guideline_2": {"verdict": "perhaps"}},
        {"verdict": "pass"},
    ],
)
async def test_guidelines_without_a_verdict_for_each_are_a_failure(answer: Any) -> None:
    judge, _ = with_answer(Guidelines(["one", "two"]), json.dumps(answer), json.dumps(answer))
    with pytest.raises(ScorerError, match="no verdict in 2 tries"):
        await judge("q", "a")


async def test_votes_decide_each_guideline_by_itself() -> None:
    def vote(first: str, second: str) -> str:
        said = {"guideline_1": first, "guideline_2": second}
        return json.dumps({key: {"explanation": verdict, "verdict": verdict} for key, verdict in said.items()})

    split = [vote("fail", "pass"), vote("pass", "fail"), vote("pass", "pass")]
    judge, _ = with_answer(Guidelines(["one", "two"], votes=3), *split)
    score = await judge("q", "a")
    assert score.value is True  # two of three for each, though only one vote keeps both
    assert score.metadata["verdicts"]["one"]["votes"] == {"fail": 1, "pass": 2}
    judge, _ = with_answer(Guidelines(["one", "two"], votes=2), *split[:2])
    score = await judge("q", "a")
    assert (score.value, score.metadata["tie"]) == (None, True)


@pytest.mark.parametrize("given", ["Be kind.", [], {}, [1]])
def test_guidelines_that_are_no_list_are_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes a list of guidelines"):
        Guidelines(given)


async def test_a_template_takes_the_rows_own_fields_in_fences() -> None:
    judge, gateway = with_answer(Custom("Is {{output}} a poem about {{topic}}? Style: {{style}}"), says("pass"))
    score = await judge({"topic": "rain"}, "drip", metadata={"style": "haiku"})
    assert score.value is True
    shown = user_text(gateway.asked[0])
    assert shown.startswith("Is <output-")
    assert ">\nrain\n</topic-" in shown
    assert ">\nhaiku\n</style-" in shown


async def test_a_template_that_asks_for_what_a_row_does_not_have() -> None:
    judge, gateway = with_answer(Custom("{{output}} by {{expected}}"))
    assert judge.needs_expected
    assert (await judge(input="q", output="a")) is None
    judge, gateway = with_answer(Custom("{{output}} and {{topik}}"))
    with pytest.raises(ScorerError, match=r"asks for \{\{topik\}\}, .* It has: input, output, .*, topic\."):
        await judge({"topic": "rain"}, "a")
    assert gateway.asked == []


@pytest.mark.parametrize("template", ["no variable", "{{fence}} {{output}}", "{{texts}}"])
def test_a_template_that_could_judge_nothing_is_refused(template: str) -> None:
    with pytest.raises(ConfigurationError):
        Custom(template)


def test_choices_given_as_a_list_are_read_as_those_of_a_judge_of_ones_own() -> None:
    assert Custom("{{output}}", choices=["yes", "no"]).choices == {"yes": True, "no": False}  # type: ignore[arg-type]
    assert Custom("{{output}}", choices=("a", "b", "c")).choices == {"a": "a", "b": "b", "c": "c"}  # type: ignore[arg-type]
    assert Custom("{{output}}", choices=[1, 2, 3]).range == (1.0, 3.0)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="verdicts are texts"):
        Custom("{{output}}", choices={1: "bad", 2: "good"})  # type: ignore[dict-item]
    for wrong in ("pass", ["a"], ["a", "a"], [None, {}], []):
        with pytest.raises(ConfigurationError, match="two different choices"):
            own_judge("j", "Judge it.", choices=wrong)


def test_roles_and_directions() -> None:
    told = RoleAdherence(role="A {polite} clerk.").prompt.template[0]["content"]
    assert "The role: A {polite} clerk." in told
    assert Refusal().direction == "lower"
    assert Refusal().best_verdict == "answered"
