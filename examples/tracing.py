"""A function, the model call inside it, and the user it was for: one trace in ./.assay, with no server running."""

import openai

import assay

assay.init(project="examples")
assay.autolog()


@assay.trace
def answer(question: str) -> str | None:
    messages = [{"role": "user", "content": question}]
    completion = openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=messages)
    return completion.choices[0].message.content


with assay.context(session_id="s1", user_id="u7", tags=["beta"]):
    print(answer("How do I reset my password?"))
