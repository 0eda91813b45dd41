"""Who is told when an alert fires or is resolved: a webhook, or a command where the settings allow one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assay.errors import Forbidden, InvalidRequest

Argument = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]


class Action(BaseModel):
    """Exactly one of both. `webhook` gets a POST with JSON, `command` the same on its standard input."""

    model_config = ConfigDict(extra="forbid")

    webhook: Annotated[str | None, Field(max_length=2000)] = None
    command: Annotated[list[Argument] | None, Field(min_length=1, max_length=50)] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Action:
        if (self.webhook is None) == (self.command is None):
            raise ValueError("an action is either a `webhook` or a `command`")
        return self

    def checked(self, *, commands_allowed: bool) -> dict[str, Any]:
        """The action as it is kept.

        Raises:
            Forbidden: it is a command, and none are allowed.
            InvalidRequest: the address cannot be one of a webhook.
        """
        if self.command is not None:
            if not commands_allowed:
                raise Forbidden(
                    "Alerts may start no commands here.",
                    hint="Set ASSAY_ALERT_COMMANDS=true where the collector is started.",
                )
            return {"command": self.command}
        assert self.webhook is not None
        check_webhook(self.webhook)
        return {"webhook": self.webhook}


def check_webhook(url: str) -> None:
    """Refuse what is no address of a webhook. Where its host leads to is looked at with every call: outbound.py.

    Raises:
        InvalidRequest: the message says what is wrong with it.
    """
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")  # refuses labels that are empty, too long, or of other characters
        is_fine = (parts.port is None or parts.port > 0) and url.isprintable() and " " not in url
    except ValueError:
        parts, is_fine = urlsplit(""), False
    if parts.scheme not in ("https", "http") or not parts.hostname or not is_fine:
        raise InvalidRequest(
            f"{url!r} is no address of a webhook.", hint="It begins with https:// (http:// for loopback)."
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest("A webhook's address has no name and password in it.", hint="Put a token into its path.")


def as_told(action: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The action without what may be secret: the path of a webhook's address often is."""
    if action is None:
        return None
    if action.get("webhook"):
        parts = urlsplit(action["webhook"])
        return {"webhook": f"{parts.scheme}://{parts.netloc}/…"}
    return {"command": [action["command"][0], *("…" for _ in action["command"][1:])][:2]}
