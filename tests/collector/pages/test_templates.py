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
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
NAMES = [path.relative_to(FOLDER / "templates").as_posix() for path in TEMPLATES]
SCRIPTS = sorted((FOLDER / "static/js").glob("*.js"))
ALONE = {"chart_alone.html"}  # a file of its own, under a policy of its own that allows its style sheet and no script
MAY_MAKE_MARKUP = {"markdown.py"}  # reviewed: see its tests


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_no_template_switches_escaping_off(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape|\bMarkup\b|forceescape", text)


def test_only_reviewed_modules_make_markup() -> None:
    makers = {
        path.name for path in FOLDER.rglob("*.py") if re.search(r"\bMarkup\b|\|\s*safe\b", path.read_text("utf-8"))
    }
    assert makers == MAY_MAKE_MARKUP


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_no_template_holds_inline_scripts_or_styles(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    text = text.replace("<style>", "") if template.name in ALONE else text
    assert not re.search(r"<style|\sstyle=|\son(?!ly)[a-z]+=|javascript:", text)
    assert not re.search(r'<script(?![^>]*\s(?:src=|type="application/json"))', text)


@pytest.mark.parametrize("template", TEMPLATES, ids=NAMES)
def test_attributes_are_quoted(template: Path) -> None:
    """An unquoted attribute ends at the first space of what was put in."""
    assert not re.search(r"\s[a-z-]+=\{\{", re.sub(r"\{%.*?%\}", "", template.read_text(encoding="utf-8")))


def test_every_template_can_be_read() -> None:
    environment = make_environment()
    assert environment.autoescape is True
    for name in NAMES:
        environment.get_template(name)


@pytest.mark.parametrize(("ending", "limit_kb"), [(".css", 20), (".js", 60)])
def test_what_a_browser_loads_stays_small(ending: str, limit_kb: int) -> None:
    together = b"".join(asset.content for name, asset in ASSETS.files.items() if name.endswith(ending))
    assert len(gzip.compress(together, 9)) < limit_kb * 1024


def test_no_script_or_style_sheet_reaches_elsewhere() -> None:
    for name, asset in ASSETS.files.items():
        text = asset.content.decode().replace('"http://www.w3.org/2000/svg"', "")
        text = text.replace("http://www.w3.org/2000/svg", "")  # the name of a language, never fetched
        assert not re.search(r"https?://|@import|eval\(|new Function|document\.write", text), name


def test_scripts_write_markup_in_one_place_only() -> None:
    writes = re.compile(r"\b(inner|outer)HTML|insertAdjacentHTML|srcdoc")
    assert {path.name for path in SCRIPTS if writes.search(path.read_text("utf-8"))} == {"fragment.js"}


def test_scripts_are_small_modules_and_all_of_them_are_used() -> None:
    joined = ASSETS.files["assay.js"].content.decode()
    for path in SCRIPTS:
        assert len(path.read_text("utf-8").splitlines()) < 300, path.name
        assert f"// {path.name}\n" in joined, path.name


def test_another_content_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css/a.css").write_text("a {}")
    before = load_assets(tmp_path)
    (tmp_path / "css/a.css").write_text("b {}")
    assert load_assets(tmp_path).build != before.build
    with pytest.raises(KeyError, match=r"a\.css"):
        before.url("a.css")


def test_scripts_are_joined_in_the_order_of_their_use(tmp_path: Path) -> None:
    scripts = {
        "assay.js": 'import { b } from "./b.js";\nimport { c } from "./c.js";\nb(c);\n',
        "b.js": 'import { c } from "./c.js";\nexport function b() { c(); }\n',
        "c.js": "export async function c() {}\n",
    }
    write_scripts(tmp_path, scripts)
    joined = load_assets(tmp_path).files["assay.js"].content.decode()
    assert joined == "// c.js\nasync function c() {}\n// b.js\nfunction b() { c(); }\n// assay.js\nb(c);\n"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("export default 1;", "export function a"),
        ('import x from "./b.js";', "export function a"),
        ("class b {}", "both name something 'b'"),
        ('import { a } from "./assay.js";\n', "circle"),
    ],
)
def test_scripts_that_cannot_be_joined_are_refused(tmp_path: Path, script: str, complaint: str) -> None:
    write_scripts(tmp_path, {"assay.js": 'import { x } from "./c.js";\nconst b = 1;\n', "c.js": script})
    with pytest.raises(ValueError, match=complaint):
        load_assets(tmp_path)


def write_scripts(folder: Path, scripts: dict[str, str]) -> None:
    (folder / "js").mkdir()
    for name, text in scripts.items():
        (folder / "js" / name).write_text(text)
