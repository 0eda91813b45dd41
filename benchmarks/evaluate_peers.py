"""One evaluation by one system, in a process and an environment of its own, which need not have Assay.

    VENV/bin/python benchmarks/evaluate_peers.py mlflow ROWS MODEL_S CONCURRENCY DIRECTORY

Every system runs the same asynchronous stand-in for a model over the same rows with the same two scorers (equal,
contained), and stores what it stores by default, in DIRECTORY. Everything is loaded and opened by 20 rows before.
Prints JSON: seconds and CPU seconds until the call returns, most memory, and how many rows came back scored.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time

WARM_UP = 20


def rows_of(count):
    return [(str(n), f"text {n}", f"TEXT {n}") for n in range(count)]


def model_of(seconds):
    async def model(text):
        await asyncio.sleep(seconds)
        return text.upper()

    return model


def assay(directory):
    import assay
    from assay.scorers import Contains, ExactMatch

    assay.init(project="benchmark", data_dir=directory)

    def evaluate(rows, model, concurrency):
        async def task(text: str) -> str:
            return await model(text)

        data = [{"id": id, "input": {"text": text}, "expected": expected} for id, text, expected in rows]
        scorers = [ExactMatch(), Contains()]
        result = assay.evaluate(data, task, scorers=scorers, concurrency=concurrency, progress=False, name="benchmark")
        return min(row.n_scored for row in result.summary_rows)

    return evaluate


def mlflow(directory):
    # with its default of 15 connections, traces are lost to "QueuePool limit reached" at 100 rows at once
    os.environ["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"] = "128"
    import mlflow
    from mlflow.genai.scorers import scorer

    mlflow.set_tracking_uri(f"sqlite:///{directory}/mlflow.db")
    mlflow.set_experiment("benchmark")

    @scorer
    def equal(outputs, expectations):
        return outputs == expectations["expected"]

    @scorer
    def contained(outputs, expectations):
        return expectations["expected"] in outputs

    def evaluate(rows, model, concurrency):
        os.environ["MLFLOW_GENAI_EVAL_MAX_WORKERS"] = str(concurrency)

        async def predict(text):
            return await model(text)

        data = [{"inputs": {"text": text}, "expectations": {"expected": expected}} for _, text, expected in rows]
        result = mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[equal, contained])
        return int(result.result_df["equal/value"].notna().sum())

    return evaluate


def pydantic_evals(directory):
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator

    class Equal(Evaluator):
        def evaluate(self, ctx):
            return ctx.output == ctx.expected_output

    class Contained(Evaluator):
        def evaluate(self, ctx):
            return ctx.expected_output in ctx.output

    def evaluate(rows, model, concurrency):
        cases = [Case(name=id, inputs=text, expected_output=expected) for id, text, expected in rows]
        dataset = Dataset(name="benchmark", cases=cases, evaluators=[Equal(), Contained()])
        report = dataset.evaluate_sync(model, max_concurrency=concurrency, progress=False)
        return sum(len(case.assertions) == 2 for case in report.cases)

    return evaluate


def inspect(directory):
    os.environ["INSPECT_DISPLAY"] = "none"
    from inspect_ai import Task
    from inspect_ai import eval as inspect_eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import includes, match
    from inspect_ai.solver import solver

    def evaluate(rows, model, concurrency):
        @solver
        def answering():
            async def solve(state, generate):
                state.output.completion = await model(state.input_text)
                return state

            return solve

        samples = [Sample(id=id, input=text, target=expected) for id, text, expected in rows]
        task = Task(dataset=MemoryDataset(samples), solver=answering(), scorer=[match(), includes()])
        [log] = inspect_eval(task, model="mockllm/model", log_dir=str(directory), max_samples=concurrency)
        return sum(len(sample.scores or {}) == 2 for sample in log.samples)

    return evaluate


SYSTEMS = {"assay": assay, "mlflow": mlflow, "pydantic-evals": pydantic_evals, "inspect": inspect}


def main():
    name, count, seconds, concurrency, directory = sys.argv[1:]
    evaluate = SYSTEMS[name](directory)
    evaluate(rows_of(WARM_UP), model_of(0), 4)
    rows, model = rows_of(int(count)), model_of(float(seconds))
    started, cpu = time.perf_counter(), time.process_time()
    scored = evaluate(rows, model, int(concurrency))
    measured = {
        "seconds": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "scored": scored,
    }
    print(json.dumps(measured), flush=True)
    os._exit(0)  # what some leave running in the background is not part of it


if __name__ == "__main__":
    main()
