"""A task and three questions, scored by code and by a judge. Every mean comes with its interval."""

import openai

import assay
from assay.scorers import Contains, Correctness

assay.init(project="examples")
assay.autolog()
questions = [
    {"id": "q1", "input": {"question": "What is the capital of France?"}, "expected": "Paris"},
    {"id": "q2", "input": {"question": "How many legs does a spider have?"}, "expected": "8"},
    {"id": "q3", "input": {"question": "Which gas do plants take up?"}, "expected": "carbon dioxide"},
]


def answer(question: str) -> str | None:
    messages = [{"role": "user", "content": question}]
    return openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content


result = assay.evaluate(questions, answer, scorers=[Contains(), Correctness()])
print(result)
