"""Run every benchmark in turn, or those named on the command line."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    every = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    for name in sys.argv[1:] or every:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"\n# {name}\n", flush=True)
            module.main()


if __name__ == "__main__":
    main()
