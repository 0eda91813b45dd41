"""An application with an A/B test: two arms, users who come back, and what they say of it later."""

from __future__ import annotations

import random
import threading

import assay
from assay.client import current_client
from assay.prompts import AbTest
from support.export import until
from support.serving import patience

ARMS = {"control": "prompts:/qa/1", "short": "prompts:/qa/2"}
HELPFUL = {1: 0.35, 2: 0.75}  # how often a user is helped, by the version that they got


class Application:
    """Answers users from four threads; what they think of it comes later."""

    def __init__(self, test: AbTest) -> None:
        self.test = test
        self.answered: list[tuple[str, str, int]] = []

    @assay.trace
    def answer(self, user: str) -> None:
        with assay.context(user_id=user, session_id=f"session of {user}"):
            prompt = self.test.prompt(user)
            assay.current_span().set_outputs(prompt.format(question="Why?"))
        self.answered.append((user, assay.current_trace_id() or "", prompt.version))

    def serve(self, users: list[str]) -> None:
        threads = [threading.Thread(target=self._each, args=(users[first::4],)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert assay.flush(60 * patience())

    def _each(self, users: list[str]) -> None:
        for user in users:
            self.answer(user)

    def hear_from_users(self, seed: int = 7) -> None:
        """The scores of everything that was answered since the last time, by trace."""
        opinions = random.Random(seed)
        for _, trace_id, version in self.answered:
            assay.score("helpful", opinions.random() < HELPFUL[version], trace_id=trace_id)
        self.answered.clear()
        assert assay.flush(60 * patience())


def declare(name: str) -> AbTest:
    for template in ("Answer: {{question}}", "In one sentence: {{question}}"):
        assay.register_prompt("qa", template, "next")
    assay.set_prompt_alias("qa", "production", 1)
    return assay.create_ab_test(
        name, ARMS, primary="scores.helpful", guardrails={"error_rate": "<= +30pp"}, min_days=0, min_units=50
    )


def whole_life(n_users: int) -> None:
    """A test from its declaration to its end: the better arm is found, promoted, and served by programs that run on."""
    test = declare("qa-tone")
    application = Application(test)
    users = [f"user-{number}" for number in range(n_users)]
    application.serve(users)

    waiting = test.report()
    assert waiting.health["verdict"] == "ok"
    assert sum(arm["units"] for arm in waiting.arms) == n_users
    assert all(arm["metrics"]["scores.helpful"]["missing"] == arm["units"] for arm in waiting.arms)
    assert waiting.decision["state"] == "continue"

    expected = {user: version for user, _, version in application.answered}
    application.hear_from_users()
    application.serve(users[: n_users // 4])  # they come back, and have the prompt that they had
    assert {user: version for user, _, version in application.answered} == {
        user: expected[user] for user in users[: n_users // 4]
    }
    report = test.report()
    assert report["counts"]["units"] == n_users
    assert (report.decision["state"], report.decision["arm"]) == ("ship", "short"), str(report)
    [effect] = [effect for effect in report.effects if effect["role"] == "primary"]
    assert effect["verdict"] == "better"
    assert effect["low"] <= HELPFUL[2] - HELPFUL[1] <= effect["high"]

    elsewhere = assay.ab_test("qa-tone", cache_ttl=0.2)
    in_use = assay.load_prompt("qa", alias="production", cache_ttl=0.2)
    assert in_use.version == 1
    # by somebody else: this process is not told
    current_client().post("/ab-tests/qa-tone/stop", {"promote": "short", "reason": "it helps more"})
    until(lambda: elsewhere.prompt("anybody").version == 2 and elsewhere.status == "stopped")
    until(lambda: assay.load_prompt("qa", alias="production", cache_ttl=0.2).version == 2)
    assert {elsewhere.prompt(user).version for user in users[:50]} == {2}

    decision = test.definition()["decisions"][-1]
    assert (decision["action"], decision["arm"], decision["alias"]) == ("stop", "short", "production")
    assert decision["detail"] == {"prompt": "qa", "from": 1, "to": 2}
    assert decision["data_hash"] == decision["report"]["data_hash"] == report["data_hash"]
    assert decision["report"]["decision"]["state"] == "ship"
    [newest, *_] = assay.prompt_alias_moves("qa", "production")
    assert newest.evidence is not None
    assert newest.evidence["ab_test"] == "qa-tone"
