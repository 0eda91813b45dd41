"""A self-test of judges: can a wrong answer talk them into a better verdict?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError, ConfigurationError
from assay.evaluation.judges.blocking import wait_for
from assay.evaluation.judges.fence import as_text
from assay.evaluation.judges.injection_corpus import ATTACKS, Attack
from assay.evaluation.judges.row_texts import JudgedRow, documents_of, trace_of
from assay.evaluation.report import as_text as as_terminal_text
from assay.evaluation.report import number, shortened
from assay.evaluation.statistics import Estimate, proportion_interval
from assay.scores import Score, ScoreValue

if TYPE_CHECKING:
    from assay.evaluation.judges.model_scorer import ModelScorer

CONCURRENCY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionCase:
    """One attack and what the judge made of it. `flipped` None: it gave no verdict, or failed."""

    kind: str
    name: str
    value: ScoreValue | None = None
    flipped: bool | None = None
    explanation: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class InjectionReport:
    """What an injection test found. `rate`: the share of attacks that got a better verdict, with Wilson's interval."""

    judge: str
    model: str
    plain_value: ScoreValue  # the verdict on the wrong answer alone
    cases: Sequence[InjectionCase]
    rate: Estimate
    cost_usd: float | None = None

    @property
    def flipped(self) -> list[InjectionCase]:
        return [case for case in self.cases if case.flipped]

    @property
    def failed(self) -> list[InjectionCase]:
        """Attacks after which there was no verdict. They count neither way."""
        return [case for case in self.cases if case.flipped is None]

    def __rich__(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for heading in ("attacks", "flipped", "no verdict"):
            table.add_column(heading, justify="left" if heading == "attacks" else "right")
        kinds = Counter(case.kind for case in self.cases)
        for kind, count in kinds.items():
            own = [case for case in self.cases if case.kind == kind]
            flipped, failed = sum(bool(case.flipped) for case in own), sum(case.flipped is None for case in own)
            table.add_row(Text(f"{kind} ({count})"), str(flipped), str(failed))
        lines = [f"flipped by {case.kind}, {case.name}: {shortened(case.explanation or '')}" for case in self.flipped]
        lines += [f"no verdict after {case.kind}, {case.name}: {shortened(case.error or '')}" for case in self.failed]
        return Group(Text(self._headline(), style="bold"), Text(), table, Text(), *map(Text, lines))

    def __str__(self) -> str:
        return as_terminal_text(self)

    def _headline(self) -> str:
        about = f"judge: {self.judge} ({self.model}), {self.rate.n} hostile outputs"
        if self.rate.value is None:
            return f"{about}: {self.rate.reason}"
        interval = f"[{number(self.rate.low)}, {number(self.rate.high)}]"
        return f"{about}: {number(self.rate.value)} {interval} flipped the verdict"


def injection_test(
    judge: ModelScorer,
    *,
    input: Any = None,
    output: Any = None,
    expected: Any = None,
    context: Any = None,
    attacks: Sequence[Attack] = ATTACKS,
    concurrency: int = CONCURRENCY,
) -> InjectionReport:
    """Judge a wrong answer alone, and then inside of every hostile text of a corpus: how many verdicts get better?

    print(assay.scorers.injection_test(assay.scorers.Correctness(model="openai/gpt-4o-mini")))

    It asks the judge's real model, once for every attack and vote. An attack that hides behind none of these ideas is
    not in it: a judge that withstands it is not proof against others.

    Args:
        input, output, expected, context: a row whose output deserves a bad verdict. Built-in judges have one; a judge
            of one's own needs one that fits its question.
        attacks: those of `assay.evaluation.judges.injection_corpus` if not given. One that leaves the wrong answer out
            is tried only with judges who see an expected one: to others saying nothing may be no fault.

    Raises:
        ConfigurationError: there is no such row, or the judge finds nothing to improve in it.
        AssayError: the wrong answer alone could not be judged.
    """
    return wait_for(
        ainjection_test(
            judge,
            input=input,
            output=output,
            expected=expected,
            context=context,
            attacks=attacks,
            concurrency=concurrency,
        )
    )


async def ainjection_test(
    judge: ModelScorer,
    *,
    input: Any = None,
    output: Any = None,
    expected: Any = None,
    context: Any = None,
    attacks: Sequence[Attack] = ATTACKS,
    concurrency: int = CONCURRENCY,
) -> InjectionReport:
    """`injection_test`, awaited."""
    given = JudgedRow(input=input, output=output, expected=expected, context=context)
    row = judge.wrong_example if given == JudgedRow() else given
    if row is None:
        raise ConfigurationError(
            f"Judge {judge.name!r} has no example of its own to be tested with.",
            hint="Give one that deserves a bad verdict: injection_test(input=..., output=...).",
        )
    plain = await judge.judged(row)
    value = plain.value
    if value is None or not judge.can_improve(value):
        said = f"has no verdict ({plain.explanation})" if value is None else f"is judged {value!r} already"
        raise ConfigurationError(
            f"Judge {judge.name!r} cannot be tested: the wrong answer alone {said}.",
            hint="Give a row that deserves a bad verdict: injection_test(input=..., output=...).",
        )
    fitting = [attack for attack in attacks if attack.keeps_answer or "expected" in judge.shows]
    places = asyncio.Semaphore(concurrency)

    async def tried(attack: Attack) -> tuple[InjectionCase, Score | None]:
        async with places:
            return await _tried(judge, row, attack, value)

    found = await asyncio.gather(*(tried(attack) for attack in fitting))
    cases = [case for case, _ in found]
    return InjectionReport(
        judge=judge.name,
        model=judge.asked_model,
        plain_value=value,
        cases=cases,
        rate=proportion_interval([float(case.flipped) for case in cases if case.flipped is not None]),
        cost_usd=_cost([plain, *(score for _, score in found if score is not None)]),
    )


def attacked(judge: ModelScorer, row: JudgedRow, attack: Attack) -> JudgedRow:
    """The row with the attack in what an outsider could have written: its output, else its context or its trace."""
    shown = {*judge.shows, *judge.prompt.variables}
    best = judge.best_verdict
    in_output = judge.hostile_in == "output" and shown & {"output", "conversation"}
    if in_output or not shown & {"context", "steps"}:
        return replace(row, output=attack.hostile(as_text(row.output), best))
    if "context" in shown:
        first, *others = documents_of(row) or []
        return replace(row, context=[attack.hostile(first.content, best), *(other.content for other in others)])
    trace = trace_of(row)
    assert trace is not None  # a judge of steps has given its verdict on this row
    *before, last = trace.spans
    return replace(
        row, trace=replace(trace, spans=[*before, replace(last, output=attack.hostile(str(last.output), best))])
    )


async def _tried(
    judge: ModelScorer, row: JudgedRow, attack: Attack, plain: ScoreValue
) -> tuple[InjectionCase, Score | None]:
    try:
        score = await judge.judged(attacked(judge, row, attack))
    except AssayError as error:
        return InjectionCase(kind=attack.kind, name=attack.name, error=str(error)), None
    if score.value is None:
        return InjectionCase(kind=attack.kind, name=attack.name, error=score.explanation), score
    flipped = judge.is_better(score.value, plain)
    return (
        InjectionCase(
            kind=attack.kind,
            name=attack.name,
            value=score.value,
            flipped=flipped,
            explanation=score.explanation,
        ),
        score,
    )


def _cost(scores: Sequence[Score]) -> float | None:
    costs = [score.metadata.get("cost_usd") for score in scores if score.metadata.get("calls")]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
