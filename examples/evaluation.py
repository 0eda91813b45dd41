"""A task, three questions, two scorers: one compares text, the other is a judge. Every mean comes with its interval."""

import openai

import assay
from assay import scorers

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


result = assay.evaluate(questions, answer, scorers=[scorers.Contains(), scorers.Correctness()])
print(result.summary.to_string())
