"""A whole A/B test over the real collector. With 2,000 users: tests/chaos/test_ab_tests.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.collector.server import Server
from assay.prompts import ab_loading
from support.ab_application import Application, declare, whole_life


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    ab_loading.forget_definitions()
    ab_loading._places.clear()


def test_the_better_arm_is_found_promoted_and_served(collector: Server) -> None:
    whole_life(n_users=240)


def test_who_asks_again_gets_the_same_report_as_long_as_nothing_has_come(collector: Server) -> None:
    test = declare("calm")
    application = Application(test)
    application.serve([f"user-{number}" for number in range(20)])
    first, second = test.report(), test.report()
    assert first["data_hash"] == second["data_hash"]
    application.hear_from_users()
    assert test.report()["data_hash"] != first["data_hash"]
