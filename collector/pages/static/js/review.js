// Review: keys that answer, and the next item in place as soon as the one before is stored.
import { addCopyButtons } from "./copy.js";
import { fragment, say } from "./fragment.js";
import { on } from "./keys.js";

class ItemReview {
  constructor(root) {
    this.root = root;
    this.ahead = null;
    root.addEventListener("submit", (event) => this.sent(event));
    root.addEventListener("change", () => this.mark());
    for (let number = 1; number <= 9; number += 1) on(String(number), () => this.choose(String(number)));
    for (const letter of ["y", "n"]) on(letter, () => this.choose(letter));
    on("Ctrl+Enter", () => this.press("[data-label]"), { within: root });
    on("s", () => this.press("[data-skip]"));
    on("u", () => this.press("[data-undo]"));
    on("c", () => root.querySelector("[data-comment]")?.focus());
    addEventListener("popstate", () => location.reload());
    this.begin();
  }

  head() { return this.root.querySelector("[data-position]"); }
  press(what) { this.root.querySelector(what)?.click(); }

  begin() {
    this.mark();
    const address = this.head().dataset.ahead;
    this.ahead = null;
    if (!address) return;
    const place = document.createElement("div");
    fragment(address, place).then(() => { this.ahead = place.querySelector("[data-position]") && place; }, () => {});
  }

  // The first question without an answer is the one that keys answer; else the last.
  mark() {
    const questions = [...this.root.querySelectorAll("[data-question]")];
    const keyed = questions.filter((one) => one.querySelector("[data-key]"));
    const now = keyed.find((one) => !one.querySelector(":checked")) ?? keyed.at(-1);
    for (const one of questions) one.classList.toggle("now", one === now);
  }

  choose(key) {
    const focused = document.activeElement?.closest?.("[data-question]");
    const all = [focused, ...this.root.querySelectorAll(".question.now, [data-question]")].filter(Boolean);
    const choice = all.map((one) => one.querySelector(`[data-key="${key}"]`)).find(Boolean);
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    say(`${choice.closest("fieldset").querySelector("legend").textContent.trim()}: ${choice.nextElementSibling.textContent}`);
  }

  async sent(event) {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-answers]") || !this.ahead || !["label", "skip"].includes(button?.value)) return;
    event.preventDefault();
    const next = this.ahead;
    this.ahead = null;
    const body = new URLSearchParams(new FormData(form, button));
    // (the attribute: buttons called "action" hide the property.) A redirect says that it is stored. Anything else is shown by the page that the plain form leads to.
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer?.type !== "opaqueredirect") { form.requestSubmit(button); return; }
    this.root.replaceChildren(...next.childNodes);
    const { here, title } = this.head().dataset;
    history.pushState({}, "", here);
    document.title = `${title} · Assay`;
    scrollTo(0, 0);
    this.root.querySelector("h1").focus();
    say(this.root.querySelector("h1").textContent.trim());
    addCopyButtons(this.root);
    this.begin();
  }
}

export function startReview() {
  const root = document.querySelector("[data-review]");
  if (root) new ItemReview(root);
}
