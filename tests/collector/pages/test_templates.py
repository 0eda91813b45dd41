"""Rules that the templates, the style sheet and the scripts keep: escaping is never switched off, nothing is inline."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

import assay.collector.pages as pages
from assay.collector.pages.assets import ASSETS, load_assets
from assay.collector.pages.templating import make_environment

FOLDER = Path(pages.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
MAY_MAKE_MARKUP = {"markdown.py"}  # reviewed: see its tests


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_switches_escaping_off(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape|\bMarkup\b|forceescape", text)


def test_only_reviewed_modules_make_markup() -> None:
    makers = {
        path.name for path in FOLDER.glob("*.py") if re.search(r"\bMarkup\b|\|\s*safe\b", path.read_text("utf-8"))
    }
    assert makers == MAY_MAKE_MARKUP


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_scripts_or_styles(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son(?!ly)[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_attributes_are_quoted(template: Path) -> None:
    """An unquoted attribute ends at the first space of what was put in."""
    assert not re.search(r"\s[a-z-]+=\{\{", re.sub(r"\{%.*?%\}", "", template.read_text(encoding="utf-8")))


def test_every_template_can_be_read() -> None:
    environment = make_environment()
    assert environment.autoescape is True
    for template in TEMPLATES:
        environment.get_template(template.name)


@pytest.mark.parametrize(("ending", "limit_kb"), [(".css", 20), (".js", 60)])
def test_what_a_browser_loads_stays_small(ending: str, limit_kb: int) -> None:
    together = b"".join(asset.content for name, asset in ASSETS.files.items() if name.endswith(ending))
    assert len(gzip.compress(together, 9)) < limit_kb * 1024


def test_no_script_or_style_sheet_reaches_elsewhere() -> None:
    for name, asset in ASSETS.files.items():
        text = asset.content.decode().replace('"http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://|@import|eval\(|new Function|document\.write", text), name


def test_scripts_write_markup_in_one_place_only() -> None:
    writes = re.compile(rb"\b(inner|outer)HTML|insertAdjacentHTML|srcdoc")
    writers = {name for name, asset in ASSETS.files.items() if writes.search(asset.content)}
    assert writers == {"fragment.js"}


def test_scripts_are_small_modules() -> None:
    for name, asset in ASSETS.files.items():
        if name.endswith(".js"):
            assert len(asset.content.splitlines()) < 300, name


def test_another_content_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    before = load_assets(tmp_path)
    (tmp_path / "a.css").write_text("b {}")
    assert load_assets(tmp_path).build != before.build
    with pytest.raises(KeyError, match=r"a\.css"):
        before.url("b.css")
