"""Installs each library with what traces it, runs the snippet of its document, and looks at what the collector has.

    make libraries                          every one
    make libraries ONLY="dspy mcp"          these

Each lives in an environment of its own under .tools/libraries, so what was installed once is there the next time; take
the directory away to try what is newest. Needs a package index, so it is no part of the suite.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from libraries.cases import CASES, Case
from libraries.stand_ins import StandIns

from assay.collector.server import Server
from assay.tracing.autolog import LIBRARIES
from support import openai_server
from support.openai_server import OpenAIServer
from support.snippets import ROOT, run_apart, snippets

DIRECTORY = Path(os.environ.get("LIBRARIES_DIR", ROOT / ".tools" / "libraries"))
UV = os.environ.get("UV", "uv")
BESIDE = "import assay\nassay.openai.autolog()\n"
SENT = "\nassert assay.flush(60)\n"
MODEL = "gpt-4o-mini-2024-07-18"  # what the OpenAI-compatible server says it is: one whose price is known


def main(names: list[str]) -> int:
    openai_server.MODEL = MODEL
    failed = False
    for name in names or CASES:
        case = CASES[name]
        python = environment(name, case)
        for beside in ("", BESIDE) if case.openai_too else ("",):
            wrong = run(name, case, python, beside)
            failed = failed or bool(wrong)
            title = f"{name} with openai" if beside else name
            print(f"{title}: {versions(name, python)}: {'; '.join(wrong) or 'as it should be'}", flush=True)
    return int(failed)


def environment(name: str, case: Case) -> Path:
    """The Python of the library's own environment, made now if it is not there."""
    home = DIRECTORY / name
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
        install = [UV, "pip", "install", "--quiet", "--python", str(python), "--editable", str(ROOT), *case.packages]
        subprocess.run(install, check=True)
    return python


def versions(name: str, python: Path) -> str:
    library = LIBRARIES[name]
    wanted = [library.distribution, *([library.package] if library.package else [])]
    code = "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    return run_apart([str(python), "-c", code, *wanted], {}, ROOT).strip()


def run(name: str, case: Case, python: Path, beside: str) -> list[str]:
    """What is wrong with what arrived; nothing, where all is as it should be."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = Server(data_dir=home / ".assay")
        collector.start()
        stack.callback(collector.stop)
        apis = stack.enter_context(StandIns())
        openai = OpenAIServer().start()
        stack.callback(openai.stop)
        for reply in case.replies:
            openai.reply(**reply)
        [snippet, *_] = snippets(f"docs/{name}.md")
        variables = {**variables_for(collector.url, apis.url, openai.url), "HOME": str(home)}
        try:
            printed = run_apart([str(python), "-c", beside + snippet.code + SENT], variables, home, timeout_s=600)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return [str(error)[-1500:]]
        return list(problems(case, printed, collector.url))


def variables_for(collector: str, apis: str, openai: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "ASSAY_ENDPOINT": collector,
        "ASSAY_PROJECT": "libraries",
        "ANTHROPIC_BASE_URL": apis,
        "ANTHROPIC_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": apis,
        "GEMINI_API_KEY": "none",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": apis,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "OPENAI_BASE_URL": openai,
        "OPENAI_API_BASE": openai,
        "OPENAI_API_KEY": "none",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DSPY_CACHEDIR": "./dspy",
    }


def problems(case: Case, printed: str, url: str) -> Any:
    if case.printed not in printed:
        yield f"it printed {printed!r}"
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60) as api:
        found = api.get("/traces", params={"project": "libraries"}).json()["items"]
        spans = api.get(f"/traces/{found[0]['trace_id']}").json()["spans"] if found else []
    if len(found) != 1:
        yield f"{len(found)} traces: {[trace['name'] for trace in found]}"
        if not found:
            return
    [trace, *_] = found
    ids = {span["span_id"] for span in spans}
    if orphans := [span["name"] for span in spans if span["parent_span_id"] not in (None, *ids)]:
        yield f"without their parent: {orphans}"
    kinds = [span["kind"] for span in spans]
    shape = [(span["name"], span["kind"]) for span in spans]
    if short := [kind for kind, count in case.kinds.items() if kinds.count(kind) < count]:
        yield f"too few spans of kind {short}: {shape}"
    counted = (trace["input_tokens"], trace["output_tokens"])
    if case.tokens is not None and counted != case.tokens:
        yield f"tokens {counted}, not {case.tokens}: {shape}"
    calls = [span for span in spans if span["kind"] == "llm"]
    models = [(span["request_model"], span["response_model"]) for span in calls]
    if case.model is not None and not any(str(model).startswith(case.model) for pair in models for model in pair):
        yield f"models {models}"
    if calls and case.output not in [str(span["output"]).strip() for span in calls]:
        yield f"output {[span['output'] for span in calls]}"
    if calls and not any(span["input_messages"] for span in calls):
        yield "no input messages"
    if case.tool is not None and case.tool not in [span["tool_name"] for span in spans]:
        yield f"tools {[(span['name'], span['tool_name']) for span in spans]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
