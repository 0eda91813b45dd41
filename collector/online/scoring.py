"""Online scoring: a thread that looks for complete traces, has a child judge them, and writes down what came of it.

Receiving spans knows nothing of it. What it has to do survives a restart: the cursor and the waiting traces are in the
registry, and a trace whose scores are stored is not judged again by the same version.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from assay.collector.limits import Buckets
from assay.collector.online.answers import (
    failed_score,
    outcome_of,
    outcome_of_outage,
    score_id,
    score_rows,
)
from assay.collector.online.budget import Spending, must_wait, why_not
from assay.collector.online.selection import complete_traces, first_received, judged_already
from assay.collector.registry.actor import Actor
from assay.collector.registry.online_work import SCORED, Outcome
from assay.errors import AssayError, CollectorUnavailable, ConfigurationError, InvalidRequest, NotFound

if TYPE_CHECKING:
    from assay.collector.service import Service

logger = logging.getLogger("assay.collector")

MODULE = "assay.evaluation.online"
STEP_EVERY_S = 1.0
LOOK_EVERY_S = 3.0
OVERLAP_S = 300.0  # looked at again: a commit may come later than the time its spans were received at
LONGEST_LOOK_S = 6 * 3600.0  # of received spans at once
MAX_WAITING = 1000  # traces of one scorer; what comes then is left out
AT_ONCE = 8  # traces under way, of all scorers
ANSWER_WITHIN_S = 600.0
FIRST_HOLD_S = 5.0  # after an outage, doubled with each one that follows, before the scorer is asked again
LONGEST_HOLD_S = 600.0
FORGET_AFTER = timedelta(days=7)
FORGET_EVERY_S = 3600.0
COLLECTOR = Actor("collector", is_admin=True)

Ask = Callable[[str, str, Mapping[str, Any]], Any]  # project, method, params


@dataclass(frozen=True, slots=True)
class _Done:
    """What a child said of a trace, or why it said nothing."""

    scorer: Mapping[str, Any]
    trace_id: str
    attempts: int
    answer: Mapping[str, Any] | None
    error: AssayError | None


@dataclass(slots=True)
class _Held:
    """A scorer that could not be asked lately."""

    outages: int = 0
    until: float = 0.0

    def again(self, now: float) -> None:
        self.until = now + min(FIRST_HOLD_S * 2**self.outages, LONGEST_HOLD_S)
        self.outages += 1


@dataclass(slots=True)
class _State:
    """What is known of one scorer until the collector ends."""

    look_at: float = 0.0
    held: _Held = field(default_factory=_Held)
    why_idle: str | None = None
    pace: Buckets | None = None
    per_minute: float = 0.0


class OnlineScoring:
    """Belongs to one service. `step` is for one thread, its own or a test's; everything else for any."""

    def __init__(self, service: Service, *, ask: Ask | None = None, clock: Callable[[], float] = time.time) -> None:
        """Args:
        ask: what asks a child something; the collector's workers when absent.
        """
        self._service = service
        self._ask = ask or self._ask_worker
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._in_flight: set[tuple[str, str]] = set()
        self._done: SimpleQueue[_Done] = SimpleQueue()
        self._unwritten: list[_Done] = []
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assay-online")
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._forget_at = 0.0

    def wake(self) -> None:
        """Begin, or look at once: somebody has declared or resumed a scorer."""
        with self._guard:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="assay-online", daemon=True)
                self._thread.start()
        self._news.set()

    def stop(self) -> None:
        """End the thread. What is under way is given up, and judged after the next start."""
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        try:
            self._write_down()
        except AssayError as error:
            logger.warning("scores of the last traces are not stored, and asked for again: %s", error)

    def check(self, project: str, name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
        """What the child knows of a definition, or why there can be no such scorer.

        Raises:
            InvalidRequest: it cannot be made, or has nothing to judge in a live trace.
            CollectorUnavailable: there is no child to ask.
        """
        try:
            told: dict[str, Any] = self._ask(
                project, "check", {"project": project, "name": name, "definition": definition}
            )
        except (ConfigurationError, NotFound) as error:
            raise InvalidRequest(error.message, hint=error.hint) from error
        return told

    def status(self, scorer_id: str) -> dict[str, Any]:
        """What is known of a scorer beside what the registry has: `in_flight`, `held_until` and why it is `idle`."""
        state = self._states.get(scorer_id, _State())
        held = state.held.until if state.held.until > self._clock() else None
        return {
            "in_flight": self._under_way(scorer_id),
            "held_until": None if held is None else datetime.fromtimestamp(held, UTC).isoformat(timespec="seconds"),
            "idle": state.why_idle,
        }

    # The thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except AssayError as error:
                logger.warning("online scoring was put off: %s", error)
            except Exception:
                logger.exception("online scoring failed; it goes on with the next step")
            self._news.wait(STEP_EVERY_S)
            self._news.clear()

    def step(self) -> None:
        """Write down what is done, look for complete traces, and have some judged."""
        self._write_down()
        scorers = self._service.registry.online_scorers.all(state="active")
        now = self._clock()
        for scorer in scorers:
            state = self._states.setdefault(scorer["id"], _State())
            try:
                if now >= state.look_at:
                    self._look(scorer, state, now)
                self._begin(scorer, state, now, share=max(1, AT_ONCE // len(scorers)))
            except InvalidRequest as error:  # its filter, which a newer version may read differently
                self._pause(scorer, str(error))
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY_S
            self._service.registry.online_work.prune(before=datetime.fromtimestamp(now, UTC) - FORGET_AFTER)

    def _look(self, scorer: Mapping[str, Any], state: _State, now: float) -> None:
        """Have the traces wait that became complete since the last look."""
        after_ns = scorer["cursor_ns"]
        quiet_ns = _ns(now - scorer["quiet_s"])
        until_ns = quiet_ns
        if quiet_ns - after_ns > _ns(LONGEST_LOOK_S):  # a long absence, or stored traces: piece by piece, past the gaps
            first_ns = first_received(self._service.store, scorer["project"], after_ns)
            until_ns = quiet_ns if first_ns is None else min(quiet_ns, first_ns + _ns(LONGEST_LOOK_S))
        state.look_at = now + LOOK_EVERY_S if until_ns == quiet_ns else 0.0
        if until_ns <= after_ns:
            return
        found = complete_traces(
            self._service.store,
            project=scorer["project"],
            filter=scorer["filter"],
            sample_rate=scorer["sample_rate"],
            after_ns=after_ns,
            until_ns=until_ns,
        )
        work = self._service.registry.online_work
        room = 0 if self._spent_up(scorer, work) else MAX_WAITING - work.waiting(scorer["id"])
        work.add(scorer["id"], found, cursor_ns=max(after_ns, until_ns - _ns(OVERLAP_S)), room=room)

    def _spent_up(self, scorer: Mapping[str, Any], work: Any) -> bool:
        today = work.figures(scorer["id"], days=1)["today"]
        return why_not(scorer["limits"], Spending.of(today, 0), source=scorer["source"]) is not None

    def _begin(self, scorer: Mapping[str, Any], state: _State, now: float, share: int) -> None:
        """Hand over as many waiting traces as may be judged now; `share`: of those under way at once."""
        state.why_idle = "it could not be asked lately" if now < state.held.until else None
        own = self._under_way(scorer["id"])
        room = min(AT_ONCE - len(self._in_flight), (1 if state.held.outages else share) - own)
        if state.why_idle or room <= 0:
            return
        work = self._service.registry.online_work
        due = [each for each in work.due(scorer["id"], 2 * AT_ONCE) if (scorer["id"], each[0]) not in self._in_flight]
        due = self._not_judged_yet(scorer, due)
        today = work.figures(scorer["id"], days=1)["today"] if due else {}
        for trace_id, attempts in due[:room]:
            spent = Spending.of(today, self._under_way(scorer["id"]))
            if must_wait(scorer["limits"], spent, source=scorer["source"]):
                return
            state.why_idle = why_not(scorer["limits"], spent, source=scorer["source"]) or self._too_fast(scorer, state)
            if state.why_idle:
                return
            self._in_flight.add((scorer["id"], trace_id))
            self._pool.submit(self._judge, scorer, trace_id, attempts)

    def _under_way(self, scorer_id: str) -> int:
        return sum(id == scorer_id for id, _ in list(self._in_flight))

    def _not_judged_yet(self, scorer: Mapping[str, Any], due: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Those without a score of this version; the others were stored just before the collector ended."""
        ids = {trace_id: score_id(scorer, trace_id) for trace_id, _ in due}
        known = judged_already(self._service.store, scorer["project"], list(ids), list(ids.values()))
        if known:
            noted = [Outcome(trace_id=trace_id, state=SCORED, version=scorer["version"]) for trace_id in sorted(known)]
            self._service.registry.online_work.note(scorer["id"], noted)
        return [(trace_id, attempts) for trace_id, attempts in due if trace_id not in known]

    def _too_fast(self, scorer: Mapping[str, Any], state: _State) -> str | None:
        per_minute = scorer["limits"]["traces_per_minute"]
        if state.pace is None or state.per_minute != per_minute:
            state.pace, state.per_minute = Buckets(per_minute / 60, max(1.0, per_minute / 60), self._clock), per_minute
        if state.pace.wait_s("") > 0:
            return f"{per_minute:g} traces a minute"
        state.pace.take("")
        return None

    def _judge(self, scorer: Mapping[str, Any], trace_id: str, attempts: int) -> None:
        """In a thread of the pool: ask, and hand over what was said."""
        answer, error = None, None
        try:
            params = {name: scorer[name] for name in ("project", "name", "id", "version", "definition")}
            answer = self._ask(scorer["project"], "score", {**params, "trace_id": trace_id})
        except AssayError as raised:
            error = raised
        except Exception as raised:  # a fault of ours
            logger.exception("a trace could not be judged")
            error = CollectorUnavailable(f"{type(raised).__name__}: {raised}")
        self._done.put(_Done(scorer, trace_id, attempts, answer, error))
        self._news.set()

    def _ask_worker(self, project: str, method: str, params: Mapping[str, Any]) -> Any:
        return self._service.workers.get(MODULE, project).ask(method, params, timeout_s=ANSWER_WITHIN_S)

    # What came of it ----------------------------------------------------------------------------------------------

    def _write_down(self) -> None:
        """Scores first, then what was done: a trace between the two is known by its scores at the next start."""
        while True:
            try:
                self._unwritten.append(self._done.get_nowait())
            except Empty:
                break
        if self._stop.is_set():  # what failed now failed because everything ends
            self._unwritten = [done for done in self._unwritten if done.answer is not None]
        if not self._unwritten:
            return
        rows, outcomes = [], dict[str, list[Outcome]]()
        for done in self._unwritten:
            outcome, scores = self._outcome(done)
            rows += score_rows(done.scorer, done.trace_id, scores, _ns(self._clock()))
            outcomes.setdefault(done.scorer["id"], []).append(outcome)
        if rows:
            self._service.append({"score_log": rows})  # raises while nothing can be stored: all of it is kept
        finished, self._unwritten = self._unwritten, []
        for scorer_id, of_scorer in outcomes.items():
            self._service.registry.online_work.note(scorer_id, of_scorer)
        for done in finished:
            self._in_flight.discard((done.scorer["id"], done.trace_id))
            self._learn(done, outcomes[done.scorer["id"]])

    def _outcome(self, done: _Done) -> tuple[Outcome, list[Mapping[str, Any]]]:
        if done.answer is not None and not done.answer.get("outage"):
            scores = done.answer["scores"]
            return outcome_of(done.scorer, done.trace_id, scores, attempts=done.attempts), scores
        why = str(done.error) if done.answer is None else str(done.answer["outage"])
        now = datetime.fromtimestamp(self._clock(), UTC)
        spent = (done.answer or {}).get("spent")
        outcome = outcome_of_outage(done.scorer, done.trace_id, why, attempts=done.attempts, now=now, spent=spent)
        return outcome, [] if outcome.retry_at else [failed_score(done.scorer, why)]

    def _learn(self, done: _Done, outcomes: list[Outcome]) -> None:
        """From an outage, to ask less often; from a scorer that cannot be made or paid for, not to ask at all."""
        state = self._states.setdefault(done.scorer["id"], _State())
        if isinstance(done.error, ConfigurationError | NotFound | InvalidRequest):
            self._pause(done.scorer, str(done.error))
        elif done.answer is None or done.answer.get("outage"):
            state.held.again(self._clock())
        else:
            state.held = _Held()
            if done.scorer["limits"]["usd_per_day"] is not None and any(outcome.unpriced for outcome in outcomes):
                self._pause(
                    done.scorer,
                    "The price of its model is not known, so that a budget in dollars cannot be kept. "
                    "Add the price to your own prices, or set a budget in calls and none in dollars.",
                )

    def _pause(self, scorer: Mapping[str, Any], problem: str) -> None:
        logger.warning("the online scorer %r of %r is paused: %s", scorer["name"], scorer["project"], problem)
        try:
            self._service.registry.online_scorers.pause(
                scorer["project"], scorer["name"], problem=problem, actor=COLLECTOR
            )
        except NotFound:
            logger.info("the online scorer %r was removed meanwhile", scorer["name"])


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
