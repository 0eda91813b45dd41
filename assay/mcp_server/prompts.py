"""Tools over prompts, and prompts as resources."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assay.errors import AssayError, NotFound
from assay.mcp_server.brief import as_json, bounded, listed, rows, without_empty
from assay.mcp_server.reader import Cursor, Limit, Project, Reader, part

PROMPT_FIELDS = ("name", "latest_version", "aliases", "commit_message", "updated_at")
VERSION_FIELDS = ("version", "aliases", "commit_message", "author", "created_at", "variables")
NameOfPrompt = Annotated[str, Field(description="Name of the prompt, from list_prompts.")]
Version = Annotated[str | int, Field(description="Its number, an alias such as production, or latest.")]


class PromptTools:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list_prompts(
        self,
        name: Annotated[str | None, Field(description="A part of the name.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """List prompts with their newest version and their aliases."""
        page = self._reader.get("/prompts", project, filter=name, limit=limit, cursor=cursor)
        return listed(rows(page["items"], PROMPT_FIELDS), page["next_cursor"], "There is no such prompt.")

    def get_prompt(self, name: NameOfPrompt, version: Version = "latest", project: Project = None) -> str:
        """Read one version of a prompt: its template, config, variables and commit message, then its other versions."""
        path = f"/prompts/{part(name)}/versions"
        found = self._reader.get(f"{path}/{part(str(version))}", project)
        others = self._reader.get(path, project, limit=30)
        said = [f"{key}: {_written(value)}" for key, value in without_empty(found).items()]
        history = rows(others["items"], VERSION_FIELDS)
        return bounded("\n".join([*said, "", "versions, newest first:", *history]), "")

    def diff_prompt(self, name: NameOfPrompt, old: Version, new: Version = "latest", project: Project = None) -> str:
        """What changes from one version of a prompt to another: words, messages, config, variables."""
        from assay.prompts.diff import diff_versions

        path = f"/prompts/{part(name)}/versions"
        before, after = (self._reader.get(f"{path}/{part(str(version))}", project) for version in (old, new))
        return bounded(str(diff_versions(before, after)) or "The two versions are equal.", "")

    def resource(self, name: str, version: str) -> str:
        """One version of a prompt, as JSON."""
        from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

        try:
            found: Any = self._reader.get(f"/prompts/{part(name)}/versions/{part(version)}", None)
        except NotFound as error:
            raise ResourceNotFoundError(str(error)) from error
        except AssayError as error:
            raise ResourceError(str(error)) from error
        return as_json(without_empty(found))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
