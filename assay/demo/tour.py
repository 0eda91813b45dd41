"""The demo from beginning to end: a traced application, two versions of its prompt, two experiments, a decision."""

from __future__ import annotations

import shlex
import signal
import threading
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from rich.console import Console

from assay.demo.steps import Step
from assay.destination import running_collector
from assay.embedded import embedded_url, start_embedded
from assay.errors import ConfigurationError, MissingExtra
from assay.settings import current_settings, load_settings

PROJECT = "demo"
NEEDED = ("duckdb", "fastapi", "openai", "pandas", "litellm")  # what the extras bring


def run(*, data_dir: Path | None = None, port: int | None = None, exit: bool = False) -> None:
    """Hold the demo in this process, then serve its pages until Ctrl-C; with `exit`, end when everything is on disk.

    Args:
        data_dir: None takes the one of the settings, `./.assay`.
        port: of the pages; None takes the one of the settings, or a free one where that is taken.

    Raises:
        MissingExtra: the demo shows the whole of Assay, and a part of it is not installed.
        ConfigurationError: the port given is taken.
        GatewayError: a model is set up, but does not answer.
        StoreError: the data directory cannot be used.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise MissingExtra(f"The demo shows the whole of Assay (now without {', '.join(missing)}). It", "all")
    console = Console(highlight=False)
    data_dir = (data_dir or current_settings().data_dir).absolute()
    console.print("[bold]Assay: a support assistant, traced and evaluated[/bold]\n")
    with console.status("starting the collector"):  # its libraries take a few seconds to load
        import assay

        url = find_or_start_collector(data_dir, port)
    try:
        assay.init(project=PROJECT, endpoint=url)
        hold(console, url, data_dir)
        assay.flush()
        if embedded_url(data_dir) is None:
            console.print("Another process serves these pages, and goes on to.")
        elif not exit:
            console.print(
                f"Press Ctrl-C to stop serving. Later: [bold]{serve_command(data_dir)}[/bold]", soft_wrap=True
            )
            wait_for_a_signal()
        else:
            console.print(f"To open these pages: [bold]{serve_command(data_dir)}[/bold]", soft_wrap=True)
    finally:
        assay.shutdown()


def serve_command(data_dir: Path) -> str:
    """What to type, here, to serve this directory again."""
    if data_dir == load_settings().data_dir:
        return "assay serve"
    return shlex.join(["assay", "serve", "--data-dir", str(data_dir)])


def find_or_start_collector(data_dir: Path, port: int | None) -> str:
    """Address of the collector that serves the directory; one in this process where there is none yet."""
    if url := running_collector(data_dir):
        return url
    try:
        return start_embedded(data_dir, port=current_settings().port if port is None else port)
    except ConfigurationError:  # the port is taken
        if port is not None:
            raise
        return start_embedded(data_dir)


def hold(console: Console, url: str, data_dir: Path) -> None:
    """Everything that the demo shows, against the collector at `url`."""
    import assay
    from assay.demo import conversations, experiments, prompts, report
    from assay.demo.assistant import Assistant
    from assay.demo.model import available_model

    with available_model() as model:
        assay.autolog("openai")
        console.print(report.introduction(model.described, data_dir, url))
        versions = prompts.register()
        prompts.put_live(versions[0], "Where the demo begins")
        experiments.register_data()
        with Step(console, "customers ask", conversations.QUESTIONS) as step:
            traces = conversations.converse(Assistant(model.client, model.name, prompts.live()), step.advance)
            step.done(f"{len(traces)} questions of customers answered by version 1, one of them in vain")
        results = []
        for version in versions:
            with Step(console, f"evaluating version {version.version}") as step:
                results.append(experiments.evaluate(Assistant(model.client, model.name, version), step))
                if results[-1].status == "interrupted":  # an evaluation ends gently at Ctrl-C; the demo ends with it
                    raise KeyboardInterrupt
                count = len(results[-1].records)
                step.done(f"{count} test questions answered by version {version.version}, and judged")
    baseline, candidate = results
    comparison = candidate.compare(baseline)
    console.print(report.comparison(comparison))
    decision = experiments.decide(comparison.scorers)
    if decision.promote:
        prompts.put_live(versions[1], f"{decision.reason}: experiment {candidate.id} against {baseline.id}")
    moves = "moves to version 2" if decision.promote else "stays on version 1"
    console.print(f"  [bold]production[/bold] {moves}: {decision.reason}.\n")
    project = f"{url}/p/{PROJECT}"
    pages = {
        "traces": f"{project}/traces?q=experiment_id+is+null",  # the conversations, without what evaluations added
        "one trace": f"{project}/traces/{traces[conversations.SHOWN]}",
        "prompt": f"{project}/prompts/{prompts.NAME}",
        "what changed": f"{project}/prompts/{prompts.NAME}/diff/1..2",
        "comparison": comparison.url,
    }
    console.print(report.addresses(pages), soft_wrap=True)
    console.print()


def wait_for_a_signal() -> None:
    """Return at Ctrl-C, or when the process is asked to end."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asked.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
