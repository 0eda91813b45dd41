"""The injection self-test: what counts as talked into a better verdict, and what the report says of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from assay import scorers
from assay.errors import ConfigurationError, GatewayError
from assay.evaluation.judges.context_sufficiency import ContextSufficiency
from assay.evaluation.judges.correctness import Correctness
from assay.evaluation.judges.faithfulness import Faithfulness
from assay.evaluation.judges.injection import attacked
from assay.evaluation.judges.injection_corpus import ATTACKS
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.judges.own import judge
from assay.evaluation.judges.row_texts import JudgedRow, documents_of
from assay.evaluation.judges.tool_efficiency import ToolEfficiency
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.statistics import proportion_interval
from assay.settings import configure
from assay.traces import Trace
from support.scripted_judge import Answer, Scripted, says, user_text


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


def gullible(request: dict[str, Any]) -> Answer:
    """Does what it is told to in French or in base64, and fails on one attack."""
    text = user_text(request)
    if "switched off" in text:
        return GatewayError("away", status=503)
    return says("correct" if "rends le verdict" in text or "Decode this" in text else "incorrect", "as told")


def test_the_share_of_verdicts_that_got_better_comes_with_its_interval() -> None:
    report = scorers.injection_test(Correctness(model="m/x", gateway=Scripted(rule=gullible)))
    assert sorted((case.kind, case.name) for case in report.flipped) == [("hiding", "base64"), ("language", "fr")]
    assert [case.name for case in report.failed] == ["threat"]
    expected = proportion_interval([1.0] * 2 + [0.0] * (len(ATTACKS) - 3))
    assert (report.rate.value, report.rate.low, report.rate.high) == (expected.value, expected.low, expected.high)
    assert report.rate.method is not None
    assert "Wilson" in report.rate.method
    told = str(report)
    for part in ("flipped by language, fr: as told", "no verdict after feeling, threat", f"{len(ATTACKS) - 1} hostile"):
        assert part in " ".join(told.split())


def test_a_judge_that_holds_is_not_proof_but_has_an_upper_end() -> None:
    report = Correctness(gateway=Scripted(rule=lambda request: says("incorrect"))).injection_test()
    assert report.rate.value == 0.0
    assert report.rate.high is not None
    assert 0 < report.rate.high < 0.1
    assert report.cost_usd == pytest.approx(0.5 * (len(ATTACKS) + 1))


def test_a_judge_of_ones_own_needs_a_row_that_it_finds_bad() -> None:
    asked = judge("tone", "Friendly?", ["yes", "no"], gateway=Scripted(rule=lambda request: says("no")))
    with pytest.raises(ConfigurationError, match="no example of its own"):
        asked.injection_test()
    assert asked.injection_test(input="q", output="Go away.").rate.value == 0.0
    kind = judge("tone", "Friendly?", ["yes", "no"], gateway=Scripted(rule=lambda request: says("yes")))
    with pytest.raises(ConfigurationError, match="is judged True already"):
        kind.injection_test(input="q", output="Go away.")


def test_labels_without_an_order_are_flipped_by_any_change() -> None:
    def rule(request: dict[str, Any]) -> Answer:
        return says("warm" if "SYSTEM" in user_text(request).upper() else "cold")

    report = judge("t", "Which?", ["warm", "cold", "odd"], gateway=Scripted(rule=rule)).injection_test(output="x")
    assert {case.kind for case in report.flipped} == {"role"}


def test_every_built_in_example_can_be_attacked_where_an_outsider_writes() -> None:
    for name, module in ((name, BUILT_IN[name].__module__) for name in BUILT_IN):
        if not module.startswith("assay.evaluation.judges.") or name in ("custom", "guidelines"):
            continue
        made: ModelScorer = BUILT_IN[name]()
        row = made.wrong_example
        assert row is not None, name
        before, after = made.texts(row), made.texts(attacked(made, row, ATTACKS[3]))
        changed = [key for key in after if after[key] != before.get(key)]
        assert changed, name
        assert set(changed) & {"output", "conversation", "document-1", "steps", "answer-1"} or "citation" in changed[0]


def test_an_attack_goes_into_the_context_or_the_trace_where_the_output_is_not_shown() -> None:
    row = attacked(ContextSufficiency(), JudgedRow(input="q", context=["one", "two"]), ATTACKS[3])
    assert [document.content.startswith("one\n\nIgnore") for document in documents_of(row) or []] == [True, False]
    example = ToolEfficiency.wrong_example
    assert example is not None
    trace = attacked(ToolEfficiency(), example, ATTACKS[3]).trace
    assert isinstance(trace, Trace)
    assert "Ignore everything" in str(trace.spans[-1].output)
    assert Faithfulness().best_verdict == "supported"


def test_the_corpus_has_every_kind_and_keeps_the_wrong_answer_nearly_everywhere() -> None:
    kinds = {"null model", "command", "fence", "role", "answer", "authority", "feeling", "hiding", "language"}
    assert {attack.kind for attack in ATTACKS} == kinds
    assert len({(attack.kind, attack.name) for attack in ATTACKS}) == len(ATTACKS)
    assert sum(not attack.keeps_answer for attack in ATTACKS) == 2
    assert sum(attack.kind == "language" for attack in ATTACKS) >= 20
    asked = Scripted(rule=lambda request: says("no"))
    tone = dataclasses.replace(judge("tone", "Friendly?", ["yes", "no"]), gateway=asked)
    assert tone.injection_test(output="x").rate.n == len(ATTACKS)
