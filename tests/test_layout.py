"""The house is as it is drawn: packages, front doors, and imports that point one way."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import assay

ROOT = Path(__file__).parents[1]
FOLDERS = ("assay", "tracing", "prompts", "evaluation", "collector")

# What a part may import of the others. The public face and the command line reach everywhere, and only they.
ALLOWED = {
    "assay": set(),
    "tracing": {"assay"},
    "prompts": {"assay", "tracing"},
    "evaluation": {"assay", "tracing", "prompts"},
    "collector": {"assay", "tracing", "prompts", "evaluation"},
}
FACES = {
    "assay/__init__.py",
    "assay/scorers.py",
    "assay/cli.py",
    "assay/__main__.py",
    "assay/embedded.py",
}
FACE_FOLDERS = {"assay/command", "assay/mcp_server"}
# The collector takes only what is pure from below.
PURE_FOR_THE_COLLECTOR = {
    "assay.evaluation.ab.design",
    "assay.evaluation.alignment.shown",
    "assay.evaluation.ab.report",
    "assay.prompts.assignment",
    "assay.prompts.composition",
    "assay.prompts.diff",
    "assay.prompts.reference",
    "assay.prompts.simple_format",
    "assay.prompts.template",
    "assay.evaluation.artifacts",
    "assay.evaluation.cells",
    "assay.evaluation.data.items",
    "assay.evaluation.data.traced_items",
    "assay.evaluation.comparison",
    "assay.evaluation.gate",
    "assay.evaluation.scorers",
    "assay.evaluation.playground.parameters",
    "assay.evaluation.playground.tags",
    "assay.evaluation.scorers.menu",
    "assay.evaluation.statistics",
    "assay.evaluation.summary",
}


def modules() -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("assay/demo/"):  # an application of Assay's, which uses all of it
                yield folder, path


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return frozenset(found)


def part(module: str) -> str | None:
    names = module.split(".")
    if names[0] != "assay":
        return None
    return names[1] if len(names) > 1 and names[1] in ALLOWED else "assay"


def not_allowed(folder: str, path: Path) -> set[str]:
    """What a module imports that its part of the house may not know."""
    name = path.relative_to(ROOT)
    if name.as_posix() in FACES or name.parent.as_posix() in FACE_FOLDERS:
        return set()
    used = {module for module in imports(path) if part(module) not in (None, folder)}
    wrong = {module for module in used if part(module) not in ALLOWED[folder]}
    if folder == "collector":
        wrong |= {module for module in used if part(module) != "assay"} - PURE_FOR_THE_COLLECTOR
    return wrong


# One test for all modules: there are hundreds, and to start a test takes longer than to look at one.
def test_imports_point_one_way() -> None:
    wrong = {str(path.relative_to(ROOT)): not_allowed(folder, path) for folder, path in modules()}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_every_module_is_imported_under_one_name() -> None:
    bare = {"tracing", "prompts", "evaluation", "collector"}
    wrong = {
        str(path.relative_to(ROOT)): {name.split(".")[0] for name in imports(path)} & bare for _, path in modules()
    }
    assert {path: found for path, found in wrong.items() if found} == {}


def test_every_package_on_disk_is_packaged() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    at_root = {value: name for name, value in setup["package-dir"].items()}
    found = set()
    for init in ROOT.glob("*/**/__init__.py"):
        folders = init.parent.relative_to(ROOT).parts
        if folders[0] in at_root:
            found.add(".".join((at_root[folders[0]], *folders[1:])))
    assert found == set(setup["packages"])


PACKAGES = (
    "assay",
    "assay.tracing",
    "assay.prompts",
    "assay.evaluation",
    "assay.evaluation.statistics",
    "assay.collector.registry",
    "assay.collector.pages",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_front_door_names_what_is_there_sorted(name: str) -> None:
    package = importlib.import_module(name)
    assert list(package.__all__) == sorted(package.__all__)
    assert [public for public in package.__all__ if not hasattr(package, public)] == []


def test_no_module_takes_the_name_of_a_public_function() -> None:
    submodules = {module.name for module in pkgutil.iter_modules(assay.__path__)}
    assert submodules & set(assay.__all__) <= {"scorers"}


def test_import_assay_loads_nothing_heavy() -> None:
    code = "import assay, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {
        "duckdb",
        "pandas",
        "numpy",
        "litellm",
        "fastapi",
        "uvicorn",
        "sqlalchemy",
        "openai",
        "pyarrow",
        "pydantic",
    }
    assert loaded & heavy == set()


def test_tracing_loads_no_server_and_no_model_library() -> None:
    code = "import assay, sys; assay.trace; assay.init; assay.openai; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"duckdb", "pandas", "numpy", "litellm", "fastapi", "uvicorn", "sqlalchemy", "openai", "pyarrow"}
    assert loaded & heavy == set()
