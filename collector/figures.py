"""The collector's own figures in the form of Prometheus, whose library is loaded only when somebody asks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from assay.collector.service import Service
from assay.collector.timings import Timings


def exposition(service: Service) -> bytes:
    """Counters, gauges and histograms in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(service))
    return generate_latest(registry)


class Figures(Collector):
    """Reads the figures when it is asked, so that nothing is counted twice on the way in."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        service = self._service
        writer, store = service.writer, service.store
        counted = writer.counters
        for name, help_text, value in (
            ("assay_spans_stored", "Spans committed.", counted.spans),
            ("assay_spans_repeated", "Spans that were there already: retries.", counted.repeated),
            ("assay_spans_conflicting", "Repeated spans whose content had changed.", counted.conflicts),
            ("assay_spans_dead_lettered", "Spans that could not be stored and were put aside.", counted.dead_letters),
            ("assay_otlp_rejected", "Spans and log records refused while the rest was taken.", service.intake.rejected),
            (
                "assay_log_records_dropped",
                "Log records of which nothing is kept.",
                service.requests.dropped_log_records,
            ),
            ("assay_commits", "Groups committed.", counted.commits),
            ("assay_commits_failed", "Groups that could not be committed.", counted.failed_commits),
            ("assay_checkpoints", "Times the write-ahead log was moved into the file.", counted.checkpoints),
        ):
            yield CounterMetricFamily(name, help_text, value=value)
        for name, help_text, number in (
            ("assay_queue_bytes", "Bytes of requests that wait to be committed.", writer.waiting_bytes),
            ("assay_wal_bytes", "Bytes of the write-ahead log.", store.wal_bytes()),
            ("assay_store_bytes", "Bytes of the file of spans.", store.path.stat().st_size),
            ("assay_live_clients", "Connections that follow new spans.", service.live.clients),
            ("assay_uptime_seconds", "Seconds since the start.", time.time() - service.started_at),
        ):
            yield GaugeMetricFamily(name, help_text, value=number)
        yield _histogram("assay_commit_seconds", "How long commits take.", store.write_times)
        yield _histogram("assay_query_seconds", "How long readers' queries take, waiting included.", store.read_times)


def _histogram(name: str, help_text: str, timings: Timings) -> HistogramMetricFamily:
    buckets, sum_s = timings.cumulative()
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=sum_s)
