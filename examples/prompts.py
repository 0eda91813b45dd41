"""Versions of a prompt: registered with a reason, found by an alias, filled in by name."""

import assay

assay.init(project="examples")

first = assay.register_prompt("qa", template="Answer the question: {{question}}", commit_message="first try")
short = assay.register_prompt("qa", template="Answer in one sentence: {{question}}", commit_message="shorter")
assay.set_prompt_alias("qa", "production", short.version)

prompt = assay.load_prompt("qa", alias="production")
print(prompt.uri, "|", prompt.commit_message)
print(prompt.format(question="Why is the sky blue?"))
print(first.diff(short))
