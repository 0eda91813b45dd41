"""Guidelines: does the output keep every one of a list of rules?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.gateway import Completion
from assay.evaluation.judges.ballots import Ballot
from assay.evaluation.judges.panel import majority, no_majority, record, voted
from assay.evaluation.judges.prompt import JudgePrompt, framed, json_object, one_of
from assay.evaluation.judges.reading import Reading, Unusable, choice, read_object, text
from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

PASS, FAIL = "pass", "fail"
INSTRUCTIONS = """\
Decide of each guideline, by itself, whether OUTPUT keeps it, as an answer to INPUT. A guideline that does not apply to
this INPUT is kept. Judge nothing else: neither whether OUTPUT is true nor whether it is good.

Guidelines:
{guidelines}"""
ANSWER = (
    'with an object for each guideline: {keys}. Each has "explanation", a short reason, then "verdict": "pass" or '
    '"fail"'
)


@dataclass(frozen=True, kw_only=True)
class Guidelines(Judge):
    """True when a judge finds that the output keeps every guideline; each has a verdict of its own.

    Definition: Pass on every guideline of a list, or of a dict with a name for each. The verdicts with their reasons
        are in the score's metadata, and what failed is in its explanation. With several votes, each guideline is
        decided by the majority.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: The judge of this name in MLflow, with verdicts by guideline instead of one.
    Pitfalls: The more guidelines, the lower the rate: look at them one by one. One that holds several rules is failed
        by any of them.
    """

    guidelines: Sequence[str] | Mapping[str, str] = field(kw_only=False)
    name: str = "guidelines"
    instructions: str = INSTRUCTIONS

    anchors = (Anchor(PASS, True), Anchor(FAIL, False))
    shows = ("input", "output")

    def __post_init__(self) -> None:
        given = self.guidelines
        if isinstance(given, str) or not given or not all(isinstance(rule, str) for rule in self.rules.values()):
            raise ConfigurationError(
                f"Judge {self.name!r} takes a list of guidelines, or a dict of them by name, not {given!r}.",
                hint='E.g. Guidelines(["Answers in English.", "Names no competitor."])',
            )
        super().__post_init__()

    @property
    def rules(self) -> dict[str, str]:
        """Each guideline by its name, which in a list is the guideline itself."""
        if isinstance(self.guidelines, Mapping):
            return dict(self.guidelines)
        return {rule: rule for rule in self.guidelines}

    @property
    def parameters(self) -> dict[str, Any]:
        return {**super().parameters, "guidelines": self.rules}

    @cached_property
    def prompt(self) -> JudgePrompt:
        keys = self._keys
        listed = "\n".join(f"- {key}: {rule.strip()}" for key, rule in zip(keys, self.rules.values(), strict=True))
        verdict = json_object({"explanation": {"type": "string"}, "verdict": one_of([PASS, FAIL])})
        shape = ", ".join(f'"{key}": {{"explanation": "...", "verdict": "pass" or "fail"}}' for key in keys)
        return JudgePrompt(
            template=framed(
                self.instructions.replace("{guidelines}", listed),
                answer=ANSWER.format(keys=", ".join(f'"{key}"' for key in keys)),
            ),
            schema=json_object(dict.fromkeys(keys, verdict)),
            shape=f"{{{shape}}}",
            config={"guidelines": self.rules},
        )

    @property
    def _keys(self) -> list[str]:
        return [f"guideline_{number}" for number in range(1, len(self.rules) + 1)]

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        said = read_object(answer, "a verdict for each guideline")
        verdicts: dict[str, dict[str, str]] = {}
        for key, name in zip(self._keys, self.rules, strict=True):
            each = said.get(key)
            if not isinstance(each, dict):
                raise Unusable(f'it has no object "{key}"')
            verdict = choice(each.get("verdict"), [PASS, FAIL])
            verdicts[name] = {"verdict": verdict, "explanation": text(each.get("explanation"))}
        return _read(verdicts)

    def decide(self, ballots: Sequence[Ballot]) -> Reading:
        readings = [ballot.reading for ballot in ballots if ballot.reading is not None]
        votes = voted(ballots)
        decided: dict[str, dict[str, Any]] = {}
        for name in self.rules:
            said = [reading.details["verdicts"][name] for reading in readings]
            labels = [each["verdict"] for each in said]
            won = majority(labels, len(ballots))
            if won is None:
                if failure := no_majority(ballots, {**record(ballots), **votes, **self._identity()}):
                    raise failure
                won = self.tie_break
            told = next((each["explanation"] for each in said if each["verdict"] == won), "the votes are split")
            decided[name] = {"verdict": won, "explanation": told}
            if len(ballots) > 1:
                decided[name]["votes"] = dict(Counter(labels))
        found = _read(decided)
        return Reading(
            value=found.value, label=found.label, explanation=found.explanation, details={**found.details, **votes}
        )


def _read(verdicts: Mapping[str, Mapping[str, Any]]) -> Reading:
    """Pass when all pass; None when none fails but the votes on one are split."""
    failed = [f"{name}: {each['explanation']}" for name, each in verdicts.items() if each["verdict"] == FAIL]
    split = [name for name, each in verdicts.items() if each["verdict"] is None]
    details = {"verdicts": {name: dict(each) for name, each in verdicts.items()}}
    if failed:
        told = f"{len(failed)} of {len(verdicts)} guidelines failed. " + " ".join(failed)
        return Reading(value=False, label=FAIL, explanation=told, details=details)
    if split:
        told = f"the votes are split on: {', '.join(split)}"
        return Reading(value=None, explanation=told, details={**details, "tie": True})
    return Reading(value=True, label=PASS, explanation=f"all {len(verdicts)} guidelines kept", details=details)
