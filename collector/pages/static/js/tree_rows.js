// Lines of a list of any length: only those in view are in the page, each as high as the others.

export const ROW_PX = 24;
const BESIDE = 4; // lines kept above and below the view

/** `draw(element, place)` fills an element that shows the line at a place. `make()` gives a new one. */
export class VirtualRows {
  constructor(box, make, draw) {
    Object.assign(this, { box, make, draw, count: 0, shown: new Map(), spare: [] });
    this.sheet = document.createElement("div");
    this.sheet.className = "sheet";
    this.sheet.setAttribute("role", "presentation");
    box.replaceChildren(this.sheet);
    this.asked = false;
    box.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.later()).observe(box);
  }

  later() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.show();
    });
  }

  resize(count) {
    this.count = count;
    this.sheet.style.height = `${count * ROW_PX}px`;
    this.refresh();
  }

  /** Draw again what is in view. */
  refresh() {
    for (const element of this.shown.values()) this.spare.push(element);
    this.shown.clear();
    this.show();
  }

  show() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - BESIDE);
    const last = Math.min(this.count, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW_PX) + BESIDE);
    for (const [place, element] of this.shown) {
      if (place >= first && place < last) continue;
      this.shown.delete(place);
      this.spare.push(element);
    }
    for (let place = first; place < last; place++) {
      if (this.shown.has(place)) continue;
      const element = this.spare.pop() ?? this.make();
      this.shown.set(place, element);
      this.draw(element, place);
      element.style.translate = `0 ${place * ROW_PX}px`;
      if (!element.isConnected) this.sheet.append(element);
    }
    for (const element of this.spare) element.remove();
  }

  /** Scroll as little as it takes to have a line in view; into the middle where it was far away. */
  bring(place) {
    const { scrollTop, clientHeight } = this.box;
    const top = place * ROW_PX;
    if (top >= scrollTop && top + ROW_PX <= scrollTop + clientHeight) return;
    const far = top < scrollTop - clientHeight || top > scrollTop + 2 * clientHeight;
    if (far) this.box.scrollTop = top - clientHeight / 2;
    else this.box.scrollTop = top < scrollTop ? top : top + ROW_PX - clientHeight;
    this.show();
  }
}
