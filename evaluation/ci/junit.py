"""An evaluation as JUnit XML, which build servers show: the gate's conditions as one suite, the rows as another.

A condition that is missed is a failure, and so is one without enough evidence. A row whose task or scorer failed is an
error; one with a right-or-wrong score of "wrong" is a failure. The exit code is the verdict, not the count of failures:
a gate of 80 % is passed by a run in which rows fail.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from assay.evaluation.ci.verdict import Verdict
from assay.evaluation.report import shortened

# What XML 1.0 cannot hold, not even escaped
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdict: Verdict) -> str:
    """The whole document."""
    result = verdict.result
    suites = ET.Element("testsuites", name=_text(result.name))
    if verdict.gate is not None:
        gate = ET.SubElement(suites, "testsuite", name=_text(f"{result.name}: gate"))
        for each in verdict.gate.results:
            case = ET.SubElement(gate, "testcase", classname=_text(f"{result.name}.gate"), name=_text(each.condition))
            if each.verdict != "passed":
                ET.SubElement(case, "failure", type=each.verdict, message=_text(each.explanation))
    rows = ET.SubElement(suites, "testsuite", name=_text(f"{result.name}: rows"))
    properties = ET.SubElement(rows, "properties")
    for name, value in _properties(verdict):
        ET.SubElement(properties, "property", name=_text(name), value=_text(value))
    repeated = (result.experiment.get("repeats") or 1) > 1
    for row in result.records:
        _row(rows, _text(result.name), row, repeated=repeated)
    for suite in suites:
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _properties(verdict: Verdict) -> Iterator[tuple[str, Any]]:
    yield "experiment", verdict.result.id
    yield "status", verdict.result.status
    yield "page", verdict.result.told_address(verdict.result.url)
    for row in verdict.result.summary_rows:
        if row.mean is not None:
            yield row.scorer, f"{row.mean:.6g}"
        if row.ci_low is not None and row.ci_high is not None:
            yield f"{row.scorer} {row.confidence * 100:g} % interval", f"{row.ci_low:.6g} to {row.ci_high:.6g}"


def _row(suite: ET.Element, name: str, row: Mapping[str, Any], *, repeated: bool) -> None:
    label = f"{row['item_id']} [{row['repeat']}]" if repeated else str(row["item_id"])
    case = ET.SubElement(suite, "testcase", classname=f"{name}.rows", name=_text(label))
    case.set("time", f"{(row['duration_ms'] or 0.0) / 1000:.3f}")
    scores = row["scores"] or ()
    failed = [score for score in scores if score["status"] in ("scorer_error", "invalid")]
    wrong = [score for score in scores if score["status"] == "scored" and score["value"] is False]
    if row["status"] in ("skipped_budget", "cancelled"):
        ET.SubElement(case, "skipped", message=_text(row["error"] or row["status"]))
    elif row["status"] != "ok":
        ET.SubElement(case, "error", type=_text(row["error_type"] or row["status"]), message=_text(row["error"] or ""))
    elif failed:
        said = "; ".join(f"{score['name']}: {shortened(str(score['error']))}" for score in failed)
        ET.SubElement(case, "error", type="scorer_error", message=_text(said))
    elif wrong:
        failure = ET.SubElement(case, "failure", type="wrong", message=_text(", ".join(each["name"] for each in wrong)))
        failure.text = _text("\n".join(f"{each['name']}: {each['explanation'] or 'no explanation'}" for each in wrong))


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    element.set("failures", str(len(list(element.iter("failure")))))
    element.set("skipped", str(len(list(element.iter("skipped")))))
    element.set("errors", str(len(list(element.iter("error")))))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in element.iter('testcase')):.3f}")


def _text(value: Any) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
