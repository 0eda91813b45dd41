// Ctrl+K: search by name for whatever there is, without leaving the keys.
import { openDialog } from "./dialog.js";
import { fragment, say } from "./fragment.js";
import { on } from "./keys.js";

class Palette {
  constructor(link) {
    this.url = new URL(link.href);
    this.dialog = openDialog("Search", "palette");
    this.input = document.createElement("input");
    this.list = document.createElement("div");
    this.input.type = "search";
    this.input.placeholder = "Pages, ids, prompts, data sets, experiments …";
    this.input.autocomplete = "off";
    for (const [name, value] of Object.entries({ role: "combobox", "aria-label": "Search", "aria-expanded": "true", "aria-controls": "found", "aria-autocomplete": "list" })) {
      this.input.setAttribute(name, value);
    }
    this.list.id = "found";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Found");
    this.dialog.append(this.input, this.list);
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("click", (event) => this.open(event.target.closest("[data-href]"), event));
    this.dialog.addEventListener("close", () => this.asked?.abort());
    this.input.focus();
    this.search();
  }

  async search() {
    this.asked?.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.url.pathname = "/search/suggestions";
    this.url.searchParams.set("q", this.input.value);
    try {
      await fragment(this.url.href, this.list, signal);
    } catch {
      if (!signal.aborted) say("The search does not answer");
      return;
    }
    this.options = [...this.list.querySelectorAll("[role=option]")];
    this.choose(0);
  }

  choose(index) {
    this.chosen = this.options.length ? (index + this.options.length) % this.options.length : -1;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.chosen)));
    const option = this.options[this.chosen];
    option?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.choose(this.chosen + step);
    else if (event.key === "Enter") this.open(this.options?.[this.chosen], event);
    else return;
    event.preventDefault();
  }

  open(option, event) {
    if (!option) return;
    if (event.ctrlKey || event.metaKey) globalThis.open(option.dataset.href, "_blank", "noopener");
    else location.assign(option.dataset.href);
  }
}

export function startPalette() {
  const link = document.querySelector("[data-search]");
  if (!link) return;
  const open = () => { if (!document.querySelector("dialog[open]")) new Palette(link); };
  on("Ctrl+K", open);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
}
