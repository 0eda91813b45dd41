// The details of the selected span beside a view of its trace: shown without a reload, those next to it fetched before.
import { addCopyButtons } from "./copy.js";
import { fetchFragment, say, showFragment } from "./fragment.js";
import { changeAddress } from "./tree_address.js";

const DETAILS_KEPT = 200;

export class Details {
  constructor(pane, fragments, tab) {
    Object.assign(this, { pane, fragments, wanted: "" });
    const text = new URLSearchParams(location.search).get("text");
    this.query = new URLSearchParams({ ...(tab && { tab }), ...(text && { text }) }); // the tab that was chosen, and how it is shown
    this.kept = new Map(); // address -> promise of a fragment, the latest last
    pane.addEventListener("click", (event) => this.clicked(event));
  }

  address(spanId) {
    const query = this.query.toString();
    return this.fragments + encodeURIComponent(spanId) + (query && `?${query}`);
  }

  fetch(url) {
    const piece = this.kept.get(url) ?? fetchFragment(url);
    this.kept.delete(url);
    this.kept.set(url, piece);
    piece.catch(() => this.kept.delete(url));
    if (this.kept.size > DETAILS_KEPT) this.kept.delete(this.kept.keys().next().value);
    return piece;
  }

  prefetch(spanIds) {
    for (const id of spanIds) this.fetch(this.address(id));
  }

  async show(spanId) {
    changeAddress({ span: spanId });
    await this.load(this.address(spanId));
  }

  async load(url) {
    if (this.wanted === url) return;
    this.wanted = url;
    this.pane.setAttribute("aria-busy", "true");
    let piece;
    try {
      piece = await this.fetch(url);
    } catch {
      if (this.wanted === url) location.reload(); // the server says on the page what went wrong
      return;
    }
    if (this.wanted !== url) return; // another was asked for meanwhile
    showFragment(piece, this.pane);
    this.pane.removeAttribute("aria-busy");
    this.pane.scrollTop = 0;
    addCopyButtons(this.pane);
    say(`${this.pane.querySelector("h2")?.textContent.trim() ?? "Span"} shown`);
  }

  async clicked(event) {
    const link = event.target.closest("a[data-fragment]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await this.follow(link);
    this.pane.querySelector(".tabs [aria-current]")?.focus();
  }

  async follow(link) {
    const { searchParams } = new URL(link.dataset.fragment, location.href);
    this.query = searchParams;
    changeAddress({ tab: searchParams.get("tab"), text: searchParams.get("text") });
    await this.load(link.dataset.fragment);
  }

  /** The tab in this place, from 0. */
  openTab(place) {
    const link = this.pane.querySelectorAll(".tabs a")[place];
    if (link) this.follow(link);
  }

  focus() {
    this.pane.focus({ preventScroll: true });
    this.pane.scrollIntoView({ block: "nearest" });
  }
}
