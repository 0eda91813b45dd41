"""The settings as a table for people: what `assay settings` prints and `docs/settings.md` holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assay.settings import Settings, is_secret


def setting_rows(settings: Settings) -> list[dict[str, Any]]:
    """One row per setting: its name, its environment variables (the first one found counts), its value now, its
    meaning.
    """
    return [_row(name, getattr(settings, name)) for name in Settings.model_fields]


def settings_markdown() -> str:
    """`docs/settings.md`, made from the table itself."""
    lines = [
        "# Settings",
        "",
        "A value given in code, as in `assay.init(project=...)`, beats the environment, which beats the default.",
        "Of several variables the first that is set counts.",
        "",
        "| setting | variables | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        variables = ", ".join(f"`{variable}`" for variable in variables_of(name))
        default = "" if field.default in (None, {}) else f"`{field.default}`"
        lines.append(f"| `{name}` | {variables} | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _row(name: str, value: Any) -> dict[str, Any]:
    secret = is_secret(name) and bool(value)
    shown = "(set)" if secret else str(value) if isinstance(value, Path) else value
    return {
        "setting": name,
        "variables": variables_of(name),
        "value": shown,
        "help": Settings.model_fields[name].description,
    }


def variables_of(name: str) -> list[str]:
    """The environment variables that a setting is read from."""
    choices = getattr(Settings.model_fields[name].validation_alias, "choices", ())
    return [str(choice) for choice in choices if choice != name]
