"""A library whose calls can be traced: what it takes, whether that is installed, how it is switched on and off."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from dataclasses import dataclass
from typing import Any, Literal

from assay.errors import MissingPackage
from assay.tracing import runtime

State = Literal["ready", "absent", "too old", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One row of the table of libraries. Its `autolog` is what `assay.<name>.autolog` is, where no module of ours is.

    Either `module` or `instrumentor` does the tracing: a module here with `autolog(disable=)`, or the class of an
    OpenTelemetry instrumentation, installed by `package`. With neither, the library makes spans by itself wherever
    there is a tracer provider: ours is put there, and nothing can be switched off again.
    """

    name: str
    imports: str  # the package that is imported
    distribution: str  # the package that is installed
    minimum: str  # the oldest version that is traced
    module: str | None = None
    instrumentor: str | None = None  # "package.module:Class"
    package: str | None = None  # what else has to be installed; None: nothing
    also: tuple[str, ...] = ()  # other names that people know it by

    def goes_by(self, name: str) -> bool:
        return _plain(name) in {_plain(each) for each in (self.name, self.imports, self.distribution, *self.also)}

    def state(self) -> State:
        """Whether `autolog` can switch it on here. Imports nothing."""
        found = version_of(self.distribution)
        if found is None:
            return "absent"
        if _numbers(found) < _numbers(self.minimum):
            return "too old"
        return "missing" if self.package and version_of(self.package) is None else "ready"

    def pip(self) -> str:
        """What to install where the state is not `ready`."""
        wanted = [f"'{self.distribution}>={self.minimum}'"] if self.state() in ("absent", "too old") else []
        return " ".join(["pip install", *wanted, *([self.package] if self.package else [])])

    @property
    def tracer(self) -> str:
        """What makes its spans, as one would call it in a table."""
        return "assay" if self.package is None and self.module else self.package or f"{self.distribution} itself"

    def imported(self) -> bool:
        return self.imports in sys.modules

    def check(self) -> None:
        """Raises:
        MissingPackage: something has to be installed first; the message says what.
        """
        feature = f"assay.{self.name}.autolog()"
        match self.state():
            case "absent":
                raise MissingPackage(f"{feature} traces {self.distribution}, which is not installed", self.pip())
            case "too old":
                found = version_of(self.distribution)
                raise MissingPackage(f"{feature} needs {self.distribution} {self.minimum}, not {found}", self.pip())
            case "missing":
                raise MissingPackage(f"{feature} needs {self.package}, which is not installed", self.pip())

    def autolog(self, *, disable: bool = False) -> None:
        """Trace the calls of this library; `disable=True` undoes it. May be called again.

        Raises:
            MissingPackage: the library, or the package that traces it, is not installed.
        """
        if disable and self.state() != "ready":
            return
        self.check()
        if self.module is not None:
            importlib.import_module(self.module).autolog(disable=disable)
            return
        if self.instrumentor is None:
            if not disable:
                runtime.start()
            return
        place, _, name = self.instrumentor.partition(":")
        instrumentor = getattr(importlib.import_module(place), name)()
        if disable:
            if instrumentor.is_instrumented_by_opentelemetry:
                instrumentor.uninstrument()
        elif (running := runtime.start()).enabled and not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(**_content_options(place, running.capture_content))


def version_of(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _content_options(place: str, capture_content: bool) -> dict[str, Any]:
    """OpenInference takes a table of what to hide; the rest of it follows its own OPENINFERENCE_HIDE_* variables."""
    if not place.startswith("openinference."):
        return {}
    from openinference.instrumentation import TraceConfig

    hidden: dict[str, Any] = (
        {} if capture_content else {"hide_inputs": True, "hide_outputs": True, "hide_llm_tools": True}
    )
    return {"config": TraceConfig(hide_embeddings_vectors=True, **hidden)}


def _plain(name: str) -> str:
    return re.sub(r"[-._]+", "_", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])
