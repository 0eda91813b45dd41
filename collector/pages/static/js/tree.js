// The tree of spans: selecting without a reload, folding, and the keys of a tree.
import { addCopyButtons } from "./copy.js";
import { fragment, say } from "./fragment.js";
import { typing } from "./keys.js";

export class Tree {
  constructor(list, details) {
    this.list = list;
    this.details = details;
    this.items = [...list.children];
    this.fragments = list.dataset.fragments;
    this.loading = null;
    list.setAttribute("role", "tree");
    list.setAttribute("aria-label", "Spans");
    for (const item of this.items) this.adopt(item);
    this.current = Math.max(0, this.items.findIndex((item) => this.link(item).hasAttribute("aria-current")));
    this.rove(this.current);
    list.addEventListener("click", (event) => this.clicked(event));
    list.addEventListener("keydown", (event) => this.pressed(event));
    details.addEventListener("click", (event) => this.tabClicked(event));
    addEventListener("popstate", () => location.reload());
  }

  link(item) { return item.firstElementChild; }
  depth(item) { return Number(item.dataset.depth); }
  isOpen(item) { return this.link(item).getAttribute("aria-expanded") === "true"; }

  // The link itself becomes the item of the tree: one thing to focus, with name, level and state.
  adopt(item) {
    const link = this.link(item);
    item.setAttribute("role", "none");
    link.setAttribute("role", "treeitem");
    link.setAttribute("aria-level", String(this.depth(item) + 1));
    link.setAttribute("aria-selected", String(link.hasAttribute("aria-current")));
    link.tabIndex = -1;
    if (Number(item.dataset.below)) link.setAttribute("aria-expanded", "true");
  }

  rove(index) {
    this.link(this.items[this.current]).tabIndex = -1;
    this.current = index;
    this.link(this.items[index]).tabIndex = 0;
  }

  clicked(event) {
    const item = event.target.closest("li");
    if (!item || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = this.items.indexOf(item);
    this.rove(index);
    if (event.target.closest("[data-twist]")) this.fold(index, this.isOpen(item));
    else this.select(index, true);
  }

  async select(index, byPointer = false) {
    const link = this.link(this.items[index]);
    for (const other of this.list.querySelectorAll("[aria-current]")) {
      other.removeAttribute("aria-current");
      other.setAttribute("aria-selected", "false");
    }
    link.setAttribute("aria-current", "true");
    link.setAttribute("aria-selected", "true");
    await this.load(this.fragments + encodeURIComponent(link.dataset.span), link.href);
    // Where the details are below the tree, a tap should lead to them.
    if (byPointer && this.details.offsetTop >= this.list.offsetTop + this.list.offsetHeight) this.details.scrollIntoView();
  }

  async load(url, address) {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    this.details.setAttribute("aria-busy", "true");
    try {
      await fragment(url, this.details, loading.signal);
    } catch (error) {
      if (loading.signal.aborted) return;
      location.assign(address); // the server says on a page of its own what went wrong
      return;
    }
    this.details.removeAttribute("aria-busy");
    this.details.scrollTop = 0;
    addCopyButtons(this.details);
    history.replaceState(null, "", address.split("#")[0]);
    say(`${this.details.querySelector("h2")?.textContent.trim() ?? "Span"} shown`);
  }

  async tabClicked(event) {
    const tab = event.target.closest(".tabs a");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await this.load(tab.dataset.fragment, tab.href);
    this.details.querySelector(".tabs [aria-current]")?.focus();
  }

  fold(index, closed) {
    const item = this.items[index];
    const below = Number(item.dataset.below);
    if (!below) return;
    this.link(item).setAttribute("aria-expanded", String(!closed));
    let hiddenBelow = closed ? this.depth(item) : Infinity;
    for (const other of this.items.slice(index + 1, index + 1 + below)) {
      const depth = this.depth(other);
      if (!closed && depth <= hiddenBelow) hiddenBelow = Infinity;
      other.hidden = depth > hiddenBelow;
      if (!other.hidden && !closed && other.dataset.below !== "0" && !this.isOpen(other)) hiddenBelow = depth;
    }
  }

  pressed(event) {
    if (typing(event) || event.shiftKey) return;
    const move = this.moves[event.key];
    if (!move) return;
    event.preventDefault();
    const index = move.call(this, this.current);
    if (index === undefined || index < 0 || index >= this.items.length) return;
    this.rove(index);
    this.link(this.items[index]).focus();
  }

  step(index, by) {
    let next = index + by;
    while (this.items[next]?.hidden) next += by;
    return this.items[next] ? next : index;
  }

  parent(index) {
    const depth = this.depth(this.items[index]);
    for (let above = index - 1; above >= 0; above--) if (this.depth(this.items[above]) < depth) return above;
    return index;
  }

  moves = {
    ArrowDown(index) { return this.step(index, 1); },
    ArrowUp(index) { return this.step(index, -1); },
    ArrowRight(index) {
      const item = this.items[index];
      if (item.dataset.below === "0" || this.isOpen(item)) return item.dataset.below === "0" ? index : this.step(index, 1);
      this.fold(index, false);
      return index;
    },
    ArrowLeft(index) {
      if (!this.isOpen(this.items[index])) return this.parent(index);
      this.fold(index, true);
      return index;
    },
    Home() { return 0; },
    End() { return this.step(this.items.length, -1); },
    Enter(index) { this.select(index); return index; },
    " "(index) { this.select(index); return index; },
  };
}

export function startTree() {
  const rows = document.querySelector("[data-tree]");
  const details = document.querySelector("[data-details]");
  if (rows && details) new Tree(rows, details);
}
