"""What the playground is asked to do, checked where it comes in."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.errors import InvalidRequest
from assay.evaluation.gateway import Message
from assay.evaluation.playground.parameters import PARAMETERS
from assay.prompts.template import Template, parse_template

# Of an input that is a text: the variable that it goes into, where there are several
INPUT_NAMES = ("input", "question", "query", "text", "message")


class PromptLink(BaseModel):
    """The version whose content this is, unchanged: traces are linked to it."""

    name: str
    version: int


class Column(BaseModel):
    """One prompt on one model."""

    model_config = ConfigDict(extra="forbid")

    template: str | list[dict[str, Any]]  # with everything put in that it includes
    format: Literal["simple", "jinja"] = "simple"
    model: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None
    prompt: PromptLink | None = None

    def parsed(self) -> list[Template | Message]:
        """The template in order: what is written as one, and between that messages that are sent as they are."""
        if isinstance(self.template, str):
            return [parse_template(self.template, self.format)]
        parts: list[Template | Message] = []
        for written, group in itertools.groupby(self.template, key=is_written):
            messages = list(group)
            parts += [parse_template(messages, self.format)] if written else messages
        return parts

    def names(self) -> list[str]:
        """Variables and placeholders, in the order of their first use."""
        templates = [part for part in self.parsed() if isinstance(part, Template)]
        return list(dict.fromkeys(name for one in templates for name in (*one.variables, *one.placeholders)))

    def messages(self, values: Mapping[str, Any]) -> list[Message]:
        """What is sent, with the values in it; those that the template does not have are left out.

        Raises:
            TemplateError: a value is missing.
        """
        sent: list[Message] = []
        for part in self.parsed():
            if not isinstance(part, Template):
                sent.append(part)
                continue
            filled = part.format({name: value for name, value in values.items() if name in part.names})
            sent += [{"role": "user", "content": filled}] if isinstance(filled, str) else [dict(one) for one in filled]
        return sent

    def given(self) -> dict[str, Any]:
        """The keywords of the call, but for model and messages.

        Raises:
            InvalidRequest: a parameter is none that the playground sends.
        """
        unknown = sorted(self.parameters.keys() - PARAMETERS)
        if unknown:
            raise InvalidRequest(
                f"The playground sends no parameter {', '.join(map(repr, unknown))}.",
                hint=f"It sends: {', '.join(sorted(PARAMETERS))}.",
            )
        return {**self.parameters, "tools": self.tools or None, "response_format": self._schema()}

    def _schema(self) -> dict[str, Any] | None:
        """A prompt keeps the schema alone; the call names it."""
        if self.response_format is None or "json_schema" in self.response_format or "type" not in self.response_format:
            return self.response_format
        if self.response_format["type"] in ("json_object", "text"):
            return self.response_format
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": self.response_format}}


class Run(BaseModel):
    """One column, once."""

    column: Column
    variables: dict[str, Any] = Field(default_factory=dict)


class OverData(BaseModel):
    """Columns over a data set: an experiment each."""

    columns: list[Column] = Field(min_length=1, max_length=4)
    names: list[str]  # of the experiments, one for each column
    run: str | None = None  # which of the playground's runs this is
    variables: dict[str, Any] = Field(default_factory=dict)  # for what the items do not hold
    dataset: str
    version: int
    scorers: list[str] = Field(min_length=1, max_length=20)
    judge_model: str | None = None
    repeats: int = Field(default=1, ge=1, le=20)
    concurrency: int = Field(default=8, ge=1, le=64)
    max_cost_usd: float | None = Field(default=None, gt=0)


def read(kind: type[BaseModel], params: Mapping[str, Any]) -> Any:
    """`params` as this kind of request.

    Raises:
        InvalidRequest: it is none; the message says where.
    """
    try:
        return kind.model_validate(params)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3])
        raise InvalidRequest(f"The request cannot be used: {told}.") from error


def is_written(message: Mapping[str, Any]) -> bool:
    """Whether a message is a part of a template; others are sent as they are: those with calls of tools, say."""
    return message.keys() == {"role", "content"} and message["content"] is not None


def values_of(item_input: Any, names: Sequence[str], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The variables for one item of a data set: an input that is a dict gives several, any other one.

    Raises:
        InvalidRequest: the input is a text, and it is not clear which variable it is.
    """
    if isinstance(item_input, Mapping):
        return {**shared, **item_input}
    free = [name for name in names if name not in shared] or names
    if len(free) > 1:
        free = [name for name in INPUT_NAMES if name in names][:1] or free
    if len(free) > 1:
        raise InvalidRequest(
            f"The item's input is no object, and the template has {len(free)} variables: {', '.join(free)}.",
            hint="Name one of them input, give values for the others, or make the inputs objects with these keys.",
        )
    value = item_input if isinstance(item_input, str | list) else json.dumps(item_input, ensure_ascii=False)
    return {**shared, **dict.fromkeys(free, value)}
