"""Two versions of a prompt on the same questions, compared item by item."""

import openai

import assay

assay.init(project="examples")
questions = [{"id": str(n), "input": {"question": f"What is {n} plus {n}?"}, "expected": str(2 * n)} for n in range(20)]


def evaluate(template: str):
    prompt = assay.register_prompt("sums", template=template, commit_message="for a comparison")

    def answer(question: str) -> str | None:
        messages = [{"role": "user", "content": prompt.format(question=question)}]
        return (
            openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content
        )

    return assay.evaluate(questions, answer, scorers=[assay.scorers.ExactMatch()], name=prompt.uri)


wordy, terse = evaluate("{{question}}"), evaluate("Give nothing but the number. {{question}}")
print(terse.compare(wordy))
