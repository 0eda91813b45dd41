"""The client that commands use: for what is there, or for what they may make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import StoreError

if TYPE_CHECKING:
    from assay.client import Client

STORE_FILE = "assay.duckdb"


def client(*, may_make: bool = False) -> Client:
    """The client of this process. Where no collector is named and the data directory holds no store, one is only made
    by commands that put something into it: whoever asks has mistyped the directory, or stands in another.

    Raises:
        StoreError: there is no store.
    """
    from assay.client import current_client
    from assay.settings import current_settings

    settings = current_settings()
    directory = settings.data_dir
    if not may_make and settings.endpoint is None and not (directory / STORE_FILE).exists():
        raise StoreError(
            f"There is no store in {directory}.",
            hint="Is that the right directory (--data-dir), or is the collector elsewhere (ASSAY_ENDPOINT=http://…)? "
            f"A new one is made by: assay serve --data-dir {directory}",
        )
    return current_client()
