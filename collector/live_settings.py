"""Settings that can be changed while the collector runs.

What the environment or the command line says comes first and cannot be changed from here: whoever runs the collector
has the last word. Everything else is kept in the registry, and holds at once and after the next start.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError

from assay.collector.redact import redactor_of
from assay.errors import Forbidden, InvalidRequest, NotFound
from assay.own_prices import OwnPrice
from assay.settings import Settings, is_secret
from assay.settings_table import setting_rows

if TYPE_CHECKING:
    from assay.collector.registry import Actor, Registry

logger = logging.getLogger("assay.collector")

OWN_PRICES = "own_prices"  # the entries themselves; in the environment it is a file
LIVE = (
    *("retention_days", "tail_share", "tail_slow_ms", "tail_quiet_s"),
    *("requests_per_s", "mb_per_s"),
    *("redact", "redact_names", "redact_patterns"),
)
COLLECTORS = (
    *("data_dir", "host", "port", "grpc_port", "max_request_bytes", "cors_origins", "allowed_hosts"),
    *(*LIVE, "redact_rules", "prices", "sql_timeout_s", "log_level", "log_format"),
    *("alert_commands", "alert_hosts"),
)
MAX_PRICES = 1000
PRICES = TypeAdapter(list[OwnPrice])

Source = Literal["environment", "registry", "default"]
Listener = Callable[[Settings, Collection[str]], None]  # the settings as they are now, and the names that changed


class LiveSettings:
    """The settings as they hold now. Listeners are told what changed, in the thread of whoever changes it."""

    def __init__(self, given: Settings, kept: Mapping[str, Any]) -> None:
        """Args:
        given: by the environment, the command line or code.
        kept: values in the registry, by name; those that cannot be used any more are passed over and told in the log.
        """
        self.given = given
        self._kept = {name: value for name, value in kept.items() if _is_usable(given, name, value)}
        self._listeners: list[Listener] = []

    @property
    def now(self) -> Settings:
        """The whole table, with what is kept where nothing else was said."""
        usable = {name: value for name, value in self._kept.items() if name in LIVE and not self.is_fixed(name)}
        return self.given.with_values(**usable)

    @property
    def own_prices(self) -> tuple[OwnPrice, ...]:
        """Prices that are kept in the registry; none where a file is named in the environment."""
        return () if self.is_fixed(OWN_PRICES) else tuple(PRICES.validate_python(self._kept.get(OWN_PRICES, [])))

    def is_fixed(self, name: str) -> bool:
        """Whether the environment says it. What equals the default cannot be told from what nobody said."""
        if name == OWN_PRICES:
            return self.given.prices is not None
        return bool(getattr(self.given, name) != Settings.model_fields[name].default)

    def source(self, name: str) -> Source:
        if name == OWN_PRICES or name in LIVE:
            kept = name in self._kept
            return "environment" if self.is_fixed(name) else "registry" if kept else "default"
        return "environment" if self.is_fixed(name) else "default"

    def rows(self) -> list[dict[str, Any]]:
        """The collector's settings for people: value, where it comes from, and whether it can be changed here."""
        known = {row["setting"]: row for row in setting_rows(self.now)}
        return [
            {**known[name], "source": self.source(name), "can_change": name in LIVE and not self.is_fixed(name)}
            for name in COLLECTORS
            if not is_secret(name)
        ]

    def on_change(self, listener: Listener) -> None:
        """Have a listener told now of everything that is kept, and later of each change."""
        self._listeners.append(listener)
        if self._kept:
            listener(self.now, tuple(self._kept))

    def set(self, registry: Registry, name: str, value: Any, *, actor: Actor) -> None:
        """Change one; None: as if nobody had ever said anything.

        Raises:
            NotFound: there is none of that name, or it cannot be changed while the collector runs.
            Forbidden: the environment says it.
            InvalidRequest: the value cannot be used.
        """
        if name not in (*LIVE, OWN_PRICES):
            raise NotFound(
                f"There is no setting {name!r} that can be changed while the collector runs.",
                hint=f"There are: {', '.join((*LIVE, OWN_PRICES))}.",
            )
        if self.is_fixed(name):
            variable = "ASSAY_PRICES" if name == OWN_PRICES else f"ASSAY_{name.upper()}"
            raise Forbidden(
                f"{name} is set where the collector was started, and that comes first.",
                hint=f"Take {variable} out of its environment, and start it again.",
            )
        value = None if value is None else checked(self.given, name, value)
        registry.kept_settings.set(name, value, actor=actor)
        others = {key: kept for key, kept in self._kept.items() if key != name}
        self._kept = others if value is None else {**others, name: value}
        for listener in self._listeners:
            listener(self.now, (name,))


def _is_usable(given: Settings, name: str, value: Any) -> bool:
    """Redaction rules that cannot be used any more are not passed over: without them secrets would be stored."""
    if name.startswith("redact"):
        return name in LIVE
    try:
        return name in (*LIVE, OWN_PRICES) and checked(given, name, value) is not None
    except InvalidRequest as error:
        logger.warning("the kept setting %s is passed over: %s", name, error)
        return False


def checked(settings: Settings, name: str, value: Any) -> Any:
    """A value as it is kept: JSON.

    Raises:
        InvalidRequest: the setting cannot have it.
    """
    try:
        if name == OWN_PRICES:
            prices = PRICES.validate_python(value)
            if len(prices) > MAX_PRICES:
                raise InvalidRequest(f"At most {MAX_PRICES} prices can be kept here.", hint="Keep them in a file.")
            return [json.loads(price.model_dump_json(exclude_none=True)) for price in prices]
        changed = settings.with_values(**{name: value})
        if name.startswith("redact"):
            redactor_of(changed)
        found = getattr(changed, name)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InvalidRequest(f"{name} cannot be {value!r}: {problems}.") from error
    except InvalidRequest:
        raise
    except ValueError as error:  # ConfigurationError is one
        raise InvalidRequest(f"{name} cannot be {value!r}: {error}") from error
    return found
