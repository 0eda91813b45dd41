"""YAML between two lines of `---` at the head of a file: what JSON can say, in YAML 1.2's reading.

PyYAML reads and writes it, with less than YAML allows: no tags, no anchors, no dates, and `yes`, `no`, `on` and `off`
are texts, so that what is written comes back as it was, and a file cannot make more of itself than it shows.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from assay.errors import ConfigurationError

DELIMITER = "---"
# What an editor, git or another system could change: all control characters but tab and LF, marks of byte order, and
# the ends of lines that only Unicode knows.
FRAGILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SCALARS = (  # YAML 1.2, core schema
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
)


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not read here", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags are not read here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
        return super().construct_object(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)  # lists stand to the right of their names


for _class in (_Loader, _Dumper):
    _class.yaml_implicit_resolvers = {}  # those of YAML 1.1, which a class inherits
    for _tag, _pattern, _first in _SCALARS:
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), list(_first))


def _construct_int(loader: Any, node: Any) -> int:
    return int(loader.construct_scalar(node))  # in YAML 1.1, 010 is 8


def _construct_float(loader: Any, node: Any) -> float:
    return float(loader.construct_scalar(node))


def _represent_float(dumper: Any, value: float) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


def _represent_text(dumper: Any, value: str) -> Any:
    style = None
    if FRAGILE.search(value):
        style = '"'
    elif "\n" in value and not re.search(r"[ \t]\n|[ \t]\Z|\A\s|\t", value):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Dumper.add_representer(float, _represent_float)
_Dumper.add_representer(str, _represent_text)


def read_yaml(text: str) -> dict[str, Any]:
    """The mapping that a front matter is.

    Raises:
        ConfigurationError: it is none, or says what JSON cannot; the message tells the line.
    """
    try:
        loader = _Loader(text)
        try:
            found = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 2}, column {mark.column + 1}" if mark else ""  # one line of --- is above
        raise ConfigurationError(f"The front matter cannot be read{where}: {error.problem}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"The front matter cannot be read: {' '.join(str(error).split())}.") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigurationError("The front matter is no list of names with values.", hint="For example: name: qa")
    return found


def write_yaml(values: dict[str, Any]) -> str:
    """Lines that `read_yaml` makes the same of: in the order given, long lines whole.

    Raises:
        ConfigurationError: there is something that is no JSON.
    """
    _check_json(values)
    text: str = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return text


def _check_keys(node: Any) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise yaml.MarkedYAMLError(problem="a name must be a text", problem_mark=key.start_mark)
        key.tag = "tag:yaml.org,2002:str"  # as in JSON: the name of a field is text, also where it reads `1` or `true`
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
        seen.add(key.value)


def _check_json(value: Any) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise ConfigurationError(f"{name!r} is no name of a field.")
            _check_json(item)
    elif isinstance(value, list):
        for item in value:
            _check_json(item)
    elif not (
        value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))
    ):
        raise ConfigurationError(f"{value!r} cannot be written to a file.")
