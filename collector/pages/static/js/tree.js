// The tree of a trace: what is selected, folded and zoomed, and the keys for it.
import { say } from "./fragment.js";
import { on } from "./keys.js";
import { changeAddress } from "./tree_address.js";
import { NO_SPAN } from "./tree_columns.js";
import { Fold } from "./tree_fold.js";
import { DEEPEST_INDENT, durationText, ticksOf } from "./tree_layout.js";
import { fillLine, lineOf, makeLine } from "./tree_line.js";
import { Minimap } from "./tree_minimap.js";
import { ROW_PX, VirtualRows } from "./tree_rows.js";
import { nextFailed, nextLargest } from "./tree_search.js";
import { readTree } from "./tree_stream.js";

const INDENT_PX = 14;
const TWIST_PX = 24;
const SVG_NS = "http://www.w3.org/2000/svg";

export class Tree {
  /** `onSelect(spanId, nearIds, isHeld)`: a span is selected; `isHeld`: by a key that is held down. */
  constructor(section, selected, onSelect) {
    const { columns, rest } = readTree(section.querySelector("[data-spans]"));
    Object.assign(this, { section, columns, onSelect, hits: null, line: 0, selected });
    this.box = section.querySelector("[data-tree]");
    this.fold = new Fold(columns);
    this.zoom = this.zoomOf(new URL(location.href).searchParams.get("zoom"));
    this.minimap = new Minimap(
      section.querySelector("[data-minimap]"),
      (from, to) => this.zoomTo(from * columns.length, to * columns.length),
      (share) => durationText(this.ms(share * columns.length)),
    );
    const names = { role: "tree", "aria-label": "Spans", tabindex: 0 };
    for (const [name, value] of Object.entries(names)) this.box.setAttribute(name, value);
    this.rows = new VirtualRows(this.box, makeLine, (element, place) => this.draw(element, place));
    this.box.addEventListener("mousedown", (event) => { if (!event.button) event.preventDefault(); });
    this.box.addEventListener("click", (event) => this.clicked(event));
    this.box.addEventListener("dblclick", (event) => this.doubleClicked(event));
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.showZoom();
    this.open();
    this.done = rest(() => this.grown());
    this.bind();
  }

  /** Show the selected span, if it is here already. */
  open() {
    const span = this.columns.withId(this.selected);
    this.rows.resize(this.fold.count);
    if (span === NO_SPAN) return;
    this.line = span;
    this.fold.reveal(span);
    this.rows.resize(this.fold.count);
    this.rows.bring(this.fold.placeOf(span));
    this.rows.refresh();
  }

  /** More of the tree has come: what is in view stays where it is. */
  grown() {
    const top = Math.floor(this.box.scrollTop / ROW_PX);
    const anchor = this.fold.lines[top];
    const wasThere = this.fold.placeOf(this.line);
    this.fold.grown();
    if (this.columns.withId(this.selected) !== NO_SPAN && wasThere === NO_SPAN) return this.open();
    this.rows.resize(this.fold.count);
    this.box.scrollTop += ROW_PX * (this.fold.placeOf(anchor) - top);
    this.rows.refresh();
  }

  ms(units) { return (units * this.columns.unitNs) / 1e6; }

  draw(element, place) {
    const { columns, fold } = this;
    const line = fold.lines[place];
    const isGroup = line < NO_SPAN;
    fillLine(element, lineOf(columns, fold, line), {
      depth: fold.depths[place],
      zoom: this.zoom,
      isOpen: fold.hasBelow(line) ? fold.isOpen(line) : undefined,
      isCurrent: line === this.line,
      isHit: !isGroup && this.hits?.[line],
      position: fold.position(place),
      id: line,
      href: isGroup ? "" : this.hrefOf(line),
    });
    element.place = place;
  }

  hrefOf(span) {
    const query = new URLSearchParams(location.search);
    query.set("span", this.columns.idOf(span));
    return `?${query}`;
  }

  // Selecting --------------------------------------------------------------------------------------------------------

  select(line, isHeld = false) {
    this.line = line;
    const place = this.fold.placeOf(line);
    this.rows.bring(place);
    this.rows.refresh();
    this.box.setAttribute("aria-activedescendant", `line${line}`);
    if (line < NO_SPAN) return;
    this.selected = this.columns.idOf(line);
    const near = [1, -1, 2, -2].map((step) => this.fold.lines[place + step]);
    const ids = near.filter((one, at) => one >= 0 && place + [1, -1, 2, -2][at] < this.fold.count).map((one) => this.columns.idOf(one));
    this.onSelect(this.selected, ids, isHeld);
  }

  /** Select a span wherever it is; say so where there is none. */
  go(span, missing) {
    if (span === NO_SPAN) return say(missing);
    this.fold.reveal(span);
    this.rows.resize(this.fold.count);
    this.select(span);
    this.box.focus({ preventScroll: true });
  }

  goTo(spanId) { this.go(this.columns.withId(spanId), "That span is not here yet"); }

  toggle(line, open) {
    this.fold.set(line, open);
    this.rows.resize(this.fold.count);
  }

