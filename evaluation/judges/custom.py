"""Custom: a judge from a template of one's own, with {{variables}} where the texts go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.judges.prompt import FENCE, TEXTS
from assay.evaluation.judges.verdict import Anchor, Judge
from assay.prompts.template import TemplateFormat, parse_template

INSTRUCTIONS = "What to decide, and by what, is said in the message with the texts."


@dataclass(frozen=True, kw_only=True)
class Custom(Judge):
    """A judge whose question is a template: ``Custom(template="Is {{output}} a poem about {{topic}}?")``.

    Definition: The verdict that the model chooses from `choices` (pass and fail if not given) after the template.
        Every variable is replaced by a text in its fence, so that what is judged cannot become part of the
        question. The variables input, output, expected, context, conversation and steps (the trace's spans) are the
        row's; any other is looked for in the input, the output, the expected value and the metadata, in this order,
        where those are dicts.
    Range: That of the choices' values.
    Direction: Higher is better unless `direction` says otherwise.
    Source: The template.
    Pitfalls: A row that lacks an expected value, a context or a trace which the template asks for is not
        applicable; one that lacks any other variable is a failure, for that is nearly always a slip.
    """

    template: str = field(kw_only=False)
    name: str = "custom"
    instructions: str = INSTRUCTIONS
    template_format: TemplateFormat = "simple"

    anchors = (Anchor("pass", True), Anchor("fail", False))

    def __post_init__(self) -> None:
        variables = parse_template(self.template, self.template_format).variables
        if taken := sorted({FENCE, TEXTS} & set(variables)):
            raise ConfigurationError(f"Judge {self.name!r}: {{{{{taken[0]}}}}} is no variable of a template here.")
        if not variables:
            raise ConfigurationError(
                f"The template of judge {self.name!r} has no variable, so that it would judge nothing.",
                hint="E.g. {{output}}.",
            )
        super().__post_init__()

    @property
    def parameters(self) -> dict[str, Any]:
        return {**super().parameters, "template": self.template}

    def _texts_message(self) -> str:
        return self.template

    def _format(self) -> str:
        return self.template_format
