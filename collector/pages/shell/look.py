"""How pages look to one browser: colours, density of rows, width of the rail, zone of times. Kept in one cookie."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from fastapi import Request

from assay.errors import InvalidRequest

COOKIE = "assay_look"
CHOICES = {
    "theme": ("system", "light", "dark"),
    "density": ("cosy", "compact"),
    "rail": ("wide", "narrow"),
    "times": ("utc", "local"),
}


@dataclass(frozen=True, slots=True)
class Look:
    theme: str = "system"
    density: str = "cosy"
    rail: str = "wide"
    times: str = "utc"  # pages are made in UTC either way; static/js/times.js knows the other zone

    def cookie(self) -> str:
        return ".".join(asdict(self).values())

    def choose(self, name: str, value: str) -> Look:
        """The same with one thing changed.

        Raises:
            InvalidRequest: there is no such choice.
        """
        if value not in CHOICES.get(name, ()):
            known = "; ".join(f"{each}: {', '.join(choices)}" for each, choices in CHOICES.items())
            raise InvalidRequest(f"There is no {name} {value!r}.", hint=f"Choose one of: {known}.")
        return replace(self, **{name: value})


def look_of(request: Request) -> Look:
    """What the browser's cookie says; what it says wrongly is as if it were not there."""
    look = Look()
    for field, value in zip(fields(Look), request.cookies.get(COOKIE, "").split("."), strict=False):
        if value in CHOICES[field.name]:
            look = look.choose(field.name, value)
    return look
