"""The wheel is whole: installed into an empty environment it imports, serves its pages, and brings nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git would hand out, so that nothing left lying about gets in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = out.glob("*.whl")
    return path


def test_it_holds_assay_and_nothing_beside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {"assay", "assay-0.1.0.dist-info"}
    assert not [name for name in names if name.endswith(".pth")]
    for needed in ("assay/py.typed", "assay/tracing/decorator.py", "assay/datasets/support-qa.jsonl"):
        assert needed in names
    assert [name for name in names if name.startswith("assay/collector/pages/templates/")]
    assert [name for name in names if name.startswith("assay/collector/pages/static/")]


def test_installed_alone_it_imports_and_serves_its_pages(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "env"
    venv.create(environment)  # empty: not even pip
    [site] = environment.glob("lib/python*/site-packages")
    before = set(site.iterdir())
    with zipfile.ZipFile(wheel) as archive:  # a pure wheel is installed by unpacking it
        archive.extractall(site)
    assert {path.name for path in set(site.iterdir()) - before} == {"assay", "assay-0.1.0.dist-info"}
    python = str(environment / "bin" / "python")
    alone = {"PATH": os.environ["PATH"]}
    version = subprocess.run(
        [python, "-c", "import assay; print(assay.__file__)"], capture_output=True, text=True, check=True, env=alone
    )
    assert str(site) in version.stdout

    # Its dependencies come from the environment of the tests, behind it; this checkout does not.
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    code = f"import site, sys; sys.path.append({dependencies!r}); from assay.cli import main; main()"
    command = [python, "-c", code, "serve", "--data-dir", str(tmp_path / "data"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=alone, cwd=tmp_path) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            url = json.loads((tmp_path / "data" / "collector.json").read_text())["url"]
            page = httpx.get(f"{url}/p/default/traces", trust_env=False, timeout=60)
            assert page.status_code == 200
            assert "text/html" in page.headers["content-type"]
        finally:
            process.terminate()
