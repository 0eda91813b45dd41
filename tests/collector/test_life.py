"""What is deleted is gone, from every file; what is to stay, stays."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assay.collector.compaction import merges, worth_compacting
from assay.collector.deletions import Deleted, Selection
from assay.collector.life import Life, LifeRules
from assay.collector.service import Service
from assay.collector.store import STORE_FILE, SpanStore
from assay.errors import CollectorUnavailable
from support.otlp import one_span, recorded

MARKER = "zebra-7f3a-marker"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    yield service
    service.close()


def send(service: Service, *, project: str = "shop", text: str = "x", name: str = "root", **attributes: Any) -> str:
    """One trace of two spans, of which only the first says whose it is; its id."""
    with recorded(service__name=project) as recorder:
        with recorder.tracer.start_as_current_span(name, attributes={"input.value": text * 100, **attributes}) as root:
            recorder.tracer.start_span("child", attributes={"long": f"{text} and more, " * 100}).end()
        service.ingest(recorder.body()).result()
    return f"{root.get_span_context().trace_id:032x}"


def score(service: Service, **about: Any) -> None:
    row = {"id": "s", "project": "shop", "name": "good", "value": "true", "source": "user", "status": "scored"}
    service.append({"score_log": [{**row, "created_at": time.time_ns(), **about}]})


def traces(service: Service) -> set[str]:
    with service.store.read() as db:
        return {trace_id for (trace_id,) in db.execute("SELECT DISTINCT trace_id FROM span_log").fetchall()}


def counts(service: Service) -> dict[str, int]:
    with service.store.read() as db:
        return {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in ("span_log", "score_log", "content", "dead_letter")
        }


def files_with(text: str, directory: Path) -> list[str]:
    return [path.name for path in directory.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def age(service: Service, days: int) -> None:
    """Let what was received today have been received so many days ago."""

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        ago = f"INTERVAL {days} DAY WHERE"
        cursor.execute(f"UPDATE span_log SET received_at = received_at - {ago} received_at > now()::DATE - 1")
        cursor.execute(f"UPDATE content SET received_on = received_on - {ago} received_on > now()::DATE - 1")

    service.writer.put_job(job).result()


# On request -------------------------------------------------------------------------------------------------------


def test_a_deleted_user_is_in_no_file_any_more(service: Service) -> None:
    kept = send(service, **{"user.id": "someone"})
    gone = send(service, text=MARKER, **{"user.id": "zebra-user", "session.id": "s1"})
    score(service, trace_id=gone, explanation=MARKER)
    service.sql("SELECT 1", project="shop", limit=1)  # makes the Parquet files
    assert files_with(MARKER, service.data_dir)
    assert service.delete(Selection("shop", user_id="zebra-user")) == Deleted(traces=1, spans=2, scores=1)
    service.life.compact()
    rows = service.sql("SELECT DISTINCT trace_id FROM spans", project="shop", limit=10)["rows"]
    assert rows == [[kept]]
    assert files_with(MARKER, service.data_dir) == []
    assert files_with("zebra-user", service.data_dir) == []


def test_a_session_takes_its_traces_and_scores_with_it_and_nothing_else(service: Service) -> None:
    kept = [send(service, **{"session.id": "s2"}), send(service, project="other", **{"session.id": "s1"})]
    gone = send(service, **{"session.id": "s1"})
    score(service, trace_id=gone)
    score(service, session_id="s1")
    score(service, session_id="s2")
    assert service.delete(Selection("shop", session_id="s1")) == Deleted(traces=1, spans=2, scores=2)
    assert traces(service) == set(kept)
    assert counts(service)["score_log"] == 1


def test_content_that_others_share_stays(service: Service) -> None:
    kept, gone = send(service, text="shared"), send(service, text="shared")
    alone = send(service, text=MARKER)
    before = counts(service)["content"]
    service.delete(Selection(trace_ids=(gone,)))
    assert counts(service)["content"] == before
    service.delete(Selection(trace_ids=(alone,)))
    assert counts(service)["content"] < before
    with service.store.read() as db:
        [(attributes,)] = db.execute("SELECT attributes FROM spans WHERE name = 'child'").fetchall()
    assert "shared and more" in attributes
    assert traces(service) == {kept}


def test_dead_letters_that_name_the_trace_go_with_it(service: Service) -> None:
    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        for user in ("u\"7'ü", "u8"):
            raw = f'{{"attributes":{{"user.id":"{user}"}}}}'.replace('"7', '\\"7').encode()
            cursor.execute("INSERT INTO dead_letter VALUES ('shop', now()::TIMESTAMP_NS, 'why', ?)", [raw])

    service.writer.put_job(job).result()
    assert service.delete(Selection("shop", user_id="u\"7'ü")) == Deleted(dead_letters=1)
    assert counts(service)["dead_letter"] == 1


def test_a_store_opens_again_after_deleting_without_a_checkpoint_since(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    ids = tuple(send(service) for _ in range(3))
    service.writer.checkpoint().result()
    service.delete(Selection(trace_ids=ids[:2]))
    service.store.checkpoint = lambda: False  # type: ignore[method-assign]
    service.close()
    again = Service(tmp_path / "data")
    assert traces(again) == {ids[2]}
    again.close()


# Compaction -------------------------------------------------------------------------------------------------------


def test_compaction_gives_bytes_back_and_the_store_goes_on(service: Service) -> None:
    ids = [send(service, blob=random.Random(number).randbytes(200_000).hex()) for number in range(20)]
    service.writer.checkpoint().result()
    service.delete(Selection(trace_ids=tuple(ids[1:])))
    with service.store.read() as db:
        view = db.execute("SELECT * FROM spans ORDER BY ALL").fetchall()
    before, after = service.life.compact()
    assert after < before
    with service.store.read() as db:
        assert db.execute("SELECT * FROM spans ORDER BY ALL").fetchall() == view
    new = send(service)
    assert traces(service) == {ids[0], new}
    assert not (service.data_dir / "compact").exists()


@pytest.mark.parametrize(
    ("used_mb", "free_mb", "checkpoints", "deleted", "worth"),
    [
        pytest.param(1, 0.5, 2, 0.0, False, id="a-new-store"),
        pytest.param(1, 0.5, 3, 0.0, True, id="many-starts-and-stops"),
        pytest.param(100, 0, 19, 0.0, False, id="some-checkpoints"),
        pytest.param(100, 0, 0, 0.125, True, id="a-day-of-eight-deleted"),
        pytest.param(100, 12, 0, 0.0, True, id="free-blocks"),
        pytest.param(300, 60, 20, 0.4, False, id="not-small-and-a-fifth-free"),
        pytest.param(300, 60, 80, 0.0, True, id="not-small-and-many-checkpoints"),
        pytest.param(1000, 400, 900, 0.4, False, id="large-and-less-than-half-of-it-free"),
        pytest.param(1000, 1000, 0, 0.0, True, id="large-and-half-of-it-free"),
    ],
)
def test_a_store_is_copied_when_much_is_wasted_and_a_small_one_sooner(
    used_mb: float, free_mb: float, checkpoints: int, deleted: float, worth: bool
) -> None:
    used, free = int(used_mb * 1024**2), int(free_mb * 1024**2)
    assert worth_compacting(used, free, checkpoints=checkpoints, deleted=deleted) is worth


def test_only_a_large_store_merges_and_seldom() -> None:
    assert [merges(500 * 1024**2, number) for number in range(1, 17)] == [0] * 16
    assert [number for number in range(1, 17) if merges(600 * 1024**2, number)] == [8, 16]


def test_a_compaction_that_dies_before_the_end_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(tmp_path / "data")
    trace_id = send(service)

    def die(self: Path, target: Path) -> None:
        raise OSError("no more")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", die)
        with pytest.raises(OSError, match="no more"):
            service.writer.between(service.store.compact).result()
    assert traces(service) == {trace_id}
    service.close()
    again = Service(tmp_path / "data")
    assert traces(again) == {trace_id}
    again.close()


def test_a_compaction_waits_for_another_time_while_somebody_reads_what_was_changed(service: Service) -> None:
    trace_id = send(service)
    with service.store.read() as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM span_log").fetchall()
        service.writer.put_job(lambda cursor: cursor.execute("UPDATE span_log SET cost_usd = 1.5")).result()
        with pytest.raises(CollectorUnavailable, match="No checkpoint is possible now"):
            service.life.compact()
    service.life.compact()
    assert traces(service) == {trace_id}


def test_a_compacted_file_is_taken_for_the_same_store(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    trace_id, store_id = send(service), service.store.store_id
    service.life.compact()
    service.close()
    store = SpanStore(tmp_path / "data" / STORE_FILE)
    with store.read() as db:
        assert db.execute("SELECT DISTINCT trace_id FROM span_log").fetchall() == [(trace_id,)]
    assert store.store_id == store_id
    store.close()


# Retention --------------------------------------------------------------------------------------------------------


def test_whole_days_beyond_the_retention_go_and_the_others_stay(service: Service) -> None:
    send(service, text=MARKER, name="old")
    age(service, 8)
    send(service, name="edge")
    age(service, 7)
    new = send(service, name="new")
    life = Life(service.store, service.writer, LifeRules(retention_days=7))
    life.step()
    with service.store.read() as db:
        assert db.execute("SELECT DISTINCT name FROM span_log ORDER BY 1").fetchall() == [
            ("child",),
            ("edge",),
            ("new",),
        ]
        assert db.execute("SELECT count(*) FROM content WHERE text LIKE ?", [f"%{MARKER}%"]).fetchall() == [(0,)]
    assert life.deleted()["retention"].spans == 2
    assert new in traces(service)


def test_a_project_may_keep_its_traces_longer_or_for_ever(service: Service) -> None:
    ids = {project: send(service, project=project) for project in ("short", "long", "ever", "plain")}
    age(service, 10)
    life = Life(service.store, service.writer, LifeRules(retention_days=5))
    life.set_retention("short", 2)
    life.set_retention("long", 3)
    life.set_retention("long", 20)
    life.set_retention("ever", None)
    life.step()
    assert traces(service) == {ids["long"], ids["ever"]}
    assert [life.retention(project) for project in ids] == [2, 20, None, 5]


def test_without_rules_nothing_is_deleted(service: Service) -> None:
    trace_id = send(service)
    age(service, 1000)
    service.life.step()
    assert traces(service) == {trace_id}


def test_a_day_to_sweep_is_looked_for_once_a_minute(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    now, looked = [time.time()], list[float]()
    monkeypatch.setattr("assay.collector.life.day_to_sweep", lambda db, early: looked.append(now[0]))
    life = Life(service.store, service.writer, LifeRules(), clock=lambda: now[0])
    for after in (0, 2, 59, 61):
        now[0] += after
        life.step()
    assert [moment - looked[0] for moment in looked] == [0, 61, 122]


# Tail rules -------------------------------------------------------------------------------------------------------


def test_tail_rules_keep_errors_slow_ones_scored_ones_and_experiments(service: Service) -> None:
    plain = send(service)
    kept = {
        "failed": send(service, **{"error.type": "timeout"}),
        "experiment": send(service, **{"assay.experiment.id": "e1"}),
        "scored": send(service),
    }
    score(service, trace_id=kept["scored"])
    with recorded(service__name="shop") as recorder:
        span = recorder.tracer.start_span("slow", start_time=time.time_ns() - 10**10)
        span.end()
        service.ingest(recorder.body()).result()
    kept["slow"] = f"{span.get_span_context().trace_id:032x}"
    rules = LifeRules(tail_share=0.0, tail_slow_ms=5000, tail_quiet_s=60)
    not_yet = Life(service.store, service.writer, rules)
    not_yet.step()
    assert plain in traces(service)
    later = Life(service.store, service.writer, rules, clock=lambda: time.time() + 120)
    later.step()
    assert traces(service) == set(kept.values())
    assert later.deleted()["tail"] == Deleted(traces=1, spans=2)


def test_the_share_that_is_kept_is_told_by_the_ids_alone(tmp_path: Path) -> None:
    bodies = [one_span() for _ in range(40)]
    survivors = []
    for name in ("a", "b"):
        service = Service(tmp_path / name)
        for future in [service.ingest(body) for body in bodies]:
            future.result()
        Life(service.store, service.writer, LifeRules(tail_share=0.5), clock=lambda: time.time() + 120).step()
        survivors.append(traces(service))
        service.close()
    assert survivors[0] == survivors[1]
    assert 5 < len(survivors[0]) < 35
