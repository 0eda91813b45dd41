// The part of the time that is looked at: drawn on the small picture of the trace, or set by the keys of two handles.

const SHARE_STEP = 0.01;
const SHARE_PAGE = 0.1;

/** `onZoom(from, to)`: shares of the whole time, 0 and 1 for all of it. `say(share)`: a time as text. */
export class Minimap {
  constructor(box, onZoom, say) {
    Object.assign(this, { box, onZoom, say, from: 0, to: 1 });
    this.window = document.createElement("div");
    this.window.className = "window";
    this.handles = ["Zoom from", "Zoom to"].map((label, which) => this.handle(label, which));
    box.append(this.window, ...this.handles);
    box.addEventListener("pointerdown", (event) => this.pressed(event));
    box.addEventListener("dblclick", () => onZoom(0, 1));
  }

  handle(label, which) {
    const handle = document.createElement("div");
    handle.className = "handle";
    handle.tabIndex = 0;
    for (const [name, value] of Object.entries({ role: "slider", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 })) {
      handle.setAttribute(name, value);
    }
    handle.addEventListener("keydown", (event) => this.keyed(event, which));
    return handle;
  }

  show(from, to) {
    Object.assign(this, { from, to });
    this.window.hidden = from <= 0 && to >= 1;
    this.window.style.insetInline = `${100 * from}% ${100 * (1 - to)}%`;
    for (const [which, share] of [from, to].entries()) {
      this.handles[which].style.left = `${100 * share}%`;
      this.handles[which].setAttribute("aria-valuenow", Math.round(100 * share));
      this.handles[which].setAttribute("aria-valuetext", this.say(share));
    }
  }

  keyed(event, which) {
    const steps = { ArrowLeft: -SHARE_STEP, ArrowDown: -SHARE_STEP, ArrowRight: SHARE_STEP, ArrowUp: SHARE_STEP, PageDown: -SHARE_PAGE, PageUp: SHARE_PAGE };
    const edge = { Home: which ? this.from + SHARE_STEP : 0, End: which ? 1 : this.to - SHARE_STEP }[event.key];
    if (event.key === "Escape") this.onZoom(0, 1);
    else if (!(event.key in steps) && edge === undefined) return;
    else {
      const share = edge ?? (which ? this.to : this.from) + steps[event.key];
      if (which) this.onZoom(this.from, Math.min(1, Math.max(share, this.from + SHARE_STEP / 10)));
      else this.onZoom(Math.max(0, Math.min(share, this.to - SHARE_STEP / 10)), this.to);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  share(event) {
    const { left, width } = this.box.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  }

  pressed(event) {
    if (event.button) return;
    const which = this.handles.indexOf(event.target);
    const fixed = which < 0 ? this.share(event) : which ? this.from : this.to;
    const before = [this.from, this.to];
    this.box.setPointerCapture(event.pointerId);
    const end = new AbortController();
    const on = (name, then) => this.box.addEventListener(name, then, { signal: end.signal });
    on("pointermove", (moved) => {
      const here = this.share(moved);
      this.show(Math.min(fixed, here), Math.max(fixed, here));
    });
    on("pointerup", () => {
      end.abort();
      if (this.to - this.from > 0.002 && (this.from !== before[0] || this.to !== before[1])) this.onZoom(this.from, this.to);
      else this.show(...before);
    });
    on("pointercancel", () => { end.abort(); this.show(...before); });
  }
}
