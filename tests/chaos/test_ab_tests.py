"""A whole A/B test with 2,000 users: late scores, verdict, promotion, and programs that pick it up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.collector.server import Server
from assay.prompts import ab_loading
from support.ab_application import whole_life
from support.chaos_set import only_full

pytestmark = only_full


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    ab_loading.forget_definitions()
    ab_loading._places.clear()


def test_the_better_arm_of_two_thousand_users_is_found_promoted_and_served(collector: Server) -> None:
    whole_life(n_users=2_000)
