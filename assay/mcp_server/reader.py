"""Where the tools read: one collector, the project that a call names or else that of the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from assay.client import Client, current_client
from assay.errors import InvalidRequest

PATH_ENDS = "./"  # a name of nothing else would be another path of the API's

Project = Annotated[str | None, Field(description="Project to look in; the server's own when absent.")]
Limit = Annotated[int, Field(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[str | None, Field(description="Where the answer before ended, as it said.")]
Filter = Annotated[
    str | None,
    Field(
        description="SQL condition over the fields of traces, e.g. status = 'error' and duration_ms > 2000 and input "
        "ilike '%refund%' and scores.helpful < 0.5 and start_time > now() - interval 1 day. See filter_fields."
    ),
]


class Reader:
    """Asks the collector that the process's settings name."""

    def __init__(self, client: Callable[[], Client] = current_client) -> None:
        self._client = client

    @property
    def client(self) -> Client:
        return self._client()

    def get(self, path: str, project: str | None, **params: Any) -> Any:
        given = {"project": project} if project else {}
        return self.client.get(path, **given, **params)

    def post(self, path: str, project: str | None, json: Any) -> Any:
        given = {"project": project} if project else {}
        return self.client.post(path, json=json, **given)


def part(value: str) -> str:
    """One part of a path.

    Raises:
        InvalidRequest: it would lead elsewhere.
    """
    if not value.strip(PATH_ENDS) or {".", ".."} & set(value.split("/")):
        raise InvalidRequest(f"{value!r} is no name.")
    return quote(value, safe="")
