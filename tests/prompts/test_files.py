"""Folders of prompts against a real registry: both ways, and nobody's work is lost in either."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assay
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.errors import ConfigurationError, PromptNotFound
from assay.prompts import pull as pulling
from assay.prompts import push as pushing
from assay.prompts.files import Outcome
from assay.prompts.pull import file_path
from assay.prompts.template import escape
from assay.settings import configure


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("collector") / ".assay")
    server.start()
    yield server
    reset_client()
    server.stop()


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    """An empty folder beside a registry without prompts: each test has a project of its own."""
    configure(endpoint=server.url, project=tmp_path.name, prompt_cache_max_bytes=0)
    return tmp_path / "prompts"


def push(folder: Path, *names: str, **options: Any) -> dict[str, str]:
    return results(pushing.push(folder, current_client(), names=names, **options))


def pull(folder: Path, *names: str, **options: Any) -> dict[str, str]:
    return results(pulling.pull(folder, current_client(), names=names, **options))


def results(found: list[Outcome]) -> dict[str, str]:
    assert [each.file for each in found] == sorted(each.file for each in found)
    return {each.file: each.result for each in found}


def write(folder: Path, name: str, template: str, matter: str = "") -> Path:
    path = folder / f"{name}.prompt.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\nname: {name}\n{matter}---\n{template}\n")
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_registry_becomes_a_folder_and_again_a_registry(folder: Path) -> None:
    assay.register_prompt("support/answer", "Answer: {{question}}", "first", config={"temperature": 0}, tags={"a": "b"})
    assay.register_prompt("chat", [{"role": "system", "content": "Be\n## [user]\nbrief."}], "first")
    assay.set_prompt_alias("chat", "production", 1)
    assert pull(folder) == {"chat.prompt.md": "written", "support/answer.prompt.md": "written"}
    assert pull(folder) == {"chat.prompt.md": "unchanged", "support/answer.prompt.md": "unchanged"}
    assert push(folder) == {"chat.prompt.md": "unchanged", "support/answer.prompt.md": "unchanged"}
    configure(project=f"{folder.parent.name} of another registry")
    assert set(push(folder).values()) == {"registered"}
    assert assay.load_prompt("support/answer").config == {"temperature": 0}
    assert assay.load_prompt("support/answer").tags == {"a": "b"}
    assert assay.load_prompt("chat").template == [{"role": "system", "content": "Be\n## [user]\nbrief."}]


def test_a_file_written_by_hand_is_pushed_and_knows_its_version_then(folder: Path) -> None:
    path = write(folder, "qa", "Answer: {{question}}", "commit_message: first\n# mine\n")
    assert push(folder) == {"qa.prompt.md": "registered"}
    assert "\nversion: 1\n" in path.read_text()
    assert path.read_text().startswith("---\n# mine\n")
    assert (push(folder), pull(folder)) == ({"qa.prompt.md": "unchanged"}, {"qa.prompt.md": "unchanged"})


def test_a_change_is_the_next_version_with_its_message(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    change(path, "\none\n", "\ntwo\n")
    assert push(folder) == {"qa.prompt.md": "invalid"}  # the file's message is that of version 1
    assert push(folder, message="because", author="ada") == {"qa.prompt.md": "registered"}
    version = assay.load_prompt("qa")
    assert (version.version, version.commit_message, version.author, version.parent_version) == (2, "because", "ada", 1)
    change(path, "\ntwo\n", "\nthree\n")
    change(path, "commit_message: because", "commit_message: again")
    assert push(folder) == {"qa.prompt.md": "registered"}
    assert assay.prompt_history("qa")[0].commit_message == "again"


def test_a_push_is_refused_when_the_registry_has_moved_on(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    write(folder, "other", "x", "commit_message: first\n")
    push(folder, "qa")
    assay.register_prompt("qa", "theirs", "by somebody else")
    change(path, "\none\n", "\nmine\n")
    before = path.read_bytes()
    assert push(folder, message="m") == {"other.prompt.md": "registered", "qa.prompt.md": "conflict"}
    assert (path.read_bytes(), assay.load_prompt("qa").template) == (before, "theirs")
    with pytest.raises(PromptNotFound):  # one conflict stops all
        assay.load_prompt("other")
    assert push(folder, message="m", force=True)["qa.prompt.md"] == "registered"
    assert [version.template for version in assay.prompt_history("qa")] == ["mine", "theirs", "one"]


def test_a_pull_is_refused_when_the_file_has_changed(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    change(path, "\none\n", "\nmine\n")
    assert pull(folder) == {"qa.prompt.md": "changed here"}
    assay.register_prompt("qa", "theirs", "by somebody else")
    before = path.read_bytes()
    assert pull(folder) == {"qa.prompt.md": "conflict"}
    assert path.read_bytes() == before
    assert pull(folder, force=True) == {"qa.prompt.md": "updated"}
    assert path.read_text().endswith("---\ntheirs\n")


@pytest.mark.parametrize("line", ["commit_message: why it will be", "tags: {team: docs}"])
def test_a_message_or_tag_that_is_not_pushed_yet_is_work_as_well(folder: Path, line: str) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    change(path, "commit_message: first", line)
    assay.register_prompt("qa", "theirs", "by somebody else")
    assert pull(folder) == {"qa.prompt.md": "conflict"}
    assert line in path.read_text()


def test_a_file_that_has_not_changed_follows_the_registry(folder: Path) -> None:
    path = write(folder, "qa", "one", "# a comment\ncommit_message: first\n")
    push(folder)
    assay.register_prompt("qa", "two", "second")
    assert push(folder) == {"qa.prompt.md": "behind"}
    assert pull(folder) == {"qa.prompt.md": "updated"}
    assert path.read_text().endswith("---\ntwo\n")
    assert "# a comment" in path.read_text()


def test_an_edit_in_the_moment_of_a_pull_is_not_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    assay.register_prompt("qa", "two", "second")
    judge = pulling._judge_pull

    def judged_while_somebody_types(*arguments: Any) -> Any:
        result = judge(*arguments)
        change(path, "\none\n", "\nmine\n")
        return result

    monkeypatch.setattr(pulling, "_judge_pull", judged_while_somebody_types)
    with pytest.raises(ConfigurationError, match="changed in this very moment"):
        pull(folder)
    assert path.read_text().endswith("mine\n")


def test_an_alias_that_moves_is_shown_in_the_file(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    assay.set_prompt_alias("qa", "production", 1)
    assert (pull(folder), pull(folder)) == ({"qa.prompt.md": "updated"}, {"qa.prompt.md": "unchanged"})
    assert "aliases:\n  - production\n" in path.read_text()


def test_the_same_change_on_both_sides_is_no_conflict(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    assay.register_prompt("qa", "two", "second")
    change(path, "\none\n", "\ntwo\n")
    assert push(folder) == {"qa.prompt.md": "unchanged"}
    assert pull(folder)["qa.prompt.md"] in ("unchanged", "updated")
    assert "\nversion: 2\n" in path.read_text()


def test_a_file_that_does_not_say_what_it_was_made_from_replaces_nothing(folder: Path) -> None:
    assay.register_prompt("qa", "theirs", "first")
    path = write(folder, "qa", "mine", "commit_message: mine\n")
    assert (push(folder), pull(folder)) == ({"qa.prompt.md": "conflict"}, {"qa.prompt.md": "conflict"})
    assert path.read_text().endswith("mine\n")


def test_a_version_number_of_another_registry_is_not_believed(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    change(path, "\none\n", "\nmine\n")
    configure(project=f"{folder.parent.name} of another registry")
    assay.register_prompt("qa", "something else", "first")
    assert (push(folder, message="m"), pull(folder)) == ({"qa.prompt.md": "conflict"}, {"qa.prompt.md": "conflict"})


def test_content_that_an_older_version_has_is_told(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    change(path, "\none\n", "\ntwo\n")
    push(folder, message="second")
    change(path, "\ntwo\n", "\none\n")
    assert push(folder, message="back") == {"qa.prompt.md": "exists"}


def test_a_dry_run_changes_nothing(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    assert push(folder, dry_run=True) == {"qa.prompt.md": "registered"}
    assert assay.search_prompts() == []
    push(folder)
    assay.register_prompt("qa", "two", "second")
    before = path.read_bytes()
    assert pull(folder, dry_run=True) == {"qa.prompt.md": "updated"}
    assert pull(folder / "new", dry_run=True) == {"qa.prompt.md": "written"}
    assert (path.read_bytes(), (folder / "new").exists()) == (before, False)


def test_prompts_that_others_include_are_registered_first(folder: Path) -> None:
    write(folder, "a", "{{> tone }} {{question}}", "commit_message: first\n")
    write(folder, "tone", "Be brief.", "commit_message: first\n")
    assert set(push(folder).values()) == {"registered"}
    assert assay.load_prompt("a").format(question="Why?") == "Be brief. Why?"
    again = folder / "again"
    pull(again)
    assert "{{> tone }}" in (again / "a.prompt.md").read_text()  # as it is written, not as it is loaded


def test_a_file_may_lie_anywhere(folder: Path) -> None:
    path = write(folder, "qa", "one", "commit_message: first\n")
    push(folder)
    moved = folder / "elsewhere" / "renamed.prompt.md"
    moved.parent.mkdir()
    path.rename(moved)
    assay.register_prompt("qa", "two", "second")
    assert pull(folder) == {"elsewhere/renamed.prompt.md": "updated"}


def test_only_what_is_named_is_touched(folder: Path) -> None:
    for name in ("a", "b"):
        write(folder, name, "x", "commit_message: first\n")
    assert push(folder, "a") == {"a.prompt.md": "registered"}
    assert pull(folder, "a") == {"a.prompt.md": "unchanged"}
    assert pull(folder) == {"a.prompt.md": "unchanged", "b.prompt.md": "only here"}
    with pytest.raises(ConfigurationError, match="prompt 'nope'"):
        push(folder, "nope")
    with pytest.raises(PromptNotFound, match="no prompt 'nope'"):
        pull(folder, "nope")
    with pytest.raises(ConfigurationError, match="no folder"):
        push(folder / "nope")


def test_two_files_of_one_prompt_and_files_that_cannot_be_read_stop_a_push(folder: Path) -> None:
    write(folder, "qa", "one", "commit_message: first\n")
    (folder / "copy.prompt.md").write_text((folder / "qa.prompt.md").read_text())
    (folder / "broken.prompt.md").write_text("no front matter")
    assert push(folder) == {
        "broken.prompt.md": "invalid",
        "copy.prompt.md": "registered",
        "qa.prompt.md": "invalid",
    }
    assert assay.search_prompts() == []


def test_names_become_paths_within_the_folder(folder: Path) -> None:
    for name in ("QA", "qa", "größe/été", "a b/c"):
        assay.register_prompt(name, name, "first")
    pull(folder)
    assert {path.relative_to(folder).as_posix().casefold() for path in folder.rglob("*.md")} >= {
        "qa.prompt.md",
        "größe/été.prompt.md".casefold(),
        "a b/c.prompt.md",
    }
    assert len({str(path).casefold() for path in folder.rglob("*.md")}) == 4
    assert set(pull(folder).values()) == {"unchanged"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../b", ".git/config", "a\\..\\b", "C:/x", "."]
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    path = tmp_path / file_path(name)
    assert path.resolve().is_relative_to(tmp_path)
    assert not any(part.startswith(".") or "\\" in part for part in file_path(name).split("/"))


def test_a_link_does_not_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    assay.register_prompt("out/qa", "x", "first")
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="leads out"):
        pull(folder)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40).map(escape)


@given(
    st.lists(
        TEXTS
        | st.lists(
            st.fixed_dictionaries({"role": st.sampled_from(["user", "odd role"]), "content": TEXTS}),
            min_size=1,
            max_size=2,
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_template_survives_registry_folder_registry(folder: Path, templates: list[Any]) -> None:
    project = f"p{abs(hash(str(templates)))}"
    configure(project=project)
    for number, template in enumerate(templates):
        assay.register_prompt(f"prompt-{number}", template, "first")
    pull(folder / project)
    configure(project=f"{project} again")
    push(folder / project)
    assert [assay.load_prompt(f"prompt-{number}").template for number in range(len(templates))] == templates


# With git ----------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_message_is_that_of_gits_last_commit_of_the_file(folder: Path) -> None:
    write(folder, "qa", "one")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Answers are brief\n\nPeople asked for it.")
    assert push(folder) == {"qa.prompt.md": "registered"}
    version = assay.load_prompt("qa")
    assert (version.commit_message, version.author) == ("Answers are brief\n\nPeople asked for it.", "Ada")
    write(folder, "other", "not committed")
    assert push(folder)["other.prompt.md"] == "invalid"


def test_a_job_that_pushes_from_git_needs_nobody_to_commit_what_a_push_notes(folder: Path, tmp_path: Path) -> None:
    """Each push is from a new checkout, in which the file still says what it was first made from."""
    write(folder, "qa", "one")
    git(folder, "init", "-q")
    for number, template in enumerate(("one", "two", "three"), start=1):
        write(folder, "qa", template)
        git(folder, "add", ".")
        git(folder, "commit", "-qm", f"commit {number}")
        checkout = tmp_path / f"checkout-{number}"
        git(tmp_path, "clone", "-q", str(folder), str(checkout))
        assert push(checkout) == {"qa.prompt.md": "registered"}
    assert [version.template for version in assay.prompt_history("qa")] == ["three", "two", "one"]
    assay.register_prompt("qa", "theirs", "in the web page, by somebody who has not heard of git")
    change(folder / "qa.prompt.md", "three", "four")
    git(folder, "commit", "-qam", "commit 4")
    assert push(folder) == {"qa.prompt.md": "conflict"}
