"""`align`: the judge runs on labelled rows without seeing labels; what comes of it stands beside its scores."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.errors import ConfigurationError, DatasetError, GatewayError
from assay.evaluation.judges.pairwise_preference import PairwisePreference
from support.scripted_judge import Scripted, says, user_text

pytestmark = pytest.mark.usefixtures("project")


def friendly(request: dict[str, Any]) -> str | Exception:
    """A model that takes thanks for friendliness, and now and then does not answer."""
    text = user_text(request)
    if "broken" in text:
        return GatewayError("the model is away")
    return says("yes" if "thanks" in text else "no", "it says thanks" if "thanks" in text else "it does not")


def rows(n: int = 40) -> list[dict[str, Any]]:
    """Half are friendly; every fifth of those without thanks, which the judge misses."""
    return [
        {
            "id": f"r{i}",
            "input": f"Hello {i}?",
            "output": f"{'thanks' if i % 2 == 0 and i % 5 else 'hm'} {i}",
            "label": "yes" if i % 2 == 0 else "no",
            "group": i // 4,
        }
        for i in range(n)
    ]


def tone(rule: Any = friendly, **options: Any) -> Any:
    return assay.judge("tone", "Is it friendly?", ["yes", "no"], "openai/m", gateway=Scripted(rule=rule), **options)


def align(judge: Any, labels: Any, **options: Any) -> Any:
    return assay.align(judge, labels, progress=False, **options)


def test_a_judge_is_compared_with_labels_that_it_does_not_see() -> None:
    judge = tone()
    found = align(judge, [{**row, "label": f"{row['label']}"} for row in rows()])
    assert found.n == 40
    assert found.agreement.value == pytest.approx(36 / 40)
    assert (found.sensitivity.value, found.specificity.value) == (16 / 20, 1.0)
    assert found.confusion.loc["yes", "no"] == 4
    assert list(found.disagreements["id"]) == ["r0", "r10", "r20", "r30"]
    assert set(found.disagreements["explanation"]) == {"it does not"}
    assert not any("label" in user_text(request) for request in judge.gateway.asked)


def test_a_judge_that_fails_has_no_opinion() -> None:
    labelled = rows()
    labelled[1]["output"] = labelled[2]["output"] = "broken"
    found = align(tone(), labelled)
    assert (found.n, found.figures.failed) == (38, 2)
    assert list(found.failures["id"]) == ["r1", "r2"]
    assert "the model is away" in found.failures["error"][0]
    assert "2 failed" in str(found)


def test_the_table_says_what_there_is_to_know() -> None:
    text = str(align(tone(), rows(20)))
    assert text.startswith("judge: tone (openai/m) against people on 20 labels")
    for told in ("agreement", "kappa", "sensitivity", "people \\ judge", "2 disagreements", "r0: people yes, judge no"):
        assert told in text
    assert "no score is corrected: that needs 30 labels, and there are 20" in text


def test_everything_can_be_taken_along_as_json() -> None:
    found = json.loads(json.dumps(align(tone(), rows()).to_dict()))
    assert (found["judge"], found["n"], found["kind"]) == ("tone", 40, "binary")
    assert [row["id"] for row in found["rows"]][:2] == ["r0", "r1"]


def test_every_score_of_the_judge_is_shown_with_what_is_known_of_it() -> None:
    judge, other = (
        tone(),
        assay.judge("tone", "Is it warm?", ["yes", "no"], "openai/m", gateway=Scripted(rule=friendly)),
    )
    data = [{"input": "?", "output": f"{'thanks' if i < 12 else 'hm'} {i}"} for i in range(30)]
    result = assay.evaluate(data, scorers=[judge], progress=False)
    before = list(result.summary.columns)
    assert "human agreement" not in str(result)
    aligned = align(judge, rows())
    corrected = aligned.corrected(result)
    [row] = result.summary.to_dict("records")
    assert set(result.summary.columns) - set(before) >= {"human_agreement", "kappa", "n_labels", "corrected"}
    assert (row["human_agreement"], row["n_labels"]) == (0.9, 40)
    assert (row["corrected"], row["corrected_low"]) == (corrected.value, corrected.low)
    assert corrected.value == pytest.approx(0.4 / 0.8)
    kappa = f"{aligned.kappa.value:.3f} [{aligned.kappa.low:.3f}, {aligned.kappa.high:.3f}]"
    told = f"judge: tone: human agreement 0.900, kappa {kappa} on 40 labels; corrected 0.500 ["
    assert told in re.sub(r"\s+", " ", str(result))
    assert told in re.sub(r"\s+", " ", str(type(result).load(result.id)))
    assert "human agreement" not in str(assay.evaluate(data, scorers=[other], progress=False))


def test_another_model_is_another_judge() -> None:
    align(tone(), rows())
    other = assay.judge("tone", "Is it friendly?", ["yes", "no"], "openai/other", gateway=Scripted(rule=friendly))
    assert other.version == tone().version
    result = assay.evaluate([{"input": "?", "output": "thanks"}], scorers=[other], progress=False)
    assert result.alignments() == ({}, [])


def test_with_few_labels_the_agreement_is_shown_and_nothing_is_corrected() -> None:
    align(tone(), rows(20))
    result = assay.evaluate([{"input": "?", "output": "thanks"}], scorers=[tone()], progress=False)
    [row] = result.summary.to_dict("records")
    assert (row["n_labels"], row["corrected"]) == (20, None)
    assert "not corrected: a correction needs 30 labels, and there are 20" in re.sub(r"\s+", " ", str(result))


def test_what_people_scored_needs_no_new_call() -> None:
    judge = tone()
    data = [{"id": f"i{i}", "input": "?", "output": f"{'thanks' if i % 3 else 'hm'} {i}"} for i in range(36)]
    result = assay.evaluate(data, scorers=[judge], progress=False)
    asked = len(judge.gateway.asked)
    said = [
        {"name": "nice", "value": i % 3 > 0 or i % 2 == 0, "source": "human", "author": "x", "item_id": f"i{i}"}
        for i in range(34)
    ]
    said.append({**said[0], "author": "y", "value": False})  # of i0 they say different things
    other = [{"name": "nice", "value": False, "source": "user", "item_id": "i35"}]
    current_client().post("/scores", {"scores": [{**s, "experiment_id": result.id} for s in [*said, *other]]})
    for named in ("tone", judge):
        found = align(named, "scores.nice")
        assert (found.n, found.prompt_hash, found.model) == (33, judge.version, "openai/m")
        assert found.agreement.value == pytest.approx(28 / 33)
        assert found.notes == ("1 rows have labels that do not agree",)
        assert list(found.disagreements["id"]) == ["i12", "i18", "i24", "i30", "i6"]
        assert found.disagreements["output"][0] == "hm 12"
    assert len(judge.gateway.asked) == asked
    assert align(judge, "scores.nice", experiment=result).n == 33
    with pytest.raises(DatasetError, match="No trace or row has both"):
        align(judge, "scores.nothing")


def test_traces_that_people_and_the_judge_scored_are_labels() -> None:
    judge = tone()

    @assay.trace
    def answer(question: str) -> str:
        return "thanks" if question == "a" else "hm"

    for question in "abab":
        answer(question)
    traces = assay.search_traces()
    assay.evaluate(traces, scorers=[judge], progress=False)
    for trace_id, output in zip(traces["trace_id"], traces["output"], strict=True):
        assay.score("tone", output == "thanks", trace_id=trace_id, source="human")
    found = align("tone", "scores.tone")
    assert (found.n, found.agreement.value) == (4, 1.0)
    assert {pair.trace_id for pair in found.pairs} == set(traces["trace_id"])


def test_a_label_on_a_row_meets_a_verdict_on_its_trace() -> None:
    """A judge of live traces knows nothing of the experiment that a trace came from; reviewers label its rows."""
    judge = tone()
    data = [{"id": "a", "input": "?", "output": "thanks"}]
    result = assay.evaluate(data, scorers=[lambda output: len(output)], progress=False)
    trace = {"trace_id": "ab" * 16}
    label = {"name": "nice", "value": True, "source": "human", "author": "ada", "experiment_id": result.id}
    current_client().post("/scores", {**label, "item_id": "a", "repeat": 0, **trace})
    metadata = {"prompt_hash": judge.version, "model": "openai/m"}
    current_client().post("/scores", {"name": "tone", "value": True, "source": "llm", "metadata": metadata, **trace})
    found = align("tone", "scores.nice", store=False)
    assert [(pair.id, pair.verdict, pair.output) for pair in found.pairs] == [("a", True, "thanks")]


def test_verdicts_of_another_prompt_do_not_count() -> None:
    data = [{"id": "a", "input": "?", "output": "thanks"}]
    old = assay.judge("tone", "Is it warm?", ["yes", "no"], "openai/m", gateway=Scripted(rule=friendly))
    result = assay.evaluate(data, scorers=[old], progress=False)
    body = {"name": "tone", "value": True, "source": "human", "experiment_id": result.id, "item_id": "a"}
    current_client().post("/scores", body)
    assert align("tone", "scores.tone").prompt_hash == old.version
    with pytest.raises(DatasetError, match=re.escape("with this prompt (0 have one)")):
        align(tone(), "scores.tone")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": None}, "row 3: there is no 'label'. Another field holds the labels?"),
        ({"label": "maybe"}, "row 3: 'maybe' is none of the judge's verdicts (yes, no)"),
    ],
)
def test_a_row_that_cannot_be_compared_is_told_before_the_first_call(change: dict[str, Any], message: str) -> None:
    judge, labelled = tone(), rows(5)
    labelled[2] |= change
    with pytest.raises(DatasetError, match=re.escape(message)):
        align(judge, labelled)
    assert judge.gateway.asked == []


def test_rows_without_an_output_are_counted() -> None:
    with pytest.raises(DatasetError, match="The labelled data: 2 of 2 rows cannot be used"):
        align(tone(), [{"input": 1, "label": "yes"}, {"input": 2, "label": "no"}])


def test_only_the_last_part_is_measured_and_the_others_cost_nothing() -> None:
    judge = tone()
    found = align(judge, rows(40), split=(0.5, 0.25, 0.25), cluster="group", seed=2)
    assert found.n in (8, 12)
    assert len(judge.gateway.asked) == found.n
    assert found.figures.clusters == found.n // 4


def test_a_registered_set_of_labels_is_measured_by_its_part(tmp_path: Path) -> None:
    assay.register_dataset("labels", rows(40), split={"tune": 0.5, "test": 0.5})
    found = align(tone(), "labels@1:test")
    assert found.n == 20
    assert found.source["dataset"] == "labels@1:test"
    assert align(tone(), "labels", split="tune").n == 20


def test_a_scorer_without_a_model_can_be_aligned_as_well() -> None:
    @assay.scorer
    def polite(output: str) -> bool:
        return "thanks" in output

    found = align(polite, rows())
    assert (found.judge, found.model, found.agreement.value) == ("polite", None, 0.9)


def test_a_scorer_of_several_scores_is_aligned_by_one_of_them() -> None:
    class Manners:
        name, source, version = "manners", "llm", "v1"

        def __call__(self, output: str) -> dict[str, bool]:
            if output.startswith("broken"):
                raise ValueError(output)
            return {"thanks": "thanks" in output, "short": len(output) < 9}

    labelled = rows()
    labelled[1]["output"] = "broken"
    found = align(Manners(), labelled, score="manners/thanks")
    assert (found.judge, found.n, found.figures.failed) == ("manners/thanks", 39, 1)
    result = assay.evaluate([{"input": "?", "output": "thanks"}], scorers=[Manners()], progress=False)
    assert list(result.alignments()[0]) == ["manners/thanks"]
    with pytest.raises(ConfigurationError, match="it gives: manners/short, manners/thanks"):
        align(Manners(), labelled)


def test_a_judge_of_pairs_is_aligned_on_who_won_and_looked_at_for_the_place() -> None:
    def prefers_first(request: dict[str, Any]) -> str:
        return says("first")

    judge = PairwisePreference(model="openai/m", gateway=Scripted(rule=prefers_first))
    data = [
        {"id": f"p{i}", "input": "?", "output": f"a{i}", "expected": f"b{i}", "label": "first" if i % 2 else "second"}
        for i in range(20)
    ]
    found = align(judge, data)
    assert found.n == 20
    assert any("0 of 20 pairs are judged alike in both orders" in warning for warning in found.warnings)


def test_what_cannot_be_aligned_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be called"):
        align("tone", rows())
    with pytest.raises(ConfigurationError, match="experiment= goes with"):
        align(tone(), rows(), experiment="x")


def test_what_is_not_to_be_kept_is_not() -> None:
    found = align(tone(), rows(), store=False)
    assert found.id is None
    assert current_client().get("/alignments")["items"] == []
