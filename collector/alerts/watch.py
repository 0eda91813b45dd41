"""Watching alerts: a thread that measures what is due, turns what has crossed its line, and has that told."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from assay.collector import queries
from assay.collector.alerts.command import run_command
from assay.collector.alerts.outbound import NotDelivered, post_json
from assay.collector.alerts.rule import figure, query_of, turn
from assay.collector.registry.times import iso
from assay.errors import AssayError, Forbidden

if TYPE_CHECKING:
    from assay.collector.service import Service
    from assay.settings import Settings

logger = logging.getLogger("assay.collector")

STEP_EVERY_S = 1.0
RETRY_AFTER_S = (10, 60, 300, 1800)  # and then it is given up

Tell = Callable[[Mapping[str, Any], bytes], None]


class AlertWatch:
    """Belongs to one service. `step` is for one thread, its own or a test's; everything else for any."""

    def __init__(self, service: Service, *, tell: Tell | None = None, clock: Callable[[], float] = time.time) -> None:
        """Args:
        tell: carries out an action; by webhook or command when absent.
        """
        self._service = service
        self._tell = tell or (
            lambda action, body: carry_out(action, body, service.settings.given, is_public=service.is_public)
        )
        self._clock = clock
        self._due: dict[str, float] = {}
        self._seen: dict[str, dict[str, Any]] = {}
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._news = threading.Event()
        self._threads: list[threading.Thread] = []

    def wake(self) -> None:
        """Begin, or look at once: somebody has declared or changed an alert."""
        with self._guard:
            if not self._threads and not self._stop.is_set():
                # Two, so that a webhook which is slow to answer keeps no alert from being looked at.
                for name, work in (("assay-alerts", self.measure), ("assay-alerts-told", self.tell)):
                    thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
                    self._threads.append(thread)
                    thread.start()
            self._due.clear()
        self._news.set()

    def stop(self) -> None:
        """End the threads; a webhook that is just being called is waited for."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            thread.join()

    def seen(self, alert_id: str) -> dict[str, Any]:
        """What was measured last: `value`, `n`, `measured_at` and `problem`; all None before the first time."""
        return self._seen.get(alert_id, dict.fromkeys(("value", "n", "measured_at", "problem")))

    def _run(self, work: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                work()
            except AssayError as error:
                logger.warning("alerts were put off: %s", error)
            except Exception:
                logger.exception("alerts failed; they go on with the next step")
            self._news.wait(STEP_EVERY_S)
            if not self._stop.is_set():
                self._news.clear()

    def measure(self) -> None:
        """Look at every alert that is due."""
        now = self._clock()
        alerts = self._service.registry.alerts.all(only_on=True)
        for alert in alerts:
            if now >= self._due.get(alert["id"], 0.0):
                self._due[alert["id"]] = now + alert["rule"]["every_s"]
                self._look(alert, now)

    def _look(self, alert: Mapping[str, Any], now: float) -> None:
        at = iso(datetime.fromtimestamp(now, UTC))
        try:
            query = query_of(alert["rule"], alert["project"], int(now * 1e9))
            value, n = figure(alert["rule"], queries.stats(self._service.store, query))
        except AssayError as error:  # a filter that a newer version reads differently, a query that takes too long
            logger.warning("the alert %r of %r cannot be measured: %s", alert["name"], alert["project"], error)
            self._seen[alert["id"]] = {"value": None, "n": None, "measured_at": at, "problem": str(error)}
            return
        self._seen[alert["id"]] = {"value": value, "n": n, "measured_at": at, "problem": None}
        kind = turn(alert["rule"], alert["state"], value, n)
        if kind and self._service.registry.alerts.turn(alert["id"], kind, value=value, n=n, rule=alert["rule"]):
            self._news.set()

    def tell(self) -> None:
        """Carry out the actions of what has happened; what fails is tried again later, and given up in the end."""
        for event, alert in self._service.registry.alerts.to_tell():
            if self._stop.is_set():
                return
            try:
                self._tell(alert["action"] or {}, message_of(event, alert))
            except (NotDelivered, Forbidden) as error:
                retry_at = self._retry_at(event["attempts"]) if getattr(error, "again", False) else None
                logger.warning("the alert %r of %r was not told: %s", alert["name"], alert["project"], error)
                self._service.registry.alerts.told(event["id"], error=str(error), retry_at=retry_at)
            except Exception as error:  # a fault of ours: others wait behind this one, and are told all the same
                logger.exception("the alert %r of %r was not told", alert["name"], alert["project"])
                retry_at = self._retry_at(event["attempts"])
                self._service.registry.alerts.told(event["id"], error=type(error).__name__, retry_at=retry_at)
            else:
                self._service.registry.alerts.told(event["id"])

    def _retry_at(self, attempts: int) -> datetime | None:
        if attempts >= len(RETRY_AFTER_S):
            return None
        return datetime.fromtimestamp(self._clock(), UTC) + timedelta(seconds=RETRY_AFTER_S[attempts])


def message_of(event: Mapping[str, Any], alert: Mapping[str, Any]) -> bytes:
    """What is sent, as JSON. `text` is what chats show; the rest is for programs. `id` is the same at every try."""
    rule = alert["rule"]
    line = f"above {rule['above']:g}" if rule["above"] is not None else f"below {rule['below']:g}"
    shown = "no value" if event["value"] is None else f"{event['value']:g}"
    what = {"fired": "fires", "resolved": "is resolved", "test": "is tried out"}[event["kind"]]
    told = {
        "id": event["id"],
        "event": event["kind"],
        "at": event["at"],
        "project": alert["project"],
        "alert": alert["name"],
        "measure": rule["measure"],
        "value": event["value"],
        "n": event["n"],
        "above": rule["above"],
        "below": rule["below"],
        "window_s": rule["window_s"],
        "of": rule["of"],
        "filter": rule["filter"],
        "text": f"{alert['name']} {what}: {rule['measure']} is {shown} (alerts {line}) in {alert['project']}",
    }
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def carry_out(action: Mapping[str, Any], body: bytes, settings: Settings, *, is_public: bool = False) -> None:
    """Call the webhook, or start the command.

    Args:
        is_public: other machines reach the collector: whoever has a key there must not reach what listens on this one.

    Raises:
        NotDelivered: it did not work.
        Forbidden: it is not allowed (any more).
    """
    if action.get("webhook"):
        post_json(action["webhook"], body, hosts=settings.alert_hosts, loopback=not is_public)
    elif action.get("command"):
        if not settings.alert_commands:
            raise Forbidden("Alerts may start no commands here.", hint="Set ASSAY_ALERT_COMMANDS=true.")
        run_command(action["command"], body)