  clicked(event) {
    const element = event.target.closest("a");
    if (!element || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.box.focus({ preventScroll: true });
    const line = this.fold.lines[element.place];
    const indent = Math.min(this.fold.depths[element.place], DEEPEST_INDENT) * INDENT_PX;
    const inTwist = event.clientX - element.getBoundingClientRect().left < indent + TWIST_PX;
    if (this.fold.hasBelow(line) && (inTwist || line < NO_SPAN)) this.toggle(line, !this.fold.isOpen(line));
    this.select(line);
    if (line >= 0 && !inTwist) this.onSelect.tapped?.();
  }

  doubleClicked(event) {
    const element = event.target.closest("a");
    if (element && this.fold.lines[element.place] >= 0) this.zoomToSpan();
  }

  // Keys -------------------------------------------------------------------------------------------------------------

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const move = { ArrowDown: "down", ArrowUp: "up", ArrowRight: "right", ArrowLeft: "left", Home: "home", End: "end", " ": "open", PageDown: "pageDown", PageUp: "pageUp" }[event.key];
    if (!move) return;
    event.preventDefault();
    this.move(move, event.repeat);
  }

  move(where, isHeld = false) {
    const { fold, line } = this;
    const place = Math.max(0, fold.placeOf(line));
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW_PX) - 1);
    const isOpen = fold.hasBelow(line) && fold.isOpen(line);
    const steps = { down: 1, up: -1, pageDown: page, pageUp: -page };
    let next = place + (steps[where] ?? 0);
    if (where === "home") next = 0;
    if (where === "end") next = fold.count - 1;
    if (where === "right" && isOpen) next = place + 1;
    if (where === "left" && !isOpen) next = Math.max(fold.above(place), 0);
    if ((where === "right" && fold.hasBelow(line) && !isOpen) || (where === "left" && isOpen)) this.toggle(line, where === "right");
    if (where === "open" && fold.hasBelow(line)) this.toggle(line, !isOpen);
    this.select(fold.lines[Math.min(fold.count - 1, Math.max(0, next))], isHeld);
    this.box.focus({ preventScroll: true });
  }

  bind() {
    const moves = { j: "down", k: "up", l: "right", h: "left" };
    for (const [key, where] of Object.entries(moves)) on(key, (event) => this.move(where, event.repeat));
    const goes = { e: "error", E: "errorBefore", x: "slowest", $: "costliest", f: "fold", z: "zoomToSpan", Z: "whole" };
    for (const [key, name] of Object.entries(goes)) on(key, () => this.goes[name].call(this));
    for (const button of this.section.querySelectorAll("[data-go]")) {
      button.addEventListener("click", () => this.goes[button.dataset.go].call(this));
    }
    this.section.querySelector("[data-tools]").hidden = false;
  }

  goes = {
    error() { this.go(nextFailed(this.columns, this.line), "No span failed"); },
    errorBefore() { this.go(nextFailed(this.columns, this.line, -1), "No span failed"); },
    slowest() { this.go(nextLargest((this.alone ??= this.columns.selfTimes()), this.line, this.columns.count), "No times are known"); },
    costliest() {
      const { cost, tokens, largest, count } = this.columns;
      this.go(nextLargest(largest.cost ? cost : tokens, this.line, count), "No costs are known");
    },
    fold() {
      say(this.fold.toggleAll() ? "Folded" : "All open");
      if (this.fold.placeOf(this.line) === NO_SPAN) this.line = this.fold.lines[0];
      this.rows.resize(this.fold.count);
      this.select(this.line);
    },
    zoomToSpan() { this.zoomToSpan(); },
    whole() { this.zoomTo(0, this.columns.length); },
  };

  // Time -------------------------------------------------------------------------------------------------------------

  zoomOf(text) {
    const parts = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
    const [from, to] = parts ? parts.slice(1).map((ms) => Math.min((Number(ms) * 1e6) / this.columns.unitNs, this.columns.length)) : [0, 0];
    return from < to ? [from, to] : [0, this.columns.length];
  }

  zoomToSpan() { if (this.line >= 0) this.zoomTo(...this.columns.extent(this.line)); }

  zoomTo(from, to) {
    if (!(to > from)) return;
    this.zoom = [from, to];
    const said = this.zoom.map((units) => String(Number(this.ms(units).toFixed(this.columns.unitNs > 1 ? 3 : 6))));
    changeAddress({ zoom: this.isWhole() ? "" : said.join("-") });
    this.showZoom();
    this.rows.refresh();
  }

  isWhole() { return this.zoom[0] <= 0 && this.zoom[1] >= this.columns.length; }

  showZoom() {
    const [from, to] = this.zoom;
    const length = Math.max(this.columns.length, 1);
    this.minimap.show(from / length, to / length);
    this.section.querySelector("[data-go=whole]").hidden = this.isWhole();
    const sign = this.isWhole() ? "" : "+";
    const drawn = ticksOf(this.ms(to - from)).flatMap(([left, ms]) => {
      const line = document.createElementNS(SVG_NS, "line");
      for (const [name, value] of Object.entries({ x1: `${left}%`, x2: `${left}%`, y1: 0, y2: 14 })) line.setAttribute(name, value);
      const text = document.createElementNS(SVG_NS, "text");
      for (const [name, value] of Object.entries({ x: `${left}%`, dx: 3, y: 11 })) text.setAttribute(name, value);
      text.textContent = sign + durationText(ms);
      return [line, text];
    });
    this.section.querySelector(".ticks").replaceChildren(...drawn);
  }
}
