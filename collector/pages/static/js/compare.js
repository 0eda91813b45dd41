// Keys of a comparison: from item to item, to the next one that got worse or better, and the other way round.
import { on } from "./keys.js";

export function startCompare() {
  const pairs = [...document.querySelectorAll("[data-pair]")];
  const swap = document.querySelector("[data-swap]");
  if (swap) on("x", () => swap.click());
  if (!pairs.length) return;
  const step = (by, wanted) => {
    let at = pairs.indexOf(document.activeElement?.closest("[data-pair]")) + by;
    if (by < 0 && at < -1) at = pairs.length - 1;
    while (pairs[at] && !pairs[at].matches(wanted)) at += by;
    pairs[at]?.focus();
    pairs[at]?.scrollIntoView({ block: "start" });
  };
  on("j", () => step(1, "[data-pair]"));
  on("k", () => step(-1, "[data-pair]"));
  on("w", () => step(1, "[data-worse]"));
  on("b", () => step(1, "[data-better]"));
}
