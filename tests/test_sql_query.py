"""`assay.sql`, `assay sql` and the route behind them."""

from __future__ import annotations

import json

import pandas
import pytest
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.client import current_client
from assay.collector.server import Server
from assay.errors import InvalidRequest, NotFound
from support.otlp import one_span


def test_sql_answers_in_every_form(collector: Server) -> None:
    service = collector.service
    service.ingest(one_span("ask", {"tag": "x"}, assay__project="test")).result()
    frame = assay.sql("SELECT name, start_time, attributes FROM spans")
    assert list(frame.columns) == ["name", "start_time", "attributes"]
    assert frame["name"].tolist() == ["ask"]
    assert frame["attributes"][0] == {"tag": "x"}
    assert isinstance(frame["start_time"].dtype, pandas.DatetimeTZDtype)
    assert not frame.attrs["truncated"]

    service.ingest(one_span("later", assay__project="test")).result()
    counted = CliRunner().invoke(app, ["sql", "SELECT count(*) AS n, ['a'] AS l FROM spans", "--json"])
    assert json.loads(counted.stdout) == [{"n": 2, "l": ["a"]}]
    written = CliRunner().invoke(app, ["sql", "SELECT name, ['a'] AS l FROM traces ORDER BY name", "--csv"])
    assert written.stdout == 'name,l\nask,"[""a""]"\nlater,"[""a""]"\n'
    table = CliRunner().invoke(app, ["sql", "SELECT name FROM traces ORDER BY name", "--limit", "1"])
    assert table.stdout.split() == ["name", "ask"]
    assert "Only the first 1 rows" in table.stderr

    with pytest.raises(InvalidRequest, match="There is no table 'keys'"):
        assay.sql("SELECT * FROM keys")
    with pytest.raises(NotFound, match="no project 'nobody'"):
        assay.sql("SELECT 1", project="nobody")


def test_the_life_of_data_by_command(collector: Server) -> None:
    run = CliRunner().invoke
    collector.service.ingest(one_span("a", {"session.id": "s/1"}, assay__project="test")).result()
    [trace] = current_client().pages("/traces")
    assert run(app, ["retention", "30"]).stdout == "30 days\n"
    assert run(app, ["retention", "forever"]).stdout == "forever\n"
    assert run(app, ["retention"]).stdout == "forever\n"
    assert run(app, ["delete", "--session", "s/1"]).stdout.startswith("1 traces, 1 spans")
    assert run(app, ["delete", "--trace", trace["trace_id"]]).exception is not None
    assert "bytes before" in run(app, ["compact"]).stdout
    assert list(current_client().pages("/spans")) == []
    assert [entry["action"] for entry in collector.service.registry.audit.page(action="traces").items] == [
        "traces.delete"
    ]
