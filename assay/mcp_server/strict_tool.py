"""A tool that takes no argument it does not know: the SDK's own drop them, and a filter misspelt finds everything."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations


class StrictTool(Tool):
    """See the module. Imported only where the SDK is there."""

    @classmethod
    def of(cls, function: Callable[..., str], annotations: ToolAnnotations) -> StrictTool:
        made = cls.from_function(function, annotations=annotations, structured_output=False)
        assert isinstance(made, cls)
        made.parameters = {**made.parameters, "additionalProperties": False}
        return made

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:
        """
        Raises:
            ToolError: an argument is not known, or as the SDK's own.
        """
        if problem := unknown_argument(self.name, arguments, list(self.parameters.get("properties", {}))):
            raise ToolError(problem)
        return await super().run(arguments, context, convert_result)


def unknown_argument(tool: str, given: dict[str, Any], known: list[str]) -> str | None:
    """What to say of the first argument that a tool does not know."""
    name = next((name for name in given if name not in known), None)
    if name is None:
        return None
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    takes = f"It takes: {', '.join(known)}." if known else "It takes none."
    return f"{tool} has no argument {name!r}.{meant} {takes}"
