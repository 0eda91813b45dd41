"""What tests of the pytest plugin share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.inner_runs import LoadedTests


@pytest.fixture(scope="module", autouse=True)
def _loaded_modules_stay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("_pytest.pytester.SysModulesSnapshot", LoadedTests)
        yield
