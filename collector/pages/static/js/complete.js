// The filter box completes fields, operators and values: a combobox whose list the server makes.
import { fragment, say } from "./fragment.js";

const REST_MS = 120;

class Completion {
  constructor(box) {
    this.url = new URL(box.dataset.complete, location.href);
    this.input = box.querySelector("input");
    this.list = document.createElement("div");
    this.list.id = "offers";
    this.list.className = "offers";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "What can stand here");
    box.append(this.list);
    const says = { role: "combobox", "aria-autocomplete": "list", "aria-controls": "offers", "aria-expanded": "false" };
    for (const [name, value] of Object.entries(says)) this.input.setAttribute(name, value);
    this.input.addEventListener("input", () => this.ask());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    this.list.addEventListener("click", (event) => this.accept(this.options.find((one) => one.contains(event.target))));
    this.options = [];
    this.chosen = -1;
  }

  // What was offered belongs to the text before: nothing of it can be chosen until the new offer is there.
  ask() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.point(-1);
    this.options = [];
    this.timer = setTimeout(() => this.offer(), REST_MS);
  }

  async offer() {
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.url.searchParams.set("q", this.input.value);
    this.url.searchParams.set("at", this.input.selectionStart ?? this.input.value.length);
    try {
      await fragment(this.url.href, this.list, signal);
    } catch {
      if (!signal.aborted) this.close(); // without it the box is a plain one
      return;
    }
    this.options = [...this.list.querySelectorAll("[role=option]")];
    this.list.hidden = !this.options.length || document.activeElement !== this.input;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.point(-1);
    if (!this.list.hidden) say(`${this.options.length} suggestions`);
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.point(-1);
  }

  point(index) {
    this.chosen = index;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = this.options[index];
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (this.list.hidden) {
      if (event.key === "ArrowDown") { event.preventDefault(); this.offer(); }
      return;
    }
    const size = this.options.length;
    if (step && !size) event.preventDefault();
    else if (step) this.point(this.chosen < 0 && step < 0 ? size - 1 : (this.chosen + step + size) % size);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.chosen >= 0) this.accept(this.options[this.chosen]);
    else if (event.key === "Tab" && !event.shiftKey && this.chosen >= 0) this.accept(this.options[this.chosen]);
    else return;
    event.preventDefault();
  }

  accept(option) {
    if (!option) return;
    const { insert, start, end } = option.dataset;
    const text = this.input.value;
    this.input.value = text.slice(0, start) + insert + text.slice(end).trimStart();
    const caret = Number(start) + insert.length;
    this.input.setSelectionRange(caret, caret);
    this.offer();
  }
}

export function startCompletion() {
  for (const box of document.querySelectorAll("[data-complete]")) new Completion(box);
}
