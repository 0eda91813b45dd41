"""The code that documents show: taken out of their Markdown, and run.

    for snippet in snippets("docs/litellm.md"):
        snippet.run_here()                                # in this process: quick
        snippet.run_apart(environment, tmp_path)          # as a program of its own: what it prints

A block that is not to be run says so behind the language: ```python not-run.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\S*)[ \t]*(.*?)\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
NOT_RUN = "not-run"
TIMEOUT_S = 600.0  # of a program on a very busy machine; a quiet one needs seconds


@dataclass(frozen=True, slots=True)
class Snippet:
    """One block of code, as it stands in a document."""

    document: str
    line: int  # where its code begins
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    def run_here(self, **names: Any) -> dict[str, Any]:
        """Run it in this process, with these names defined; what it defines. Errors show the document's line."""
        padded = "\n" * (self.line - 1) + self.code
        left: dict[str, Any] = {"__name__": "__main__", **names}
        exec(compile(padded, str(ROOT / self.document), "exec"), left)
        return left

    def run_apart(self, environment: dict[str, str], directory: Path, *, python: str = sys.executable) -> str:
        """Run it as a program of its own, with nothing but these variables; what it prints."""
        return run_apart([python, "-c", self.code], environment, directory)


def run_apart(command: list[str], environment: dict[str, str], directory: Path, *, timeout_s: float = TIMEOUT_S) -> str:
    """Run a command with nothing but these variables; what it prints. Fails with what it says of its failure."""
    done = subprocess.run(
        command, env=environment, cwd=directory, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def close_what_was_left_open() -> None:
    """Short programs leave their clients to the end of the process: where it goes on, their sockets are closed here,
    and not by whichever test finds them, with a warning.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def snippets(document: str, language: str = "python") -> list[Snippet]:
    """The blocks of one language in a document, in order; its path is told from the root of the checkout."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        Snippet(document, text.count("\n", 0, found.start(3)) + 1, found[3])
        for found in BLOCK.finditer(text)
        if found[1] == language and NOT_RUN not in found[2].split()
    ]


def shell_lines(document: str) -> list[str]:
    """The commands of a document's ```sh blocks, without their comments."""
    found = (line for block in snippets(document, "sh") for line in block.code.splitlines())
    return [line.partition("  #")[0].strip() for line in found]
