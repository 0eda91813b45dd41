// The list of traces: keys and selection in its rows, figures that come after them, and what is new while it is open.
import { fragment, onceReadable, say } from "./fragment.js";
import { on } from "./keys.js";
import { follow } from "./live.js";

const FOLLOW_EVERY_MS = 1000;

class List {
  constructor(listing) {
    this.listing = listing;
    this.place = listing.querySelector('[data-place="rows"]');
    this.form = document.querySelector("[data-selection]");
    this.last = null; // the row chosen last: where a range starts
    if (this.form) this.watchSelection();
    on("j", () => this.step(1));
    on("k", () => this.step(-1));
    on("J", () => this.extend(1));
    on("K", () => this.extend(-1));
    on("x", () => this.toggle(this.current()));
    on("o", () => { const row = this.current(); if (row) globalThis.open(this.link(row).href, "_blank", "noopener"); });
    this.adopt();
    onceReadable(() => this.loadFigures());
  }

  rows() { return [...this.place.querySelectorAll("tbody tr")]; }
  link(row) { return row.querySelector(".cover"); }
  box(row) { return row?.querySelector("input[name=ref]"); }
  boxes() { return [...this.place.querySelectorAll("input[name=ref]")]; }
  current() { return document.activeElement?.closest?.("[data-place=rows] tbody tr") ?? null; }

  step(by) {
    const rows = this.rows();
    const row = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(this.current()) + by))];
    if (!row) return;
    this.link(row).focus();
    row.scrollIntoView({ block: "nearest" });
  }

  extend(by) {
    const row = this.current();
    if (row) this.choose([row], true);
    this.step(by);
    this.choose([this.current()], true);
  }

  toggle(row) {
    const box = this.box(row);
    if (box) this.choose([row], !box.checked);
  }

  choose(rows, chosen) {
    for (const row of rows) { const box = this.box(row); if (box) box.checked = chosen; }
    this.last = rows.at(-1) ?? this.last;
    this.tell();
  }

  watchSelection() {
    this.place.addEventListener("click", (event) => {
      const box = event.target.closest("input[type=checkbox]");
      if (!box) return;
      if (box.name !== "ref") {
        this.choose(this.rows(), box.checked);
        return;
      }
      const rows = this.rows();
      const here = box.closest("tr");
      const [from, to] = [rows.indexOf(this.last), rows.indexOf(here)].sort((a, b) => a - b);
      this.choose(event.shiftKey && from >= 0 ? [...rows.slice(from, to + 1), here] : [here], box.checked);
    });
    addEventListener("pageshow", () => this.tell()); // a browser that comes back has kept the boxes
  }

  // After the rows have come: one box for all of them, and what was chosen before stays so.
  adopt(chosen = new Set()) {
    const head = this.place.querySelector("th.c-pick");
    if (head) {
      const all = document.createElement("input");
      all.type = "checkbox";
      all.setAttribute("aria-label", "Select all rows");
      head.replaceChildren(all);
    }
    for (const box of this.boxes()) box.checked ||= chosen.has(box.value);
    this.tell();
  }

  tell() {
    if (!this.form) return;
    const boxes = this.boxes();
    const chosen = boxes.filter((box) => box.checked);
    const all = this.place.querySelector("th.c-pick input");
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
    this.form.querySelector("[data-selected]").textContent = chosen.length ? `${chosen.length} selected:` : "None selected";
    for (const button of this.form.querySelectorAll("button")) {
      button.disabled = button.formAction.endsWith("/pair") ? chosen.length !== 2 : !chosen.length;
    }
  }

  async loadFigures() {
    const holder = document.createElement("div");
    try {
      await fragment(this.listing.dataset.figures, holder);
    } catch {
      holder.textContent = "The counts took too long. Narrow the time or the filter.";
      this.listing.querySelector('[data-place="facets"]').replaceChildren(holder);
      return;
    }
    for (const part of holder.querySelectorAll("[data-part]")) {
      this.listing.querySelector(`[data-place="${part.dataset.part}"]`).replaceChildren(part);
    }
  }

  async refresh() {
    const chosen = new Set(this.boxes().filter((box) => box.checked).map((box) => box.value));
    const focused = this.current()?.dataset.ref;
    await fragment(this.listing.dataset.rows, this.place);
    this.adopt(chosen);
    const row = focused && this.rows().find((one) => one.dataset.ref === focused);
    if (row) this.link(row).focus({ preventScroll: true });
    this.loadFigures();
  }
}

// "37 new": they come in on a click, or by themselves where someone follows at the top of the page.
function watchNews(place, list) {
  const address = new URLSearchParams(location.search);
  if (!list || address.has("after") || address.has("to")) return;
  const pill = place.querySelector("button");
  const follows = place.querySelector("input");
  const fresh = new Set();
  let more = false;
  let timer = 0;
  place.hidden = false;
  const show = async () => {
    clearTimeout(timer);
    timer = 0;
    const count = fresh.size;
    fresh.clear();
    more = false;
    try {
      await list.refresh();
    } catch {
      say("The list could not be read again");
      return;
    }
    pill.hidden = true;
    say(`${count} new in the list`);
  };
  const tell = () => {
    if (!fresh.size && !more) return;
    pill.textContent = `${fresh.size.toLocaleString("en")}${more ? "+" : ""} new`;
    pill.hidden = false;
    if (follows.checked && scrollY < 40 && !timer) timer = setTimeout(show, FOLLOW_EVERY_MS);
  };
  pill.addEventListener("click", () => { scrollTo({ top: 0 }); show(); });
  follows.addEventListener("change", tell);
  follow(place.dataset.live, ({ ids, missed }) => {
    const known = new Set(list.rows().map((row) => row.dataset.ref));
    for (const id of ids) if (!known.has(id)) fresh.add(id);
    more ||= missed > 0;
    tell();
  });
}

export function startLists() {
  const listing = document.querySelector("[data-listing]");
  const list = listing && new List(listing);
  const live = document.querySelector("[data-live]");
  if (live) watchNews(live, list);
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return;
  waiting.hidden = false;
  let leaves = false; // for where a form leads, as that of sample data does
  document.addEventListener("submit", () => { leaves = true; });
  follow(waiting.dataset.waiting, () => { if (!leaves) location.reload(); });
}
