// A line between two panes that moves, by pointer or by arrow keys; where it stood is remembered.

const LEAST_SPLIT = 25;
const MOST_SPLIT = 75;
const SPLIT_STEP = 2;
const SPLIT_KEPT_AS = "assay.split";

/** Between the two children of `box`, the first of which gets a share of the width, in percent. */
export function startPanes(box) {
  const line = document.createElement("div");
  line.className = "divider";
  line.tabIndex = 0;
  const names = { role: "separator", "aria-orientation": "vertical", "aria-label": "Width of the tree", "aria-valuemin": LEAST_SPLIT, "aria-valuemax": MOST_SPLIT };
  for (const [name, value] of Object.entries(names)) line.setAttribute(name, value);
  box.firstElementChild.after(line);
  const set = (share) => {
    const kept = Math.min(MOST_SPLIT, Math.max(LEAST_SPLIT, share));
    line.setAttribute("aria-valuenow", Math.round(kept));
    box.style.setProperty("--split", `${kept}%`);
    return kept;
  };
  let share = set(Number(storedSplit()) || 54);
  const keep = (next) => {
    share = set(next);
    try { localStorage.setItem(SPLIT_KEPT_AS, share); } catch { /* storage is forbidden: it is forgotten with the page */ }
  };
  line.addEventListener("keydown", (event) => {
    const next = { ArrowLeft: share - SPLIT_STEP, ArrowRight: share + SPLIT_STEP, Home: LEAST_SPLIT, End: MOST_SPLIT }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    keep(next);
  });
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const { left, width } = box.getBoundingClientRect();
      keep((100 * (moved.clientX - left)) / width);
    };
    line.addEventListener("pointermove", move);
    line.addEventListener("lostpointercapture", () => line.removeEventListener("pointermove", move), { once: true });
    event.preventDefault();
  });
}

function storedSplit() {
  try { return localStorage.getItem(SPLIT_KEPT_AS); } catch { return null; }
}
