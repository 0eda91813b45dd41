// The playground: answers come while they are made, variables follow the messages. Without it the form does the same.
import { fragment, say } from "./fragment.js";
import { on } from "./keys.js";

const VARIABLE = /\{\{-?\s*([\p{L}_][\p{L}\p{N}_]*)/gu;

/** Not `form.dataset`: that is the field of this name. */
function addressOf(form, name) {
  return form.getAttribute(`data-${name}`);
}

export function startPlayground(form) {
  if (form === null) return;
  const columns = [...form.querySelectorAll("[data-column]")].map((place) => new PlaygroundColumn(form, place));
  const variables = new SharedVariables(form);
  const runAll = async () => {
    form.querySelector("[data-stop-all]").hidden = false;
    await Promise.all(columns.map((one) => one.run()));
    form.querySelector("[data-stop-all]").hidden = true;
    await showDifferences(form);
  };
  form.addEventListener("submit", (event) => {
    const action = event.submitter?.value ?? "run";
    if (action === "run") {
      event.preventDefault();
      runAll();
    } else if (/^run-\d$/.test(action)) {
      event.preventDefault();
      columns[Number(action.slice(4)) - 1].run().then(() => showDifferences(form));
    }
  });
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-template=text]")) variables.follow();
  });
  form.querySelector("[data-stop-all]").addEventListener("click", () => columns.forEach((one) => one.stop()));
  on("Ctrl+Enter", runAll);
}

class PlaygroundColumn {
  constructor(form, place) {
    this.form = form;
    this.number = place.dataset.column;
    this.part = (name) => place.querySelector(`[data-${name}]`);
    this.hangUp = null;
    this.part("stop").addEventListener("click", () => this.stop());
  }

  stop() {
    this.hangUp?.abort();
  }

  /** Ask the model, and show what comes as it comes. */
  async run() {
    this.stop();
    const hangUp = new AbortController();
    this.hangUp = hangUp;
    const answer = { text: "" };
    this.begin();
    try {
      for await (const event of linesOf(this.form, this.number, hangUp.signal)) this.take(answer, event);
      if (!("duration_ms" in answer) && !answer.problem) answer.problem = "The answer broke off. Run it again.";
    } catch (error) {
      answer.problem = hangUp.signal.aborted ? "Stopped." : `The collector does not answer: ${error.message}`;
    }
    if (this.hangUp === hangUp) this.end(answer);
  }

  begin() {
    this.part("text").textContent = "";
    this.part("text").setAttribute("aria-busy", "true");
    this.part("figures").textContent = "";
    this.part("problem").hidden = this.part("kept-as").hidden = true;
    this.part("stop").hidden = false;
  }

  take(answer, event) {
    if (event.trace_id) {
      answer.trace_id = event.trace_id;
      this.part("kept-as").href = `${addressOf(this.form, "traces")}/${event.trace_id}`;
    } else if (event.problem) {
      answer.problem = event.hint ? `${event.problem} ${event.hint}` : event.problem;
    } else if ("duration_ms" in event) {
      Object.assign(answer, event);
      this.part("text").textContent = answer.text;
    } else if (event.text) {
      answer.text += event.text;
      this.part("text").append(event.text);
    }
  }

  end(answer) {
    this.hangUp = null;
    this.part("text").removeAttribute("aria-busy");
    this.part("stop").hidden = true;
    this.part("kept-as").hidden = !answer.trace_id;
    this.part("problem").hidden = !answer.problem;
    this.part("problem").textContent = answer.problem ?? "";
    this.part("figures").textContent = answer.shown ?? "";
    this.part("kept").value = JSON.stringify(answer);
    say(answer.problem ? `Column ${this.number}: ${answer.problem}` : `Column ${this.number} has answered.`);
  }
}

/** The events of an answer, one JSON object a line. */
async function* linesOf(form, number, signal) {
  const body = new URLSearchParams(new FormData(form));
  for (const name of [...body.keys()]) if (name.startsWith("answer-")) body.delete(name);
  body.set("column", number);
  const response = await fetch(addressOf(form, "run"), { method: "POST", body, signal, redirect: "error" });
  if (!response.ok) throw new Error(response.status === 403 ? "this page is too old, open it again" : `it says ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
    if (done) return;
  }
}

async function showDifferences(form) {
  const place = form.querySelector("[data-differences-shown]");
  const here = place.querySelector("[data-differences-here]");
  if (form.querySelectorAll("[data-column]").length < 2) return;
  await fragment(addressOf(form, "differences"), here, undefined, new URLSearchParams(new FormData(form)));
  place.hidden = here.childElementCount === 0;
}

/** Fields for the variables that the messages of all columns use; what was typed for one that is gone is kept. */
class SharedVariables {
  constructor(form) {
    this.form = form;
    this.fields = form.querySelector("[data-variable-fields]");
    this.known = new Map([...this.fields.children].map((field) => [field.dataset.variable, field]));
  }

  follow() {
    const texts = [...this.form.querySelectorAll("[data-template=text]")].map((area) => area.value);
    const names = [...new Set(texts.flatMap((text) => [...text.matchAll(VARIABLE)].map((match) => match[1])))];
    for (const area of this.form.querySelectorAll("select[name^=role-]")) {
      const text = area.closest("fieldset").querySelector("textarea").value.trim();
      if (area.value === "placeholder" && text && !names.includes(text)) names.push(text);
    }
    for (const name of names) if (!this.known.has(name)) this.known.set(name, this.field(name));
    const wanted = names.map((name) => this.known.get(name));
    if (wanted.length !== this.fields.childElementCount || wanted.some((field, at) => this.fields.children[at] !== field)) {
      this.fields.replaceChildren(...wanted);
    }
    this.form.querySelector("[data-no-variables]").hidden = wanted.length > 0;
  }

  field(name) {
    const field = Object.assign(document.createElement("div"), { className: "field" });
    field.dataset.variable = name;
    const id = `variable-of-${name}`;
    const label = Object.assign(document.createElement("label"), { htmlFor: id });
    label.append(Object.assign(document.createElement("span"), { className: "variable", textContent: name }));
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "variable", value: name });
    const area = Object.assign(document.createElement("textarea"), { id, name: "value", rows: 2 });
    field.append(label, hidden, area);
    return field;
  }
}

/** The page of a run over a data set: how far it is, until it is over. */
export function startProgress(place) {
  if (place === null || place.querySelector("[data-state=running]") === null) return;
  const look = async () => {
    if (!document.hidden) {
      try { await fragment(place.dataset.progress, place); } catch { /* the collector is away: asked again */ }
    }
    if (place.querySelector("[data-state=running]") !== null) return void setTimeout(look, 700);
    document.querySelector("[data-while-running]")?.remove();
    say("The run is over.");
    if (document.activeElement === document.body) place.querySelector("[data-first]")?.focus();
  };
  setTimeout(look, 300);
}
